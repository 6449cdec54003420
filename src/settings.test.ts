import { expect, test } from 'bun:test'
import { readSettings } from './settings.ts'

const faultsOf = (environment: Record<string, string>): string => {
  try {
    readSettings(environment)
    return ''
  } catch (error) {
    return (error as Error).message
  }
}

test('nothing set is a demo on loopback; a setting of nothing is none', () => {
  const standard = readSettings({})
  expect(standard).toMatchObject({
    RCR_MODE: 'demo',
    RCR_HOST: ['127.0.0.1', '::1'],
    RCR_OPS_HOST: ['127.0.0.1', '::1'],
    RCR_HTTP_PORT: 8080,
    DATABASE_URL: null,
  })
  expect(readSettings({ RCR_MODE: '', RCR_DATA: '', RCR_HTTP_PORT: '', RCR_SECRET: '', RCR_WRITE_ORIGINS: '', DATABASE_URL: '' })).toEqual(
    standard,
  )
})

test('every fault is named at once, with its value unless that is secret', () => {
  const faults = faultsOf({
    RCR_HTTP_PORT: '1e4',
    RCR_LOG: 'loud',
    RCR_SECRET: 'short-secret',
    DATABASE_URL: 'mysql://u:hidden@h',
    RCR_TYPO: '1',
  })
  for (const named of ['RCR_HTTP_PORT', '1e4', 'RCR_LOG', 'loud', 'RCR_SECRET', 'DATABASE_URL', 'RCR_TYPO']) expect(faults).toInclude(named)
  for (const secret of ['short-secret', 'hidden']) expect(faults).not.toInclude(secret)
})

test('numbers are whole and within bounds, origins exactly as browsers send them', () => {
  for (const port of ['-1', '65536', '80.5', '0x50', ' 80', '１', '99999999999999999999'])
    expect(faultsOf({ RCR_HTTP_PORT: port })).toInclude('RCR_HTTP_PORT')
  for (const origin of ['null', 'https://a.example/', 'https://a.example/x', 'a.example', 'https://A.example', 'javascript:1'])
    expect([origin, faultsOf({ RCR_WRITE_ORIGINS: origin })]).toEqual([origin, expect.stringContaining('RCR_WRITE_ORIGINS')])
  expect(readSettings({ RCR_WRITE_ORIGINS: 'https://a.example, http://localhost:3000' }).RCR_WRITE_ORIGINS.length).toBe(2)
})

test('the demo accounts are never reachable from elsewhere', () => {
  for (const host of ['0.0.0.0', '::', '127.0.0.1,0.0.0.0', '::ffff:127.0.0.1', '192.0.2.1'])
    expect(faultsOf({ RCR_HOST: host })).toInclude('RCR_MODE=production')
  for (const host of ['localhost', '127.0.0.1.example.com', '127.1', '0x7f.1']) expect(faultsOf({ RCR_HOST: host })).toInclude('RCR_HOST')
})

test('production names what it lacks, and takes the address without its last slashes', () => {
  expect(faultsOf({ RCR_MODE: 'production' })).toMatch(/RCR_SECRET[\s\S]*RCR_PUBLIC_URL/)
  const settings = readSettings({ RCR_MODE: 'production', RCR_SECRET: 'x'.repeat(32), RCR_PUBLIC_URL: 'https://api.example.com//' })
  expect(settings.RCR_PUBLIC_URL).toBe('https://api.example.com')
})

test('limits are on, off or counts; proxies are trusted by network, never all of the world', () => {
  expect(readSettings({})).toMatchObject({ RCR_LIMITS: {}, RCR_TRUSTED_PROXIES: [] })
  expect(readSettings({ RCR_LIMITS: 'off' }).RCR_LIMITS).toBe('off')
  expect(readSettings({ RCR_LIMITS: 'read=6000, sign-in=10' }).RCR_LIMITS).toEqual({ read: 6000, 'sign-in': 10 })
  for (const faulty of ['yes', 'read=0', 'read=-1', 'reads=5', 'read=1e3']) expect(faultsOf({ RCR_LIMITS: faulty })).toInclude('RCR_LIMITS')
  for (const faulty of ['proxy', '0.0.0.0/0']) expect(faultsOf({ RCR_TRUSTED_PROXIES: faulty })).toInclude('RCR_TRUSTED_PROXIES')
})

test('RCR_BREAKER takes one for each dependency that has a breaker; a bare one is that of the replicas', () => {
  const read = (text: string) => readSettings({ RCR_BREAKER: text }).RCR_BREAKER
  expect(read('')).toEqual({})
  expect(read('5/5/2')).toEqual({ replica: { failures: 5, openMs: 5_000, successes: 2 } })
  expect(read('replica=3/60/1, payment=5/1/2')).toEqual({
    replica: { failures: 3, openMs: 60_000, successes: 1 },
    payment: { failures: 5, openMs: 1_000, successes: 2 },
  })
  for (const wrong of ['5/60', '0/60/2', '5/0/2', 'peer=5/60/2', 'nobody=5/60/2', '5/60/2,replica=5/5/2', 'payment'])
    expect(() => read(wrong)).toThrow('RCR_BREAKER must')
})

test('a second place is a folder or a bucket, of which nothing is asked without a region and keys', () => {
  const keys = { AWS_REGION: 'sa-east-1', AWS_ACCESS_KEY_ID: 'k', AWS_SECRET_ACCESS_KEY: 's' }
  const placeOf = (ship: string) => readSettings({ ...keys, RCR_SHIP: ship }).RCR_SHIP
  expect(placeOf('off')).toBe('off')
  expect(placeOf('sync:/mnt/other')).toEqual({ mode: 'sync', place: { folder: '/mnt/other' } })
  expect(placeOf('s3://reviews')).toEqual({ mode: 'async', place: { bucket: 'reviews', prefix: '' } })
  expect(placeOf('sync:s3://reviews/masters/home/')).toEqual({ mode: 'sync', place: { bucket: 'reviews', prefix: 'masters/home/' } })
  for (const ship of [
    'sync:',
    's3://',
    's3://Reviews',
    's3://reviews//home',
    's3://reviews/a b',
    's3://reviews/a?b',
    's3://reviews:80/a',
    's3://reviews/../a',
    'S3://reviews',
    's3:/reviews',
    'https://reviews/a',
    'sync:sync:/mnt',
  ])
    expect([ship, faultsOf({ ...keys, RCR_SHIP: ship })]).toEqual([ship, expect.stringContaining('RCR_SHIP')])
  expect(faultsOf({ RCR_SHIP: '/mnt/other', RCR_SHIP_ENDPOINT: 'https://objects.example.com' })).toInclude('RCR_SHIP_ENDPOINT')
  expect(faultsOf({ RCR_SHIP: 's3://reviews' })).toMatch(/AWS_REGION[\s\S]*AWS_ACCESS_KEY_ID/)
})
