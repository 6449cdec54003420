// Readers in every region at a steady rate, whatever becomes of the last question: what is in memory, what is not, and with a token.
import { systemClock } from '../../../src/kit/clock.ts'

/** `cached`: the same few addresses. `new`: ones that nobody has asked before. `token`: carries what it was last answered with. */
export type Kind = 'cached' | 'new' | 'token'

export interface Question {
  region: string
  kind: Kind
  path: string
  askedMs: number
  tookMs: number
  /** The status; 0 when there was no answer. */
  status: number
  /** The answer says that it is old: stale copies, and a read model that is behind. */
  marked: boolean
  retryAfter: string | null
  /** What failed where there was no answer. */
  fault: string
}

/** Of each region. Modest: two cores carry the whole world, and those who ask it. */
const everyMs: Readonly<Record<Kind, number>> = { cached: 150, new: 400, token: 300 }
const patienceMs = 10_000
const words = ['autofoco', 'bateria', 'montana', 'sensor', 'noche', 'retrato', 'video', 'viewfinder', 'weather', 'colour']

export const cachedPaths = (slugs: readonly string[]): string[] => [
  '/content?limit=10',
  `/content/${slugs[0]}`,
  '/content/search?q=autofoco',
  '/content?language=en',
  `/content/${slugs[1]}`,
]

export interface Readers {
  asked: readonly Question[]
  /** For how long the one has waited that waits longest. */
  waitingMs(): number
  /** Who brought a token and was shown an older version than before. */
  wentBack: readonly string[]
  stop(): Promise<void>
}

/** `revised`: the review that an editor revises just now. */
export function startReaders(urls: Readonly<Record<string, string>>, slugs: readonly string[], revised: () => string): Readers {
  const asked: Question[] = []
  const wentBack: string[] = []
  const stop = new AbortController()
  const cached = cachedPaths(slugs)
  const waiting = new Set<number>()

  const ask = async (region: string, kind: Kind, path: string, headers: Record<string, string> = {}) => {
    const askedMs = systemClock.monotonic()
    waiting.add(askedMs)
    // A connection each: on one that was used before, the client would itself ask once more, unseen.
    const init = { headers, keepalive: false, signal: AbortSignal.timeout(patienceMs) }
    const told = { region, kind, path, askedMs }
    try {
      const response = await fetch(`${urls[region]}/api/v1${path}`, init)
      const body = (await response.json()) as { version?: number; code?: string; detail?: string }
      const { status } = response
      const marked = /detail=stale/.test(response.headers.get('cache-status') ?? '') || response.headers.has('content-staleness')
      const retryAfter = response.headers.get('retry-after')
      asked.push({
        ...told,
        tookMs: systemClock.monotonic() - askedMs,
        status,
        marked,
        retryAfter,
        fault: `${body.code ?? ''} ${body.detail ?? ''}`,
      })
      return { status, body, token: response.headers.get('consistency-token') }
    } catch (error) {
      const fault = (error as Error).message
      asked.push({ ...told, tookMs: systemClock.monotonic() - askedMs, status: 0, marked: false, retryAfter: null, fault })
      return null
    } finally {
      waiting.delete(askedMs)
    }
  }

  /** One after the other, since each carries the token of the one before; every time in the next of its regions. */
  const session = async (name: string, regions: readonly string[]) => {
    let token: string | null = null
    let slug = ''
    let version = 0
    for (let n = 0; !stop.signal.aborted; n++) {
      if (revised() !== slug) [slug, version] = [revised(), 0]
      const region = regions[n % regions.length] ?? ''
      const carried = token
      const answer = await ask(region, 'token', `/content/${slug}`, carried === null ? {} : { 'consistency-token': carried })
      // One that was shown before is there.
      if (answer?.status === 200 || answer?.status === 404) {
        const shown = answer.status === 404 ? 0 : (answer.body.version ?? 0)
        if (shown < version) wentBack.push(`${name}: version ${version} of ${slug}, then ${shown} in ${region}`)
        version = Math.max(version, shown)
      }
      token = answer?.token ?? token
      await systemClock.sleep(everyMs.token, stop.signal)
    }
  }

  /** Not one after the other: who is late does not make the next one later, and is not left out. */
  const steadily = async (region: string, kind: Kind, path: (n: number) => string) => {
    const running = new Set<Promise<unknown>>()
    let nextMs = systemClock.monotonic() + Math.random() * everyMs[kind]
    for (let n = 0; !stop.signal.aborted; n++) {
      await systemClock.sleep(Math.max(0, nextMs - systemClock.monotonic()), stop.signal)
      nextMs += everyMs[kind]
      const one: Promise<unknown> = ask(region, kind, path(n)).finally(() => running.delete(one))
      running.add(one)
    }
    await Promise.all(running)
  }

  const unheard = (n: number) => {
    const since = new Date(Date.UTC(2000, 0, 1) + n * 60_000).toISOString()
    if (n % 2 === 0) return `/content?limit=${1 + (n % 20)}&publishedAfter=${since}`
    return `/content/search?q=${words[n % 10]}%20${words[Math.floor(n / 10) % 10]}&publishedAfter=${since}`
  }
  const running = [
    ...Object.keys(urls).flatMap((region) => [
      steadily(region, 'cached', (n) => cached[n % cached.length] ?? ''),
      steadily(region, 'new', unheard),
      session(region, [region]),
    ]),
    session('a reader who travels', Object.keys(urls)),
  ]
  return {
    asked,
    waitingMs: () => (waiting.size === 0 ? 0 : systemClock.monotonic() - Math.min(...waiting)),
    wentBack,
    async stop() {
      stop.abort()
      await Promise.all(running)
    },
  }
}
