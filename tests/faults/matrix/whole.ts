// When all is whole again: what an editor writes is read in the regions, every process is ready, and nobody is left alone.
import { homePorts, portsOf, type Region, regions } from '../../../scripts/world/plan.ts'
import { systemClock } from '../../../src/kit/clock.ts'
import type { Watched } from './observe.ts'

interface Check {
  what: string
  isSo(): Promise<boolean>
}

/** A review that is sent after this call is read in these regions, and each of their processes follows and asks its own replica. */
export async function untilWhole({ world, editor }: Pick<Watched, 'world' | 'editor'>, own: readonly Region[], patienceMs: number) {
  const untilMs = systemClock.monotonic() + patienceMs
  const { slug } = await editor.next()
  const { ops, databaseOps } = homePorts(world.plan)
  const atHome = own.length === regions.length ? [ready('home', ops), ready('primary', databaseOps)] : []
  const inRegions = own.flatMap((region) => {
    const { databaseOps, readers } = portsOf(world.plan, region)
    return [
      ready(`the replica in ${region}`, databaseOps),
      ...readers.map(({ ops }) => ready(`who reads in ${region}`, ops, ({ regions: [first] = [] }) => first?.breaker === 'closed')),
      { what: `${slug} in ${region}`, isSo: () => isShown(`${world.urls[region]}/api/v1/content/${slug}`) },
    ]
  })
  await Promise.all(
    [...atHome, ...inRegions].map(async ({ what, isSo }) => {
      while (!(await isSo().catch(() => false))) {
        if (systemClock.monotonic() > untilMs) throw new Error(`${what}: not whole after ${patienceMs} ms`)
        await systemClock.sleep(20)
      }
    }),
  )
}

interface Detail {
  regions?: { breaker: string }[]
}

const looking = () => ({ keepalive: false, signal: AbortSignal.timeout(2_000) })

const ready = (what: string, ops: number, isSo: (detail: Detail) => boolean = () => true): Check => ({
  what,
  async isSo() {
    const response = await fetch(`http://127.0.0.1:${ops}/readyz`, looking())
    return isSo((await response.json()) as Detail) && response.status === 200
  },
})

async function isShown(url: string): Promise<boolean> {
  const response = await fetch(url, looking())
  await response.arrayBuffer()
  return response.status === 200
}
