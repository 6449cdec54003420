// What a second place holds of one epoch, by name.
//
//   base-<number>-<ms since 1970>-<chance>/   a backup with its manifest
//   <first>-<chance>.ship                     a segment that grows, in a folder: written by one process alone; `.gone` while it is removed
//   <first>-<last>-<chance>.ship              a segment that is whole, in a bucket
//   new-<chance>/                             a backup that is being made
import type { RandomBytes } from '../../kit/clock.ts'

const padded = (number: number, digits: number): string => String(number).padStart(digits, '0')

export const chanceOf = (random: RandomBytes): string => Buffer.from(random(4)).toString('hex')

export const isEpoch = (name: string): boolean => /^\d{8}T\d{9}Z-/.test(name)

export const makingName = (chance: string): string => `new-${chance}`
export const isMaking = (name: string): boolean => name.startsWith('new-')

export const baseName = ({ number, at }: { number: number; at: string }, chance: string): string =>
  `base-${padded(number, 15)}-${padded(Date.parse(at), 13)}-${chance}`

export interface BaseName {
  name: string
  number: number
  /** 0 of those that an earlier version made. */
  ms: number
}

/** Null of what is no base. */
export function baseOf(name: string): BaseName | null {
  const [, number, ms] = /^base-(\d{15})(?:-(\d{13}))?-[0-9a-f]{8}$/.exec(name) ?? []
  return number === undefined ? null : { name, number: Number(number), ms: Number(ms ?? 0) }
}

/** Oldest first. */
export const basesOf = (names: readonly string[]): BaseName[] =>
  names.flatMap((name) => baseOf(name) ?? []).toSorted((a, b) => a.number - b.number || a.ms - b.ms || (a.name < b.name ? -1 : 1))

export interface SegmentName {
  first: number
  /** Null of one that grows. */
  last: number | null
}

export const segmentName = ({ first, last }: SegmentName, chance: string): string =>
  `${padded(first, 15)}-${last === null ? '' : `${padded(last, 15)}-`}${chance}.ship`

/** Null of what is no segment. */
export function segmentOf(name: string): SegmentName | null {
  const [, first, last] = /^(\d{15})-(?:(\d{15})-)?[0-9a-f]{8}\.(?:ship|gone)$/.exec(name) ?? []
  return first === undefined ? null : { first: Number(first), last: last === undefined ? null : Number(last) }
}
