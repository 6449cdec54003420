// From an HTTP request to an operation's input: bounded, parsed, every fault named.
import { createHmac } from 'node:crypto'
import type { z } from 'zod'
import { versionsIn } from '../kit/entity-tag.ts'
import { faultsOf } from '../kit/faults.ts'
import type { Call, Operation } from '../kit/operation.ts'
import { type Fault, Refusal } from '../kit/refusal.ts'

export const bodyMaxBytes = 256 * 1024
const depthMax = 32

export interface Input {
  path: unknown
  query: unknown
  body: unknown
}

/** Reads and checks everything that the operation declares. Refuses with all faults of path, query and body at once. */
export async function readInput(
  request: Request,
  operation: Operation,
  parameters: Readonly<Record<string, string>>,
  arrivalMs: number,
): Promise<{ input: Input; bodyBytes: Uint8Array }> {
  const { input } = operation
  const url = new URL(request.url)
  demandReadable(url.pathname)
  const mayBeAbsent = input.body === undefined || (!bringsBody(request) && input.body.safeParse(undefined).success)
  const bodyBytes = mayBeAbsent ? await noBody(request, operation, arrivalMs) : await readBody(request, operation, arrivalMs)
  const faults: Fault[] = []
  const check = (schema: z.ZodType, value: unknown, place: '#' | '?' | '') => {
    const parsed = schema.safeParse(value)
    if (parsed.success) return parsed.data
    faults.push(...faultsOf(parsed.error, place))
    return undefined
  }
  const query = queryOf(url.searchParams, operation.rest.spelt ?? {}, faults)
  const result: Input = {
    path: input.path ? check(input.path, parameters, '') : {},
    query: input.query ? check(input.query, query, '?') : {},
    body: input.body && !mayBeAbsent ? check(input.body, parseJson(bodyBytes), '#') : undefined,
  }
  if (!input.query) for (const name of Object.keys(query)) faults.push(unknownParameter(name))
  if (faults.length > 0) throw new Refusal('invalid', 'The request has faults; errors names each of them.', { faults: faults.slice(0, 50) })
  return { input: result, bodyBytes }
}

/** No engine can look for U+0000, nor for half a character. */
const isReadable = (text: string): boolean => !text.includes('\0') && text.isWellFormed()

/** Of a member of a path or a query, on every wire. */
export const unreadable = (pointer: string, text: unknown): Fault[] =>
  typeof text !== 'string' || isReadable(text)
    ? []
    : [{ pointer, code: 'malformed', detail: 'It must not contain U+0000 or lone surrogates.' }]

/** The router passes on what it cannot decode. */
function demandReadable(path: string): void {
  try {
    if (isReadable(decodeURIComponent(path))) return
  } catch {
    // not UTF-8, or no two digits behind a percent sign
  }
  throw new Refusal('invalid', 'The path is not percent-encoded UTF-8 text.', {
    faults: [{ pointer: '', code: 'malformed', detail: 'Neither U+0000 nor bytes that are no UTF-8.' }],
  })
}

const unknownParameter = (name: string): Fault => ({
  pointer: `?${name.slice(0, 100)}`,
  code: 'unrecognized_key',
  detail: 'This parameter is not known here.',
})

function queryOf(parameters: URLSearchParams, spelt: Readonly<Record<string, string>>, faults: Fault[]): Record<string, string> {
  const query: Record<string, string> = Object.create(null)
  for (const [written, value] of parameters) {
    const name = Object.hasOwn(spelt, written) ? (spelt[written] ?? written) : written
    if (name in query) faults.push({ pointer: `?${name.slice(0, 100)}`, code: 'repeated', detail: 'Give this parameter once.' })
    faults.push(...unreadable(`?${name.slice(0, 100)}`, value))
    query[name] = value
  }
  return { ...query }
}

/** Asked of the length first: Bun makes a stream for whoever looks at `body`. */
const bringsBody = (request: Request): boolean => lengthOf(request) > 0 || request.body !== null

const lengthOf = (request: Request): number => Number(request.headers.get('content-length') ?? 0)

async function noBody(request: Request, operation: Operation, arrivalMs: number): Promise<Uint8Array> {
  if (!bringsBody(request) || operation.kind === 'query') return new Uint8Array()
  const bytes = await boundedBytes(request, arrivalMs)
  if (bytes.length === 0) return bytes
  throw new Refusal('invalid', 'This request takes no body.', { faults: [{ pointer: '#', code: 'unexpected', detail: 'Send no body.' }] })
}

async function readBody(request: Request, operation: Operation, arrivalMs: number): Promise<Uint8Array> {
  const declared = request.headers.get('content-type') ?? ''
  const [type = '', ...parameters] = declared
    .toLowerCase()
    .split(';')
    .map((part) => part.trim())
  const accepted = acceptedTypes(operation)
  const charset = parameters.find((parameter) => parameter.startsWith('charset='))
  if (!accepted.includes(type) || (charset !== undefined && !/^charset="?utf-8"?$/.test(charset)))
    throw new Refusal('unsupported', `Send ${accepted.join(' or ')} in UTF-8.`)
  const coding = request.headers.get('content-encoding')
  if (coding !== null && coding.toLowerCase() !== 'identity') throw new Refusal('unsupported', 'Send the body without Content-Encoding.')
  return boundedBytes(request, arrivalMs)
}

export const acceptedTypes = ({ mediaType }: Operation): string[] => ['application/json', ...(mediaType ? [mediaType] : [])]

