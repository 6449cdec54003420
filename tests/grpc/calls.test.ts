// The same operations over gRPC: an editor's story, and every refusal as the status that its clients know.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { status } from '@grpc/grpc-js'
import type { GrpcListener } from '../../src/protocols/grpc/serve.ts'
import { startSystem, type TestSystem, type User } from '../start.ts'
import { type Asking, type GrpcClient, grpcClient } from './client.ts'

let system: TestSystem
let listener: GrpcListener
let client: GrpcClient
let editor: { authorization: string }
let rest: User
let cameraId: string

beforeAll(async () => {
  system = await startSystem()
  listener = await system.doors.grpc({ hosts: ['127.0.0.1'], port: 0, tls: null })
  client = grpcClient(listener.address)
  editor = { authorization: `Bearer ${(await login('editor@example.com')).accessToken}` }
  rest = await system.signIn('editor@example.com')
  cameraId = (await client.call('ContentService/ReadCamera', { id: 'canon-eos-r5' })).message.camera.id
})
afterAll(async () => {
  client?.close()
  await listener?.stop(1000)
  await system?.[Symbol.asyncDispose]()
})

const login = async (email: string) => {
  const { code, message } = await client.call('AuthService/Login', { email, password: 'first-light-2026' })
  expect(code).toBe('OK')
  return message
}
const asEditor = (headers: Record<string, string> = {}): Asking => ({ headers: { ...editor, ...headers } })
const written = (more: object = {}) => ({
  review: { title: 'Un mes en la selva', body: 'Texto.', language: 'LANGUAGE_ES', cameraId, ...more },
})
const made = async (more: object = {}) => (await client.call('ReviewService/CreateReview', written(more), asEditor())).message.review

