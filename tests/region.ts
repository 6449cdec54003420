// A region abroad for tests: its replica and its process that reads, with the ways out cut, and the database frozen, killed, replaced.
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { openRelay, type Relay } from '../scripts/world/relay.ts'
import { regionUrl } from '../src/engines/replicas/peer.ts'
import { type Running, startProcess } from './process.ts'
import { type Ring, until } from './ring.ts'

/** A region abroad: its replica and its process that reads, with the ways out that both take. */
export interface Region {
  name: string
  reader: Running
  ways: { replication: Relay[]; reading: Relay[] }
  /** The replica is there, follows, and has replayed what the primary had at the call. */
  caughtUp(): Promise<unknown>
  kill(): Promise<void>
  freeze(lasting: () => Promise<unknown>): Promise<void>
  /** It goes with all its data, and comes back as a copy. */
  replace(lasting: () => Promise<unknown>): Promise<void>
}

const portOf = (url: string) => Number(new URL(url).port)
const childrenOf = (pid: number) => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number)

function tell(pid: number, signal: NodeJS.Signals) {
  try {
    process.kill(pid, signal)
  } catch {} // it has ended by itself
}

/** `folder`: of its process that reads. All of it ends with the stack. */
export async function openRegion(
  stack: AsyncDisposableStack,
  ring: Ring,
  folder: string,
  { name, secret }: { name: string; secret: string },
): Promise<Region> {
  /** All databases as somebody here finds them: the own one near, the others over ways that can be cut. */
  const seenFrom = async (ways: Relay[]) =>
    Promise.all(
      ring.places.map(async ({ region, url }) => {
        if (region === name) return { region, url }
        const way = await openRelay(portOf(url), { roundTripMs: 4 })
        stack.use(way)
        ways.push(way)
        return { region, url: url.replace(`:${portOf(url)}/`, `:${way.port}/`) }
      }),
    )
  const ways: Region['ways'] = { replication: [], reading: [] }
  const places = await seenFrom(ways.replication)
  let running = await ring.run(name, { places })
  const list = (await seenFrom(ways.reading)).map(({ region, url }) => `${region}=${regionUrl(url)}`).join(',')
  const settings = { RCR_SECRET: secret, RCR_LOG: 'error', RCR_CONNECTIONS: '4', RCR_BREAKER: '5/1/2', RCR_DATABASES: list }
  const reader = await startProcess(folder, settings, [], ['serve', '--region', name])
  stack.defer(async () => {
    reader.child.kill('SIGTERM')
    await reader.ended
  })
  /** When it lives: it may just be starting again. */
  const postmaster = () =>
    until(() => {
      const pid = Number(readFileSync(join(ring.folderOf(name), 'data', 'postmaster.pid'), 'utf8').split('\n')[0])
      return process.kill(pid, 0) && pid
    })
  return {
    name,
    reader,
    ways,
    caughtUp: () => until(() => running.member.status().streaming && running.member.status().lagS === 0),
    kill: async () => void process.kill(await postmaster(), 'SIGKILL'),
    async freeze(lasting) {
      const all = [await postmaster()]
      all.push(...childrenOf(all[0] as number))
      for (const pid of all) tell(pid, 'SIGSTOP')
      await lasting()
      for (const pid of all) tell(pid, 'SIGCONT')
    },
    async replace(lasting) {
      await running.stop()
      rmSync(ring.folderOf(name), { recursive: true, force: true, maxRetries: 10 })
      await lasting()
      running = await ring.run(name, { places })
    },
  }
}

/** One trouble of a region, drawn. `lasting`: resolves when it has lasted long enough. */
export async function trouble(
  { ways, ...region }: Region,
  chance: () => number,
  lasting: () => Promise<unknown>,
  told: Record<string, number>,
): Promise<void> {
  const cutOff = async (some: Relay[]) => {
    for (const way of some) way.cut()
    await lasting()
    for (const way of some) way.mend()
  }
  const acts = {
    'cut from the primary': () => cutOff(ways.replication),
    'cut off': () => cutOff([...ways.replication, ...ways.reading]),
    frozen: () => region.freeze(lasting),
    killed: () => region.kill(),
    replaced: () => region.replace(lasting),
  }
  const names = Object.keys(acts) as (keyof typeof acts)[]
  // To be copied anew takes seconds, so it is drawn less often than the others.
  const name = names[Math.floor(chance() * 4.5)] ?? 'killed'
  told[name] = (told[name] ?? 0) + 1
  await acts[name]()
  if (chance() < 0.7) await region.caughtUp()
}
