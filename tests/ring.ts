// A ring of databases on this machine for tests: places with ports that are free, members run here, looked at, ended afterwards.
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import type { MemberOptions } from '../src/engines/replicas/local.ts'
import { type Member, openMember } from '../src/engines/replicas/member.ts'
import type { Place } from '../src/engines/replicas/peer.ts'
import { type Clock, secureRandom, systemClock } from '../src/kit/clock.ts'
import { openLog, silentLog } from '../src/kit/log.ts'
import { dependencyOf } from './dependencies.ts'

export const ringSecret = 'a-secret-for-tests-alone'

/** What a ring waits for before it judges takes seconds; here they are half as long. Faster, a busy machine would pass for a lost one. */
const halfSeconds: Clock = {
  now: systemClock.now,
  monotonic: () => 2 * systemClock.monotonic(),
  sleep: (ms, signal) => systemClock.sleep(ms / 2, signal),
}

/** Ports that nobody has now, below those that systems give out by themselves. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = []
  while (ports.length < count) {
    const port = 20_000 + Math.floor(Math.random() * 12_000)
    if (!ports.includes(port) && (await isFree(port))) ports.push(port)
  }
  return ports
}

const isFree = (port: number) =>
  new Promise<boolean>((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })

export interface Ring extends AsyncDisposable {
  places: readonly Place[]
  folderOf(region: string): string
  urlOf(region: string): string
  run(region: string, more?: Partial<MemberOptions>): Promise<Running>
}

export interface Running {
  member: Member
  stop(): Promise<void>
}

export async function openRing(...regions: string[]): Promise<Ring> {
  const folder = mkdtempSync(join(tmpdir(), 'rcr-ring-'))
  const ports = await freePorts(regions.length)
  const places = regions.map((region, at) => ({ region, url: `postgres://rcr:${ringSecret}@127.0.0.1:${ports[at]}/postgres` }))
  const running = new Set<Running>()
  return {
    places,
    folderOf: (region) => join(folder, region),
    urlOf: (region) => places.find((place) => place.region === region)?.url ?? '',
    async run(region, more = {}) {
      const stop = new AbortController()
      const member = await openMember({
        folder: join(folder, region),
        region,
        places,
        peers: () => dependencyOf('peer'),
        first: region === regions[0] ? 'primary' : 'replica',
        settings: { fsync: false, shared_buffers: '16MB', max_connections: 60 },
        log: process.env.RING_LOG ? openLog('debug', (line) => process.stderr.write(`${line}\n`)) : silentLog,
        clock: halfSeconds,
        random: secureRandom,
        signal: stop.signal,
        ...more,
      })
      const one = {
        member,
        async stop() {
          stop.abort()
          await member.ended
          running.delete(one)
        },
      }
      running.add(one)
      return one
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...running].map((one) => one.stop()))
      rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
    },
  }
}

export async function ask<R extends Record<string, unknown>>(url: string, statement: string): Promise<R[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000, query_timeout: 5_000 })
  client.on('error', () => {})
  try {
    await client.connect()
    return (await client.query<R>(statement)).rows
  } finally {
    await client.end().catch(() => {})
  }
}

/** Until it holds; the test's own time-out is the bound. */
export async function until<T>(probe: () => T | Promise<T>): Promise<NonNullable<Exclude<T, false>>> {
  for (;;) {
    const found = await Promise.resolve()
      .then(probe)
      .catch(() => null)
    if (found) return found as NonNullable<Exclude<T, false>>
    await systemClock.sleep(20)
  }
}
