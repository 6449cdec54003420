// Objects of a bucket: put, got, listed and removed; files in parts.
import { type FileHandle, open, rm } from 'node:fs/promises'
import { type Ask, parser } from './s3.ts'

/** An object that is there. */
export interface Stored {
  key: string
  bytes: number
}

/** Keys are never written again with something else, so everything may be done twice. Rejects as `Ask` does. */
export interface Objects {
  /** Resolves when the store has it for good. */
  put(key: string, bytes: Uint8Array, tryMs: number): Promise<void>
  /** Nothing is there before the last part. */
  putFile(key: string, path: string): Promise<void>
  get(key: string): Promise<Buffer>
  /** Into a file that does not exist yet. Rejects with an error of code `ENOENT` when there is no such object. */
  getFile(key: string, path: string): Promise<void>
  list(prefix: string): Promise<Stored[]>
  /** What stands between this prefix and the next slash, each once. */
  folders(prefix: string): Promise<string[]>
  remove(objects: readonly Pick<Stored, 'key'>[]): Promise<void>
  /** Ends uploads in parts that began before this time, to keys that begin so. */
  removeUploads(prefix: string, beforeMs: number): Promise<void>
}

/** S3 allows parts from 5 MiB on, and 10,000 of them. */
const standardPartBytes = 8 * 1024 * 1024
const partsMost = 9_000
/** Less than are asked at once in all: what commits wait for goes between. */
const removedAtOnce = 8
/** S3 says that the end of an upload may take minutes. */
const completeTryMs = 60_000

export function openObjects(ask: Ask, partBytes = standardPartBytes): Objects {
  return {
    async put(key, body, tryMs) {
      await ask({ method: 'PUT', key, body }, { tryMs })
    },
    async putFile(key, path) {
      const file = await open(path, 'r')
      try {
        const { size } = await file.stat()
        const part = Math.max(partBytes, Math.ceil(size / partsMost))
        if (size > part) await putParts(ask, { key, bytes: size }, partsOf(file, part))
        else await ask({ method: 'PUT', key, body: await file.readFile() })
      } finally {
        await file.close()
      }
    },
    get: async (key) => (await ask({ method: 'GET', key })).bytes,
    async getFile(key, path) {
      const found = await find(ask, key)
      if (found === undefined) throw Object.assign(new Error(`there is no ${key}`), { code: 'ENOENT' })
      const file = await open(path, 'wx', 0o600)
      try {
        for (let at = 0; at < found.bytes; at += partBytes) {
          const { bytes } = await ask({ method: 'GET', key, range: `bytes=${at}-${at + partBytes - 1}` })
          if (bytes.length !== Math.min(partBytes, found.bytes - at)) throw new Error('another part came than was asked for')
          await file.writeFile(bytes)
        }
      } catch (cause) {
        await rm(path, { force: true })
        throw cause
      } finally {
        await file.close()
      }
    },
    list: (prefix) => pages(ask, prefix, '', contentsOf),
    folders: (prefix) =>
      pages(ask, prefix, '&delimiter=%2F', ({ CommonPrefixes = [] }) =>
        CommonPrefixes.map(({ Prefix }) => Prefix.slice(prefix.length, -1)),
      ),
    async remove(gone) {
      for (let at = 0; at < gone.length; at += removedAtOnce)
        await Promise.all(gone.slice(at, at + removedAtOnce).map(({ key }) => ask({ method: 'DELETE', key })))
    },
    async removeUploads(prefix, beforeMs) {
      const { bytes } = await ask({ method: 'GET', key: '', query: `?uploads=&prefix=${encodeURIComponent(prefix)}` })
      const { Upload = [] } = (parser.parse(bytes) as { ListMultipartUploadsResult: { Upload?: Upload[] } }).ListMultipartUploadsResult
      const abandoned = Upload.filter(({ Initiated }) => Date.parse(Initiated) < beforeMs)
      for (const { Key, UploadId } of abandoned)
        await ask({ method: 'DELETE', key: Key, query: `?uploadId=${encodeURIComponent(UploadId)}` })
    },
  }
}

interface Upload {
  Key: string
  UploadId: string
  /** RFC 3339. */
  Initiated: string
}

async function putParts(ask: Ask, { key, bytes: size }: Stored, parts: AsyncIterable<Uint8Array>): Promise<void> {
  const { bytes } = await ask({ method: 'POST', key, query: '?uploads=' })
  const { UploadId } = (parser.parse(bytes) as { InitiateMultipartUploadResult: Pick<Upload, 'UploadId'> }).InitiateMultipartUploadResult
  const id = `uploadId=${encodeURIComponent(UploadId)}`
  try {
    const done: string[] = []
    for await (const body of parts) {
      const number = done.length + 1
      const { etag } = await ask({ method: 'PUT', key, query: `?partNumber=${number}&${id}`, body })
      done.push(`<Part><PartNumber>${number}</PartNumber><ETag>${etag}</ETag></Part>`)
    }
    const body = `<CompleteMultipartUpload>${done.join('')}</CompleteMultipartUpload>`
    await ask({ method: 'POST', key, query: `?${id}`, body }, { tryMs: completeTryMs }).catch(async (cause: unknown) => {
      // Asked again after an answer that was lost, the store knows of no such upload any more: it has become the object.
      if ((await find(ask, key))?.bytes !== size) throw cause
    })
  } catch (cause) {
    await ask({ method: 'DELETE', key, query: `?${id}` }).catch(() => {}) // then `removeUploads` does, one day
    throw cause
  }
}

async function* partsOf(file: FileHandle, bytes: number): AsyncGenerator<Uint8Array> {
  while (true) {
    const part = Buffer.allocUnsafe(bytes)
    let filled = 0
    for (let read = 1; read > 0 && filled < bytes; filled += read) read = (await file.read(part, filled, bytes - filled)).bytesRead
    if (filled === 0) return
    yield part.subarray(0, filled)
  }
}

interface Listing {
  IsTruncated?: string
  NextContinuationToken?: string
  Contents?: { Key: string; Size: string }[]
  CommonPrefixes?: { Prefix: string }[]
}

const contentsOf = ({ Contents = [] }: Listing): Stored[] => Contents.map(({ Key, Size }) => ({ key: Key, bytes: Number(Size) }))

const find = async (ask: Ask, key: string): Promise<Stored | undefined> =>
  (await pages(ask, key, '', contentsOf)).find((one) => one.key === key)

async function pages<T>(ask: Ask, prefix: string, more: string, read: (page: Listing) => T[]): Promise<T[]> {
  const found: T[] = []
  let token: string | undefined
  do {
    const after = token === undefined ? '' : `&continuation-token=${encodeURIComponent(token)}`
    const { bytes } = await ask({ method: 'GET', key: '', query: `?list-type=2&prefix=${encodeURIComponent(prefix)}${more}${after}` })
    const { ListBucketResult: page } = parser.parse(bytes) as { ListBucketResult?: Listing }
    if (page === undefined) throw new Error('what came is no list of objects')
    found.push(...read(page))
    const next = page.IsTruncated === 'true' ? page.NextContinuationToken : undefined
    if (page.IsTruncated === 'true' && (next === undefined || next === token)) throw new Error('a list of objects does not end')
    token = next
  } while (token !== undefined)
  return found
}
