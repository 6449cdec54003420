// One run of the simulation: projectors, rebuilds and verifications over one log and one projection, and what must hold all the while.
import type { Change, Position } from '../../src/domain/change.ts'
import { comparePositions } from '../../src/domain/change.ts'
import { type Log, silentLog } from '../../src/kit/log.ts'
import { openMetrics } from '../../src/kit/metric.ts'
import { Refusal } from '../../src/kit/refusal.ts'
import type { Build, Projection } from '../../src/ports/projection.ts'
import { openProject, type Project } from '../../src/services/project/project.ts'
import { history } from '../contracts/histories.ts'
import { seeded } from '../random.ts'
import { poison } from './oracle.ts'
import { type Chance, openWorld, type SimulatedLog, type World } from './world.ts'

export interface Engine {
  /** One more connection to the same database. */
  projection(world: World, actor: string): Projection
  /** What readers see: where the live build stands, and since when it says that it holds all. */
  read(): Promise<{ position: Position; caughtUpAt: string | null } | null>
  /** Throws when the content of a build is not what the log says at its position. */
  check(schema: string, log: (epoch: string) => readonly Change[]): Promise<void>
  /** Something bad that only this engine knows. */
  hurt?(chance: Chance): Promise<unknown>
}

export interface Wanted {
  seed: number
  steps: number
  engine: Engine
  projectors: number
  /** Commits of one log; a restored master has another. */
  commits: number
  mostAtOnce: number
  checkEvery: number
  /** How likely a rebuild begins at a step, and a verification. */
  task: number
}

export interface Told {
  steps: number
  changes: number
  epochs: number
  kills: number
  pauses: number
  /** New builds of a log of which the live one lacked the larger part. */
  anew: number
  rebuilds: number
  verified: number
  givenUp: number
}

interface Actor {
  name: string
  project: Project
  stop: AbortController
  ended: Promise<void>
}

/** A failure names the seed and the step. */
export async function simulate(wanted: Wanted): Promise<Told> {
  const told: Told = { steps: 0, changes: 0, epochs: 0, kills: 0, pauses: 0, anew: 0, rebuilds: 0, verified: 0, givenUp: 0 }
  try {
    await storm(wanted, told)
    return told
  } catch (error) {
    throw new Error(`seed ${wanted.seed}, step ${told.steps}: ${error instanceof Error ? error.message : error}`, { cause: error })
  }
}

