// Fills the master with reviews of the corpus, in their order. Ended at any point, by a signal or a crash, it goes on from there.
import type { IndexName } from '../../domain/indexes.ts'
import { draft, publish } from '../../domain/review.ts'
import { slugClaim } from '../../domain/slug.ts'
import type { Clock } from '../../kit/clock.ts'
import type { Log } from '../../kit/log.ts'
import { patiently } from '../../kit/patiently.ts'
import { Refusal } from '../../kit/refusal.ts'
import type { Master } from '../../ports/master.ts'
import { bringer, type Item } from './bring.ts'
import { type CorpusCatalogue, type CorpusReview, corpus, corpusId } from './corpus.ts'
import { bringFirstData, type FirstData } from './first-data.ts'

export interface Seeding {
  master: Master
  clock: Clock
  log: Log
  /** Brought where there is nothing yet that reviews could be about. */
  firstData: FirstData
  /** So many are there afterwards, of this seed. */
  reviews: number
  seed: number
  signal: AbortSignal
  /** At most once a second, and at the end. */
  onProgress: (progress: SeedProgress) => void
}

export interface SeedProgress {
  done: number
  of: number
  perSecond: number
  restS: number
}

export interface Seeded {
  added: number
  /** Are there now. Less than wanted when it was interrupted. */
  reviews: number
}

/** About one commit's worth. */
const atOnce = 40
/** Commits that are made ready while others wait for the disk, which syncs them together. */
const inFlight = 8
const progressMs = 1000
/** A disk that others keep busy stands still for seconds, and hours of seeding should not end with that. */
const patienceMs = 120_000

export async function seedReviews({ master, clock, log, firstData, reviews, seed, signal, onProgress }: Seeding): Promise<Seeded> {
  const make = corpus(seed, await catalogueOf(master, clock, firstData))
  const bring = bringer(master, clock)
  const first = await firstMissing(master, seed, reviews)
  const startedMs = clock.monotonic()
  let done = first
  let added = 0
  let toldMs = startedMs
  const tell = () => {
    toldMs = clock.monotonic()
    const perSecond = ((done - first) * 1000) / Math.max(1, toldMs - startedMs)
    onProgress({ done, of: reviews, perSecond: Math.round(perSecond), restS: perSecond > 0 ? Math.ceil((reviews - done) / perSecond) : 0 })
  }
  const trying = { clock, signal, patienceMs, tell: (error: Refusal) => log.warn('the master is late', { error }) }
  const bringFrom = async (start: number) => {
    const end = Math.min(start + atOnce, reviews)
    const items = Array.from({ length: end - start }, (_, at) => itemOf(make(start + at)))
    // Whatever came of a commit that was late, the next attempt finds it.
    const brought = await patiently(trying, () => bring('review', items))
    if (brought.skipped > 0) log.warn('reviews refer to what has been deleted meanwhile', { skipped: brought.skipped, from: start })
    added += brought.added
    done = Math.max(done, end)
    if (clock.monotonic() - toldMs >= progressMs) tell()
  }

  const failures: unknown[] = []
  const flying: Promise<unknown>[] = []
  for (let start = first; start < reviews && !signal.aborted && failures.length === 0; start += atOnce) {
    flying.push(bringFrom(start).catch((error) => failures.push(error)))
    if (flying.length === inFlight) await flying.shift()
  }
  await Promise.all(flying)
  if (failures.length > 0) throw failures[0]
  tell()
  return { added, reviews: done }
}

/** Where to begin: all before it are there. Of those that were in flight when it broke off, some may be missing: it goes back to them. */
async function firstMissing(master: Master, seed: number, reviews: number): Promise<number> {
  let [low, high] = [0, reviews]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((await master.versionOf('review', corpusId(seed, middle))) > 0) low = middle + 1
    else high = middle
  }
  return Math.max(0, low - inFlight * atOnce)
}

function itemOf({ id, publishedAt, editorId, fields }: CorpusReview): Item {
  const { slug } = fields
  return { id, slug, document: publish(draft(fields, { id, slug, editorId, now: publishedAt }), publishedAt) }
}

async function catalogueOf(master: Master, clock: Clock, firstData: FirstData): Promise<CorpusCatalogue> {
  const found = await standing(master, firstData)
  if (isEnough(found)) return found
  await bringFirstData(master, clock, firstData)
  const brought = await standing(master, firstData)
  if (isEnough(brought)) return brought
  throw new Refusal('conflict', 'There is no camera or no editor here that a review could name: all of the first data was deleted.')
}

const isEnough = ({ cameras, editorIds }: CorpusCatalogue) => cameras.length > 0 && editorIds.length > 0

/** In an order that does not depend on when something was added. */
async function standing(master: Master, { editors }: FirstData): Promise<CorpusCatalogue> {
  const owners = await Promise.all(editors.map(({ slug }) => master.owner(slugClaim('editor', slug))))
  return {
    cameras: await all(master, 'cameras'),
    lenses: await all(master, 'lenses'),
    editorIds: owners.filter((owner) => owner !== null),
  }
}

async function all<N extends IndexName & ('cameras' | 'lenses')>(master: Master, index: N) {
  const found: Awaited<ReturnType<typeof master.list<N>>>['documents'] = []
  for (let after: string | null | undefined; after !== null; ) {
    const page = await master.list(index, '*', { limit: 200, ...(after !== undefined && { after }) })
    found.push(...page.documents)
    after = page.next
  }
  return found
}
