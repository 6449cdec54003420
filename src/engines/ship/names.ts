// What a second place holds of one epoch, by name; the order of names is that of their numbers.
//
//   base-<number>-<chance>/             a backup with its manifest
//   <first>-<chance>.ship               a segment that grows, in a folder: written by one process alone; `.gone` while it is being removed
//   <first>-<last>-<chance>.ship        a segment that is whole, in a bucket
import type { RandomBytes } from '../../kit/clock.ts'

const padded = (number: number): string => String(number).padStart(15, '0')

export const chanceOf = (random: RandomBytes): string => Buffer.from(random(4)).toString('hex')

export const isEpoch = (name: string): boolean => /^\d{8}T\d{9}Z-/.test(name)
export const isBase = (name: string): boolean => /^base-\d{15}-[0-9a-f]{8}$/.test(name)
export const baseName = (number: number, chance: string): string => `base-${padded(number)}-${chance}`

export interface SegmentName {
  first: number
  /** Null of one that grows. */
  last: number | null
}

export const segmentName = ({ first, last }: SegmentName, chance: string): string =>
  `${padded(first)}-${last === null ? '' : `${padded(last)}-`}${chance}.ship`

/** Null of what is no segment. */
export function segmentOf(name: string): SegmentName | null {
  const [, first, last] = /^(\d{15})-(?:(\d{15})-)?[0-9a-f]{8}\.(?:ship|gone)$/.exec(name) ?? []
  return first === undefined ? null : { first: Number(first), last: last === undefined ? null : Number(last) }
}