describe('an editor', () => {
  test('writes a review, and with the token every reader sees it at once', async () => {
    const created = await client.call(
      'ReviewService/CreateReview',
      written({ status: 'REVIEW_STATUS_PUBLISHED', pros: ['Ligera'] }),
      asEditor(),
    )
    expect(created.code).toBe('OK')
    const { review } = created.message
    expect(review).toMatchObject({
      version: 1,
      status: 'REVIEW_STATUS_PUBLISHED',
      language: 'LANGUAGE_ES',
      pros: ['Ligera'],
    })
    expect(review.publishedAt.seconds).toBeGreaterThan(1_700_000_000)
    expect(created.metadata.etag).toBe('"1"')
    const token = String(created.metadata['consistency-token'])
    const listed = await client.call('ContentService/ListContent', { limit: 1 }, { headers: { 'consistency-token': token } })
    expect(listed.message).toMatchObject({ data: [{ slug: review.slug, camera: { slug: 'canon-eos-r5' } }], metadata: { limit: 1 } })
    expect(listed.metadata['consistency-token']).toBeString()
    const overRest = await rest.ask(`GET /reviews/${review.id}`)
    expect(overRest.body).toMatchObject({ title: review.title, version: 1, pros: ['Ligera'] })
  })

  test('changes only what the mask names, and resets what it names and does not give', async () => {
    const { id } = await made({ verdict: 'Sí.', cons: ['Cara'], summary: 'Resumen' })
    const change = (review: object, paths: string[], version: number) =>
      client.call('ReviewService/ChangeReview', { id, review, updateMask: { paths } }, asEditor({ 'if-match': `"${version}"` }))
    const first = await change({ verdict: 'Tal vez.', title: 'not named' }, ['verdict', 'cons'], 1)
    expect(first.message.review).toMatchObject({
      verdict: 'Tal vez.',
      cons: [],
      summary: 'Resumen',
      title: 'Un mes en la selva',
      version: 2,
    })
    const second = await change({}, ['summary', 'lens_id'], 2)
    expect(second.message.review).toMatchObject({ summary: '', version: 3 })
    const unmasked = await client.call('ReviewService/ChangeReview', { id, review: { pros: ['Una'] } }, asEditor({ 'if-match': '"3"' }))
    expect(unmasked.message.review).toMatchObject({ pros: ['Una'], verdict: 'Tal vez.', version: 4 })
    const all = await change({ title: 'Otro', body: 'Texto.', language: 'LANGUAGE_PT', cameraId }, ['*'], 4)
    expect(all.message.review).toMatchObject({ title: 'Otro', pros: [], verdict: '', slug: 'otro' })
    const wrong = await change({}, ['camera_id', 'colour', '__proto__'], 5)
    expect(wrong.code).toBe('INVALID_ARGUMENT')
    const fields = wrong.details.BadRequest.fieldViolations.map(({ field }: { field: string }) => field)
    expect(fields.sort()).toEqual(['review.__proto__', 'review.camera_id', 'review.colour'])
  })

  test('publishes, withdraws, schedules, looks back, restores and deletes', async () => {
    const { id } = await made()
    const step = (rpc: string, version: number, more: object = {}) =>
      client.call(`ReviewService/${rpc}`, { id, ...more }, asEditor({ 'if-match': `"${version}"` }))
    expect((await step('PublishReview', 1)).message.review.status).toBe('REVIEW_STATUS_PUBLISHED')
    expect((await step('WithdrawReview', 2)).message.review.status).toBe('REVIEW_STATUS_WITHDRAWN')
    const seconds = Math.floor(performance.timeOrigin / 1000) + 86_400
    const scheduled = (await step('ScheduleReview', 3, { publishAt: { seconds, nanos: 5_000_000 } })).message.review
    expect(scheduled).toMatchObject({ status: 'REVIEW_STATUS_SCHEDULED', publishAt: { seconds, nanos: 5_000_000 } })
    const history = (await client.call('ReviewService/ListReviewHistory', { id, limit: 2 }, asEditor())).message
    expect(history).toMatchObject({ data: [{ version: 4 }, { version: 3 }], metadata: { limit: 2 } })
    const older = await client.call('ReviewService/ListReviewHistory', { id, cursor: history.metadata.nextCursor }, asEditor())
    expect(older.message.data.map(({ version }: { version: number }) => version)).toEqual([2, 1])
    const once = (await client.call('ReviewService/ReadReviewVersion', { id, version: 2 }, asEditor())).message
    expect(once).toMatchObject({ version: 2, status: 'REVIEW_STATUS_PUBLISHED', review: { id, version: 2 } })
    expect((await step('DeleteReview', 4)).message).toEqual({})
    expect((await client.call('ReviewService/ReadReview', { id }, asEditor())).code).toBe('NOT_FOUND')
    expect((await step('RestoreReviewVersion', 5, { version: 1 })).message.review).toMatchObject({
      status: 'REVIEW_STATUS_DRAFT',
      version: 6,
    })
    const own = (await client.call('ReviewService/ListReviews', { status: 'REVIEW_STATUS_DRAFT' }, asEditor())).message
    expect(own.data.map((entry: { id: string }) => entry.id)).toContain(id)
  })

  test('sends a command twice with one key, and it is done once', async () => {
    const key = asEditor({ 'idempotency-key': 'grpc-once' })
    const first = await client.call('ReviewService/CreateReview', written({ title: 'Only once' }), key)
    const again = await client.call('ReviewService/CreateReview', written({ title: 'Only once' }), key)
    expect(again.message).toEqual(first.message)
    const other = await client.call('ReviewService/CreateReview', written({ title: 'Another' }), key)
    expect(other).toMatchObject({ code: 'INVALID_ARGUMENT', details: { ErrorInfo: { reason: 'KEY_REUSED' } } })
  })

  test('stays signed in by the refresh token, and signs out', async () => {
    const tokens = await login('second.editor@example.com')
    const renewed = await client.call('AuthService/Refresh', { refreshToken: tokens.refreshToken })
    expect(renewed.message).toMatchObject({ tokenType: 'Bearer', expiresIn: 600 })
    const headers = { authorization: `Bearer ${renewed.message.accessToken}` }
    expect((await client.call('AuthService/Logout', {}, { headers })).code).toBe('OK')
    expect((await client.call('ReviewService/ListReviews', {}, { headers })).code).toBe('UNAUTHENTICATED')
  })
})

