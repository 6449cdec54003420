// Writes a tar stream, as PostgreSQL sends it, into a folder: files and folders, nothing that leads out of it.
import { mkdir, open, readdir } from 'node:fs/promises'
import { dirname, join, normalize } from 'node:path'

const block = 512

/** `account`: who is to own it. `durable`: all of it is on stable storage when this resolves. */
export async function untar(
  stream: AsyncIterable<Buffer>,
  to: string,
  { account, durable }: { account?: { uid: number; gid: number } | undefined; durable: boolean },
): Promise<void> {
  const input = reader(stream)
  await mkdir(to, { recursive: true, mode: 0o700 })
  const made = [to]
  for (;;) {
    const header = await input.exactly(block)
    if (header === null || header.every((byte) => byte === 0)) break
    const { name, size, type } = headerOf(header)
    const path = inside(to, name)
    made.push(path)
    if (type === '5') {
      await mkdir(path, { recursive: true, mode: 0o700 })
      continue
    }
    if (type !== '0' && type !== '\0') throw new Error(`The copy holds ${name}, which is neither a file nor a folder.`)
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    const file = await open(path, 'w', 0o600)
    try {
      for await (const part of input.parts(size)) await file.write(part)
    } finally {
      await file.close()
    }
    await input.exactly((block - (size % block)) % block)
  }
  for await (const _rest of input.rest()) {
    // the second empty block, and what follows the archive
  }
  for (const path of made) await settle(path, account, durable)
}

/** Afterwards, all at once: by then most of it is on the disk already. */
async function settle(path: string, account: { uid: number; gid: number } | undefined, durable: boolean): Promise<void> {
  if (!account && !durable) return
  const handle = await open(path, 'r')
  try {
    if (account) await handle.chown(account.uid, account.gid)
    if (durable) await handle.sync()
  } finally {
    await handle.close()
  }
}

function inside(folder: string, name: string): string {
  const path = normalize(join(folder, name))
  if (path !== folder && !path.startsWith(`${folder}/`) && path !== `${folder}/`)
    throw new Error(`The copy leads out of its folder: ${name}`)
  return path.replace(/\/$/, '')
}

function headerOf(header: Buffer): { name: string; size: number; type: string } {
  const text = (from: number, to: number) => header.toString('utf8', from, to).replace(/\0.*$/s, '')
  const prefix = text(345, 500)
  const name = text(0, 100)
  return { name: prefix === '' ? name : `${prefix}/${name}`, size: sizeOf(header), type: header.toString('latin1', 156, 157) }
}

/** Octal; what is too large for eleven digits stands in base 256. */
function sizeOf(header: Buffer): number {
  if ((header[124] ?? 0) & 0x80) return Number(header.readBigUInt64BE(128))
  return Number.parseInt(header.toString('latin1', 124, 136).replaceAll(/[\0 ]/g, ''), 8)
}

function reader(stream: AsyncIterable<Buffer>) {
  const source = stream[Symbol.asyncIterator]()
  let held: Buffer = Buffer.alloc(0)
  const more = async () => {
    const { done, value } = await source.next()
    held = done ? Buffer.alloc(0) : value
    return !done
  }
  async function* parts(size: number): AsyncGenerator<Buffer> {
    for (let left = size; left > 0; ) {
      if (held.length === 0 && !(await more())) throw new Error('The copy ended in the middle of a file.')
      const part = held.subarray(0, left)
      held = held.subarray(part.length)
      left -= part.length
      yield part
    }
  }
  return {
    parts,
    /** Null at the end of the stream. */
    async exactly(size: number): Promise<Buffer | null> {
      if (size > 0 && held.length === 0 && !(await more())) return null
      const all: Buffer[] = []
      for await (const part of parts(size)) all.push(part)
      return Buffer.concat(all)
    },
    async *rest(): AsyncGenerator<Buffer> {
      yield held
      while (await more()) yield held
    },
  }
}

/** PostgreSQL refuses a folder that lacks one of these, and an archive may leave out what is empty. */
export async function isWhole(data: string): Promise<boolean> {
  const names = await readdir(data)
  return ['PG_VERSION', 'global', 'base', 'pg_wal', 'backup_label'].every((name) => names.includes(name))
}
