// What operators do to a world that serves: the read model built anew, everything restarted for a new version. No read fails.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openWorld, type World } from '../../scripts/world/open-world.ts'
import { regions } from '../../scripts/world/plan.ts'
import { rollout } from '../../scripts/world/rollout.ts'
import { readingSteadily } from '../../scripts/world/steady.ts'
import { haproxyIsThere, shortDistances } from '../haproxy.ts'

// One reader in each region is the harder case: while it is away nobody of the region answers.
const readersPerRegion = Number(process.env.WORLD_READERS ?? 1)
const folder = mkdtempSync(join(tmpdir(), 'rcr-rollout-'))
let world: World

beforeAll(async () => {
  if (!haproxyIsThere) return
  const port = 12_000 + 400 * Math.floor(Math.random() * 19)
  const limits = { reading: 1_000_000, other: 1_000_000 }
  const size = { readersPerRegion, reviews: 0, drainS: 2 }
  world = await openWorld({ folder, port, master: 'lmdb', distances: shortDistances, limits, ...size, say: () => {} })
}, 60_000)

afterAll(async () => {
  await world?.[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
}, 60_000)

test.skipIf(!haproxyIsThere)(
  'the read model is built anew while four regions read: no read fails, and all five databases are what the log says',
  async () => {
    let said = ''
    const reads = await readingSteadily(world, async () => {
      said = await world.atHome('rebuild')
    })
    expect(said).toContain('Checksums of all tables are equal.')
    for (const region of regions) expect({ region, failed: [...(reads.get(region)?.failed ?? [])] }).toEqual({ region, failed: [] })
    const verified = await world.atHome('verify')
    for (const line of [
      /home {2}primary {2}change \d+: equal/,
      ...regions.map((region) => new RegExp(`${region} +replica {2}change \\d+.*: equal`)),
    ])
      expect(verified).toMatch(line)
    expect(verified).toContain(/(content_\w+) stands at/.exec(said)?.[1] ?? 'the new build')
  },
  60_000,
)

test.skipIf(!haproxyIsThere)(
  'every process is restarted once, and readers of all regions notice nothing',
  async () => {
    const pids = new Map(world.processes.map((one) => [one.name, one.pid()]))
    const reads = await readingSteadily(world, () => rollout(world, () => {}))
    for (const region of regions) {
      expect({ region, failed: [...(reads.get(region)?.failed ?? [])] }).toEqual({ region, failed: [] })
      expect(reads.get(region)?.answered).toBeGreaterThan(100)
    }
    for (const { name, pid, restarts } of world.processes)
      if (!name.startsWith('gateway'))
        expect({ name, restarts: restarts(), isNew: pid() !== pids.get(name) }).toEqual({ name, restarts: 1, isNew: true })
  },
  120_000,
)