describe('a reader', () => {
  test('gets the same answers as over REST', async () => {
    await system.settled()
    const list = (await client.call('ContentService/ListContent', { language: 'LANGUAGE_PT', sort: 'REVIEW_SORT_TITLE', limit: 3 })).message
    const { body } = await system.ask('GET /content?language=pt&sort=title&limit=3')
    expect(list.data.map(plain)).toEqual(body.data.map(plain))
    expect(list.metadata.nextCursor).toBe(body.metadata.nextCursor)
    const [{ slug }] = body.data
    const one = (await client.call('ContentService/ReadContent', { slug })).message.review
    expect(plain(one)).toEqual(plain((await system.ask(`GET /content/${slug}`)).body))
    const camera = (await client.call('ContentService/ReadCamera', { id: 'nikon-z8' })).message.camera
    expect(plain(camera)).toEqual(plain((await system.ask('GET /cameras/nikon-z8')).body))
    const lens = (await client.call('ContentService/ListLenses', { limit: 2, brand: 'sony' })).message.data[1]
    expect(plain(lens)).toEqual(plain((await system.ask('GET /lenses?limit=2&brand=sony')).body.data[1]))
  })

  test('searches, gets suggestions and facets, and compares', async () => {
    const found = (await client.call('ContentService/SearchContent', { q: 'batería', brand: 'canon' })).message
    expect(found.metadata).toMatchObject({ totalIs: 'TOTAL_IS_EXACT', facets: { brand: [{ value: 'canon' }] } })
    expect(found.data[0].highlights.text.length).toBeGreaterThan(0)
    const { data } = (await client.call('ContentService/SuggestContent', { q: 'nik' })).message
    expect(data).toContainEqual({ kind: 'SUGGESTION_KIND_CAMERA', text: expect.any(String), slug: expect.any(String) })
    const facets = (await client.call('ContentService/ListFacets', { brand: 'nikon' })).message
    expect(facets).toMatchObject({ metadata: { countedAre: 'COUNTED_ARE_ALL' }, data: { brand: [{ value: 'nikon' }] } })
    const { subjects, groups } = (await client.call('ContentService/CompareContent', { cameras: ['canon-eos-r5', 'leica-q3'] })).message
    expect(subjects.map(({ camera }: { camera: { slug: string } }) => camera.slug)).toEqual(['canon-eos-r5', 'leica-q3'])
    const rows = groups.flatMap((group: { rows: object[] }) => group.rows)
    expect(rows.find(({ key }: { key: string }) => key === 'megapixels')).toMatchObject({
      better: 'BETTER_HIGHER',
      values: [{ numberValue: 45 }, { numberValue: 60.3 }],
    })
  })

  test('is led from a former address to the present one', async () => {
    const { id, slug } = await made({ title: 'La primera dirección', status: 'REVIEW_STATUS_PUBLISHED' })
    const change = { id, review: { slug: 'la-segunda-direccion' } }
    const { metadata } = await client.call('ReviewService/ChangeReview', change, asEditor({ 'if-match': '"1"' }))
    const headers = { 'consistency-token': String(metadata['consistency-token']) }
    const read = await client.call('ContentService/ReadContent', { slug }, { headers })
    expect(read.message.review).toMatchObject({ id, slug: 'la-segunda-direccion' })
    expect(read.metadata.etag).toStartWith('"2.')
  })
})

