// npm run world: the four regions on one machine, as separate processes, with HAProxy before each and the distances between them.
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { systemClock } from '../src/kit/clock.ts'
import { measure } from './world/measure.ts'
import { openWorld, type World, type WorldOptions } from './world/open-world.ts'
import { readDistances, regions, standardDistances } from './world/plan.ts'
import { rollout } from './world/rollout.ts'
import { readingSteadily } from './world/steady.ts'

const help = `npm run world -- [--master lmdb|dynamodb] [--readers <per region>] [--port <first of 400>] [--data <folder>]
                 [--distances sa-na=115,sa-eu=190,…] [--reviews <seeded>] [--seconds <then end>]
                 [--rollout]   restarts everything region by region under steady reads, says what failed, and ends
                 [--measure]   writes the figures of docs/world.md`

const stop = new AbortController()
let shown = 0
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    if (stop.signal.aborted) process.exit(130)
    stop.abort()
  })

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  console.error((error as Error).message)
  process.exitCode = 1
}

async function main(words: string[]): Promise<number> {
  const { options, seconds, measures, rolls } = readWords(words)
  const startedMs = systemClock.monotonic()
  console.log('The world starts …')
  await using world = await openWorld(options)
  console.log(`The world is up (${((systemClock.monotonic() - startedMs) / 1000).toFixed(1)} s). Ctrl-C ends it.`)
  for (const region of regions) console.log(`  ${region.padEnd(4)} ${world.urls[region]}/api/v1/content`)
  console.log(`  data and logs   ${options.folder}\n`)
  if (measures) {
    console.log(await measure(world, options.distances, options.reviews))
    return 0
  }
  if (rolls) return await rollOut(world) // the world has to last as long
  const untilMs = systemClock.monotonic() + seconds * 1000
  while (!stop.signal.aborted && systemClock.monotonic() < untilMs) {
    await showAll(world)
    await systemClock.sleep(2_000, stop.signal)
  }
  return 0
}

async function rollOut(world: World): Promise<number> {
  const reads = await readingSteadily(world, () => rollout(world, (line) => console.log(line)))
  for (const [region, { answered, failed, slowestMs }] of reads) {
    const faults = [...failed].map(([outcome, count]) => `${count} × ${outcome}`).join(', ')
    console.log(`${region}  ${answered} read, slowest ${slowestMs.toFixed(0)} ms, failed ${faults === '' ? 'none' : faults}`)
  }
  return [...reads.values()].some(({ failed }) => failed.size > 0) ? 1 : 0
}

async function showAll(world: World): Promise<void> {
  const lines = await Promise.all(regions.map((region) => lineOf(world, region)))
  if (process.stdout.isTTY && shown > 0) process.stdout.write(`\x1b[${lines.length}A\x1b[J`)
  shown += 1
  console.log(lines.join('\n'))
}

async function lineOf(world: World, region: (typeof regions)[number]): Promise<string> {
  const { perSecond, p99Ms, failed } = world.traffic.figures(region)
  const traffic = `${perSecond.toFixed(0).padStart(6)} requests/s   p99 ${String(p99Ms).padStart(5)} ms   failed ${failed}`
  const detail = await world.detail(region).catch(() => null)
  if (detail === null) return `${region}  ${traffic}   its first reader does not answer`
  const { position, stalenessS } = detail.read
  const open = detail.regions.filter(({ breaker }) => breaker !== 'closed').map((one) => `${one.region} ${one.breaker}`)
  const lag = stalenessS === null ? '–' : `${stalenessS.toFixed(1)} s`
  return `${region}  ${traffic}   lag ${lag}   position ${position?.seq ?? '–'}   breakers ${open.length === 0 ? 'closed' : open.join(', ')}`
}

function readWords(words: string[]): { options: WorldOptions; seconds: number; measures: boolean; rolls: boolean } {
  const text = { type: 'string' } as const
  const is = { type: 'boolean' } as const
  const places = { master: text, readers: text, port: text, data: text, distances: text }
  const flags = { ...places, reviews: text, seconds: text, measure: is, rollout: is, help: is }
  const { values } = parseArgs({ args: words, options: flags, strict: true, allowPositionals: false })
  if (values.help) {
    console.log(help)
    process.exit(0)
  }
  const {
    master = 'lmdb',
    readers = '1',
    reviews = '0',
    measure: measures = false,
    rollout: rolls = false,
    port = '8000',
    data = join('var', 'world'),
    distances,
    seconds = 'Infinity',
  } = values
  if (master !== 'lmdb' && master !== 'dynamodb') throw new Error('--master: lmdb or dynamodb')
  const options = {
    folder: resolve(data),
    port: wholeFrom('port', port, 1024, 65_000),
    master,
    readersPerRegion: wholeFrom('readers', readers, 1, 9),
    reviews: wholeFrom('reviews', reviews, 0, 1_000_000),
    distances: distances === undefined ? standardDistances : readDistances(distances),
    // Whoever tries it out comes from one address.
    limits: { reading: 100_000, other: 10_000 },
    say: (line: string) => console.log(line),
  } as const
  return { options, seconds: Number(seconds), measures, rolls }
}

function wholeFrom(name: string, text: string, least: number, most: number): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value < least || value > most) throw new Error(`--${name}: a whole number from ${least} to ${most}`)
  return value
}
