// Opaque texts that only this installation can make: cursors and consistency tokens.
import { createHmac, timingSafeEqual } from 'node:crypto'

export interface Seal {
  /** JSON value → URL-safe text. */
  seal(value: unknown): string
  /** The value, or undefined when the text was not sealed here for this purpose. Never throws. */
  open(sealed: string): unknown
}

const macBytes = 9 // 72 bits: forging means guessing online, against limits

/** `purpose` keeps a cursor from passing as a token; `secret` has at least 32 bytes. */
export function sealer(secret: Uint8Array, purpose: string): Seal {
  const key = createHmac('sha256', secret).update(purpose).digest()
  const mac = (payload: string) => createHmac('sha256', key).update(payload).digest().subarray(0, macBytes)
  return {
    seal(value) {
      const payload = Buffer.from(JSON.stringify(value)).toString('base64url')
      return `${payload}.${mac(payload).toString('base64url')}`
    },
    open(sealed) {
      const [payload, given, more] = sealed.length <= 2048 ? sealed.split('.') : []
      if (payload === undefined || given === undefined || more !== undefined) return undefined
      const bytes = Buffer.from(given, 'base64url')
      if (bytes.length !== macBytes || bytes.toString('base64url') !== given || !timingSafeEqual(bytes, mac(payload))) return undefined
      try {
        return JSON.parse(Buffer.from(payload, 'base64url').toString())
      } catch {
        return undefined
      }
    },
  }
}
