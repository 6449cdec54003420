// What every call of the client does: tokens, keys, versions, problems, repeating. No dependency: for browsers, Bun and Node ≥ 20.

export interface ClientOptions {
  /** The server's address without a path: `https://api.example.org`. */
  baseUrl: string
  /** Gives the access token; null while nobody is signed in. Asked for each request, except public content, which caches share. */
  accessToken?: () => string | null | Promise<string | null>
  /** Each read of content is at least as fresh as what this client saw or wrote before. Then no cache outside answers it. Default false. */
  monotonic?: boolean
  /** How often a query, or a command with its Idempotency-Key, is sent when it is not answered or told to come again. Default 3. */
  attempts?: number
  /** In place of the global one. */
  fetch?: (url: string, init: RequestInit) => Promise<Response>
}

export interface Options {
  signal?: AbortSignal
  headers?: Readonly<Record<string, string>>
}

export interface ReadOptions extends Options {
  /** Of an earlier answer, of any client: this answer is not older. */
  consistencyToken?: string
}

export interface CommandOptions extends Options {
  /** Without it one is made for each call. Repeating a call with its key gives the first answer, for 24 hours. */
  idempotencyKey?: string
}

/** Of commands that change what exists. */
export interface Conditional {
  /** The `etag` of the answer that you mean to change, or `*`: 412 when another version stands. */
  ifMatch: string
}

export interface Answer<T> {
  body: T
  status: number
  /** The version shown or made, for `ifMatch`. */
  etag: string | null
  /** The position shown or made: hand it on, and others read at least this. */
  consistencyToken: string | null
  location: string | null
  requestId: string | null
  headers: Headers
}

/** RFC 9457. Beside these members a problem may carry facts of its kind, such as `currentVersion`. */
export interface Problem {
  type: string
  title: string
  status: number
  detail: string
  instance: string
  code: ProblemCode
  requestId: string
  errors?: Fault[]
  [fact: string]: unknown
}

/** `pointer` leads to the member of the body (`#/title`), or names the place (`?limit`, `If-Match`). */
export interface Fault {
  pointer: string
  code: string
  detail: string
}

/** What a call throws that was refused, failed, or (`unreachable`, status 0) was not answered at all. An aborted one throws the signal's reason. */
export class ProblemError extends Error {
  readonly status: number
  readonly code: ProblemCode
  readonly errors: readonly Fault[]
  readonly requestId: string | null
  /** Seconds until another try makes sense. */
  readonly retryAfter: number | null
  /** The whole problem; null where the answer was none of this API's. */
  readonly problem: Problem | null

  constructor(status: number, problem: Problem | null, retryAfter: number | null, cause?: unknown) {
    super(problem?.detail ?? (status === 0 ? 'The server was not reached.' : `The server answered ${status}.`), { cause })
    this.name = 'ProblemError'
    this.status = status
    this.code = problem?.code ?? (status === 0 ? 'unreachable' : 'unknown')
    this.errors = problem?.errors ?? []
    this.requestId = problem?.requestId ?? null
    this.retryAfter = retryAfter
    this.problem = problem
  }
}

/** One call, as the generated functions describe it. */
interface Call {
  method: string
  path: string
  query?: object
  body?: unknown
  mediaType?: string
  /** Public content: takes the Consistency-Token, and needs nobody's name. */
  isContent?: true
  takesKey?: true
}

