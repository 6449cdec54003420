// From the fields of a request to the path, query and body of its operation, every fault named by its field.
import { faultsOf } from '../../kit/faults.ts'
import type { Operation } from '../../kit/operation.ts'
import { type Fault, Refusal } from '../../kit/refusal.ts'
import type { Stream } from '../../kit/stream.ts'
import { type Input, unreadable } from '../request.ts'
import type { Field } from './messages.ts'

type Json = Record<string, unknown>

/** Each field to the place where the operation looks for it. `whole`: the field that is the body. */
export function splitter(
  operation: Operation | Stream,
  fields: readonly Field[],
  whole: { name: string; members: readonly Field[] } | undefined,
) {
  const { path, query, body } = operation.input
  const maskField = fields.find(({ type }) => type === 'google.protobuf.FieldMask')?.name ?? ''
  return (message: Json): Input => {
    const input = { path: {} as Json, query: {} as Json, body: undefined as Json | undefined }
    const beside: Json = {}
    for (const { name } of fields) {
      const value = message[name]
      if (value === undefined || name === whole?.name || name === maskField) continue
      if (path && name in path.shape) input.path[name] = value
      // What is a list here has commas there.
      else if (query && name in query.shape) input.query[name] = Array.isArray(value) ? value.join(',') : value
      else beside[name] = value
    }
    if (body === undefined) return input
    if (whole === undefined) return { ...input, body: beside }
    const given = message[whole.name] as Json | undefined
    const mask = (message[maskField] ?? []) as readonly string[]
    return { ...input, body: mask.length === 0 ? given : masked(given ?? {}, mask, whole.members) }
  }
}

/** A merge patch of what the mask names: null, which resets, where nothing is given. Unknown names are left for the schema to refuse. */
function masked(given: Json, mask: readonly string[], members: readonly Field[]): Json {
  const names = mask.includes('*') ? members.map(({ name }) => name) : mask.map(camelCase)
  return Object.fromEntries(names.map((name) => [name, Object.hasOwn(given, name) ? given[name] : null]))
}

const camelCase = (name: string) => name.replace(/_([a-z\d])/g, (_, letter: string) => letter.toUpperCase())
const snakeCase = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/** Bytes that are no UTF-8 have become U+FFFD, which nobody looks for. */
const asSent = (value: unknown) => (typeof value === 'string' ? value.replaceAll('\ufffd', '\0') : value)

/** As the operation's schemas say it. Refuses with all faults at once. */
export function checked({ input: { path, query, body } }: Operation | Stream, input: Input): Input {
  const faults: Fault[] = []
  const read = (members: unknown, place: '?' | '') => {
    for (const [name, value] of Object.entries(members as Json)) faults.push(...unreadable(place + name, asSent(value)))
  }
  read(input.path, '')
  read(input.query, '?')
  const check = (schema: typeof body, value: unknown, place: '#' | '?' | '') => {
    const parsed = schema?.safeParse(value)
    if (parsed?.error) faults.push(...faultsOf(parsed.error, place))
    return parsed?.data
  }
  const result = {
    path: check(path, input.path, '') ?? {},
    query: check(query, input.query, '?') ?? {},
    body: check(body, input.body, '#'),
  }
  if (faults.length > 0) throw new Refusal('invalid', 'The request has faults; the details name each of them.', { faults })
  return result
}

/** `#/cameraId` is `review.camera_id` in the request, `?publishedAfter` `published_after`, `If-Match` `if-match` of the metadata. */
export function fieldPath(pointer: string, bodyField: string | null): string {
  if (/^[A-Z]/.test(pointer)) return pointer.toLowerCase()
  if (!pointer.startsWith('#')) return snakeCase(pointer.replace(/^\?/, ''))
  const steps = pointer.split('/').slice(1).map(unescaped)
  const path = steps.map((step) => (/^\d+$/.test(step) ? `[${step}]` : `.${snakeCase(step)}`)).join('')
  return `${bodyField === null ? '' : snakeCase(bodyField)}${path}`.replace(/^\./, '')
}

const unescaped = (step: string) => decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~')
