// A payment house to play with: no money, every kind of trouble. For the demo, for tests, and for whoever builds on the shop.
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname } from 'node:path'
import { type Clock, systemClock } from '../../kit/clock.ts'

/**
 * `slow` takes effect only after the delay; `failing` answers 500, every other time having done it; `duplicating` works on everything
 * twice at once; `declining` declines; `silent` never answers, every other time having done it.
 */
export const moods = ['fair', 'slow', 'failing', 'duplicating', 'declining', 'silent'] as const
export type Mood = (typeof moods)[number]

/** One move of money, or the word that there will be none. */
export interface Entry {
  key: string
  what: 'charged' | 'declined' | 'refunded'
  amountMinor: number
  currency: string
}

export interface Sandbox {
  url: string
  /** The mood of each request to come; one for all of them, or drawn for each. */
  behave(mood: Mood | (() => Mood)): void
  /** All that it did, in order. */
  ledger(): readonly Entry[]
  close(): Promise<void>
}

export interface SandboxOptions {
  port?: number
  /** Remembers over restarts; null: in memory. */
  file?: string | null
  delayMs?: number
  clock?: Pick<Clock, 'sleep'>
}

type Answer = [status: number, body: object]

export async function openSandbox({ port = 0, file = null, delayMs = 1_000, clock = systemClock }: SandboxOptions = {}): Promise<Sandbox> {
  const { ledger, work } = openBook(file)
  let mood: () => Mood = () => 'fair'
  let requests = 0
  const closing = new AbortController()

  const setMood = (body: { mood?: unknown }): Answer => {
    const wanted = moods.find((one) => one === body.mood)
    if (wanted === undefined) return [400, { error: `A mood is one of: ${moods.join(', ')}.` }]
    mood = () => wanted
    return [200, { mood: wanted }]
  }
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await jsonOf(request)
    if (body === null) return reply(response, [400, { error: 'Send a JSON object.' }])
    if (request.url === '/mood' && request.method === 'PUT') return reply(response, setMood(body))
    const now = mood()
    const isFirst = requests++ % 2 === 0
    if (now === 'slow') await clock.sleep(delayMs, closing.signal)
    const isLost = (now === 'failing' || now === 'silent') && !isFirst
    const answer = isLost ? null : work(request, body, now)
    if (now === 'duplicating') work(request, body, now)
    if (now === 'silent') return
    reply(response, now === 'failing' || answer === null ? [500, { error: 'Something went wrong.' }] : answer)
  }

  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  const { port: chosen } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${chosen}`,
    behave(next) {
      mood = typeof next === 'function' ? next : () => next
      requests = 0
    },
    ledger: () => ledger,
    close: () => {
      closing.abort()
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

/** What was charged and given back, and how a request moves it: once for each key. */
function openBook(file: string | null) {
  if (file !== null) mkdirSync(dirname(file), { recursive: true })
  const ledger = entriesIn(file)
  const byKey = Map.groupBy(ledger, ({ key }) => key)
  const find = (key: string, what?: Entry['what']) => byKey.get(key)?.find((entry) => what === undefined || entry.what === what)
  const enter = (entry: Entry) => {
    ledger.push(entry)
    byKey.set(entry.key, [...(byKey.get(entry.key) ?? []), entry])
    if (file !== null) appendFileSync(file, `${JSON.stringify(entry)}\n`)
  }
  const word = (key: string): Answer => {
    const entry = byKey.get(key)?.at(-1)
    if (entry === undefined) return [404, { error: 'There is no such charge.' }]
    const { what: status, amountMinor, currency } = entry
    return [200, { key, status, amountMinor, currency }]
  }
  const charge = (key: string, { amountMinor = 0, currency, token }: Partial<Entry> & { token?: unknown }, declines: boolean): Answer => {
    if (!Number.isSafeInteger(amountMinor) || amountMinor <= 0 || typeof currency !== 'string')
      return [400, { error: 'This is no charge.' }]
    const before = find(key)
    if (before && (before.amountMinor !== amountMinor || before.currency !== currency))
      return [409, { error: 'Another charge has this key.' }]
    if (!before) enter({ key, what: declines || token === 'declined' ? 'declined' : 'charged', amountMinor, currency })
    return word(key)
  }
  const refund = (key: string): Answer => {
    const charged = find(key, 'charged')
    if (charged === undefined) return [409, { error: 'Nothing was charged.' }]
    if (!find(key, 'refunded')) enter({ ...charged, what: 'refunded' })
    return word(key)
  }
  return {
    ledger,
    work({ url = '', method }: IncomingMessage, body: object, mood: Mood): Answer {
      const [, key = '', then] = /^\/charges\/([^/]+)(\/refund)?$/.exec(url) ?? []
      if (key === '') return [404, { error: 'There is nothing here.' }]
      if (method === 'GET' && then === undefined) return word(key)
      if (method !== 'PUT') return [405, { error: 'GET or PUT.' }]
      return then === undefined ? charge(key, body, mood === 'declining') : refund(key)
    },
  }
}

/** A last line that a kill has cut off never counted. */
function entriesIn(file: string | null): Entry[] {
  if (file === null || !existsSync(file)) return []
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1)
  return lines.map((line) => JSON.parse(line) as Entry)
}

async function jsonOf(request: IncomingMessage): Promise<Record<string, unknown> | null> {
  let text = ''
  for await (const chunk of request) {
    text += chunk
    if (text.length > 10_000) return null
  }
  try {
    const body: unknown = JSON.parse(text || '{}')
    return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : null
  } catch {
    return null
  }
}

function reply(response: ServerResponse, [status, body]: Answer): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
