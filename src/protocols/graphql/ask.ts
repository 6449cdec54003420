// One field of Query or Mutation, from its arguments to its answer: the same onion as an HTTP request of its own.
import { createHmac } from 'node:crypto'
import type { z } from 'zod'
import { faultsOf } from '../../kit/faults.ts'
import { type Answer, type Call, demandsMatch, type Operation, type Principal } from '../../kit/operation.ts'
import { type Fault, Refusal } from '../../kit/refusal.ts'
import { beforeDeadline, payingPrincipal, type Toll } from '../caller.ts'
import { type Input, idempotencyOf, unreadable } from '../request.ts'
import { connectionOf } from './connection.ts'
import type { Question } from './schema.ts'

/** What all fields of one request have in common. */
export interface Common {
  request: Request
  requestId: string
  address: string
  toll: Toll | undefined
  authenticate: (bearer: string) => Promise<Principal>
  secret: Uint8Array
  atLeast: Call['atLeast']
  deadline: AbortSignal
  /** Of the whole request, whatever it asks. */
  signal: AbortSignal
}

export interface Answered {
  question: Question
  answer: Answer
}

type Given = Readonly<Record<string, unknown>>

export async function answerTo(question: Question, given: Given, common: Common): Promise<Answer> {
  const { operation } = question
  const principal = await payingPrincipal(common, operation, common.request, common.toll)
  const input = inputOf(question, given)
  const ifMatch = operation.conditional ? ((given.ifMatch as number[] | null | undefined) ?? null) : null
  if (ifMatch === null && demandsMatch(operation, input.body))
    throw new Refusal('unconditional', 'Send ifMatch with the version that you mean to change.')
  const { ifMatch: _ifMatch, idempotencyKey = null, ...asked } = given
  const hash = () =>
    createHmac('sha256', common.secret)
      .update(`graphql ${operation.name}\n${JSON.stringify(asked)}`)
      .digest('base64url')
  const call: Call = {
    requestId: common.requestId,
    principal,
    signal: common.signal,
    ifMatch,
    idempotency: idempotencyOf(operation, principal?.accountId ?? null, idempotencyKey as string | null, hash),
    atLeast: common.atLeast,
    userAgent: (common.request.headers.get('user-agent') ?? '').slice(0, 200),
    address: common.address,
  }
  return beforeDeadline(followed(operation, input, call), common.deadline)
}

function inputOf({ operation, arguments: named }: Question, given: Given): Input {
  const faults: Fault[] = []
  const check = (schema: z.ZodType | undefined, value: unknown, place: '#' | '?') => {
    if (schema === undefined) return {}
    const parsed = schema.safeParse(value)
    if (parsed.success) return parsed.data
    faults.push(...faultsOf(parsed.error, place))
    return undefined
  }
  // As an address holds them: text, of characters that every engine can look for. Null is absent.
  const membersOf = (place: 'path' | 'query') =>
    Object.fromEntries(
      named
        .filter((argument) => argument.place === place && (given[argument.name] ?? null) !== null)
        .map(({ name, member }) => {
          const text = String(given[name])
          faults.push(...unreadable(`?${member}`, text))
          return [member, text]
        }),
    )
  const { path, query, body } = operation.input
  const input = {
    path: check(path, membersOf('path'), '?'),
    query: check(query, membersOf('query'), '?'),
    body: body === undefined ? undefined : check(body, given.input ?? undefined, '#'),
  }
  if (faults.length > 0)
    throw new Refusal('invalid', 'The arguments have faults; faults names each of them.', { faults: faults.slice(0, 50) })
  return input
}

/** Where another protocol redirects, the caller gets what stands at the new address. */
async function followed(operation: Operation, input: Input, call: Call): Promise<Answer> {
  const first = await operation.run(input as never, call)
  if (first.location === undefined || (first.status ?? operation.status) < 300) return first
  const path = operation.input.path?.parse(parametersIn(operation.rest.path, first.location))
  const second = await operation.run({ ...input, path } as never, call)
  if ((second.status ?? operation.status) >= 300) throw new Error(`${operation.name}: ${first.location} leads on`)
  return { ...second, ...together([first, second]) }
}

function parametersIn(path: string, location: string): Record<string, string> {
  const pattern = new RegExp(`^${path.replaceAll(/\{(\w+)\}/g, '(?<$1>[^/?]+)')}$`)
  const groups = pattern.exec(location)?.groups
  if (groups === undefined) throw new Error(`${location} is no address of ${path}`)
  return Object.fromEntries(Object.entries(groups).map(([name, value]) => [name, decodeURIComponent(value)]))
}

/** What several answers show together: all their tags, at the oldest of their positions. */
export function together(answers: readonly Answer[]): Pick<Answer, 'tags' | 'position' | 'stalenessS'> {
  const positions = answers.flatMap(({ position }) => position ?? []).sort(inOrder)
  const [position] = positions
  const stalenesses = answers.flatMap(({ stalenessS }) => stalenessS ?? [])
  return {
    tags: [...new Set(answers.flatMap(({ tags = [] }) => tags))],
    ...(position && { position }),
    ...(stalenesses.length > 0 && { stalenessS: Math.max(...stalenesses) }),
  }
}

/** What commands have made: the position of the last. */
export function newest(answers: readonly Answer[]): Pick<Answer, 'position'> {
  const [position] = answers.flatMap(({ position }) => position ?? []).sort((a, b) => inOrder(b, a))
  return position === undefined ? {} : { position }
}

type Position = NonNullable<Answer['position']>

const inOrder = (a: Position, b: Position): number => (a.epoch === b.epoch ? a.seq - b.seq : a.epoch < b.epoch ? -1 : 1)

/** An answer as the value of its field. */
export function fieldValue({ isPage }: Question, given: Given, { body, bodyText }: Answer): unknown {
  const value = bodyText === undefined ? body : JSON.parse(bodyText)
  if (value === undefined) return true
  return isPage ? connectionOf(value, (given.after ?? null) !== null) : value
}
