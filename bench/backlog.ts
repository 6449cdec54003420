// What a projector finds when it comes back: changes by the hundred thousand, worked off while readers read; and the whole log again.
import type { Benchmark, System } from './kit/lab.ts'
import { percentile, type Round, spending } from './kit/measure.ts'
import { count, type Line, rateOf, short, within } from './kit/table.ts'

const goals = { workedOffS: 60, rebuiltS: 300, readsMs: 100 }
/** Of each kind a second: readers who go on, rather than all that the machine can do. */
const perSecond = 10
const words = ['autofoco', 'bateria', 'sensor', 'noche', 'retrato', 'video', 'viewfinder', 'weather', 'colour', 'montana']

export const backlog: Benchmark = {
  title: 'backlog',
  needs: [],
  async run(lab) {
    const data = await lab.seeded()
    const reviews = lab.sizes.usual + lab.sizes.backlog
    lab.say(`${count(lab.sizes.backlog)} more, which nobody projects yet …`)
    await lab.rcr(data, 'seed', '--reviews', String(reviews))
    const startedMs = performance.now()
    // Where the system runs in earnest everything has every core: the projector, the database and those who answer.
    const system = await lab.system(data, { core: 'any', behind: true })
    try {
      const taking = (items: number, beganMs: number, work: () => Promise<unknown>) =>
        whileReading(system, () =>
          spending(system.spenders, async () => {
            await work()
            return { count: items, seconds: (performance.now() - beganMs) / 1000 }
          }),
        )
      const { backlog: changes } = lab.sizes
      const [worked, during] = await taking(changes, startedMs, system.caughtUp)
      const [rebuilt, again] = await taking(reviews, performance.now(), () => lab.rcr(data, 'rebuild'))
      return [
        lasting(`a backlog of ${count(changes)} reviews worked off, with the start, on all cores`, changes, worked, goals.workedOffS),
        reads('reads meanwhile', during),
        lasting(`${count(reviews)} reviews rebuilt and compared by rcr rebuild, on all cores`, reviews, rebuilt, goals.rebuiltS),
        reads('reads meanwhile', again),
      ]
    } finally {
      await system.stop()
    }
  },
}

/** What is spent for each includes what reads need meanwhile. */
const lasting = (figure: string, items: number, round: Round, mostS: number): Line =>
  within(figure, items / round.perSecond, 's', mostS, `${short(items / round.perSecond)} s: ${rateOf(round)}`)

interface Reads {
  tookMs: Record<string, number[]>
  /** Why some were not answered. */
  faults: string[]
}

function reads(figure: string, { tookMs, faults }: Reads): Line {
  const all = Object.values(tookMs).flat()
  const kinds = Object.entries(tookMs).map(([kind, some]) => `${kind} ${short(percentile(some, 99))}`)
  const failed = faults.length === 0 ? '' : `; ${faults.length} failed: ${faults[0]}`
  const ours = `p50 ${short(percentile(all, 50))} ms, p99 ${short(percentile(all, 99))} ms (p99 of ${kinds.join(', ')})${failed}`
  const line = within(`${figure}, ${perSecond}/s of each kind, ${count(all.length)} in all`, percentile(all, 99), 'ms', goals.readsMs, ours)
  return { ...line, met: line.met && faults.length === 0 }
}

/** What is done, and how long each question took meanwhile, counted from when it was planned. */
async function whileReading<T>(system: System, work: () => Promise<T>): Promise<[T, Reads]> {
  const kinds = await questionsTo(system)
  const faults: string[] = []
  let isOver = false
  const working = work().finally(() => {
    isOver = true
  })
  const reading = Object.entries(kinds).map(async ([kind, path], turn) => {
    const tookMs: number[] = []
    const asked: Promise<void>[] = []
    const startMs = performance.now() + (turn * 1000) / perSecond / Object.keys(kinds).length
    for (let n = 0; !isOver; n++) {
      const plannedMs = startMs + (n * 1000) / perSecond
      await Bun.sleep(Math.max(0, plannedMs - performance.now()))
      const took = () => void tookMs.push(performance.now() - plannedMs)
      asked.push(answered(system.url + path(n)).then(took, (error: Error) => void faults.push(error.message)))
    }
    await Promise.all(asked)
    return [kind, tookMs] as const
  })
  const [done, ...found] = await Promise.all([working, ...reading])
  return [done, { tookMs: Object.fromEntries(found), faults }]
}

async function answered(url: string): Promise<void> {
  const response = await fetch(url)
  const text = await response.text()
  if (response.status !== 200)
    throw new Error(`${response.status} ${(JSON.parse(text) as { code: string }).code}, ${new URL(url).pathname}`)
}

/** The cold list is another one each time; the others are asked again and again, and purged by what is projected. */
async function questionsTo({ url }: System): Promise<Record<string, (n: number) => string>> {
  const api = '/api/v1'
  const ask = async (path: string) => (await (await fetch(url + api + path)).json()) as { data: { slug: string }[] }
  const [reviews, cameras] = await Promise.all([ask('/content?limit=100'), ask('/cameras?limit=20')])
  const slug = ({ data }: typeof reviews, n: number) => data[n % data.length]?.slug ?? ''
  return {
    list: (n) => `${api}/content?limit=${1 + (n % 100)}`,
    'cold list': (n) => `${api}/content?publishedBefore=${new Date(Date.UTC(2030, 0) + n * 1000).toISOString()}`,
    review: (n) => `${api}/content/${slug(reviews, n)}`,
    search: (n) => `${api}/content/search?q=${words[n % words.length]}%20${words[(n * 3 + 1) % words.length]}`,
    compare: (n) => `${api}/content/compare?cameras=${slug(cameras, n)},${slug(cameras, n + 1 + (n % 5))}`,
  }
}