describe('a refusal', () => {
  test('of faulty input names every fault by its field', async () => {
    const query = await client.call('ContentService/ListContent', { limit: 0, publishedAfter: { seconds: 9e14 }, cursor: 'x' })
    expect(query).toMatchObject({ code: 'INVALID_ARGUMENT', details: { ErrorInfo: { reason: 'INVALID', domain: 'randomcamerareviews' } } })
    expect(query.details.BadRequest.fieldViolations.map(({ field }: { field: string }) => field).sort()).toEqual([
      'limit',
      'published_after',
    ])
    const body = await client.call('ReviewService/CreateReview', { review: { pros: ['x', ' '], lensId: 'none' } }, asEditor())
    expect(
      body.details.BadRequest.fieldViolations.map(({ field, reason }: { field: string; reason: string }) => `${field} ${reason}`).sort(),
    ).toEqual([
      'review.body REQUIRED',
      'review.camera_id REQUIRED',
      'review.language INVALID_VALUE',
      'review.lens_id INVALID_FORMAT',
      'review.pros[1] TOO_SMALL',
      'review.title REQUIRED',
    ])
    expect((await client.call('ReviewService/CreateReview', {}, asEditor())).details.BadRequest.fieldViolations[0].field).toBe('review')
    const unknown = await client.call(
      'ReviewService/CreateReview',
      written({ cameraId: '01941f29-7c00-7000-8000-00000000dead' }),
      asEditor(),
    )
    expect(unknown.details.BadRequest.fieldViolations).toMatchObject([{ field: 'review.camera_id', reason: 'UNKNOWN_CAMERA' }])
    const header = await client.call('ContentService/ListContent', {}, { headers: { 'consistency-token': 'forged' } })
    expect(header).toMatchObject({
      code: 'INVALID_ARGUMENT',
      details: { BadRequest: { fieldViolations: [{ field: 'consistency-token' }] } },
    })
  })

  test('has the status that clients know, and the request id', async () => {
    const { id } = await made()
    const first = asEditor({ 'if-match': '"1"' })
    const other = { headers: { authorization: `Bearer ${(await login('second.editor@example.com')).accessToken}`, 'if-match': '*' } }
    const outcomes = {
      nothing: await client.call('ContentService/ReadContent', { slug: 'nowhere' }),
      nobody: await client.call('ReviewService/ListReviews'),
      forged: await client.call('ReviewService/ListReviews', {}, { headers: { authorization: 'Bearer x.y.z' } }),
      unconditional: await client.call('ReviewService/PublishReview', { id }, asEditor()),
      published: await client.call('ReviewService/PublishReview', { id }, first),
      stale: await client.call('ReviewService/PublishReview', { id }, first),
      twice: await client.call('ReviewService/PublishReview', { id }, asEditor({ 'if-match': '"2"' })),
      foreign: await client.call('ReviewService/WithdrawReview', { id }, other),
      unknown: await client.call('ContentService/PaintContent'),
    }
    expect(Object.fromEntries(Object.entries(outcomes).map(([name, { code }]) => [name, code]))).toEqual({
      nothing: 'NOT_FOUND',
      nobody: 'UNAUTHENTICATED',
      forged: 'UNAUTHENTICATED',
      unconditional: 'INVALID_ARGUMENT',
      published: 'OK',
      stale: 'ABORTED',
      twice: 'FAILED_PRECONDITION',
      foreign: 'PERMISSION_DENIED',
      unknown: 'UNIMPLEMENTED',
    })
    expect(outcomes.stale.details.ErrorInfo).toMatchObject({ reason: 'STALE', metadata: { currentVersion: '2' } })
    expect(outcomes.twice.details.ErrorInfo).toMatchObject({ reason: 'WRONG_STATUS', metadata: { reviewStatus: 'published' } })
    expect(outcomes.nothing.details.RequestInfo.requestId).toBe(String(outcomes.nothing.metadata['x-request-id']))
    const own = await client.call('ContentService/ReadContent', { slug: 'nowhere' }, { headers: { 'x-request-id': 'mine-1234' } })
    expect(own.metadata['x-request-id']).toBe('mine-1234')
  })

  test('says when to come again after too many guesses', async () => {
    const guess = () => client.call('AuthService/Login', { email: 'admin@example.com', password: 'wrong-wrong' })
    const guesses = await Promise.all(Array.from({ length: 14 }, guess))
    const locked = guesses.find(({ code }) => code === 'RESOURCE_EXHAUSTED') ?? (await guess())
    expect(locked.code).toBe('RESOURCE_EXHAUSTED')
    expect(locked.details.RetryInfo.retryDelay.seconds).toBeGreaterThan(0)
  })

  test('of bytes that are no message is the fault of the caller', async () => {
    const garbled = await new Promise<{ code?: number } | null>((resolve) => {
      const bytes = Buffer.from('ffffffffffffffffffffff', 'hex')
      client.raw.makeUnaryRequest(
        '/rcr.v1.ContentService/ListContent',
        () => bytes,
        (b) => b,
        {},
        (error) => resolve(error),
      )
    })
    expect(garbled?.code).toBe(3)
  })
})

/** What both wires say, written alike: words in lower case, times in seconds, nothing for null. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value)) return Math.floor(Date.parse(value) / 1000)
  if (typeof value === 'string')
    return value
      .replace(/^(LANGUAGE|CAMERA_TYPE|VIEWFINDER|SCREEN)_(?!UNSPECIFIED)/, '')
      .toLowerCase()
      .replaceAll('_', '-')
  if (value === null || typeof value !== 'object') return value
  if ('seconds' in value) return value.seconds
  const members = Object.entries(value).map(([name, member]) => [name, plain(member)] as const)
  return Object.fromEntries(
    members.filter(([, member]) => member !== null && member !== undefined && !/-unspecified$/.test(String(member))),
  )
}

describe('text that no engine can look for', () => {
  // As bytes, since clients of good manners send no such text: `id` or `slug` is field 1 of each.
  const ask = (method: string, text: number[]) =>
    new Promise<string>((resolve) => {
      const bytes = Buffer.from([0x0a, text.length, ...text])
      client.raw.makeUnaryRequest(
        `/rcr.v1.${method}`,
        (message: Buffer) => message,
        (message: Buffer) => message,
        bytes,
        (error) => resolve(error === null ? 'OK' : (status[error.code] ?? '')),
      )
    })
  const texts = { 'U+0000': [0x61, 0x00, 0x62], 'half a character': [0x61, 0xed, 0xa0, 0x80] }
  for (const [what, text] of Object.entries(texts))
    for (const method of [
      'ContentService/ReadContent',
      'ContentService/ReadCamera',
      'ContentService/ReadLens',
      'ContentService/SearchContent',
    ])
      test(`${what} in what ${method} is asked for is the fault of who asks`, async () => {
        expect(await ask(method, text)).toBe('INVALID_ARGUMENT')
      })
})
