// The file format of shipped entries: records one after the other, each of which proves itself.
//
//   magic 4 · length of the bytes 4 · number 6 · CRC-32 over number and bytes 4 · bytes
//
// A tail that was torn by a crash or a full disk proves nothing and is passed over; so is damage in the middle, behind which the
// next record is looked for. What is missing then is seen by the gap in the numbers.
import { crc32 } from 'node:zlib'
import type { Entry } from '../../ports/ship.ts'

const magic = Buffer.from('rcrE')
const headBytes = 18

export function encode({ number, bytes }: Entry): Buffer {
  const record = Buffer.allocUnsafe(headBytes + bytes.length)
  magic.copy(record)
  record.writeUInt32BE(bytes.length, 4)
  record.writeUIntBE(number, 8, 6)
  record.set(bytes, headBytes)
  record.writeUInt32BE(proof(record, headBytes, bytes.length), 14)
  return record
}

export interface Found extends Entry {
  crc: number
}

/** Every record of the file's bytes that proves itself. */
export function* decode(file: Buffer): Generator<Found> {
  for (let at = file.indexOf(magic); at >= 0; ) {
    const bytes = at + headBytes <= file.length ? file.readUInt32BE(at + 4) : 0
    const end = at + headBytes + bytes
    const crc = end <= file.length ? file.readUInt32BE(at + 14) : -1
    if (end <= file.length && proof(file.subarray(at), headBytes, bytes) === crc) {
      yield { number: file.readUIntBE(at + 8, 6), bytes: file.subarray(at + headBytes, end), crc }
      at = file.indexOf(magic, end)
    } else at = file.indexOf(magic, at + 1)
  }
}

const proof = (record: Buffer, from: number, bytes: number): number =>
  crc32(record.subarray(from, from + bytes), crc32(record.subarray(8, 14)))
