// What the text of a setting may look like: each form reads it, or throws a sentence that says how it should.
import { isIP } from 'node:net'
import { resolve } from 'node:path'
import { type LimitClass, limitClasses } from './kit/operation.ts'
import { type Breakers, type DependencyName, withBreaker } from './resilience.ts'

export const whole = (least: number, most: number) => (text: string) => {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value < least || value > most) throw new Error(`must be a whole number from ${least} to ${most}`)
  return value
}

export const oneOf =
  <const T extends string>(...values: readonly T[]) =>
  (text: string): T => {
    const value = values.find((candidate) => candidate === text)
    if (value === undefined) throw new Error(`must be one of: ${values.join(', ')}`)
    return value
  }

export function hosts(text: string): readonly string[] {
  if (text === 'loopback') return ['127.0.0.1', '::1']
  const addresses = text.split(',').map((address) => address.trim())
  if (addresses.some((address) => isIP(address) === 0)) throw new Error('must be loopback, or addresses separated by commas: 0.0.0.0')
  return addresses
}

export function postgresUrl(text: string): string {
  if (!/^postgres(ql)?:\/\//.test(text) || !URL.canParse(text)) throw new Error('must be like postgres://user:password@host:5432/database')
  return text
}

interface Place {
  region: string
  url: string
}

const regionName = /^[a-z][a-z0-9-]{0,30}$/

export function region(text: string): string {
  if (!regionName.test(text)) throw new Error('must be the name of a region: small letters, digits and dashes, such as eu')
  return text
}

/** `sa=postgres://…,eu=postgres://…` */
export function databases(text: string): readonly Place[] {
  const places = text.split(',').map((place) => {
    const end = place.indexOf('=')
    return { region: place.slice(0, Math.max(0, end)).trim(), url: place.slice(end + 1).trim() }
  })
  const fine = places.every(({ region: name, url }) => regionName.test(name) && /^postgres(ql)?:\/\//.test(url) && URL.canParse(url))
  if (!fine || new Set(places.map(({ region: name }) => name)).size < places.length)
    throw new Error(
      'must be regions with their databases, each once, separated by commas: sa=postgres://user:password@host:5432/database,eu=…',
    )
  return places
}

export function origins(text: string): readonly string[] {
  const list = text.split(',').map((origin) => origin.trim())
  const isOrigin = (origin: string) => origin === '*' || (URL.canParse(origin) && new URL(origin).origin === origin)
  if (!list.every(isOrigin)) throw new Error('must be origins separated by commas: https://portal.example.com')
  return list
}

export function longSecret(text: string): string {
  if (Buffer.byteLength(text) < 32) throw new Error('must have at least 32 bytes; `openssl rand -base64 48` makes one')
  return text
}

/** `replica=5/60/2,payment=5/5/2`; without a name it is that of the replicas. */
export function breakers(text: string): Breakers {
  if (text === '') return {}
  const given = text.split(',').map((part) => {
    const [, named = 'replica', ...triple] = /^\s*(?:([a-z]+)=)?([1-9]\d{0,3})\/([1-9]\d{0,3})\/([1-9]\d{0,3})\s*$/.exec(part) ?? []
    const name = withBreaker.find((candidate) => candidate === named)
    const [failures, openS, successes] = triple.map(Number)
    if (name === undefined || failures === undefined || openS === undefined || successes === undefined)
      throw new Error(`must be failures/seconds/successes, each from 1, of some of ${withBreaker.join(', ')}: replica=5/60/2,payment=5/5/2`)
    return [name, { failures, openMs: openS * 1000, successes }] as [DependencyName, NonNullable<Breakers[DependencyName]>]
  })
  if (new Set(given.map(([name]) => name)).size < given.length) throw new Error('must name each dependency once')
  return Object.fromEntries(given)
}

/** `prefix` is empty, or has a slash at its end. */
export type ShipPlace = { folder: string } | { bucket: string; prefix: string }
type ShipSetting = 'off' | { mode: 'async' | 'sync'; place: ShipPlace }

export function ship(text: string): ShipSetting {
  if (text === 'off') return 'off'
  const [, isSync, place = ''] = /^(sync:)?(.*)$/.exec(text) ?? []
  return { mode: isSync ? 'sync' : 'async', place: shipPlace(place) }
}

export function shipPlace(text: string): ShipPlace {
  if (text === '') throw new Error('must be a folder, s3://<bucket>/<prefix>, one of them after sync:, or off')
  if (/^[a-z][a-z0-9]+:/i.test(text) && !text.startsWith('s3://'))
    throw new Error('must be a folder, or s3://<bucket>/<prefix>: there is no other kind of place')
  if (!text.startsWith('s3://')) return { folder: resolve(text) }
  const [, bucket, prefix = ''] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])((?:\/[\w.-]+)*)\/?$/.exec(text) ?? []
  const isPlain = bucket !== undefined && !bucket.includes('..') && !prefix.split('/').some((part) => part === '.' || part === '..')
  if (!isPlain) throw new Error('must name a bucket and a prefix of letters, digits, and ._-/: s3://bucket/master')
  return { bucket, prefix: prefix === '' ? '' : `${prefix.slice(1)}/` }
}

type LimitsSetting = 'off' | Readonly<Partial<Record<LimitClass, number>>>

/** `read=6000,sign-in=10` */
export function limits(text: string): LimitsSetting {
  if (text === 'on') return {}
  if (text === 'off') return text
  const counts = text.split(',').map((part): [LimitClass, number] => {
    const [, name, count] = /^\s*([a-z-]+)=(\d{1,9})\s*$/.exec(part) ?? []
    const of = limitClasses.find((candidate) => candidate === name)
    if (of === undefined || Number(count) < 1)
      throw new Error(`must be on, off, or counts from 1 of some of ${limitClasses.join(', ')}: read=6000,sign-in=10`)
    return [of, Number(count)]
  })
  return Object.fromEntries(counts)
}

export function httpUrl(text: string): string {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) throw new Error('must be like https://api.example.com')
  return text.endsWith('/') ? httpUrl(text.slice(0, -1)) : text
}

export const text = (value: string): string => value

export function currency(code: string): string {
  if (!/^[A-Z]{3}$/.test(code)) throw new Error('must be a code of three capital letters: USD')
  return code
}

export function tableName(name: string): string {
  if (!/^[\w.-]{3,255}$/.test(name)) throw new Error('must have 3 to 255 letters, digits, dots, dashes or underscores')
  return name
}
