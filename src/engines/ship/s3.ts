// One request to a bucket: signed, with a deadline, asked again where that can help. What all stores of S3's API have in common.
import { createHash } from 'node:crypto'
import { XMLParser } from 'fast-xml-parser'
import type { Asking, OpenDependency } from '../../kit/resilience.ts'
import type { Sign } from '../aws/signing.ts'

export interface BucketAddress {
  bucket: string
  /** Where buckets are paths. Null: S3 of this region, where they are hosts. */
  endpoint: string | null
  region: string
}

export interface S3Options extends BucketAddress {
  sign: Sign
  dependency: OpenDependency
}

/** What the store answered instead of doing it; `code` as S3 names it. */
export class ObjectError extends Error {
  readonly status: number
  readonly code: string
  constructor(status: number, code: string, message: string) {
    super(`${status} ${code}: ${message}`)
    this.name = 'ObjectError'
    this.status = status
    this.code = code
  }
}

export interface Asked {
  method: 'GET' | 'PUT' | 'POST' | 'DELETE'
  /** Empty: the bucket itself. */
  key: string
  /** With its question mark. */
  query?: string
  body?: Uint8Array | string
  /** Of the object's bytes. */
  range?: string
}

export interface Answer {
  bytes: Buffer
  etag: string
}

/** Rejects with what the store said, or with that it is late. Whatever is asked may be done twice. */
export type Ask = (asked: Asked, asking?: Asking) => Promise<Answer>

export function openS3({ sign, dependency, ...address }: S3Options): Ask {
  const root = addressOf(address)
  const late = () => new Error('the object store did not answer in time')
  const store = dependency({ isFailure: isTrouble, isPassing: isTrouble, resting: late, late })

  async function once({ method, key, query = '', body, range }: Asked, signal: AbortSignal): Promise<Answer> {
    const headers = { ...(body !== undefined && { 'content-md5': md5(body) }), ...(range !== undefined && { range }) }
    const url = `${root}${key.split('/').map(encodeURIComponent).join('/')}${query}`
    const request = { method, headers, signal, redirect: 'manual', ...(body !== undefined && { body: body as BodyInit }) } as const
    const response = await fetch(await sign(url, request))
    const bytes = Buffer.from(await response.arrayBuffer())
    if (!response.ok) throw errorOf(response.status, bytes)
    // S3 may find out that parts do not become an object after it has begun to answer 200.
    if (method === 'POST' && errorIn(bytes) !== undefined) throw errorOf(500, bytes)
    return { bytes, etag: response.headers.get('etag') ?? '' }
  }

  return (asked, asking) => store.ask((signal) => once(asked, signal), asking)
}

/** Of a bucket with dots in its name the host would not be in the certificate of S3. */
function addressOf({ bucket, endpoint, region }: BucketAddress): string {
  if (endpoint !== null) return `${endpoint.replace(/\/$/, '')}/${bucket}/`
  return bucket.includes('.') ? `https://s3.${region}.amazonaws.com/${bucket}/` : `https://${bucket}.s3.${region}.amazonaws.com/`
}

const md5 = (body: Uint8Array | string): string => createHash('md5').update(body).digest('base64')

const several = new Set(['Contents', 'CommonPrefixes', 'Upload'])
/** What the store tells: texts, and of what there may be several always a list. */
export const parser = new XMLParser({ parseTagValue: false, isArray: (name) => several.has(name) })

interface Told {
  Code?: string
  Message?: string
}

/** What stands between may answer in its stead, with whatever. */
function errorIn(bytes: Buffer): Told | undefined {
  try {
    return (parser.parse(bytes.subarray(0, 10_000)) as { Error?: Told }).Error
  } catch {
    return undefined
  }
}

function errorOf(status: number, bytes: Buffer): ObjectError {
  const said = errorIn(bytes)
  return new ObjectError(status, said?.Code ?? '', said?.Message ?? '')
}

/** No answer, a failure of its own, or that it has too much to do. */
const isTrouble = (thrown: unknown): boolean =>
  !(thrown instanceof ObjectError) || thrown.status >= 500 || thrown.status === 429 || thrown.status === 408
