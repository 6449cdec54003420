// A phase of the matrix: its faults begin, last, and end, and what readers and editors saw meanwhile, until all was whole again.
import type { World } from '../../../scripts/world/open-world.ts'
import { type Region, regions } from '../../../scripts/world/plan.ts'
import { systemClock } from '../../../src/kit/clock.ts'
import { begin, type Cell, isInstant, nameOf, places } from './cells.ts'
import type { Editor, Try } from './editor.ts'
import type { Question, Readers } from './readers.ts'
import { untilWhole } from './whole.ts'

export interface Watched {
  world: World
  readers: Readers
  editor: Editor
}

export interface Seen {
  /** In the regions of the fault. */
  reads: Tally
  elsewhere: Tally
  acknowledged: number
  /** Tries of editors that were refused, or not answered. */
  refused: number
  slowestWriteMs: number
  /** The longest time for which this process, which is the way between all others, was kept from running. */
  stoodStillMs: number
  /** From the end of the fault, or from the kill, until a new review is acknowledged and read there, nobody being left alone. */
  wholeAfterMs: number
  /** Some of the tries behind `refused`. */
  refusals: string[]
}

export interface Tally {
  asked: number
  /** Neither found nor known not to be there. */
  unanswered: number
  /** Of them: asked later than two seconds after the beginning. */
  unansweredLate: number
  /** Of them: of what is in memory. */
  unansweredCached: number
  /** Of them: an error that says when to come back. */
  refused: number
  marked: number
  slowestMs: number
  /** Some of those behind `unanswered`. */
  faults: string[]
}

const lateMs = 2_000
const shown = 20

export const regionsOf = ({ who }: Cell): readonly Region[] => {
  const region = places[who]
  return region === undefined ? regions : [region]
}

/** What was seen of each cell, by its name. They fail at the same time, and each is whole again at its own. Begins when all is calm. */
export async function observe(cells: readonly Cell[], watched: Watched, faultMs: number, wholeMs: number): Promise<Map<string, Seen>> {
  await untilCalm(watched.readers)
  using standstill = watchStandstill()
  const startMs = systemClock.monotonic()
  const ends = await Promise.all(cells.map((cell) => begin(watched.world, cell)))
  const isOver = cells.every(isInstant)
  if (!isOver) await systemClock.sleep(faultMs)
  for (const end of ends) end()
  const endMs = isOver ? startMs : systemClock.monotonic()
  const disturbed = cells.flatMap(regionsOf)
  const seen = cells.map(async (cell) => {
    const own = regionsOf(cell)
    await untilWhole(watched, own, wholeMs)
    const span = { startMs, endMs, untilMs: systemClock.monotonic() }
    return [nameOf(cell), { ...seenIn(watched, span, own, disturbed), stoodStillMs: standstill.longestMs() }] as const
  })
  return new Map(await Promise.all(seen))
}

interface Span {
  startMs: number
  /** Of the fault. */
  endMs: number
  untilMs: number
}

/** Of all that was under way in this time. `disturbed`: regions of which nothing can be said, beside the own ones. */
export function seenIn(
  { readers, editor }: Watched,
  span: Span,
  own: readonly Region[],
  disturbed: readonly Region[] = own,
): Omit<Seen, 'stoodStillMs'> {
  const { startMs, endMs, untilMs } = span
  const isDuring = ({ askedMs, tookMs }: Try) => askedMs + tookMs >= startMs && askedMs <= untilMs
  const isIn = (among: readonly Region[], { region }: Question) => among.some((one) => one === region)
  const asked = readers.asked.filter(isDuring)
  const tries = editor.tries.filter(isDuring)
  const isAcknowledged = ({ status }: Try) => status >= 200 && status < 300
  const refusals = tries.filter((one) => !isAcknowledged(one))
  const at = ({ askedMs, tookMs }: Try) => `at ${Math.round(askedMs - startMs)} ms, took ${Math.round(tookMs)} ms`
  const tally = (questions: readonly Question[]): Tally => {
    const unanswered = questions.filter((one) => !isAnswered(one))
    return {
      asked: questions.length,
      unanswered: unanswered.length,
      unansweredLate: unanswered.filter(({ askedMs }) => askedMs > startMs + lateMs).length,
      unansweredCached: unanswered.filter(({ kind }) => kind === 'cached').length,
      refused: unanswered.filter(({ status, retryAfter }) => status >= 500 && retryAfter !== null).length,
      marked: questions.filter(({ marked }) => marked).length,
      slowestMs: slowestOf(questions.filter(isAnswered)),
      faults: unanswered.slice(0, shown).map((one) => `${one.region} ${one.kind} ${one.path}: ${one.status} ${one.fault} ${at(one)}`),
    }
  }
  return {
    reads: tally(asked.filter((one) => isIn(own, one))),
    elsewhere: tally(asked.filter((one) => !isIn([...own, ...disturbed], one))),
    acknowledged: tries.length - refusals.length,
    refused: refusals.length,
    slowestWriteMs: slowestOf(tries.filter(isAcknowledged)),
    wholeAfterMs: untilMs - endMs,
    refusals: refusals.slice(0, shown).map((one) => `${one.status} ${at(one)}`),
  }
}

const isAnswered = ({ status }: Pick<Question, 'status'>): boolean => status === 200 || status === 404

const slowestOf = (all: readonly Pick<Try, 'tookMs'>[]): number => all.reduce((most, { tookMs }) => Math.max(most, tookMs), 0)

const calmMs = 1_000

const briefMs = 300

/** All that was asked in the last second is answered, and nobody waits for long. */
export async function untilCalm({ asked, waitingMs }: Readers): Promise<void> {
  const isCalm = () => {
    const sinceMs = systemClock.monotonic() - calmMs
    return asked.slice(-200).every((one) => one.askedMs < sinceMs || isAnswered(one))
  }
  while (!isCalm() || waitingMs() > briefMs) await systemClock.sleep(50)
}

const lookMs = 20

/** A machine that others keep busy as well says nothing of what is promised. */
export function watchStandstill() {
  let lastMs = systemClock.monotonic()
  let longestMs = 0
  const look = () => {
    const nowMs = systemClock.monotonic()
    longestMs = Math.max(longestMs, nowMs - lastMs - lookMs)
    lastMs = nowMs
  }
  const timer = setInterval(look, lookMs)
  return { longestMs: () => longestMs, [Symbol.dispose]: () => clearInterval(timer) }
}
