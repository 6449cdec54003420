// The read model over several replicas, nearest first: one that fails is passed over, and a request stays with the one that answered it.
//
//   near replica ──away, hangs──▶ next nearest ──away──▶ …  (within the time of one answer; after that one retry, no more)
//   One that fails again and again is left alone (src/resilience.ts). The tail asks too, so that it comes back without a reader, and
//   keeps the others connected.
import { comparePositions, type Position } from '../../domain/change.ts'
import type { BreakerState } from '../../kit/breaker.ts'
import type { Clock } from '../../kit/clock.ts'
import { Refusal } from '../../kit/refusal.ts'
import type { Dependency, OpenDependency } from '../../kit/resilience.ts'
import type { Content } from '../../ports/content.ts'
import { isDriversPatience, isOutage, Resting } from './translate.ts'

export interface Replica {
  region: string
  content: Content
  dependency: OpenDependency
}

export interface RegionStatus {
  region: string
  /** `closed`: it is asked. `open`: it is left alone. `half-open`: it is tried. */
  breaker: BreakerState
}

export interface NearestOptions {
  /** Nearest first, at least one. The first is this region's own. */
  replicas: readonly Replica[]
  clock: Pick<Clock, 'monotonic'>
}

interface Member {
  region: string
  content: Content
  replica: Dependency
  near: boolean
}

/** A pool closes what nobody has used for ten seconds. */
const warmEveryMs = 5000

/** By so much a try may outlast its time, and a request the time of its call. */
const lateMs = 100

const away = () => new Refusal('unavailable', 'No database of any region answers now.', { retryAfterS: 1 })

export function openNearest({ replicas, clock }: NearestOptions): Content & { regions(): RegionStatus[] } {
  const members = replicas.map(
    ({ region, content, dependency }, at): Member => ({
      region,
      content,
      near: at === 0,
      replica: dependency({ isFailure: isOutage, isSilent, resting: away, late: away }),
    }),
  )
  const [nearest] = members
  // Half of the time is that of one answer: what fails faster leaves time for the next, and so does one that refuses at once before one
  // that is silent for all of it, as the way to a replica that nobody has asked for a while may be.
  const answerMs = (nearest?.replica.policy.callMs ?? 0) / 2 + lateMs
  /** What a request has begun on one replica it goes on with: its signal stands for it. */
  const chosen = new WeakMap<AbortSignal, Member>()

  const keepWarm = openWarming(members.slice(1), clock)
  const firstAhead = openAhead()

  const ask = async <T>(signal: AbortSignal | undefined, work: (content: Content) => Promise<T>): Promise<T> => {
    const startedMs = clock.monotonic()
    let tries = 0
    let failure: unknown = null
    for (const member of orderFrom(members, signal && chosen.get(signal))) {
      const { replica, content } = member
      if (tries > 1 && clock.monotonic() - startedMs > answerMs) break
      let wasAsked = false
      try {
        const answer = await replica.ask(
          () => {
            wasAsked = true
            return work(content)
          },
          { signal },
        )
        if (signal) chosen.set(signal, member)
        return member.near ? answer : borrowed(answer)
      } catch (error) {
        if (!isAway(error)) throw error
        if (wasAsked) tries += 1
        failure ??= wasAsked ? error : null
      }
    }
    throw failure ?? away()
  }

  return {
    list: (query, signal) => ask(signal, (content) => content.list(query, signal)),
    review: (slug, signal) => ask(signal, (content) => content.review(slug, signal)),
    search: (search, signal) => ask(signal, (content) => content.search(search, signal)),
    likely: (words, language, signal) => ask(signal, (content) => content.likely(words, language, signal)),
    suggest: (beginning, limit, signal) => ask(signal, (content) => content.suggest(beginning, limit, signal)),
    facets: (filters, signal) => ask(signal, (content) => content.facets(filters, signal)),
    compare: (by, keys, signal) => ask(signal, (content) => content.compare(by, keys, signal)),
    catalogue: (kind, query, signal) => ask(signal, (content) => content.catalogue(kind, query, signal)),
    item: (kind, key, signal) => ask(signal, (content) => content.item(kind, key, signal)),
    products: (query, signal) => ask(signal, (content) => content.products(query, signal)),
    product: (key, signal) => ask(signal, (content) => content.product(key, signal)),
    categories: (signal) => ask(signal, (content) => content.categories(signal)),
    category: (key, signal) => ask(signal, (content) => content.category(key, signal)),
    applied: () => ask(undefined, (content) => content.applied()),
    tail: (after) => {
      keepWarm()
      return ask(undefined, (content) => content.tail(after))
    },
    warm: async () => nearest?.content.warm(),
    async further(atLeast, signal) {
      const others = members.filter((member) => member !== (chosen.get(signal) ?? nearest))
      const ahead = await firstAhead(others, atLeast)
      if (ahead !== null) chosen.set(signal, ahead)
      return ahead !== null
    },
    regions: () => members.map(({ region, replica }) => ({ region, breaker: replica.state() })),
    async close() {
      await Promise.all(members.map(({ content }) => content.close()))
    },
  }
}

/**
 * A connection over the distance takes several ways there and back, for which readers have no time when they first need one: of the next
 * nearest for whatever they ask, of the others for asking how far these are.
 */
function openWarming(others: readonly Member[], clock: NearestOptions['clock']): () => void {
  let warmedMs = Number.NEGATIVE_INFINITY
  return () => {
    if (clock.monotonic() - warmedMs < warmEveryMs) return
    warmedMs = clock.monotonic()
    for (const [at, { content }] of others.entries()) (at === 0 ? content.warm() : content.applied()).catch(() => {}) // readers will find out, and say so
  }
}

const orderFrom = (members: readonly Member[], first: Member | undefined): readonly Member[] =>
  first === undefined ? members : [first, ...members.filter((member) => member !== first)]

const borrowed = <T>(answer: T): T =>
  typeof answer === 'object' && answer !== null && !Array.isArray(answer) ? { ...answer, borrowed: true } : answer

/**
 * The first to say that it is that far: usually the primary, and sooner than that a replica near by. However many want to know at once,
 * each is asked once at a time: they would wait for each other, and what that takes says nothing of the database.
 */
function openAhead() {
  const looks = new Map<Member, Promise<Position>>()
  const look = (member: Member): Promise<Position> => {
    const underWay = looks.get(member)
    if (underWay !== undefined) return underWay
    const begun = member.replica
      .ask(() => member.content.applied())
      .then(({ position }) => position)
      .finally(() => looks.delete(member))
    looks.set(member, begun)
    return begun
  }
  const isAhead = async (member: Member, atLeast: Position): Promise<boolean> => {
    const wasUnderWay = looks.has(member)
    if (comparePositions(await look(member), atLeast) >= 0) return true
    // It may have looked before that position was there.
    return wasUnderWay && comparePositions(await look(member), atLeast) >= 0
  }
  return (members: readonly Member[], atLeast: Position): Promise<Member | null> =>
    Promise.any(
      members.map(async (member) => {
        if (!(await isAhead(member, atLeast))) throw away()
        return member
      }),
    ).catch(() => null)
}

/** A database that is left alone by its own rule was not asked: its replica may be well. */
const isSilent = (error: unknown): boolean => error instanceof Resting || isDriversPatience(error)

/** The database is gone, or hangs, has no build yet, or no room. A statement that took too long would take as long elsewhere. */
const isAway = (error: unknown): error is Refusal => error instanceof Refusal && (error.reason === 'unavailable' || error.reason === 'full')
