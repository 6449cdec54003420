// How often somebody may guess at a password: few, then ever longer pauses, and never the owner locked out for ever.
//
// Ten wrong guesses are free; each further one has to wait 1, 2, 4, 8, then 15 minutes; three quiet hours forgive. They are counted
// for the e-mail address, whether or not there is such an account, from wherever they come. So anybody can use up the guesses of
// an account; whoever does it cannot lock its owner out, though: from an address where the owner has signed in within 90 days
// there is a count of its own, looked at while strangers are locked; sessions go on; and a reset link from an administrator works
// at once and forgives. Guesses at one account are judged one at a time, so that a burst gets no more of them than a queue.
import { z } from 'zod'
import { networkOf } from '../../kit/client-address.ts'
import { type Clock, instant } from '../../kit/clock.ts'
import { Refusal } from '../../kit/refusal.ts'
import type { Master, Note, Write } from '../../ports/master.ts'
import { expectedOf, settle, sha256 } from './settle.ts'

const free = 10
const shortestMs = 60_000
const longestMs = 15 * 60_000
const quietMs = 3 * 3_600_000
const dayMs = 86_400_000
const knownMs = 90 * dayMs
const knownMost = 10
const laneMost = 32

const Tally = z.object({ wrong: z.int(), untilMs: z.number() })
type Tally = z.infer<typeof Tally>
const Known = z.object({ addresses: z.array(Tally.extend({ hash: z.string(), seenMs: z.number() })) })
type Known = z.infer<typeof Known>

const clean: Tally = { wrong: 0, untilMs: 0 }

/** At what is guessed, and from where. */
interface Target {
  /** The hash of an e-mail address, or an account's id for guesses by somebody signed in. */
  who: string
  accountId: string | null
  address: string
}

export interface Guesses {
  /**
   * Makes one guess. False, too, for a wrong one, which is counted. Refuses (`too-many`) while the target is locked, without guessing.
   */
  guess(target: Target, signal: AbortSignal, isRight: () => Promise<boolean>): Promise<boolean>
  /** What the owner's success changes: the address becomes known, its count clean. For the commit that makes the success. */
  success(target: Target & { accountId: string }): Promise<Write[]>
  /** Forgets the counts of these, and the known addresses of an account. For the commit of a reset or of an erasure. */
  forget(who: readonly string[], accountId?: string): Promise<Write[]>
}

const strangersNote = (who: string) => `auth:guesses:${who}`
const knownNote = (accountId: string) => `auth:known:${accountId}`

export function openGuesses(master: Master, clock: Clock): Guesses {
  const inTurn = lanes(laneMost)
  const tallyOf = (note: Note | null): Tally => (note === null ? clean : Tally.parse(note.value))
  const knownOf = (note: Note | null): Known => (note === null ? { addresses: [] } : Known.parse(note.value))
  const locked = (tally: Tally) => tally.untilMs > clock.now()

  async function put(id: string, note: Note | null, value: Tally | Known, keepMs: number): Promise<Write> {
    const expiresAt = new Date(clock.now() + keepMs).toISOString()
    return { kind: 'note', id, expected: await expectedOf(master, 'note', id, note), document: { id, value }, expiresAt }
  }
  const drop = async (id: string): Promise<Write[]> => {
    const note = await master.read('note', id)
    return note === null ? [] : [{ kind: 'note', id, expected: note.version, document: null }]
  }

  /** Which count this guess is judged by. */
  async function gate({ who, accountId, address }: Target): Promise<'strangers' | 'known'> {
    const strangers = tallyOf(await master.read('note', strangersNote(who)))
    if (!locked(strangers)) return 'strangers'
    const here = accountId === null || address === '' ? null : await master.read('note', knownNote(accountId))
    const known = knownOf(here).addresses.find(({ hash }) => hash === hashOf(accountId, address))
    if (known === undefined) throw lockedOut(strangers, clock.now())
    if (locked(known)) throw lockedOut(known, clock.now())
    return 'known'
  }

  const count = (target: Target, by: 'strangers' | 'known') =>
    settle(master, async () => {
      const id = by === 'known' && target.accountId !== null ? knownNote(target.accountId) : strangersNote(target.who)
      const note = await master.read('note', id)
      const here = hashOf(target.accountId, target.address)
      const write =
        by === 'strangers'
          ? await put(id, note, counted(tallyOf(note), clock.now()), quietMs)
          : await put(
              id,
              note,
              { addresses: knownOf(note).addresses.map((one) => (one.hash === here ? { ...one, ...counted(one, clock.now()) } : one)) },
              knownMs,
            )
      return { at: instant(clock), by: null, writes: [write] }
    })

  return {
    guess: (target, signal, isRight) =>
      inTurn(target.who, async () => {
        if (signal.aborted) throw new Refusal('late', 'The password could not be checked in time.')
        const by = await gate(target)
        const right = await isRight()
        if (!right) await count(target, by)
        return right
      }),

    async success({ who, accountId, address }) {
      const note = await master.read('note', knownNote(accountId))
      const hash = hashOf(accountId, address)
      const { addresses } = knownOf(note)
      const isFresh = addresses.some((one) => one.hash === hash && one.wrong === 0 && clock.now() - one.seenMs < dayMs)
      const others = addresses.filter((one) => one.hash !== hash)
      const renewed = [{ hash, seenMs: clock.now(), ...clean }, ...others].slice(0, knownMost)
      const strangers = tallyOf(await master.read('note', strangersNote(who)))
      return [
        ...(isFresh ? [] : [await put(knownNote(accountId), note, { addresses: renewed }, knownMs)]),
        ...(locked(strangers) ? [] : await drop(strangersNote(who))),
      ]
    },

    async forget(who, accountId) {
      const ids = [...who.map(strangersNote), ...(accountId === undefined ? [] : [knownNote(accountId)])]
      return (await Promise.all(ids.map(drop))).flat()
    },
  }
}

/** One more wrong guess. */
function counted({ wrong }: Tally, nowMs: number): Tally {
  const now = wrong + 1
  return { wrong: now, untilMs: now < free ? 0 : nowMs + Math.min(longestMs, shortestMs * 2 ** Math.min(now - free, 10)) }
}

const lockedOut = ({ untilMs }: Tally, nowMs: number) =>
  new Refusal('too-many', 'Too many wrong passwords. Wait before the next one.', {
    code: 'locked',
    retryAfterS: Math.ceil((untilMs - nowMs) / 1000),
  })

/** Salted, so that it says nothing without the account. */
const hashOf = (accountId: string | null, address: string): string => sha256(`${accountId} ${networkOf(address)}`).slice(0, 32)

/** Work under the same name one after the other; too much of it is refused. */
function lanes(most: number) {
  const ends = new Map<string, { waiting: number; end: Promise<unknown> }>()
  return async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const lane = ends.get(name) ?? { waiting: 0, end: Promise.resolve() }
    if (lane.waiting >= most) throw new Refusal('too-many', 'Too many sign-ins of one account at once.', { code: 'busy', retryAfterS: 2 })
    lane.waiting += 1
    ends.set(name, lane)
    const mine = lane.end.then(work)
    lane.end = mine.catch(() => undefined)
    try {
      return await mine
    } finally {
      lane.waiting -= 1
      if (lane.waiting === 0) ends.delete(name)
    }
  }
}
