// The client of RandomCameraReviews 0.1.0: made from its operations by `npm run rcr -- contracts`; edits are lost.
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

function sender(client: ClientOptions) {
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
const step = (value: string | number): string => encodeURIComponent(value)

/** Stable names of what may be wrong; finer ones (`slug-taken`) come beside these. */
export type ProblemCode =
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'missing'
  | 'method'
  | 'unacceptable'
  | 'slow'
  | 'conflict'
  | 'stale'
  | 'too-large'
  | 'unsupported'
  | 'key-reused'
  | 'unconditional'
  | 'too-many'
  | 'unavailable'
  | 'late'
  | 'full'
  | 'defect'
  | 'unreachable'
  | 'unknown'
  | (string & {})

export interface ReviewPage {
  data: ReviewCard[]
  metadata: {
    limit: number
    nextCursor: string | null
  }
  links: PageLinks
}

export interface ReviewCard {
  /** A UUID in lower case. */
  id: string
  version: number
  slug: string
  title: string
  summary: string
  verdict: string
  language: 'es' | 'pt' | 'en'
  tags: string[]
  /** The first picture. */
  image: string | null
  camera: CameraRef | null
  lens: LensRef | null
  editor: EditorRef | null
  publishedAt: string
  updatedAt: string
}

export interface CameraRef {
  /** A UUID in lower case. */
  id: string
  slug: string
  brand: string
  model: string
}

export interface LensRef {
  /** A UUID in lower case. */
  id: string
  slug: string
  brand: string
  model: string
}

export interface EditorRef {
  /** A UUID in lower case. */
  id: string
  byline: string
  slug: string
}

/** Relative to the address that was asked. */
export interface PageLinks {
  self: string
  next: string | null
}

export interface PublishedReview {
  /** A UUID in lower case. */
  id: string
  version: number
  slug: string
  title: string
  summary: string
  verdict: string
  language: 'es' | 'pt' | 'en'
  tags: string[]
  /** The first picture. */
  image: string | null
  camera: CameraRef | null
  lens: LensRef | null
  editor: EditorRef | null
  publishedAt: string
  updatedAt: string
  /** Markdown. */
  body: string
  pros: string[]
  cons: string[]
  images: string[]
}

export interface SearchResult {
  data: FoundReview[]
  metadata: {
    limit: number
    nextCursor: string | null
    /** How many reviews match. */
    total: number
    totalIs: 'exact' | 'estimate'
    /** How many of them, the newest, were ranked and can be paged through: 500 at most. */
    window: number
    /** What was searched for instead, where hardly anything was found. */
    correctedQuery: string | null
    /** Counts over the window. */
    facets: {
      brand: FacetValue[]
      camera: FacetValue[]
      language: FacetValue[]
      tag: FacetValue[]
      mount: FacetValue[]
    }
  }
  links: PageLinks
}

export interface FoundReview {
  /** A UUID in lower case. */
  id: string
  version: number
  slug: string
  title: string
  summary: string
  verdict: string
  language: 'es' | 'pt' | 'en'
  tags: string[]
  /** The first picture. */
  image: string | null
  camera: CameraRef | null
  lens: LensRef | null
  editor: EditorRef | null
  publishedAt: string
  updatedAt: string
  highlights: {
    title: HighlightPiece[]
    text: HighlightPiece[]
  }
}

/** Plain text, never markup. */
export interface HighlightPiece {
  text: string
  hit: boolean
}

export interface FacetValue {
  /** As the filter takes it. */
  value: string
  label: string
  reviews: number
}

export interface Suggestions {
  data: Suggestion[]
}

export interface Suggestion {
  kind: 'camera' | 'lens' | 'review' | 'word'
  text: string
  slug: string | null
}

export interface FacetCounts {
  /** At most 20 values of each, most reviews first. */
  data: {
    brand: FacetValue[]
    camera: FacetValue[]
    language: FacetValue[]
    tag: FacetValue[]
    mount: FacetValue[]
    lens: FacetValue[]
    editor: FacetValue[]
  }
  metadata: {
    /** How many reviews were counted. */
    counted: number
    /** `newest`: more than 500 match, and the newest 500 were counted. */
    countedAre: 'all' | 'newest'
  }
}

export interface Comparison {
  /** In the order asked. */
  subjects: {
    name: string
    camera: CameraRef
    review: ComparedReview | null
  }[]
  groups: ComparisonGroup[]
}

export interface ComparedReview {
  /** A UUID in lower case. */
  id: string
  slug: string
  title: string
  verdict: string
  pros: string[]
  cons: string[]
  language: 'es' | 'pt' | 'en'
}

export interface ComparisonGroup {
  key: string
  label: string
  rows: ComparisonRow[]
}

export interface ComparisonRow {
  key: string
  label: string
  unit: string | null
  /** In the order of the subjects; null is unknown. */
  values: (string | number | boolean | null)[]
  /** Places of the unknown values. */
  missing: number[]
  differs: boolean
  better: 'higher' | 'lower' | null
  /** Places of the best values; none where nothing differs or it is a matter of taste. */
  best: number[]
  /** A sentence for the reader, in English. */
  why: string | null
}

export interface CameraPage {
  data: Camera[]
  metadata: {
    limit: number
    nextCursor: string | null
  }
  links: PageLinks
}

export interface Camera {
  /** A UUID in lower case. */
  id: string
  version: number
  createdAt: string
  updatedAt: string
  brand: string
  model: string
  slug: string
  mount: string | null
  type: 'mirrorless' | 'dslr' | 'compact' | 'rangefinder' | 'medium-format' | 'bridge' | 'action'
  sensor: {
    format: 'medium-format' | 'full-frame' | 'aps-h' | 'aps-c' | 'four-thirds' | '1-inch' | '1/1.7-inch' | '1/2.3-inch' | 'other'
    widthMm: number | null
    heightMm: number | null
    megapixels: number | null
  }
  releasedOn: string | null
  launchPriceUsd: number | null
  weightGrams: number | null
  features: {
    widthMm: number | null
    heightMm: number | null
    depthMm: number | null
    stabilisationStops: number | null
    burstFps: number | null
    isoMin: number | null
    isoMax: number | null
    videoLines: number | null
    videoFps: number | null
    viewfinder: 'optical' | 'electronic' | 'hybrid' | 'none' | null
    viewfinderKilodots: number | null
    screenInches: number | null
    screen: 'fixed' | 'tilting' | 'fully-articulated' | 'none' | null
    weatherSealed: boolean | null
    cardSlots: number | null
    batteryShots: number | null
  }
  attribution: string | null
}

export interface LensPage {
  data: Lens[]
  metadata: {
    limit: number
    nextCursor: string | null
  }
  links: PageLinks
}

export interface Lens {
  /** A UUID in lower case. */
  id: string
  version: number
  createdAt: string
  updatedAt: string
  brand: string
  model: string
  slug: string
  mount: string
  coverage: 'medium-format' | 'full-frame' | 'aps-c' | 'four-thirds' | '1-inch'
  focalMinMm: number
  focalMaxMm: number
  apertureWide: number
  apertureTele: number
  apertureMin: number | null
  elements: number | null
  groups: number | null
  blades: number | null
  closestFocusMm: number | null
  magnification: number | null
  filterMm: number | null
  stabilised: boolean | null
  weatherSealed: boolean | null
  autofocus: boolean | null
  diameterMm: number | null
  lengthMm: number | null
  weightGrams: number | null
  releasedOn: string | null
  launchPriceUsd: number | null
  attribution: string | null
}

export interface ProductPage {
  data: Product[]
  metadata: ProductPageMetadata
  links: ProductPageLinks
}

export interface Product {
  /** A UUID in lower case. */
  id: string
  version: number
  createdAt: string
  updatedAt: string
  name: string
  slug: string
  description: string
  images: string[]
  /** In the currency of the shop. */
  price: number
  /** A UUID in lower case. */
  categoryId: string
  cameraId: string | null
  lensId: string | null
  stock: number
  currency: string
  category: CategoryRef | null
  camera: CatalogueRef | null
  lens: CatalogueRef | null
}

export interface CategoryRef {
  /** A UUID in lower case. */
  id: string
  slug: string
  name: string
}

export interface CatalogueRef {
  /** A UUID in lower case. */
  id: string
  slug: string
  brand: string
  model: string
}

export interface ProductPageMetadata {
  page: number
  limit: number
  total: number
  totalPages: number
}

/** Relative to the address that was asked. */
export interface ProductPageLinks {
  self: string
  next: string | null
  prev: string | null
}

export interface Categories {
  data: Category[]
}

export interface Category {
  /** A UUID in lower case. */
  id: string
  version: number
  createdAt: string
  updatedAt: string
  name: string
  slug: string
  image: string | null
}

export interface CategoryWithProducts {
  /** A UUID in lower case. */
  id: string
  version: number
  createdAt: string
  updatedAt: string
  name: string
  slug: string
  image: string | null
  productCount: number
  /** The newest 20; all of them: `/categories/{id}/products`. */
  products: Product[]
}

export interface NewReview {
  title: string
  slug?: string
  summary?: string
  body: string
  verdict?: string
  pros?: string[]
  cons?: string[]
  images?: string[]
  language: 'es' | 'pt' | 'en'
  tags?: string[]
  /** A UUID in lower case. */
  cameraId: string
  lensId?: string | null
  /** `published` lets readers see it at once. */
  status?: 'draft' | 'published'
}

export interface Review {
  /** A UUID in lower case. */
  id: string
  version: number
  createdAt: string
  updatedAt: string
  title: string
  slug: string
  summary: string
  body: string
  verdict: string
  pros: string[]
  cons: string[]
  images: string[]
  language: 'es' | 'pt' | 'en'
  tags: string[]
  /** A UUID in lower case. */
  cameraId: string
  lensId: string | null
  /** A UUID in lower case. */
  editorId: string
  status: 'draft' | 'scheduled' | 'published' | 'withdrawn'
  publishAt: string | null
  publishedAt: string | null
  formerSlugs: string[]
}

export interface ReviewInput {
  title: string
  slug?: string
  summary?: string
  body: string
  verdict?: string
  pros?: string[]
  cons?: string[]
  images?: string[]
  language: 'es' | 'pt' | 'en'
  tags?: string[]
  /** A UUID in lower case. */
  cameraId: string
  lensId?: string | null
}

export interface ReviewPatch {
  title?: string
  slug?: string | null
  summary?: string | null
  body?: string
  verdict?: string | null
  pros?: string[] | null
  cons?: string[] | null
  images?: string[] | null
  language?: 'es' | 'pt' | 'en'
  tags?: string[] | null
  /** A UUID in lower case. */
  cameraId?: string
  lensId?: string | null
}

export interface Schedule {
  publishAt: string
}

export interface ReviewEntries {
  data: ReviewEntry[]
  metadata: {
    limit: number
    nextCursor: string | null
  }
  /** Relative to the address that was asked. */
  links: {
    self: string
    next: string | null
  }
}

export interface ReviewEntry {
  /** A UUID in lower case. */
  id: string
  version: number
  createdAt: string
  updatedAt: string
  title: string
  slug: string
  summary: string
  language: 'es' | 'pt' | 'en'
  tags: string[]
  /** A UUID in lower case. */
  cameraId: string
  lensId: string | null
  /** A UUID in lower case. */
  editorId: string
  status: 'draft' | 'scheduled' | 'published' | 'withdrawn'
  publishAt: string | null
  publishedAt: string | null
  /** Its time to be published has passed and it is not out: something is in trouble. */
  overdue: boolean
}

export interface ReviewVersions {
  data: ReviewVersion[]
  metadata: {
    limit: number
    nextCursor: string | null
  }
  /** Relative to the address that was asked. */
  links: {
    self: string
    next: string | null
  }
}

export interface ReviewVersion {
  version: number
  at: string
  /** The account; null where the system did it, as the schedule does. */
  by: string | null
  /** Null, as slug and status, where this version is the deletion. */
  title: string | null
  slug: string | null
  status: 'draft' | 'scheduled' | 'published' | 'withdrawn' | null
}

export interface ReviewAt {
  version: number
  at: string
  /** The account; null where the system did it, as the schedule does. */
  by: string | null
  /** Null, as slug and status, where this version is the deletion. */
  title: string | null
  slug: string | null
  status: 'draft' | 'scheduled' | 'published' | 'withdrawn' | null
  review: Review | null
}

export interface CameraInput {
  brand: string
  model: string
  slug?: string
  mount?: string | null
  type: 'mirrorless' | 'dslr' | 'compact' | 'rangefinder' | 'medium-format' | 'bridge' | 'action'
  sensor: {
    format: 'medium-format' | 'full-frame' | 'aps-h' | 'aps-c' | 'four-thirds' | '1-inch' | '1/1.7-inch' | '1/2.3-inch' | 'other'
    widthMm?: number | null
    heightMm?: number | null
    megapixels?: number | null
  }
  releasedOn?: string | null
  launchPriceUsd?: number | null
  weightGrams?: number | null
  features?: {
    widthMm?: number | null
    heightMm?: number | null
    depthMm?: number | null
    stabilisationStops?: number | null
    burstFps?: number | null
    isoMin?: number | null
    isoMax?: number | null
    videoLines?: number | null
    videoFps?: number | null
    viewfinder?: 'optical' | 'electronic' | 'hybrid' | 'none' | null
    viewfinderKilodots?: number | null
    screenInches?: number | null
    screen?: 'fixed' | 'tilting' | 'fully-articulated' | 'none' | null
    weatherSealed?: boolean | null
    cardSlots?: number | null
    batteryShots?: number | null
  }
  attribution?: string | null
}

export interface CameraPatch {
  brand?: string
  model?: string
  slug?: string | null
  mount?: string | null
  type?: 'mirrorless' | 'dslr' | 'compact' | 'rangefinder' | 'medium-format' | 'bridge' | 'action'
  sensor?: {
    format?: 'medium-format' | 'full-frame' | 'aps-h' | 'aps-c' | 'four-thirds' | '1-inch' | '1/1.7-inch' | '1/2.3-inch' | 'other'
    widthMm?: number | null
    heightMm?: number | null
    megapixels?: number | null
  }
  releasedOn?: string | null
  launchPriceUsd?: number | null
  weightGrams?: number | null
  features?: {
    widthMm?: number | null
    heightMm?: number | null
    depthMm?: number | null
    stabilisationStops?: number | null
    burstFps?: number | null
    isoMin?: number | null
    isoMax?: number | null
    videoLines?: number | null
    videoFps?: number | null
    viewfinder?: 'optical' | 'electronic' | 'hybrid' | 'none' | null
    viewfinderKilodots?: number | null
    screenInches?: number | null
    screen?: 'fixed' | 'tilting' | 'fully-articulated' | 'none' | null
    weatherSealed?: boolean | null
    cardSlots?: number | null
    batteryShots?: number | null
  } | null
  attribution?: string | null
}

export interface LensInput {
  brand: string
  model: string
  slug?: string
  mount: string
  coverage: 'medium-format' | 'full-frame' | 'aps-c' | 'four-thirds' | '1-inch'
  focalMinMm: number
  focalMaxMm: number
  apertureWide: number
  apertureTele: number
  apertureMin?: number | null
  elements?: number | null
  groups?: number | null
  blades?: number | null
  closestFocusMm?: number | null
  magnification?: number | null
  filterMm?: number | null
  stabilised?: boolean | null
  weatherSealed?: boolean | null
  autofocus?: boolean | null
  diameterMm?: number | null
  lengthMm?: number | null
  weightGrams?: number | null
  releasedOn?: string | null
  launchPriceUsd?: number | null
  attribution?: string | null
}

export interface LensPatch {
  brand?: string
  model?: string
  slug?: string | null
  mount?: string
  coverage?: 'medium-format' | 'full-frame' | 'aps-c' | 'four-thirds' | '1-inch'
  focalMinMm?: number
  focalMaxMm?: number
  apertureWide?: number
  apertureTele?: number
  apertureMin?: number | null
  elements?: number | null
  groups?: number | null
  blades?: number | null
  closestFocusMm?: number | null
  magnification?: number | null
  filterMm?: number | null
  stabilised?: boolean | null
  weatherSealed?: boolean | null
  autofocus?: boolean | null
  diameterMm?: number | null
  lengthMm?: number | null
  weightGrams?: number | null
  releasedOn?: string | null
  launchPriceUsd?: number | null
  attribution?: string | null
}

export interface CategoryInput {
  name: string
  slug?: string
  image?: string | null
}

export interface CategoryPatch {
  name?: string
  slug?: string | null
  image?: string | null
}

export interface ProductInput {
  name: string
  slug?: string
  description?: string
  images?: string[]
  /** In the currency of the shop. */
  price: number
  /** A UUID in lower case. */
  categoryId: string
  /** The camera of the catalogue that it is, if any. */
  cameraId?: string | null
  lensId?: string | null
  /** Sets how many there are; absent: as it is, of a new product none. */
  stock?: number
}

export interface ProductPatch {
  name?: string
  slug?: string | null
  description?: string | null
  images?: string[] | null
  /** In the currency of the shop. */
  price?: number
  /** A UUID in lower case. */
  categoryId?: string
  cameraId?: string | null
  lensId?: string | null
  stock?: number | null
}

export interface NewOrder {
  items: OrderedItem[]
  /** What the payment house gave for the means of payment. Absent: the one that it has on file. */
  paymentToken?: string | null
}

export interface OrderedItem {
  /** A UUID in lower case. */
  productId: string
  quantity: number
}

export interface Order {
  /** A UUID in lower case. */
  id: string
  version: number
  createdAt: string
  updatedAt: string
  /** A UUID in lower case. */
  customerId: string
  status: 'placed' | 'paid' | 'cancelled' | 'refunding' | 'refunded'
  items: OrderItem[]
  total: number
  currency: string
}

export interface OrderItem {
  product: BoughtProduct
  quantity: number
  subtotal: number
}

/** As it was when it was bought. */
export interface BoughtProduct {
  /** A UUID in lower case. */
  id: string
  name: string
  slug: string
  price: number
}

export interface OrderPage {
  data: Order[]
  metadata: {
    limit: number
    nextCursor: string | null
  }
  /** Relative to the address that was asked. */
  links: {
    self: string
    next: string | null
  }
}

export interface Credentials {
  email: string
  password: string
}

export interface Tokens {
  /** A JWT (RFC 9068) to be sent as `Authorization: Bearer …`. */
  accessToken: string
  tokenType: 'Bearer'
  /** Seconds until the access token expires. */
  expiresIn: number
  /** Good once. Keep it as safe as a password. */
  refreshToken: string
}

export interface RefreshRequest {
  refreshToken: string
}

export interface SignOut {
  refreshToken?: string
}

export interface ResetRequest {
  token: string
  newPassword: string
}

export interface KeySet {
  /** JWKs (RFC 7517); the next signing key is among them a day before it signs. */
  keys: Record<string, unknown>[]
}

export interface NewAccount {
  name: string
  email: string
  /** May be left out by admins: the answer then holds a one-time link to choose one. */
  password?: string
  /** Given by admins only. */
  roles?: ('customer' | 'editor' | 'admin')[]
}

export interface CreatedAccount {
  /** A UUID in lower case. */
  id: string
  version: number
  createdAt: string
  updatedAt: string
  name: string
  email: string
  roles: ('customer' | 'editor' | 'admin')[]
  disabled: boolean
  /** The name under which readers see the reviews; null for who never was an editor. */
  byline: string | null
  /** Where no password was given; else null. */
  passwordReset: PasswordReset | null
}

export interface PasswordReset {
  /** Good once, for 24 hours, and only until another one is made. */
  token: string
  /** The page where the new password is chosen, if this installation has one. */
  link: string | null
  expiresAt: string
}

export interface Accounts {
  data: Account[]
  metadata: {
    limit: number
    nextCursor: string | null
  }
  /** Relative to the address that was asked. */
  links: {
    self: string
    next: string | null
  }
}

export interface Account {
  /** A UUID in lower case. */
  id: string
  version: number
  createdAt: string
  updatedAt: string
  name: string
  email: string
  roles: ('customer' | 'editor' | 'admin')[]
  disabled: boolean
  /** The name under which readers see the reviews; null for who never was an editor. */
  byline: string | null
}

export interface AccountReplacement {
  name: string
  email: string
  /** Admins must send it; anybody else may only repeat what stands. */
  roles?: ('customer' | 'editor' | 'admin')[]
  /** Admins must send it; anybody else may only repeat what stands. */
  disabled?: boolean
}

export interface AccountPatch {
  name?: string
  email?: string
  /** Admins only. */
  roles?: ('customer' | 'editor' | 'admin')[]
  /** Admins only. */
  disabled?: boolean
  /** Editors: the public name. It does not follow `name` by itself. */
  byline?: string
}

export interface PasswordChange {
  currentPassword: string
  newPassword: string
}

export interface Sessions {
  data: Session[]
}

export interface Session {
  /** A UUID in lower case. */
  id: string
  /** The one that asks. */
  current: boolean
  userAgent: string
  createdAt: string
  /** When its tokens were last renewed. */
  lastUsedAt: string
  expiresAt: string
}

/** GET /api/v1/content */
export interface ListContentInput {
  /** A brand by its name or slug: `canon`. */
  brand?: string
  /** A camera by its slug or id. */
  camera?: string
  /** A lens by its slug or id. */
  lens?: string
  /** A lens mount by its name: `Canon RF`. */
  mount?: string
  /** An editor by slug or id. */
  editor?: string
  tag?: string
  language?: 'es' | 'pt' | 'en'
  /** First published at this time or later, RFC 3339. */
  publishedAfter?: string
  /** First published before this time, RFC 3339. */
  publishedBefore?: string
  sort?: 'newest' | 'oldest' | 'title'
  /** The `nextCursor` of the page before, with the same other parameters. */
  cursor?: string
  limit?: number
}

/** GET /api/v1/content/{slug} */
export interface ReadContentInput {
  slug: string
}

/** GET /api/v1/content/search */
export interface SearchContentInput {
  /** Words, "phrases", or, -without. The last word may be the beginning of one. */
  q: string
  /** A brand by its name or slug: `canon`. */
  brand?: string
  /** A camera by its slug or id. */
  camera?: string
  /** A lens by its slug or id. */
  lens?: string
  /** A lens mount by its name: `Canon RF`. */
  mount?: string
  /** An editor by slug or id. */
  editor?: string
  tag?: string
  language?: 'es' | 'pt' | 'en'
  /** First published at this time or later, RFC 3339. */
  publishedAfter?: string
  /** First published before this time, RFC 3339. */
  publishedBefore?: string
  /** The `nextCursor` of the page before, with the same other parameters. */
  cursor?: string
  limit?: number
}

/** GET /api/v1/content/suggest */
export interface SuggestContentInput {
  /** The beginning of a title, a name or a word. */
  q: string
  limit?: number
}

/** GET /api/v1/content/facets */
export interface ListFacetsInput {
  /** A brand by its name or slug: `canon`. */
  brand?: string
  /** A camera by its slug or id. */
  camera?: string
  /** A lens by its slug or id. */
  lens?: string
  /** A lens mount by its name: `Canon RF`. */
  mount?: string
  /** An editor by slug or id. */
  editor?: string
  tag?: string
  language?: 'es' | 'pt' | 'en'
  /** First published at this time or later, RFC 3339. */
  publishedAfter?: string
  /** First published before this time, RFC 3339. */
  publishedBefore?: string
}

/** GET /api/v1/content/compare */
export interface CompareContentInput {
  /** Two to six cameras by slug or id, separated by commas. */
  cameras?: string
  /** Two to six reviews by slug or id, separated by commas: their cameras are compared. */
  reviews?: string
}

/** GET /api/v1/cameras */
export interface ListCamerasInput {
  /** A brand by its name or slug: `canon`. */
  brand?: string
  /** A lens mount by its name: `Canon RF`. */
  mount?: string
  /** The `nextCursor` of the page before, with the same other parameters. */
  cursor?: string
  limit?: number
  type?: 'mirrorless' | 'dslr' | 'compact' | 'rangefinder' | 'medium-format' | 'bridge' | 'action'
}

/** POST /api/v1/cameras */
export interface CreateCameraInput {
  body: CameraInput
}

/** GET /api/v1/cameras/{id} */
export interface ReadCameraInput {
  /** Slug or id. */
  id: string
}

/** PUT /api/v1/cameras/{id} */
export interface ReplaceCameraInput {
  /** A UUID in lower case. */
  id: string
  body: CameraInput
}

/** PATCH /api/v1/cameras/{id} */
export interface ChangeCameraInput {
  /** A UUID in lower case. */
  id: string
  body: CameraPatch
}

/** DELETE /api/v1/cameras/{id} */
export interface DeleteCameraInput {
  /** A UUID in lower case. */
  id: string
}

/** GET /api/v1/lenses */
export interface ListLensesInput {
  /** A brand by its name or slug: `canon`. */
  brand?: string
  /** A lens mount by its name: `Canon RF`. */
  mount?: string
  /** The `nextCursor` of the page before, with the same other parameters. */
  cursor?: string
  limit?: number
}

/** POST /api/v1/lenses */
export interface CreateLensInput {
  body: LensInput
}

/** GET /api/v1/lenses/{id} */
export interface ReadLensInput {
  /** Slug or id. */
  id: string
}

/** PUT /api/v1/lenses/{id} */
export interface ReplaceLensInput {
  /** A UUID in lower case. */
  id: string
  body: LensInput
}

/** PATCH /api/v1/lenses/{id} */
export interface ChangeLensInput {
  /** A UUID in lower case. */
  id: string
  body: LensPatch
}

/** DELETE /api/v1/lenses/{id} */
export interface DeleteLensInput {
  /** A UUID in lower case. */
  id: string
}

/** GET /api/v1/products */
export interface ListProductsInput {
  /** A category by its slug or id. */
  category?: string
  /** Inclusive. */
  priceMin?: number
  /** Inclusive. */
  priceMax?: number
  sort?: 'created' | 'price' | 'name'
  /** By default `desc` for `created`, `asc` for the others. */
  order?: 'asc' | 'desc'
  page?: number
  limit?: number
}

/** POST /api/v1/products */
export interface CreateProductInput {
  body: ProductInput
}

/** GET /api/v1/products/{id} */
export interface ReadProductInput {
  /** Slug or id. */
  id: string
}

/** PUT /api/v1/products/{id} */
export interface ReplaceProductInput {
  /** A UUID in lower case. */
  id: string
  body: ProductInput
}

/** PATCH /api/v1/products/{id} */
export interface ChangeProductInput {
  /** A UUID in lower case. */
  id: string
  body: ProductPatch
}

/** DELETE /api/v1/products/{id} */
export interface DeleteProductInput {
  /** A UUID in lower case. */
  id: string
}

/** POST /api/v1/categories */
export interface CreateCategoryInput {
  body: CategoryInput
}

/** GET /api/v1/categories/{id} */
export interface ReadCategoryInput {
  /** Slug or id. */
  id: string
}

/** PUT /api/v1/categories/{id} */
export interface ReplaceCategoryInput {
  /** A UUID in lower case. */
  id: string
  body: CategoryInput
}

/** PATCH /api/v1/categories/{id} */
export interface ChangeCategoryInput {
  /** A UUID in lower case. */
  id: string
  body: CategoryPatch
}

/** DELETE /api/v1/categories/{id} */
export interface DeleteCategoryInput {
  /** A UUID in lower case. */
  id: string
}

/** GET /api/v1/categories/{id}/products */
export interface ListCategoryProductsInput {
  /** Slug or id. */
  id: string
  /** Inclusive. */
  priceMin?: number
  /** Inclusive. */
  priceMax?: number
  sort?: 'created' | 'price' | 'name'
  /** By default `desc` for `created`, `asc` for the others. */
  order?: 'asc' | 'desc'
  page?: number
  limit?: number
}

/** POST /api/v1/reviews */
export interface CreateReviewInput {
  body: NewReview
}

/** GET /api/v1/reviews */
export interface ListReviewsInput {
  /** The `nextCursor` of the page before. */
  cursor?: string
  limit?: number
  /** Admins: an editor’s id, or `*` for all. Absent: one’s own. */
  editor?: '*' | string
  status?: 'draft' | 'scheduled' | 'published' | 'withdrawn'
}

/** PUT /api/v1/reviews/{id} */
export interface ReplaceReviewInput {
  /** A UUID in lower case. */
  id: string
  body: ReviewInput
}

/** PATCH /api/v1/reviews/{id} */
export interface ChangeReviewInput {
  /** A UUID in lower case. */
  id: string
  body: ReviewPatch
}

/** DELETE /api/v1/reviews/{id} */
export interface DeleteReviewInput {
  /** A UUID in lower case. */
  id: string
}

/** GET /api/v1/reviews/{id} */
export interface ReadReviewInput {
  /** A UUID in lower case. */
  id: string
}

/** POST /api/v1/reviews/{id}/publish */
export interface PublishReviewInput {
  /** A UUID in lower case. */
  id: string
}

/** POST /api/v1/reviews/{id}/withdraw */
export interface WithdrawReviewInput {
  /** A UUID in lower case. */
  id: string
}

/** POST /api/v1/reviews/{id}/schedule */
export interface ScheduleReviewInput {
  /** A UUID in lower case. */
  id: string
  body: Schedule
}

/** GET /api/v1/reviews/{id}/history */
export interface ListReviewHistoryInput {
  /** A UUID in lower case. */
  id: string
  /** The `nextCursor` of the page before. */
  cursor?: string
  limit?: number
}

/** GET /api/v1/reviews/{id}/history/{version} */
export interface ReadReviewVersionInput {
  /** A UUID in lower case. */
  id: string
  version: number
}

/** POST /api/v1/reviews/{id}/history/{version}/restore */
export interface RestoreReviewVersionInput {
  /** A UUID in lower case. */
  id: string
  version: number
}

/** POST /api/v1/orders */
export interface PlaceOrderInput {
  body: NewOrder
}

/** GET /api/v1/orders */
export interface ListOrdersInput {
  /** The `nextCursor` of the page before. */
  cursor?: string
  limit?: number
  /** Admins: a customer’s id, or `*` for all. Absent: one’s own. */
  customer?: '*' | string
}

/** GET /api/v1/orders/{id} */
export interface ReadOrderInput {
  /** A UUID in lower case. */
  id: string
}

/** POST /api/v1/orders/{id}/refund */
export interface RefundOrderInput {
  /** A UUID in lower case. */
  id: string
}

/** POST /api/v1/auth/login */
export interface LoginInput {
  body: Credentials
}

/** POST /api/v1/auth/refresh */
export interface RefreshInput {
  body: RefreshRequest
}

/** POST /api/v1/auth/logout */
export interface LogoutInput {
  body?: SignOut
}

/** POST /api/v1/auth/reset */
export interface ResetPasswordInput {
  body: ResetRequest
}

/** POST /api/v1/users */
export interface RegisterUserInput {
  body: NewAccount
}

/** GET /api/v1/users */
export interface ListUsersInput {
  /** The `nextCursor` of the page before. */
  cursor?: string
  limit?: number
}

/** GET /api/v1/users/{id} */
export interface ReadUserInput {
  id: 'me' | string
}

/** PUT /api/v1/users/{id} */
export interface ReplaceUserInput {
  id: 'me' | string
  body: AccountReplacement
}

/** PATCH /api/v1/users/{id} */
export interface ChangeUserInput {
  id: 'me' | string
  body: AccountPatch
}

/** DELETE /api/v1/users/{id} */
export interface EraseUserInput {
  id: 'me' | string
}

/** POST /api/v1/users/{id}/password-reset */
export interface CreatePasswordResetInput {
  id: 'me' | string
}

/** PUT /api/v1/users/me/password */
export interface ChangePasswordInput {
  body: PasswordChange
}

/** DELETE /api/v1/users/me/sessions/{sessionId} */
export interface EndSessionInput {
  /** A UUID in lower case. */
  sessionId: string
}

/** A function for each operation. */
export function createClient(client: ClientOptions) {
  const send = sender(client)
  return {
    // content

    /**
     * Published reviews, page by page.
     *
     * Pages go by cursor: each review appears once, however deep the page and whatever is published meanwhile.
     */
    listContent: (query: ListContentInput = {}, options: ReadOptions = {}) =>
      send<ReviewPage>({ method: 'GET', path: '/api/v1/content', query, isContent: true }, options),

    /**
     * A published review by its slug.
     *
     * A slug that the review had before is answered with 301 and the present address.
     */
    readContent: ({ slug }: ReadContentInput, options: ReadOptions = {}) =>
      send<PublishedReview>({ method: 'GET', path: `/api/v1/content/${step(slug)}`, isContent: true }, options),

    /**
     * Published reviews by their words, best first.
     *
     * Accents and inflections do not matter. The newest 500 that match are ranked, and can be paged through; `metadata.total` says how many there are, `metadata.facets` how those 500 divide. Where hardly anything matches, misspelt words are corrected and `metadata.correctedQuery` says to what.
     */
    searchContent: (query: SearchContentInput, options: ReadOptions = {}) =>
      send<SearchResult>({ method: 'GET', path: '/api/v1/content/search', query, isContent: true }, options),

    /** What a beginning may become: cameras, lenses, titles, words. */
    suggestContent: (query: SuggestContentInput, options: ReadOptions = {}) =>
      send<Suggestions>({ method: 'GET', path: '/api/v1/content/suggest', query, isContent: true }, options),

    /**
     * How many reviews each brand, camera, lens, mount, editor, tag and language has.
     *
     * With filters over the newest 500 that pass: `metadata.countedAre` says whether these were all.
     */
    listFacets: (query: ListFacetsInput = {}, options: ReadOptions = {}) =>
      send<FacetCounts>({ method: 'GET', path: '/api/v1/content/facets', query, isContent: true }, options),

    /**
     * Two to six cameras, or reviews with their cameras, side by side.
     *
     * One matrix of facts with units: what is not known, what differs, which is best where more or less is better, and why.
     */
    compareContent: (query: CompareContentInput = {}, options: ReadOptions = {}) =>
      send<Comparison>({ method: 'GET', path: '/api/v1/content/compare', query, isContent: true }, options),

    // cameras

    /** All cameras by slug, page by page. */
    listCameras: (query: ListCamerasInput = {}, options: ReadOptions = {}) =>
      send<CameraPage>({ method: 'GET', path: '/api/v1/cameras', query, isContent: true }, options),

    /**
     * Adds a camera. What is absent or null is unknown.
     *
     * Without `slug` one is made from brand and model; a given one that is taken is refused (`slug-taken`).
     */
    createCamera: ({ body }: CreateCameraInput, options: CommandOptions = {}) =>
      send<Camera>({ method: 'POST', path: '/api/v1/cameras', body, takesKey: true }, options),

    /** A camera by its slug or id. */
    readCamera: ({ id }: ReadCameraInput, options: ReadOptions = {}) =>
      send<Camera>({ method: 'GET', path: `/api/v1/cameras/${step(id)}`, isContent: true }, options),

    /**
     * Replaces all that is known of a camera.
     *
     * Absent members become unknown; an absent `slug` stays. Where nothing differs no new version is made.
     */
    replaceCamera: ({ id, body }: ReplaceCameraInput, options: CommandOptions & Conditional) =>
      send<Camera>({ method: 'PUT', path: `/api/v1/cameras/${step(id)}`, body, takesKey: true }, options),

    /**
     * Changes some of what is known of a camera, by JSON Merge Patch.
     *
     * `null` makes a member unknown. Where nothing differs no new version is made.
     */
    changeCamera: ({ id, body }: ChangeCameraInput, options: CommandOptions & Conditional) =>
      send<Camera>({ method: 'PATCH', path: `/api/v1/cameras/${step(id)}`, body, mediaType: 'application/merge-patch+json', takesKey: true }, options),

    /**
     * Deletes a camera that nothing refers to.
     *
     * Refused with `still-referenced` and the number of `references` while there are reviews of it, drafts too.
     */
    deleteCamera: ({ id }: DeleteCameraInput, options: CommandOptions & Conditional) =>
      send<undefined>({ method: 'DELETE', path: `/api/v1/cameras/${step(id)}`, takesKey: true }, options),

    // lenses

    /** All lenses by slug, page by page. */
    listLenses: (query: ListLensesInput = {}, options: ReadOptions = {}) =>
      send<LensPage>({ method: 'GET', path: '/api/v1/lenses', query, isContent: true }, options),

    /**
     * Adds a lens. What is absent or null is unknown.
     *
     * Without `slug` one is made from brand and model; a given one that is taken is refused (`slug-taken`).
     */
    createLens: ({ body }: CreateLensInput, options: CommandOptions = {}) =>
      send<Lens>({ method: 'POST', path: '/api/v1/lenses', body, takesKey: true }, options),

    /** A lens by its slug or id. */
    readLens: ({ id }: ReadLensInput, options: ReadOptions = {}) =>
      send<Lens>({ method: 'GET', path: `/api/v1/lenses/${step(id)}`, isContent: true }, options),

    /**
     * Replaces all that is known of a lens.
     *
     * Absent members become unknown; an absent `slug` stays. Where nothing differs no new version is made.
     */
    replaceLens: ({ id, body }: ReplaceLensInput, options: CommandOptions & Conditional) =>
      send<Lens>({ method: 'PUT', path: `/api/v1/lenses/${step(id)}`, body, takesKey: true }, options),

    /**
     * Changes some of what is known of a lens, by JSON Merge Patch.
     *
     * `null` makes a member unknown. Where nothing differs no new version is made.
     */
    changeLens: ({ id, body }: ChangeLensInput, options: CommandOptions & Conditional) =>
      send<Lens>({ method: 'PATCH', path: `/api/v1/lenses/${step(id)}`, body, mediaType: 'application/merge-patch+json', takesKey: true }, options),

    /**
     * Deletes a lens that nothing refers to.
     *
     * Refused with `still-referenced` and the number of `references` while there are reviews of it, drafts too.
     */
    deleteLens: ({ id }: DeleteLensInput, options: CommandOptions & Conditional) =>
      send<undefined>({ method: 'DELETE', path: `/api/v1/lenses/${step(id)}`, takesKey: true }, options),

    // products

    /**
     * The products of the shop, page by page.
     *
     * `stock` is how many there were a moment ago; buying always asks for the present number. `price_min` is `priceMin`, too.
     */
    listProducts: (query: ListProductsInput = {}, options: ReadOptions = {}) =>
      send<ProductPage>({ method: 'GET', path: '/api/v1/products', query, isContent: true }, options),

    /**
     * Adds a product to the shop.
     *
     * Without `slug` one is made from the name; a given one that is taken is refused (`slug-taken`).
     */
    createProduct: ({ body }: CreateProductInput, options: CommandOptions = {}) =>
      send<Product>({ method: 'POST', path: '/api/v1/products', body, takesKey: true }, options),

    /** A product by its slug or id. */
    readProduct: ({ id }: ReadProductInput, options: ReadOptions = {}) =>
      send<Product>({ method: 'GET', path: `/api/v1/products/${step(id)}`, isContent: true }, options),

    /**
     * Replaces a product. An absent `slug` or `stock` stays.
     *
     * `stock` sets how many there are now, whatever was sold meanwhile: it is no part of the version, and alone makes no new one.
     */
    replaceProduct: ({ id, body }: ReplaceProductInput, options: CommandOptions & Conditional) =>
      send<Product>({ method: 'PUT', path: `/api/v1/products/${step(id)}`, body, takesKey: true }, options),

    /**
     * Changes only what is given of a product, by JSON Merge Patch.
     *
     * `stock` sets how many there are now, whatever was sold meanwhile: it is no part of the version, and alone makes no new one. So `stock` alone needs no `If-Match`.
     */
    changeProduct: ({ id, body }: ChangeProductInput, options: CommandOptions & Conditional) =>
      send<Product>({ method: 'PATCH', path: `/api/v1/products/${step(id)}`, body, mediaType: 'application/merge-patch+json', takesKey: true }, options),

    /** Takes a product out of the shop. Orders keep what they say of it. */
    deleteProduct: ({ id }: DeleteProductInput, options: CommandOptions & Conditional) =>
      send<undefined>({ method: 'DELETE', path: `/api/v1/products/${step(id)}`, takesKey: true }, options),

    // categories

    /** All categories of the shop, by name. */
    listCategories: (options: ReadOptions = {}) =>
      send<Categories>({ method: 'GET', path: '/api/v1/categories', isContent: true }, options),

    /**
     * Adds a category to the shop.
     *
     * Without `slug` one is made from the name; a given one that is taken is refused (`slug-taken`).
     */
    createCategory: ({ body }: CreateCategoryInput, options: CommandOptions = {}) =>
      send<Category>({ method: 'POST', path: '/api/v1/categories', body, takesKey: true }, options),

    /** A category by its slug or id, with its newest products. */
    readCategory: ({ id }: ReadCategoryInput, options: ReadOptions = {}) =>
      send<CategoryWithProducts>({ method: 'GET', path: `/api/v1/categories/${step(id)}`, isContent: true }, options),

    /** Replaces a category. An absent `slug` stays. */
    replaceCategory: ({ id, body }: ReplaceCategoryInput, options: CommandOptions & Conditional) =>
      send<Category>({ method: 'PUT', path: `/api/v1/categories/${step(id)}`, body, takesKey: true }, options),

    /** Changes some members of a category, by JSON Merge Patch. */
    changeCategory: ({ id, body }: ChangeCategoryInput, options: CommandOptions & Conditional) =>
      send<Category>({ method: 'PATCH', path: `/api/v1/categories/${step(id)}`, body, mediaType: 'application/merge-patch+json', takesKey: true }, options),

    /** Deletes a category in which there is no product. */
    deleteCategory: ({ id }: DeleteCategoryInput, options: CommandOptions & Conditional) =>
      send<undefined>({ method: 'DELETE', path: `/api/v1/categories/${step(id)}`, takesKey: true }, options),

    /** The products of a category, page by page. */
    listCategoryProducts: ({ id, ...query }: ListCategoryProductsInput, options: ReadOptions = {}) =>
      send<ProductPage>({ method: 'GET', path: `/api/v1/categories/${step(id)}/products`, query, isContent: true }, options),

    // reviews

    /**
     * Writes a new review: a draft, or at once published.
     *
     * Without `slug` one is made from the title, with a suffix where it is taken; a given one that is taken is refused (`slug-taken`). The author is the caller. Drafts are seen by their author and by admins only.
     */
    createReview: ({ body }: CreateReviewInput, options: CommandOptions = {}) =>
      send<Review>({ method: 'POST', path: '/api/v1/reviews', body, takesKey: true }, options),

    /** One’s own reviews, newest first; for admins those of any editor or of all. */
    listReviews: (query: ListReviewsInput = {}, options: Options = {}) =>
      send<ReviewEntries>({ method: 'GET', path: '/api/v1/reviews', query }, options),

    /**
     * Replaces what an editor wrote. Its status stays.
     *
     * Members that are absent get their defaults; an absent `slug` stays as it is. A new slug is free to choose until the first publication; from then on the old address goes on leading here. Where nothing differs the review is answered as it stands, without a new version.
     */
    replaceReview: ({ id, body }: ReplaceReviewInput, options: CommandOptions & Conditional) =>
      send<Review>({ method: 'PUT', path: `/api/v1/reviews/${step(id)}`, body, takesKey: true }, options),

    /**
     * Changes some members of a review by JSON Merge Patch. Its status stays.
     *
     * `null` resets a member to its default; `"slug": null` makes a new one from the title. A new slug is free to choose until the first publication; from then on the old address goes on leading here. Where nothing differs the review is answered as it stands, without a new version.
     */
    changeReview: ({ id, body }: ChangeReviewInput, options: CommandOptions & Conditional) =>
      send<Review>({ method: 'PATCH', path: `/api/v1/reviews/${step(id)}`, body, mediaType: 'application/merge-patch+json', takesKey: true }, options),

    /**
     * Deletes a review and frees its addresses.
     *
     * Its history stays with its author and with admins, who can restore a version of it as a draft.
     */
    deleteReview: ({ id }: DeleteReviewInput, options: CommandOptions & Conditional) =>
      send<undefined>({ method: 'DELETE', path: `/api/v1/reviews/${step(id)}`, takesKey: true }, options),

    /**
     * A review of one’s own as it stands in the master, whatever its status.
     *
     * Another editor’s review is answered 403 while readers see it and 404 while they do not.
     */
    readReview: ({ id }: ReadReviewInput, options: Options = {}) =>
      send<Review>({ method: 'GET', path: `/api/v1/reviews/${step(id)}` }, options),

    /** Lets readers see a review, in every region. */
    publishReview: ({ id }: PublishReviewInput, options: CommandOptions & Conditional) =>
      send<Review>({ method: 'POST', path: `/api/v1/reviews/${step(id)}/publish`, takesKey: true }, options),

    /** Takes a review out of sight, or out of the schedule. */
    withdrawReview: ({ id }: WithdrawReviewInput, options: CommandOptions & Conditional) =>
      send<Review>({ method: 'POST', path: `/api/v1/reviews/${step(id)}/withdraw`, takesKey: true }, options),

    /** Publishes a review at a given time, also when no editor is there and through restarts. */
    scheduleReview: ({ id, body }: ScheduleReviewInput, options: CommandOptions & Conditional) =>
      send<Review>({ method: 'POST', path: `/api/v1/reviews/${step(id)}/schedule`, body, takesKey: true }, options),

    /** The versions of a review, newest first; also of a deleted one. */
    listReviewHistory: ({ id, ...query }: ListReviewHistoryInput, options: Options = {}) =>
      send<ReviewVersions>({ method: 'GET', path: `/api/v1/reviews/${step(id)}/history`, query }, options),

    /** A review as it once was. */
    readReviewVersion: ({ id, version }: ReadReviewVersionInput, options: Options = {}) =>
      send<ReviewAt>({ method: 'GET', path: `/api/v1/reviews/${step(id)}/history/${step(version)}` }, options),

    /**
     * Brings back what an editor wrote in an earlier version, as a new version.
     *
     * Status and address stay as they are now. A deleted review comes back as a draft, at its last address or, where that is taken, at a new one; If-Match then names the version of its deletion.
     */
    restoreReviewVersion: ({ id, version }: RestoreReviewVersionInput, options: CommandOptions & Conditional) =>
      send<Review>({ method: 'POST', path: `/api/v1/reviews/${step(id)}/history/${step(version)}/restore`, takesKey: true }, options),

    // orders

    /**
     * Buys: several products at once, all of them or none.
     *
     * Price and total are set here. What is not there is refused (`sold-out`, with `available`). The answer waits at most 3 seconds for the payment house. Where that has not answered by then the order is left as it is and settled later: read it again. It is never charged twice, nor cancelled once it is charged. It is `paid` then, or `cancelled` where the house declined.
     */
    placeOrder: ({ body }: PlaceOrderInput, options: CommandOptions = {}) =>
      send<Order>({ method: 'POST', path: '/api/v1/orders', body, takesKey: true }, options),

    /** One’s own orders, newest first; for admins those of any customer or of all. */
    listOrders: (query: ListOrdersInput = {}, options: Options = {}) =>
      send<OrderPage>({ method: 'GET', path: '/api/v1/orders', query }, options),

    /** An order, for its customer and for admins. */
    readOrder: ({ id }: ReadOrderInput, options: Options = {}) =>
      send<Order>({ method: 'GET', path: `/api/v1/orders/${step(id)}` }, options),

    /**
     * Gives back what was paid, once; what was bought is in stock again when the money is back.
     *
     * For its customer and for admins, where it is `paid`. The answer waits at most 3 seconds for the payment house. Where that has not answered by then the order is left as it is and settled later: read it again. It is never charged twice, nor cancelled once it is charged.
     */
    refundOrder: ({ id }: RefundOrderInput, options: CommandOptions = {}) =>
      send<Order>({ method: 'POST', path: `/api/v1/orders/${step(id)}/refund`, takesKey: true }, options),

    // auth

    /**
     * Signs in with e-mail address and password.
     *
     * An unknown address, a wrong password and a disabled account are answered alike, in the same time. After ten wrong guesses at an account come pauses of 1, 2, 4, 8, then 15 minutes (429, `Retry-After`), wherever the guesses come from; an address from where its owner has signed in before is counted by itself, and a reset by an admin works at once.
     */
    login: ({ body }: LoginInput, options: Options = {}) =>
      send<Tokens>({ method: 'POST', path: '/api/v1/auth/login', body }, options),

    /**
     * Exchanges a refresh token, once, for new tokens.
     *
     * A token that was exchanged before and comes again was stolen from somebody: the sign-in ends for all who hold tokens of it.
     */
    refresh: ({ body }: RefreshInput, options: Options = {}) =>
      send<Tokens>({ method: 'POST', path: '/api/v1/auth/refresh', body }, options),

    /** Signs out: ends the session of the access token, of the refresh token in the body, or of both. */
    logout: ({ body }: LogoutInput = {}, options: Options = {}) =>
      send<undefined>({ method: 'POST', path: '/api/v1/auth/logout', body }, options),

    /** Chooses a new password with a one-time token, and ends all sign-ins. */
    resetPassword: ({ body }: ResetPasswordInput, options: Options = {}) =>
      send<undefined>({ method: 'POST', path: '/api/v1/auth/reset', body }, options),

    /** The public keys of the access tokens (JWKS). */
    listKeys: (options: Options = {}) =>
      send<KeySet>({ method: 'GET', path: '/.well-known/jwks.json' }, options),

    // users

    /**
     * Makes an account: anyone for themselves, as a customer; admins for others, with roles.
     *
     * An admin may leave the password out; the answer then holds a one-time link. A taken e-mail address is answered 409.
     */
    registerUser: ({ body }: RegisterUserInput, options: CommandOptions = {}) =>
      send<CreatedAccount>({ method: 'POST', path: '/api/v1/users', body, takesKey: true }, options),

    /** All accounts, oldest first. */
    listUsers: (query: ListUsersInput = {}, options: Options = {}) =>
      send<Accounts>({ method: 'GET', path: '/api/v1/users', query }, options),

    /** An account, to its owner (`me`) and to admins. */
    readUser: ({ id }: ReadUserInput, options: Options = {}) =>
      send<Account>({ method: 'GET', path: `/api/v1/users/${step(id)}` }, options),

    /** Replaces what may be written of an account: name and e-mail, and for admins roles and `disabled`. */
    replaceUser: ({ id, body }: ReplaceUserInput, options: CommandOptions & Conditional) =>
      send<Account>({ method: 'PUT', path: `/api/v1/users/${step(id)}`, body, takesKey: true }, options),

    /**
     * Changes some of an account. Roles and `disabled` are for admins; one enabled admin always stays.
     *
     * Who becomes an editor gets a public byline, at first the name. A disabled account is signed out everywhere at once.
     */
    changeUser: ({ id, body }: ChangeUserInput, options: CommandOptions & Conditional) =>
      send<Account>({ method: 'PATCH', path: `/api/v1/users/${step(id)}`, body, mediaType: 'application/merge-patch+json', takesKey: true }, options),

    /**
     * Erases an account and all that is private of it, for good.
     *
     * The reviews of an editor stay, under a neutral byline. Earlier bylines stay in the history of changes.
     */
    eraseUser: ({ id }: EraseUserInput, options: CommandOptions & Conditional) =>
      send<undefined>({ method: 'DELETE', path: `/api/v1/users/${step(id)}`, takesKey: true }, options),

    /** Makes a one-time link by which the owner of an account chooses a new password. The link before becomes void. */
    createPasswordReset: ({ id }: CreatePasswordResetInput, options: CommandOptions = {}) =>
      send<PasswordReset>({ method: 'POST', path: `/api/v1/users/${step(id)}/password-reset`, takesKey: true }, options),

    /** Changes one’s password and ends all other sign-ins. */
    changePassword: ({ body }: ChangePasswordInput, options: CommandOptions = {}) =>
      send<undefined>({ method: 'PUT', path: '/api/v1/users/me/password', body, takesKey: true }, options),

    /** Where one is signed in, newest first; at most 50. */
    listSessions: (options: Options = {}) =>
      send<Sessions>({ method: 'GET', path: '/api/v1/users/me/sessions' }, options),

    /** Signs all of one’s other devices out. */
    endOtherSessions: (options: CommandOptions = {}) =>
      send<undefined>({ method: 'DELETE', path: '/api/v1/users/me/sessions', takesKey: true }, options),

    /** Signs one of one’s devices out. */
    endSession: ({ sessionId }: EndSessionInput, options: CommandOptions = {}) =>
      send<undefined>({ method: 'DELETE', path: `/api/v1/users/me/sessions/${step(sessionId)}`, takesKey: true }, options),
  }
}

export type Client = ReturnType<typeof createClient>
