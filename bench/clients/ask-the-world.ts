// Readers in every region and editors at home, at a steady rate; each answer's time, and how long a published review takes to be seen.
// Asked: { urls, seconds, perSecond, editors, token, cameras, from }: questions of each kind in each region, reviews published, a second.
import { type CorpusCatalogue, corpus } from '../../src/services/write/corpus.ts'
import { answer, asked } from './asked.ts'

const { urls, seconds, perSecond, editors, token, cameras, from } = asked<{
  urls: Record<string, string>
  seconds: number
  perSecond: number
  editors: number
  token: string
  cameras: CorpusCatalogue['cameras']
  from: number
}>()

const regions = Object.entries(urls)
const home = regions[0]?.[1] ?? ''
const lookEveryMs = 5
const patienceMs = 10_000
const faults: string[] = []

const slugs = await firstSlugs(home)
const words = ['autofoco', 'bateria', 'montana', 'sensor', 'noche', 'retrato', 'video', 'viewfinder', 'weather', 'colour']
const slug = (n: number) => cameras[n % cameras.length]?.id ?? ''
/** Of each kind some hundreds of different questions: most are answered from memory after a while, as in earnest. */
const questions: Record<string, (n: number) => string> = {
  list: (n) => `/content?limit=${1 + (n % 100)}${n % 3 === 0 ? '&language=en' : ''}`,
  review: (n) => `/content/${slugs[(n * 7) % slugs.length]}`,
  search: (n) => `/content/search?q=${words[n % words.length]}%20${words[(n * 3 + 1) % words.length]}&limit=${1 + (n % 20)}`,
  compare: (n) => `/content/compare?cameras=${[slug(n), slug(n + 1 + (n % 5))].join(',')}`,
}

const tookMs: Record<string, Record<string, number[]>> = {}
const visibleMs: Record<string, number[]> = Object.fromEntries(regions.map(([region]) => [region, []]))
const postMs: number[] = []
const untilMs = performance.now() + seconds * 1000

await Promise.all([
  ...regions.flatMap(([region, url], place) =>
    Object.entries(questions).map(([kind, path], turn) => {
      const found: number[] = []
      tookMs[region] = { ...tookMs[region], [kind]: found }
      const shift = (place * 4 + turn) / 16
      return steadily(perSecond, shift, async (n) => void found.push(await get(`${url}/api/v1${path(n)}`)))
    }),
  ),
  steadily(editors, 0.5, publish),
])
answer({ tookMs, visibleMs, postMs, faults: [...new Set(faults)].slice(0, 10), failed: faults.length })

/** Not one after the other: who is late does not make the next one later, and is not left out of what is measured. */
async function steadily(rate: number, shift: number, once: (n: number) => Promise<void>): Promise<void> {
  const running: Promise<void>[] = []
  const startMs = performance.now() + (shift * 1000) / rate
  for (let n = 0; startMs + (n * 1000) / rate < untilMs; n++) {
    await Bun.sleep(Math.max(0, startMs + (n * 1000) / rate - performance.now()))
    running.push(once(n).catch((error: Error) => void faults.push(error.message)))
  }
  await Promise.all(running)
}

async function get(url: string): Promise<number> {
  const sinceMs = performance.now()
  const response = await fetch(url)
  await response.arrayBuffer()
  if (response.status !== 200) throw new Error(`${response.status} ${url}`)
  return performance.now() - sinceMs
}

async function publish(n: number): Promise<void> {
  const make = corpus(5, { cameras, lenses: [], editorIds: ['the caller'] })
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const body = JSON.stringify({ ...make(from + n).fields, status: 'published' })
  const sinceMs = performance.now()
  const posted = await fetch(`${home}/api/v1/reviews`, { method: 'POST', headers, body })
  const acknowledgedMs = performance.now()
  const text = await posted.text()
  if (posted.status !== 201) throw new Error(`${posted.status} ${text.slice(0, 200)}`)
  postMs.push(acknowledgedMs - sinceMs)
  const { slug: published } = JSON.parse(text) as { slug: string }
  await Promise.all(
    regions.map(async ([region, url]) => void visibleMs[region]?.push(await seen(`${url}/api/v1/content/${published}`, acknowledgedMs))),
  )
}

async function seen(url: string, sinceMs: number): Promise<number> {
  while (performance.now() - sinceMs < patienceMs) {
    const response = await fetch(url)
    await response.arrayBuffer()
    if (response.status === 200) return performance.now() - sinceMs
    await Bun.sleep(lookEveryMs)
  }
  throw new Error(`${url} did not become visible`)
}

async function firstSlugs(url: string): Promise<string[]> {
  const { data } = (await (await fetch(`${url}/api/v1/content?limit=100`)).json()) as { data: { slug: string }[] }
  return data.map((review) => review.slug)
}
