// What the load tests share: their sizes, the client in a process of its own, and what a process holds.
import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cpuUs } from '../../bench/kit/process.ts'
import { testPostgres } from '../postgres.ts'
import { type Running, startProcess } from '../process.ts'
import type { Asked, Found } from './client.ts'

/** `npm run test:long` takes the sizes that are promised; `npm test` those that show the same within seconds. */
export const isLong = process.env.LOAD === 'long'
const seconds = (name: string, long: number, short: number) => Number(process.env[name] ?? (isLong ? long : short))
export const sizes = {
  measureS: isLong ? 20 : 2,
  over150S: seconds('LOAD_150_S', 600, 3),
  over300S: seconds('LOAD_300_S', 60, 2),
  soakS: seconds('LOAD_SOAK_S', 3600, 6),
}
/** For a whole test: its load, and a minute for the rest. */
export const patienceMs = (loadS: number): number => (loadS + 60) * 1000

/** Every list begins at another time, so none was asked before. */
export const coldList = '/api/v1/content?publishedBefore=#'
let from = 0

export async function load(asked: Omit<Asked, 'from'>): Promise<Found> {
  from += 10_000_000
  const child = spawn(process.execPath, [join(import.meta.dir, 'client.ts'), JSON.stringify({ ...asked, from })], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  child.stdout.on('data', (chunk) => {
    text += chunk
  })
  await new Promise((resolve) => child.once('close', resolve))
  return JSON.parse(text) as Found
}

/** Answers of a kind, each second. */
export const rateOf = ({ byStatus, seconds }: Found, status = '200'): number => (byStatus[status]?.count ?? 0) / seconds

/** What the operators' page says, of what is looked at here. */
interface Page {
  workers?: { worker: number; state: string; pid: number | null }[]
  read: { position: { seq: number } | null; cache: Record<'hit' | 'fill' | 'joined' | 'stale' | 'rescued', number> }
  load: Record<'query' | 'search' | 'personal' | 'command', { running: number; waiting: number; refused: number }>
}
export const pageOf = async ({ ops }: Running): Promise<Page> => (await (await fetch(`${ops}/readyz`)).json()) as Page

export interface Standing extends AsyncDisposable {
  system: Running
  databaseUrl: string
  folder: string
}

/** The system as a process of its own, over a fresh folder and a fresh database. */
export async function standing(environment: Record<string, string> = {}): Promise<Standing> {
  const stack = new AsyncDisposableStack()
  try {
    const folder = await mkdtemp(join(tmpdir(), 'rcr-load-'))
    stack.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }))
    const database = await (await testPostgres()).database()
    stack.defer(() => database.drop())
    const system = await startProcess(folder, { RCR_LOG: 'warn', DATABASE_URL: database.url, ...environment })
    stack.defer(async () => {
      system.child.kill('SIGTERM')
      await system.ended
    })
    return { system, databaseUrl: database.url, folder, [Symbol.asyncDispose]: () => stack.disposeAsync() }
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
}

export const pidOf = ({ child }: Running): number => child.pid ?? 0
export const filesOf = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length
/** Time on the processor since the call, in ms. */
export function spendingOf(system: Running): () => number {
  const before = cpuUs(pidOf(system))
  return () => (cpuUs(pidOf(system)) - before) / 1000
}

/** Until it is so; fails with the last sight when it is not so in time. */
export async function until<T>(look: () => Promise<T> | T, isSo: (seen: T) => boolean, withinMs = 10_000): Promise<T> {
  const endMs = performance.now() + withinMs
  for (;;) {
    const seen = await look()
    if (isSo(seen)) return seen
    if (performance.now() > endMs) throw new Error(`not so within ${withinMs} ms: ${JSON.stringify(seen)}`)
    await Bun.sleep(10)
  }
}
