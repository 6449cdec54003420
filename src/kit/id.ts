// Ids: UUID version 7 (RFC 9562), ordered by creation within one process also inside a millisecond.
import { createHash } from 'node:crypto'
import type { Clock, RandomBytes } from './clock.ts'

export type NewId = () => string

export function idMaker(clock: Pick<Clock, 'now'>, random: RandomBytes): NewId {
  let lastMs = 0
  let counter = 0
  return () => {
    const nowMs = clock.now()
    const bytes = random(16)
    if (nowMs > lastMs) {
      lastMs = nowMs
      counter = ((bytes[6] ?? 0) << 4) | ((bytes[7] ?? 0) >> 4) // 12 bits
      counter &= 0x7ff // head room before the counter runs over
    } else if (++counter > 0xfff) {
      lastMs += 1 // a clock that stands still or went back: borrow from the future
      counter = 0
    }
    bytes[0] = Math.floor(lastMs / 2 ** 40)
    bytes[1] = Math.floor(lastMs / 2 ** 32)
    bytes[2] = Math.floor(lastMs / 2 ** 24)
    bytes[3] = Math.floor(lastMs / 2 ** 16)
    bytes[4] = Math.floor(lastMs / 2 ** 8)
    bytes[5] = lastMs % 256
    bytes[6] = 0x70 | (counter >> 8)
    bytes[7] = counter & 0xff
    bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f)
    const hex = Buffer.from(bytes.buffer, bytes.byteOffset, 16).toString('hex')
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
  }
}

/** The same id for the same name and time, of the same form: for what must be made once, however often it is tried. */
export const steadyId = (atMs: number, name: string): string =>
  idMaker({ now: () => atMs }, (length) => createHash('sha256').update(name).digest().subarray(0, length))()
