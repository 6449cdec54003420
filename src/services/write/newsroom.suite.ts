// What the tests of this service share: a newsroom on a real master in a folder of its own, asked as a protocol would ask it.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Camera } from '../../domain/camera.ts'
import type { Review } from '../../domain/review.ts'
import { openLmdbMaster } from '../../engines/lmdb/master.ts'
import { type Clock, secureRandom } from '../../kit/clock.ts'
import { faultsOf } from '../../kit/faults.ts'
import { idMaker } from '../../kit/id.ts'
import { silentLog } from '../../kit/log.ts'
import { openMetrics } from '../../kit/metric.ts'
import type { Answer, Call } from '../../kit/operation.ts'
import { type Fault, Refusal } from '../../kit/refusal.ts'
import type { Master } from '../../ports/master.ts'
import { openWrite } from './write.ts'

/** Stands until it is moved; sleepers wake when their time has come. */
export function handClock(startMs = Date.UTC(2026, 10, 21, 12)) {
  let wallMs = startMs
  let passedMs = 0
  const sleepers = new Set<{ atMs: number; wake: () => void }>()
  const clock: Clock = {
    now: () => wallMs,
    monotonic: () => passedMs,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve()
        const sleeper = { atMs: passedMs + ms, wake: resolve }
        sleepers.add(sleeper)
        const stop = () => {
          sleepers.delete(sleeper)
          resolve()
        }
        signal?.addEventListener('abort', stop, { once: true })
      }),
  }
  return {
    ...clock,
    at: (ms: number) => new Date(wallMs + ms).toISOString(),
    /** Time passes. */
    pass(ms: number) {
      wallMs += ms
      passedMs += ms
      for (const sleeper of sleepers)
        if (sleeper.atMs <= passedMs) {
          sleepers.delete(sleeper)
          sleeper.wake()
        }
    },
    /** Somebody sets the wall clock. */
    set(ms: number) {
      wallMs += ms
    },
    /** Resolves when that many sleep: everybody has done what there was to do. */
    async asleep(count: number) {
      while (sleepers.size < count) await new Promise(setImmediate)
    },
  }
}

export interface Asking {
  path?: Record<string, unknown>
  query?: Record<string, unknown>
  body?: unknown
  ifMatch?: Call['ifMatch']
  /** An idempotency key; the hash of the request is that of its input. */
  key?: string
}

type Whole<B> = Answer & { body: B; version: number; position: NonNullable<Answer['position']> }

export async function openNewsroom() {
  const folder = await mkdtemp(join(tmpdir(), 'newsroom-'))
  const clock = handClock()
  const newId = idMaker(clock, secureRandom)
  const master = await openLmdbMaster({ folder, clock, random: secureRandom })
  const metrics = openMetrics({ ofProcess: false })
  const open = (through: Master = master) => openWrite({ master: through, clock, newId, log: silentLog, metrics })
  const write = open()

  async function hire(byline: string, roles: readonly string[] = ['editor']) {
    const id = newId()
    const document = { id, byline, slug: byline.toLowerCase() }
    await master.commit({ at: clock.at(0), by: null, writes: [{ kind: 'editor', id, expected: 0, document }] })
    return seat(id, roles)
  }

  /** Somebody at the desk. */
  function seat(id: string, roles: readonly string[], service = write) {
    async function asks<B = Review>(name: string, { ifMatch = null, key, ...given }: Asking = {}): Promise<Whole<B>> {
      const operation = service.operations.find((one) => one.name === name)
      if (operation === undefined) throw new Error(`no operation ${name}`)
      const faults: Fault[] = []
      const parsed = (['path', 'query', 'body'] as const).map((part) => {
        const result = operation.input[part]?.safeParse(given[part] ?? {})
        if (result?.success === false) faults.push(...faultsOf(result.error, part === 'body' ? '#' : '?'))
        return [part, result?.data]
      })
      if (faults.length > 0) throw new Refusal('invalid', 'Faulty.', { faults })
      const call: Call = {
        requestId: newId(),
        principal: { accountId: id, sessionId: id, roles },
        signal: new AbortController().signal,
        ifMatch,
        idempotency: key === undefined ? null : { key: `${id}:${name}:${key}`, requestHash: JSON.stringify(given) },
        atLeast: null,
        userAgent: 'test',
        address: '127.0.0.1',
      }
      const answer = await operation.run(Object.fromEntries(parsed) as never, call)
      if (operation.output !== undefined) operation.output.parse(answer.body)
      else if (answer.body !== undefined) throw new Error(`${name} answers a body that it does not declare`)
      return answer as Whole<B>
    }
    return {
      id,
      asks,
      /** The refusal that the same question gets. */
      async isRefused(name: string, asking: Asking = {}): Promise<Refusal> {
        const thrown = await asks(name, asking).then(
          () => new Error(`${name} was answered`),
          (error: unknown) => error,
        )
        if (thrown instanceof Refusal) return thrown
        throw thrown
      },
    }
  }

  const editor = await hire('Ana')
  const camera = await editor.asks<Camera>('createCamera', { body: r5 })
  return {
    master,
    clock,
    metrics,
    open,
    write,
    hire,
    seat,
    editor,
    camera: camera.body,
    /** What an editor sends for a new review. */
    text: (more: object = {}) => ({ title: 'A year with it', body: 'Long.', language: 'en', cameraId: camera.body.id, ...more }),
    async [Symbol.asyncDispose]() {
      await master.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

export const r5 = {
  brand: 'Canon',
  model: 'EOS R5',
  mount: 'Canon RF',
  type: 'mirrorless',
  sensor: { format: 'full-frame', megapixels: 45 },
  weightGrams: 738,
}

export const fifty = {
  brand: 'Canon',
  model: 'RF 50mm F1.8 STM',
  mount: 'Canon RF',
  coverage: 'full-frame',
  focalMinMm: 50,
  focalMaxMm: 50,
  apertureWide: 1.8,
  apertureTele: 1.8,
}
