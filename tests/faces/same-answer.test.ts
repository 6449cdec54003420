// The same question over every protocol has the same answer, field by field, and the same refusal.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Operation } from '../../src/kit/operation.ts'
import type { GrpcListener } from '../../src/protocols/grpc/serve.ts'
import { seeded } from '../random.ts'
import { startSystem, type TestSystem } from '../start.ts'
import { type GrpcReply, type GrpcWire, grpcWire, overGrpc, sayable } from './grpc-wire.ts'
import { operationsOfContract } from './operations.ts'
import { openStage, questions, type Stage } from './questions.ts'
import { graphQlWire, type Question, type Reply, restWire, type Wire } from './wires.ts'

const operations = operationsOfContract()

let system: TestSystem
let stage: Omit<Stage, 'label'>
let wires: readonly Wire[]
let listener: GrpcListener
let grpc: GrpcWire

beforeAll(async () => {
  system = await startSystem()
  stage = await openStage(system)
  wires = [restWire(system), graphQlWire(system)]
  listener = await system.doors.grpc({ hosts: ['127.0.0.1'], port: 0, tls: null })
  grpc = grpcWire(listener.address)
})
afterAll(async () => {
  grpc?.close()
  await listener?.stop(1000)
  await system?.[Symbol.asyncDispose]()
})

/** A message says less: what it cannot tell apart is the same. */
const said = (reply: Reply | GrpcReply, label: string): unknown =>
  'answer' in reply ? { answer: sayable(withoutLinks(comparable({ answer: reply.answer }, label))) } : reply

/** The links of a page, and the limit that was asked for. */
const withoutLinks = (reply: unknown): unknown => {
  const { answer } = reply as { answer: { metadata?: { limit?: number }; links?: unknown } | undefined }
  if (answer?.metadata === undefined) return answer
  const { links: _links, ...page } = answer
  const { limit: _limit, ...metadata } = answer.metadata
  return { ...page, metadata }
}

const labelOf = ({ name }: Wire) => `wire${name}`

async function questionOf(operation: Operation, label: string): Promise<Question> {
  const prepared = await questions[operation.name]?.({ ...stage, label })
  if (operation.rest.path.startsWith('/content') || operation.kind === 'query') await system.settled()
  return { operation, ...prepared }
}

/** What is made anew each time is told apart by order of appearance, what is secret not at all. */
function comparable(reply: Reply, label: string): unknown {
  const seen = new Map<string, string>()
  const secrets = ['accessToken', 'refreshToken', 'token', 'link']
  const membersOf = (value: object) =>
    Object.fromEntries(
      Object.entries(value)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, one]) => [name, walk(one, name)]),
    )
  const walk = (value: unknown, key: string): unknown => {
    if (Array.isArray(value)) return value.map((one) => walk(one, key))
    if (typeof value === 'object' && value !== null) return membersOf(value)
    if (typeof value !== 'string') return value
    if (secrets.includes(key)) return 'secret'
    if (/^\d{4}-\d\d-\d\dT/.test(value)) return 'time'
    if (/^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(value)) return seen.get(value) ?? seen.set(value, `id ${seen.size + 1}`).get(value)
    return value.replaceAll(label, 'wire')
  }
  return walk(reply, '')
}

const nobodysId = '01941f29-7c00-7000-8000-00000000ffff'

/** Ways to spoil a good question, each with the status that it must have, or null where only sameness counts. */
function spoilt(good: Question): [how: string, question: Question, status: number | null][] {
  const { operation, path = {}, query = {}, body } = good
  const found: ReturnType<typeof spoilt> = []
  const { ifMatch: _ifMatch, ...unconditional } = good
  if (operation.access !== 'anyone') found.push(['nobody asks', { ...good, token: null }, 401])
  found.push(['a forged token', { ...good, token: 'aaaa.bbbb.cccc' }, 401])
  if (Array.isArray(operation.access)) found.push(['a customer asks', { ...good, token: stage.customer.accessToken }, 403])
  if (operation.conditional) {
    found.push(['no version', unconditional, 428])
    found.push(['another version', { ...good, ifMatch: 999 }, 412])
  }
  for (const name of Object.keys(path)) {
    const ofNothing = name === 'version' ? 999_999 : nobodysId
    found.push([`${name} of nothing`, { ...good, path: { ...path, [name]: ofNothing } }, 404])
    found.push([`${name} malformed`, { ...good, path: { ...path, [name]: name === 'version' ? 0 : 'NOT AN ID' } }, null])
  }
  for (const name of Object.keys(operation.input.query?.shape ?? {})) {
    if (name === 'limit') for (const limit of [0, -1, 101]) found.push([`limit ${limit}`, { ...good, query: { ...query, limit } }, 400])
    else if (name === 'cursor') found.push(['a forged cursor', { ...good, query: { ...query, cursor: 'forged' } }, 400])
    else found.push([`${name} too long`, { ...good, query: { ...query, [name]: 'x'.repeat(3000) } }, 400])
  }
  if (typeof body === 'object' && body !== null) {
    found.push(['an unknown member', { ...good, body: { ...body, nonsense: 1 } }, 400])
    for (const name of Object.keys(body)) {
      found.push([`${name} is an object`, { ...good, body: { ...body, [name]: { a: 1 } } }, 400])
      found.push([`${name} too long`, { ...good, body: { ...body, [name]: 'x'.repeat(120_000) } }, 400])
    }
  }
  return found
}

