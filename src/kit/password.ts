// Passwords: argon2id off the event loop, few at once, a short queue before it, and the same work whether or not there is a hash.
import { hash as argon2, verify as argon2Verify } from '@node-rs/argon2'
import { Refusal } from './refusal.ts'

export interface Passwords {
  /** A PHC string with its own salt. */
  hash(password: string, signal?: AbortSignal): Promise<string>
  /** With null it does the work of a check and says false, so that an answer's time does not tell who has a password. */
  verify(hash: string | null, password: string, signal?: AbortSignal): Promise<boolean>
  load(): { running: number; waiting: number }
}

// OWASP's second choice for argon2id: 15 ms of CPU where this was written (2026-11-21), 77 to 157 ms on a busy machine of two
// cores, and 19 MiB each, so `atOnce` bounds memory too.
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }
const nobodysHash = `$argon2id$v=19$m=19456,t=2,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`
const longestBytes = 512

export function openPasswords({ atOnce = 2, waitingMax = 32 } = {}): Passwords {
  const take = turnstile(atOnce, waitingMax)
  return {
    hash: (password, signal) => take.turn(signal, () => argon2(spelled(password), cost)),
    async verify(hash, password, signal) {
      const right = await take.turn(signal, () => argon2Verify(hash ?? nobodysHash, spelled(password)))
      return right && hash !== null
    },
    load: take.load,
  }
}

/** One spelling for what looks the same on every keyboard. Bounded before the hash, whose time grows with length. */
function spelled(password: string): Uint8Array {
  const bytes = new TextEncoder().encode(password.length > longestBytes ? password : password.normalize('NFC'))
  if (bytes.length <= longestBytes) return bytes
  throw new Refusal('invalid', 'The password is too long.')
}

function turnstile(atOnce: number, waitingMax: number) {
  let running = 0
  const waiting: (() => void)[] = []

  const place = (signal: AbortSignal | undefined) =>
    new Promise<void>((resolve, reject) => {
      const enter = () => {
        signal?.removeEventListener('abort', leave)
        resolve()
      }
      const leave = () => {
        waiting.splice(waiting.indexOf(enter), 1)
        reject(new Refusal('late', 'The password could not be checked in time.'))
      }
      waiting.push(enter)
      signal?.addEventListener('abort', leave, { once: true })
    })

  return {
    load: () => ({ running, waiting: waiting.length }),
    async turn<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
      if (signal?.aborted) throw new Refusal('late', 'The password could not be checked in time.')
      if (running < atOnce) running += 1
      else if (waiting.length < waitingMax) await place(signal)
      else throw new Refusal('too-many', 'Too many passwords are being checked.', { code: 'busy', retryAfterS: 2 })
      try {
        return await work()
      } finally {
        const next = waiting.shift()
        if (next) next()
        else running -= 1
      }
    },
  }
}