export function sender(client: ClientOptions) {
  const ask = client.fetch ?? ((url: string, init: RequestInit) => fetch(url, init))
  const base = client.baseUrl.replace(/\/$/, '')
  let held: string | null = null

  async function once<T>(call: Call, headers: Headers, url: string, signal: AbortSignal | undefined): Promise<Answer<T>> {
    const token = call.isContent ? null : ((await client.accessToken?.()) ?? null)
    if (token !== null) headers.set('authorization', `Bearer ${token}`)
    const before = held
    if (call.isContent && client.monotonic && before !== null && !headers.has('consistency-token')) headers.set('consistency-token', before)
    const init: RequestInit = { method: call.method, headers, signal: signal ?? null }
    if (call.body !== undefined) init.body = JSON.stringify(call.body)
    const { response, text } = await answered(ask, url, init)
    const shown = response.headers.get('consistency-token')
    // A read that began before the token changed may show less than what is held by now; a command never does.
    if (shown !== null && (call.method !== 'GET' || held === before)) held = shown
    if (!response.ok) throw problemOf(response, text)
    return answerOf<T>(response, text)
  }

  return async function send<T>(call: Call, options: ReadOptions & CommandOptions & Partial<Conditional>): Promise<Answer<T>> {
    const headers = headersOf(call, options)
    const mayRepeat = call.method === 'GET' || headers.has('idempotency-key')
    const url = base + call.path + queryOf(call.query)
    for (let attempt = 1; ; attempt++) {
      try {
        return await once<T>(call, headers, url, options.signal)
      } catch (error) {
        const pauseMs = mayRepeat && attempt < (client.attempts ?? 3) ? pauseBefore(error, attempt) : null
        if (pauseMs === null) throw error
        await pause(pauseMs, options.signal)
      }
    }
  }
}

type Fetch = NonNullable<ClientOptions['fetch']>

async function answered(ask: Fetch, url: string, init: RequestInit): Promise<{ response: Response; text: string }> {
  try {
    const response = await ask(url, init)
    return { response, text: await response.text() }
  } catch (error) {
    init.signal?.throwIfAborted()
    throw new ProblemError(0, null, null, error)
  }
}

function headersOf(call: Call, options: ReadOptions & CommandOptions & Partial<Conditional>): Headers {
  const headers = new Headers({ accept: 'application/json', ...options.headers })
  if (call.body !== undefined) headers.set('content-type', call.mediaType ?? 'application/json')
  if (options.consistencyToken !== undefined) headers.set('consistency-token', options.consistencyToken)
  if (options.ifMatch !== undefined) headers.set('if-match', options.ifMatch)
  const key = options.idempotencyKey ?? (call.takesKey ? newKey() : undefined)
  if (key !== undefined) headers.set('idempotency-key', key)
  return headers
}

// crypto.randomUUID is there on secure pages only.
const newKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('')

// Many clients that were refused together shall not come again together.
const chance = () => (crypto.getRandomValues(new Uint8Array(1))[0] ?? 0) / 256

function queryOf(query: object = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null)
  return given.length === 0 ? '' : `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`
}

function answerOf<T>(response: Response, text: string): Answer<T> {
  const { status, headers } = response
  return {
    body: (text === '' ? undefined : JSON.parse(text)) as T,
    status,
    etag: headers.get('etag'),
    consistencyToken: headers.get('consistency-token'),
    location: headers.get('location'),
    requestId: headers.get('x-request-id'),
    headers,
  }
}

function problemOf({ status, headers }: Response, text: string): ProblemError {
  const isProblem = headers.get('content-type')?.startsWith('application/problem+json') ?? false
  const after = Number(headers.get('retry-after') ?? Number.NaN)
  return new ProblemError(status, isProblem ? (JSON.parse(text) as Problem) : null, Number.isFinite(after) ? after : null)
}

/** Null: no other try helps, or not soon. */
function pauseBefore(error: unknown, attempt: number): number | null {
  if (!(error instanceof ProblemError) || ![0, 429, 503, 504].includes(error.status)) return null
  const pauseMs = error.retryAfter !== null ? error.retryAfter * 1000 : 100 * 2 ** attempt * (0.5 + chance())
  return pauseMs <= 5000 ? pauseMs : null
}

function pause(pauseMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, pauseMs)
    if (signal?.aborted) stop()
    else signal?.addEventListener('abort', stop, { once: true })
  })
}

/** A value as one step of a path. */
export const step = (value: string | number): string => encodeURIComponent(value)

/** Stable names of what may be wrong; finer ones (`slug-taken`) come beside these. */
export type ProblemCode = string
