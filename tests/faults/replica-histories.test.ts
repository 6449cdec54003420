// Readers who carry their token from region to region while replicas are cut off, frozen, killed, and come back: none ever sees less
// than before, nor less than whoever handed over a token. Real databases, the ways between them cut, every answer judged at the end.
//
//   REGION_TROUBLES=40 SEED=7 bun test tests/faults/replica-histories.test.ts
import { afterEach, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock as clock } from '../../src/kit/clock.ts'
import { type Read, sessionFaultsOf, type Written } from '../histories.ts'
import { cameraOf, marksOf, signIn } from '../newsroom.ts'
import { post, startProcess } from '../process.ts'
import { seeded } from '../random.ts'
import { openRegion, type Region, trouble } from '../region.ts'
import { openRing, until } from '../ring.ts'

const troubles = Number(process.env.REGION_TROUBLES ?? 2)
const seed = Number(process.env.SEED ?? Date.now() % 1e9)
const abroad = ['eu', 'na'] as const
const secret = 'the same in all processes of this test'

let stack = new AsyncDisposableStack()
afterEach(async () => {
  await stack.disposeAsync()
  stack = new AsyncDisposableStack()
})

interface Known {
  token: string
  versions: ReadonlyMap<string, number>
}

test(`${troubles} troubles in each of two regions (SEED=${seed}): nobody who carries a token goes back, in whatever region`, async () => {
  const chance = seeded(seed)
  const folder = mkdtempSync(join(tmpdir(), 'rcr-tokens-'))
  stack.defer(() => rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }))
  const ring = stack.use(await openRing('sa', ...abroad))
  await ring.run('sa')
  const databases = ring.places.map(({ region, url }) => `${region}=${url}`).join(',')
  const home = await startProcess(join(folder, 'home'), { RCR_SECRET: secret, RCR_LOG: 'error', RCR_DATABASES: databases })
  stack.defer(async () => {
    home.child.kill('SIGTERM')
    await home.ended
  })
  const regions = await Promise.all(abroad.map((name) => openRegion(stack, ring, join(folder, `read-${name}`), { name, secret })))
  const authorization = await signIn(home.api)
  const cameraId = await cameraOf(home.api)

  const written: Written[] = []
  const slugs = new Map<string, string>()
  /** What the writers tell the readers: a token, and what has to be seen with it. */
  let news: Known = { token: '', versions: new Map() }
  let marks = 0
  const fieldsOf = (mark: string) => ({ title: mark, summary: mark, verdict: mark, body: mark })

  async function write(document: string | null, upon: number): Promise<{ document: string; stood: number; token: string }> {
    const mark = `mark-${++marks}`
    const event: Written = {
      what: 'written',
      document: document ?? '',
      calledMs: performance.now(),
      answeredMs: null,
      mark,
      upon,
      made: null,
    }
    written.push(event)
    const headers = { authorization, 'idempotency-key': mark, 'content-type': 'application/merge-patch+json', 'if-match': `"${upon}"` }
    const first = { ...fieldsOf(mark), language: 'en', cameraId, status: 'published' }
    const send = () =>
      document === null
        ? post(`${home.api}/reviews`, first, { authorization, 'idempotency-key': mark })
        : fetch(`${home.api}/reviews/${document}`, { method: 'PATCH', body: JSON.stringify(fieldsOf(mark)), headers })
    let response = await send()
    while (response.status === 503) response = await send() // with its key: the master was late, and may have stored it
    const answer = (await response.json()) as { id: string; slug: string; version: number; currentVersion: number }
    if (!response.ok && response.status !== 412) throw new Error(`${response.status} ${JSON.stringify(answer)}`)
    event.answeredMs = performance.now()
    if (!response.ok) {
      event.stood = answer.currentVersion
      return { document: event.document, stood: event.stood, token: '' }
    }
    event.document = answer.id
    event.made = answer.version
    slugs.set(answer.id, answer.slug)
    return { document: answer.id, stood: answer.version, token: response.headers.get('consistency-token') ?? '' }
  }

  for (let n = 0; n < 4; n++) {
    const { document, token } = await write(null, 0)
    news = { token, versions: new Map([...news.versions, [document, 1]]) }
  }
  const documents = [...slugs.keys()]
  let isOver = false

  async function writer(): Promise<void> {
    const known = new Map(news.versions)
    while (!isOver) {
      const document = documents[Math.floor(chance() * documents.length)] as string
      const { stood, token } = await write(document, known.get(document) ?? 1)
      known.set(document, Math.max(stood, known.get(document) ?? 0))
      // A refusal says what stands and brings no token: what its writer writes next comes after it.
      if (token !== '') news = { token, versions: new Map(known) }
      await clock.sleep(chance() * 20)
    }
  }

  const sessions: Read[][] = []
  const statuses: Record<string, number> = {}
  const answers = new Map<string, number>()

  const drawn = () => {
    const { name, reader: at } = regions[Math.floor(chance() * regions.length)] as Region
    const slug = slugs.get(documents[Math.floor(chance() * documents.length)] as string)
    return { name, url: `${at.api}/api/v1${chance() < 0.5 ? `/content/${slug}` : '/content?limit=4'}` }
  }

  /** Without a token: what they are shown stays in the caches of the regions, and others must not be shown it when they have seen more. */
  async function passerBy(): Promise<void> {
    while (!isOver) {
      await (await fetch(drawn().url)).arrayBuffer()
      await clock.sleep(1 + chance() * 5)
    }
  }

  async function reader(): Promise<void> {
    let [token, session]: [string, Read[]] = ['', []]
    const beginAnew = () => {
      token = news.token
      const ms = performance.now()
      session = [...news.versions].map(([document, version]) => ({
        what: 'read',
        document,
        calledMs: ms,
        answeredMs: ms,
        version,
        marks: [],
      }))
      sessions.push(session)
    }
    beginAnew()
    while (!isOver) {
      await clock.sleep(1 + chance() * 5)
      if (chance() < 0.05) beginAnew()
      const { name, url } = drawn()
      const calledMs = performance.now()
      const response = await fetch(url, { headers: { 'consistency-token': token } })
      const text = await response.text()
      const outcome = response.ok ? `${response.status} ${name}` : `${response.status} ${(JSON.parse(text) as { code: string }).code}`
      statuses[outcome] = (statuses[outcome] ?? 0) + 1
      answers.set(name, (answers.get(name) ?? 0) + 1)
      if (!response.ok) continue
      token = response.headers.get('consistency-token') ?? token
      type Shown = { id: string; version: number; title: string; summary: string; verdict: string; body?: string }
      const answer = JSON.parse(text) as Shown & { data?: Shown[] }
      for (const { id, version, title, summary, verdict, body = title } of answer.data ?? [answer])
        if (slugs.has(id))
          session.push({
            what: 'read',
            document: id,
            calledMs,
            answeredMs: performance.now(),
            version,
            marks: [title, summary, verdict, body],
          })
    }
  }

  const told: Record<string, number> = {}
  const clients = [...Array.from({ length: 3 }, writer), ...Array.from({ length: 8 }, reader), ...Array.from({ length: 2 }, passerBy)]
  const running = Promise.all(clients)
  await Promise.race([
    running, // only when one of them fails
    Promise.all(
      regions.map(async (region) => {
        for (let n = 0; n < troubles; n++) {
          // Told by answers, whether good ones or refusals: a slow machine has as many of them in a trouble as a fast one.
          const answered = (more: number) => {
            const enough = (answers.get(region.name) ?? 0) + more
            return until(() => (answers.get(region.name) ?? 0) >= enough)
          }
          await trouble(region, chance, () => answered(10 + chance() * 30), told)
          await answered(20)
        }
        await region.caughtUp()
      }),
    ),
  ])
  isOver = true
  await running
  const final = new Map(await Promise.all(documents.map(async (id) => [id, await marksOf(home.api, authorization, id)] as const)))
  const reads = sessions.flat().filter(({ marks: seen }) => seen.length > 0).length
  console.log(JSON.stringify({ seed, told, written: written.length, reads, sessions: sessions.length, statuses }))

  expect(sessionFaultsOf(sessions, written, final)).toEqual([])
  // What could not be shown was refused in words: the region has not come so far, or reaches nobody.
  expect(Object.keys(statuses).filter((outcome) => !/^(200 (eu|na)|503 (replica-behind|unavailable))$/.test(outcome))).toEqual([])
  expect(reads).toBeGreaterThan(troubles * 20)
  for (const { name, reader: at } of regions)
    for (const [id, slug] of slugs)
      await until(async () => {
        const { version } = (await (await fetch(`${at.api}/api/v1/content/${slug}`)).json()) as { version: number }
        return version === final.get(id)?.length ? name : false
      })
}, 3_600_000)
