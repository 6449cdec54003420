// Where `rcr export-log` writes: a file that is gone on with after what it holds, or standard output.
import { type FileHandle, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Position } from '../domain/change.ts'
import { ended, underLock } from '../kit/flock.ts'
import { Refusal } from '../kit/refusal.ts'

export interface LogFile {
  /** Of the last whole line that was there; null when there was none. */
  last: Position | null
  write(lines: string): Promise<void>
  /** On stable storage. */
  close(): Promise<void>
}

/**
 * What a crash left of the last line is cut off. Refuses a file that another export writes to: each would cut off the other's line. Says
 * so where that cannot be known.
 */
export async function openLogFile(path: string, say: (line: string) => void): Promise<LogFile> {
  await using opening = new AsyncDisposableStack()
  const file = opening.adopt(await open(path, 'a+', 0o600), (opened) => opened.close())
  const keeper = await underLock(path, ['sh', '-c', 'echo held; cat'])
  if (keeper === 'taken') throw new Refusal('conflict', `Another export writes to ${path}. Wait for it, or name another file.`)
  if (typeof keeper === 'object') opening.defer(() => ended(keeper))
  else say(`${path} cannot be locked here: see to it that no other export writes to it meanwhile.`)
  const { sizeBytes, line, begins } = await lastLine(file)
  if (!begins.startsWith('{"epoch":"'.slice(0, begins.length))) throw notALog(path)
  const last = line === null ? null : positionOf(line, path)
  await file.truncate(sizeBytes)
  const held = opening.move()
  return {
    last,
    write: (lines) => file.appendFile(lines),
    close: () =>
      finishing(
        file.sync().then(() => syncFolder(dirname(path))),
        () => held.disposeAsync(),
      ),
  }
}

/** Does what is last, however the work ends. Of two errors the first is told: the second often follows from it. */
export async function finishing<T>(work: Promise<T>, last: () => Promise<void>): Promise<T> {
  const done = await work.catch(async (error: unknown) => {
    await last().catch(() => {})
    throw error
  })
  await last()
  return done
}

/** Folders that may not be read, and file systems (some of FUSE, CIFS) that sync no folder: what is exported is whole all the same. */
const unsyncable = new Set(['EACCES', 'EPERM', 'EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])

/** The name of a new file stands in it. */
async function syncFolder(path: string): Promise<void> {
  try {
    const folder = await open(path, 'r')
    await finishing(folder.sync(), () => folder.close())
  } catch (error) {
    if (!unsyncable.has((error as NodeJS.ErrnoException).code ?? '')) throw error
  }
}

/** Ends when nobody reads any more, as `head` does. */
export function standardOutput(): LogFile & { broken: AbortSignal } {
  const broken = new AbortController()
  const isLeft = (error: NodeJS.ErrnoException) => error.code === 'EPIPE'
  process.stdout.on('error', (error) => isLeft(error) && broken.abort())
  return {
    last: null,
    broken: broken.signal,
    write: (lines) =>
      new Promise((resolve, reject) => process.stdout.write(lines, (error) => (error && !isLeft(error) ? reject(error) : resolve()))),
    close: async () => {},
  }
}

const windowBytes = 64 * 1024
const newline = 0x0a

/** How much of the file is whole lines, the last of them, and its first ten bytes. */
async function lastLine(file: FileHandle): Promise<{ sizeBytes: number; line: string | null; begins: string }> {
  const { size } = await file.stat()
  const first = Buffer.alloc(Math.min(10, size))
  await file.read(first, 0, first.length, 0)
  const begins = first.toString('latin1')
  let tail: Buffer = Buffer.alloc(0)
  for (let from = size; from > 0; ) {
    const bytes = Math.min(windowBytes, from)
    from -= bytes
    const window = Buffer.alloc(bytes)
    await file.read(window, 0, bytes, from)
    tail = Buffer.concat([window, tail])
    const end = tail.lastIndexOf(newline)
    const start = end <= 0 ? -1 : tail.lastIndexOf(newline, end - 1)
    if (end >= 0 && (start >= 0 || from === 0)) return { sizeBytes: from + end + 1, line: tail.toString('utf8', start + 1, end), begins }
  }
  return { sizeBytes: 0, line: null, begins }
}

function positionOf(line: string, path: string): Position {
  try {
    const { epoch, seq } = JSON.parse(line) as Partial<Position>
    if (typeof epoch === 'string' && Number.isSafeInteger(seq)) return { epoch, seq: Number(seq) }
  } catch {}
  throw notALog(path)
}

const notALog = (path: string) => new Refusal('conflict', `${path} holds something else than an exported log. Name another file.`)