async function storm({ seed, steps, engine, projectors, commits, mostAtOnce, checkEvery, task }: Wanted, told: Told): Promise<void> {
  const chance = seeded(seed)
  const weather = { lost: 0 }
  const logs = new Map<string, readonly Change[]>()
  const log: SimulatedLog = { epoch: '', changes: [], head: 0, moved: [] }
  const world = openWorld(chance, weather, log, mostAtOnce)
  const restore = () => {
    told.epochs += 1
    const { changes } = history(Math.floor(chance() * 1e9), commits)
    // A backup holds a part of what was lost. What was asked of the one before may be answered by the next.
    const head = Math.floor(Math.min(log.head, changes.length) * chance())
    const epoch = `e${String(told.epochs).padStart(4, '0')}`
    const moved = [{ epoch, seq: head, atMs: world.nowMs() }]
    Object.assign(log, { epoch, changes: poisoned(changes, chance), head, moved })
    logs.set(log.epoch, log.changes)
  }
  const actors = new Map<string, Actor>()
  let born = 0
  const counting: Log = {
    ...silentLog,
    info(event, facts) {
      const from = facts?.live as Build | undefined
      if (event === 'building anew beside what readers use' && from?.position.epoch === log.epoch) told.anew += 1
    },
  }
  const open = (name: string) =>
    openProject({
      master: world.master(name) as Parameters<typeof openProject>[0]['master'],
      projection: engine.projection(world, name),
      clock: world.clock(name),
      random: (length) => Uint8Array.from({ length }, () => Math.floor(chance() * 256)),
      log: counting,
      metrics: openMetrics({ ofProcess: false }),
      farBehind: 8,
    })
  const start = () => {
    const name = `projector ${++born}`
    const project = open(name)
    const stop = new AbortController()
    actors.set(name, { name, project, stop, ended: project.run(stop.signal) })
  }
  /** A task runs beside, is given up sometimes, and says that all is as the log says whenever it comes to an end. */
  const tasks = new Set<string>()
  let fault: unknown = null
  let isCalm = false
  const begin = (what: 'rebuild' | 'verify') => {
    const name = `${what} ${++born}`
    const stop = new AbortController()
    tasks.add(name)
    const project = open(name)
    void project[what]({ signal: stop.signal, progress: () => !isCalm && chance() < 0.003 && stop.abort() })
      .then(
        (report) => {
          told[what === 'rebuild' ? 'rebuilds' : 'verified'] += 1
          if (report.differing !== null && report.differing.length > 0) fault ??= new Error(`${name}: ${JSON.stringify(report)}`)
        },
        (error) => {
          told.givenUp += 1
          if (!(error instanceof Refusal) && !stop.signal.aborted) fault ??= error
        },
      )
      .finally(() => tasks.delete(name))
  }
  const killOne = (from: string[]) => {
    const name = from[Math.floor(chance() * from.length)]
    if (name === undefined) return
    told.kills += 1
    world.kill(name)
    actors.delete(name)
    tasks.delete(name)
  }
  let seen: Position | null = null
  const look = async () => {
    const read = await engine.read()
    if (read === null) return
    const { position, caughtUpAt } = read
    if (seen !== null && comparePositions(position, seen) < 0)
      throw new Error(`readers went back from ${JSON.stringify(seen)} to ${JSON.stringify(position)}`)
    seen = position
    const missed = log.moved.find(
      ({ epoch, seq, atMs }) => epoch === position.epoch && seq > position.seq && atMs < Date.parse(caughtUpAt ?? ''),
    )
    if (missed) throw new Error(`a build at ${position.seq} says that it held all at ${caughtUpAt}, later than ${JSON.stringify(missed)}`)
  }
  const asleep = new Map<string, number>()
  const happenings: [number, () => void | Promise<void>][] = [
    [0.1, () => commit()],
    [0.004, () => killOne([...actors.keys()])],
    [0.002, () => killOne([...tasks])],
    [0.006, () => sleepOne()],
    [task, () => void (tasks.size < 2 && begin('rebuild'))],
    [task, () => void (tasks.size < 2 && begin('verify'))],
    [0.002, () => void Object.assign(weather, { lost: [0, 0, 0.02, 0.2][Math.floor(chance() * 4)] })],
    [0.0005, () => world.leap(chance() * 40 * 3_600_000)],
    [0.0005, () => restore()],
    [0.02, async () => void (await engine.hurt?.(chance))],
  ]
  const commit = () => {
    const by = Math.min(log.changes.length - log.head, chance() < 0.1 ? 30 : 1 + Math.floor(chance() * 2))
    if (by === 0 && chance() < 0.02) return restore()
    if (by === 0) return
    log.head += by
    log.moved.push({ epoch: log.epoch, seq: log.head, atMs: world.nowMs() })
    told.changes += by
  }
  const sleepOne = () => {
    const names = [...actors.keys(), ...tasks]
    const name = names[Math.floor(chance() * names.length)]
    if (name === undefined || asleep.has(name)) return
    told.pauses += 1
    world.pause(name)
    asleep.set(name, told.steps + Math.floor(chance() * 400))
  }
  const step = async () => {
    while (actors.size < projectors) start()
    told.steps += 1
    for (const [name, until] of asleep)
      if (told.steps >= until) {
        asleep.delete(name)
        world.wake(name)
      }
    await world.step()
    await look()
    if (fault !== null) throw fault
  }
  const checkAll = async () => {
    await world.idle()
    for (const { schema } of await engine.projection(world, '').builds()) await engine.check(schema, (epoch) => logs.get(epoch) ?? [])
  }

  restore()
  while (told.steps < steps) {
    for (const [likely, happen] of happenings) if (chance() < likely) await happen()
    await step()
    if (told.steps % checkEvery === 0) await checkAll()
  }
  // The storm is over: everybody comes to the end of the log, by himself.
  isCalm = true
  weather.lost = 0
  for (const name of asleep.keys()) world.wake(name)
  asleep.clear()
  const isAtEnd = (position: Position | null | undefined) => position?.epoch === log.epoch && position.seq === log.head
  const isDone = () =>
    tasks.size === 0 &&
    isAtEnd(seen) &&
    [...actors.values()].every(({ project }) => project.status().state === 'following' && isAtEnd(project.status().position))
  for (let more = 0; more < 20_000 && !isDone(); more++) await step()
  if (!isDone()) {
    const stand = [...actors.values()].map(({ project }) => project.status())
    throw new Error(`not at the end: readers ${JSON.stringify(seen)}, projectors ${JSON.stringify(stand)}, tasks ${[...tasks]}`)
  }
  const before = { ...told }
  for (const what of ['rebuild', 'verify'] as const) begin(what)
  for (let more = 0; more < 20_000 && tasks.size > 0; more++) await step()
  if (told.rebuilds === before.rebuilds || told.verified === before.verified) throw new Error('in calm, a rebuild or a verification failed')
  await checkAll()
  for (const { stop } of actors.values()) stop.abort()
  const stopped = Promise.all([...actors.values()].map(({ ended }) => ended))
  while (await world.step()) await world.idle()
  await stopped
  // What killed rebuilds and verifications have left goes.
  world.leap(1)
  const projection = engine.projection(world, '')
  await projection.prune(0)
  const left = await projection.builds()
  if (left.length !== 1 || !left[0]?.live) throw new Error(`left: ${JSON.stringify(left)}`)
}

/** Some changes hold what no table can. */
const poisoned = (changes: readonly Change[], chance: Chance): Change[] =>
  changes.map((change) =>
    change.document !== null && chance() < 0.03
      ? ({ ...change, document: { ...change.document, slug: `a${poison}`, byline: poison } } as Change)
      : change,
  )