describe('every operation', () => {
  test('has a question here', () => {
    expect(Object.keys(questions).sort()).toEqual(operations.map(({ name }) => name).sort())
    expect(system.services.operations.map(({ name }) => name).sort()).toEqual(operations.map(({ name }) => name).sort())
  })

  for (const { name } of operations)
    describe(name, () => {
      const operation = () => system.services.operations.find((one) => one.name === name) as Operation

      test('is refused for the same reasons', async () => {
        let overGrpcToo = 0
        for (const [how, question, status] of spoilt(await questionOf(operation(), 'refused'))) {
          const replies = await Promise.all(wires.map((wire) => wire.ask(question)))
          const [first] = replies
          for (const [n, reply] of replies.entries()) {
            expect([how, wires[n]?.name, reply]).toEqual([how, wires[n]?.name, first])
            expect([how, reply]).toEqual([how, { refused: expect.objectContaining(status === null ? {} : { status }) }])
          }
          const third = await grpc.ask(question)
          if (third === null) continue
          overGrpcToo += 1
          expect([how, 'grpc', third]).toEqual([how, 'grpc', overGrpc(first as Reply)])
        }
        if (grpc.has(name)) expect(overGrpcToo).toBeGreaterThan(0)
      })

      test('gives the same answer', async () => {
        const isQuery = operation().kind === 'query'
        const shared = isQuery ? await questionOf(operation(), 'shared') : null
        const answers: unknown[] = []
        for (const wire of wires) {
          const reply = await wire.ask(shared ?? (await questionOf(operation(), labelOf(wire))))
          expect(Object.keys(reply)).toEqual(['answer'])
          answers.push(isQuery ? reply : comparable(reply, labelOf(wire)))
        }
        for (const answer of answers) expect(answer).toEqual(answers[0])
        const third = await grpc.ask(shared ?? (await questionOf(operation(), 'wiregrpc')))
        expect([name, third !== null]).toEqual([name, grpc.has(name)])
        if (third !== null) expect(said(third, 'wiregrpc')).toEqual(said(answers[0] as Reply, 'wirerest'))
      })
    })
})

test('three hundred questions of readers, drawn by chance, have the same answers', async () => {
  const random = seeded(20261121)
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T
  const { body } = await system.ask('GET /content?limit=100')
  const { body: cameras } = await system.ask('GET /cameras?limit=100')
  const values: Record<string, () => string | number> = {
    brand: () => pick(['canon', 'Nikon', 'sony', 'nobody']),
    camera: () => pick<{ slug: string; id: string }>(cameras.data)[pick(['slug', 'id'] as const)],
    lens: () => 'no-such-lens',
    mount: () => pick(['Canon RF', 'Sony E', 'None']),
    editor: () => pick<{ editor: { slug: string } }>(body.data).editor.slug,
    tag: () => pick(['viaje', 'street', 'Nada']),
    language: () => pick(['es', 'pt', 'en', 'xx']),
    publishedAfter: () => pick(['2020-01-01T00:00:00Z', '2026-06-01T00:00:00-03:00', 'yesterday']),
    publishedBefore: () => pick(['2020-01-01T00:00:00Z', '2027-01-01T00:00:00Z']),
    sort: () => pick(['newest', 'oldest', 'title', 'best']),
    limit: () => pick([1, 2, 5, 20, 100, 0, 1000]),
    q: () => pick(['autofoco', 'canon "eye', 'bateria -video', 'ca', 'zzzz', 'a or b', '"']),
    type: () => pick(['mirrorless', 'medium-format', 'box']),
    cameras: () =>
      pick(['canon-eos-r5,nikon-z8', 'canon-eos-r5', 'a,b', `${cameras.data[0].slug},${cameras.data[1].slug},${cameras.data[2].id}`]),
    reviews: () => `${pick<{ slug: string }>(body.data).slug},${pick<{ slug: string }>(body.data).slug}`,
    slug: () => pick<{ slug: string }>(body.data).slug,
    id: () => pick<{ slug: string }>([...cameras.data, { slug: 'nothing' }]).slug,
  }
  const open = system.services.operations.filter(({ kind, access, tag }) => kind === 'query' && access === 'anyone' && tag !== 'auth')
  let answered = 0
  for (let n = 0; n < 300; n++) {
    const operation = pick(open)
    const drawn = (schema: Operation['input']['query'], chance: number) =>
      Object.fromEntries(
        Object.entries(schema?.shape ?? {})
          .filter(([name, member]) => name !== 'cursor' && (random() < chance || !member.safeParse(undefined).success))
          .map(([name]) => [name, values[name]?.() ?? 'unknown']),
      )
    const question = { operation, path: drawn(operation.input.path, 1), query: drawn(operation.input.query, 0.25) }
    const [first, ...others] = await Promise.all(wires.map((wire) => wire.ask(question)))
    for (const other of others)
      expect([question.operation.name, question.query, other]).toEqual([question.operation.name, question.query, first as Reply])
    const third = await grpc.ask(question)
    if (third !== null)
      expect([question.operation.name, question.query, said(third, '-')]).toEqual([
        operation.name,
        question.query,
        said(overGrpc(first as Reply), '-'),
      ])
    if (first !== undefined && 'answer' in first) answered += 1
  }
  expect(answered).toBeGreaterThan(100)
})
