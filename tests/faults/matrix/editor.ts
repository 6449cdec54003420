// An editor at home who publishes and revises without a pause, repeats what was not answered, and remembers what was.
import { systemClock } from '../../../src/kit/clock.ts'
import { type Acknowledged, cameraOf, signIn } from '../../newsroom.ts'

export interface Try {
  askedMs: number
  tookMs: number
  /** 0 when there was no answer. */
  status: number
}

interface Published {
  slug: string
  /** When its first asking began. */
  askedMs: number
}

export interface Editor {
  tries: readonly Try[]
  ledger: readonly Acknowledged[]
  authorization(): string
  /** The slug of the review that is being revised. */
  revised(): string
  /** The next new review of those that are first sent after this call, when it is acknowledged. */
  next(): Promise<Published>
  /** After the last one is acknowledged. */
  stop(): Promise<void>
}

const everyMs = 250
const patienceMs = 3_000
/** As every client does before its token expires, which it does after fifteen minutes: at full size the matrix lasts longer. */
const renewMs = 300_000
/** Of a review; then another one has its turn, since its history is looked through in one page. */
const revisions = 40

/** Resolves when the first review is published. */
export async function startEditor(api: string): Promise<Editor> {
  const tries: Try[] = []
  const ledger: Acknowledged[] = []
  const waiting: ((published: Published) => void)[] = []
  const stop = new AbortController()
  const stem = systemClock.now().toString(36)
  const cameraId = await cameraOf(api)
  let authorization = await signIn(api)
  let signedInMs = systemClock.monotonic()
  let revised = { id: '', slug: '', version: 0 }
  let keys = 0

  const attempt = async (method: string, path: string, key: string, body: object, version?: number) => {
    const askedMs = systemClock.monotonic()
    const tell = (status: number) => void tries.push({ askedMs, tookMs: systemClock.monotonic() - askedMs, status })
    const more = version === undefined ? {} : { 'if-match': `"${version}"` }
    const headers = { authorization, 'content-type': 'application/json', 'idempotency-key': key, ...more }
    try {
      const init = { method, headers, body: JSON.stringify(body), keepalive: false, signal: AbortSignal.timeout(patienceMs) }
      const response = await fetch(`${api}${path}`, init)
      const answer = (await response.json()) as { id: string; slug: string; version: number }
      tell(response.status)
      return { status: response.status, answer }
    } catch {
      tell(0)
      return null
    }
  }

  /** Beside the writing, which goes on with the old one meanwhile. */
  const renew = () => {
    signedInMs = systemClock.monotonic()
    signIn(api).then(
      (fresh) => {
        authorization = fresh
      },
      () => {}, // the old one lasts until the next time
    )
  }

  const send = async (method: string, path: string, body: object, version?: number) => {
    const key = `${stem}-${++keys}`
    for (;;) {
      const given = await attempt(method, path, key, { ...body, summary: key }, version)
      if (given?.status === 401) authorization = await signIn(api).catch(() => authorization)
      else if (given !== null && given.status < 300) {
        ledger.push({ key, id: given.answer.id, version: given.answer.version })
        return given.answer
      } else if (given !== null && given.status < 500) throw new Error(`${method} ${path}: ${given.status} ${JSON.stringify(given.answer)}`)
      await systemClock.sleep(everyMs)
    }
  }

  const publish = async () => {
    const review = { title: `Of the editor ${stem} ${keys}`, body: 'Text.', language: 'en', cameraId, status: 'published' }
    const askers = waiting.splice(0)
    const askedMs = systemClock.monotonic()
    const { id, slug, version } = await send('POST', '/reviews', review)
    for (const asker of askers) asker({ slug, askedMs })
    return { id, slug, version }
  }

  revised = await publish()
  const write = async () => {
    while (!stop.signal.aborted) {
      await systemClock.sleep(everyMs, stop.signal)
      if (systemClock.monotonic() - signedInMs > renewMs) renew()
      if (revised.version >= revisions) revised = await publish()
      else if (keys % 3 === 0) await publish()
      else revised = { ...revised, version: (await send('PATCH', `/reviews/${revised.id}`, {}, revised.version)).version }
    }
  }
  const written = write()
  return {
    tries,
    ledger,
    authorization: () => authorization,
    revised: () => revised.slug,
    next: () => new Promise((resolve) => void waiting.push(resolve)),
    async stop() {
      stop.abort()
      await written
    },
  }
}
