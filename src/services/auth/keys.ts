// The ring of signing keys: made ahead of time, published long before they sign, kept until the last token of theirs is gone.
//
//   slot n            ├──────────── signs: 30 days ────────────┤
//   published   ├─────┤ ≥ 1 day                                ├── verifies on: 2 days ──┤
//   slot n+1                                             ├─────┤──────── signs …
//
// A key's name is its slot of time, so any number of processes make the same key once: the second commit finds it there.
import { type Clock, instant } from '../../kit/clock.ts'
import { importKey, type JwtKey, newJwk } from '../../kit/jwt.ts'
import type { Master, SigningKey } from '../../ports/master.ts'
import { expectedOf } from './settle.ts'

const dayMs = 86_400_000
const slotMs = 30 * dayMs
// Longer than any cache keeps the published keys (one hour): whoever verifies has the key before its first token.
const aheadMs = dayMs
const afterMs = 2 * dayMs
const freshMs = 60_000
// A token with an unknown key id is reason to look at the master again, but not for every stranger's token.
const lookAgainMs = 5_000

interface RingKey extends JwtKey {
  signsFromMs: number
  expiresAtMs: number
}

export interface Ring {
  /** The key that signs now. */
  signer(): Promise<RingKey>
  find(kid: string): Promise<RingKey | undefined>
  /** All that verify now or will sign soon, newest last. */
  published(): Promise<readonly RingKey[]>
  /** Makes the keys that are due and learns those of others. */
  renew(): Promise<readonly RingKey[]>
}

export function openRing(master: Master, clock: Clock, tokenLifeMs: number): Ring {
  let known: { keys: readonly RingKey[]; atMs: number } | undefined
  let renewing: Promise<readonly RingKey[]> | undefined

  /** The key of a slot, made by this process or by another one. */
  async function make(slot: number, before: SigningKey | null): Promise<SigningKey> {
    const id = `sign-${slot}`
    const nowMs = clock.now()
    const publishedMs = Math.max(slot * slotMs, nowMs + aheadMs)
    const bridged = before !== null && Date.parse(before.expiresAt) - tokenLifeMs > publishedMs
    const signsFrom = new Date(bridged ? publishedMs : nowMs).toISOString()
    const expiresAt = new Date((slot + 1) * slotMs + afterMs).toISOString()
    const document = { id, jwk: await newJwk(), signsFrom, expiresAt }
    const expected = await expectedOf(master, 'key', id, null)
    await master.commit({ at: instant(clock), by: null, writes: [{ kind: 'key', id, expected, document, expiresAt }] })
    const standing = await master.read('key', id)
    if (standing === null) throw new Error(`the signing key ${id} was not kept`)
    return standing
  }

  async function load(): Promise<readonly RingKey[]> {
    const nowMs = clock.now()
    const slot = Math.floor(nowMs / slotMs)
    const [before, current, after] = await Promise.all([slot - 1, slot, slot + 1].map((n) => master.read('key', `sign-${n}`)))
    const now = current ?? (await make(slot, before ?? null))
    const due = nowMs > (slot + 1) * slotMs - 2 * aheadMs
    const next = after ?? (due ? await make(slot + 1, now) : null)
    const held = new Map(known?.keys.map((key) => [key.kid, key]))
    const keys = await Promise.all(
      [before, now, next].filter((key) => key != null).map((key) => held.get(String(key.jwk.kid)) ?? taken(key)),
    )
    known = { keys, atMs: nowMs }
    return keys
  }

  const renew = () => {
    renewing ??= load().finally(() => {
      renewing = undefined
    })
    return renewing
  }
  const within = (ageMs: number) => (known && Math.abs(clock.now() - known.atMs) < ageMs ? known.keys : renew())
  const living = async () => (await within(freshMs)).filter((key) => key.expiresAtMs > clock.now())

  return {
    renew,
    published: living,
    async find(kid) {
      const has = (keys: readonly RingKey[]) => keys.find((key) => key.kid === kid && key.expiresAtMs > clock.now())
      return has(await within(freshMs)) ?? has(await within(lookAgainMs))
    },
    async signer() {
      const keys = (await living()).toSorted((a, b) => a.signsFromMs - b.signsFromMs)
      // The very first key may be made by a process whose clock is a little ahead of ours.
      const key = keys.findLast((one) => one.signsFromMs <= clock.now()) ?? keys[0]
      if (key === undefined) throw new Error('there is no key that could sign')
      return key
    },
  }
}

const taken = async (key: SigningKey): Promise<RingKey> => ({
  ...(await importKey(key.jwk)),
  signsFromMs: Date.parse(key.signsFrom),
  expiresAtMs: Date.parse(key.expiresAt),
})