const tooLarge = () => new Refusal('too-large', `A body has at most ${bodyMaxBytes} bytes.`)
const tooSlow = () => new Refusal('slow', 'The body did not arrive in time.')
const brokenOff = (cause: unknown) => new Refusal('invalid', 'The body broke off.', { code: 'incomplete', cause })

function boundedBytes(request: Request, arrivalMs: number): Promise<Uint8Array> {
  const length = lengthOf(request)
  if (length > bodyMaxBytes) throw tooLarge()
  return length > 0 ? wholeBytes(request, arrivalMs) : streamedBytes(request, arrivalMs)
}

/** Of a length that is known, at once: as a stream 5 kB cost Bun 75 µs more on the processor. */
async function wholeBytes(request: Request, arrivalMs: number): Promise<Uint8Array> {
  const late = Promise.withResolvers<never>()
  const patience = setTimeout(() => late.reject(tooSlow()), arrivalMs)
  const arriving = request.arrayBuffer().catch((error: unknown) => Promise.reject(brokenOff(error)))
  try {
    const bytes = new Uint8Array(await Promise.race([arriving, late.promise]))
    if (bytes.length > bodyMaxBytes) throw tooLarge()
    return bytes
  } finally {
    clearTimeout(patience)
  }
}

async function streamedBytes(request: Request, arrivalMs: number): Promise<Uint8Array> {
  if (request.body === null) return new Uint8Array()
  const chunks: Uint8Array[] = []
  let size = 0
  let late = false
  const reader = request.body.getReader()
  const patience = setTimeout(() => {
    late = true
    void reader.cancel().catch(() => {}) // the pending read then ends
  }, arrivalMs)
  try {
    for (let step = await reader.read(); !step.done; step = await reader.read()) {
      size += step.value.length
      if (size > bodyMaxBytes) {
        await reader.cancel()
        throw tooLarge()
      }
      chunks.push(step.value)
    }
  } catch (error) {
    if (error instanceof Refusal) throw error
    throw brokenOff(error)
  } finally {
    clearTimeout(patience)
  }
  if (late) throw tooSlow()
  return Buffer.concat(chunks, size)
}

function parseJson(bytes: Uint8Array): unknown {
  const malformed = (detail: string) =>
    new Refusal('invalid', 'The body is not well-formed JSON.', {
      code: 'malformed',
      faults: [{ pointer: '#', code: 'malformed', detail }],
    })
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw malformed('It is not UTF-8.')
  }
  if (deeperThan(text, depthMax)) throw malformed(`It is nested deeper than ${depthMax}.`)
  try {
    return JSON.parse(text)
  } catch {
    throw malformed(text.trim() === '' ? 'It is empty.' : 'It cannot be parsed.')
  }
}

/** Counts brackets outside strings, before any parser recurses into them. */
function deeperThan(text: string, most: number): boolean {
  let depth = 0
  let inString = false
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at)
    if (inString) {
      if (char === 0x5c) at++
      else if (char === 0x22) inString = false
    } else if (char === 0x22) inString = true
    else if (char === 0x7b || char === 0x5b) {
      if (++depth > most) return true
    } else if (char === 0x7d || char === 0x5d) depth--
  }
  return false
}

/** If-Match: the versions that the caller accepts. */
export function readIfMatch(header: string | null): readonly number[] | '*' | null {
  const versions = header === null ? null : versionsIn(header)
  if (versions !== undefined) return versions
  throw new Refusal('invalid', 'If-Match takes the ETag of an earlier answer, or *.', {
    faults: [{ pointer: 'If-Match', code: 'malformed', detail: 'Expected "<version>" in double quotes, or *.' }],
  })
}

/** Idempotency-Key. The hash of the request is keyed: it is stored, and a body may hold a password that must not be guessed from it. */
export function readIdempotencyKey(
  request: Request,
  operation: Operation,
  caller: string | null,
  { bodyBytes, secret }: { bodyBytes: Uint8Array; secret: Uint8Array },
): Call['idempotency'] {
  return idempotencyOf(operation, caller, request.headers.get('idempotency-key'), () => {
    const url = new URL(request.url)
    return createHmac('sha256', secret)
      .update(`${request.method} ${url.pathname.replace(/^\/api\/v1/, '')}${url.search}\n`)
      .update(bodyBytes)
      .digest('base64url')
  })
}

/** A key has 1 to 255 visible ASCII characters, also as a quoted string. Null when absent, and where none is taken. */
export function idempotencyOf(
  operation: Operation,
  caller: string | null,
  given: string | null,
  hashOfRequest: () => string,
): Call['idempotency'] {
  const rule = operation.kind === 'command' ? (operation.idempotencyKey ?? 'accepted') : 'none'
  if (rule === 'none') return null
  if (given === null) {
    if (rule === 'accepted') return null
    throw keyFault('Send an Idempotency-Key with this request.', 'required')
  }
  const key = /^"(.*)"$/.exec(given)?.[1] ?? given
  if (!/^[\x21-\x7e]{1,255}$/.test(key)) throw keyFault('An Idempotency-Key has 1 to 255 visible ASCII characters.', 'malformed')
  const requestHash = hashOfRequest()
  return { key: `${caller ?? `anonymous:${requestHash}`}:${operation.name}:${key}`, requestHash }
}

const keyFault = (message: string, code: string) =>
  new Refusal('invalid', message, { faults: [{ pointer: 'Idempotency-Key', code, detail: message }] })
