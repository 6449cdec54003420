// A copy of the table in a folder while writers go on. On AWS its own backups are the better ones; this needs nothing but the API.
//
//   items.ndjson     {"put": item} or {"remove": key}, each line over those before it
//   manifest.json    written last: without it the copy was not finished
import { createHash } from 'node:crypto'
import { type FileHandle, mkdir, open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Position } from '../../domain/change.ts'
import { type Clock, instant } from '../../kit/clock.ts'
import { Refusal } from '../../kit/refusal.ts'
import type { Behind } from './behind.ts'
import { metaKey, placeKey, redoPartition } from './keys.ts'
import type { Log } from './log.ts'
import { format } from './meta.ts'
import type { Pending } from './pending.ts'
import { cellItem, type Deed, logItem, placeItem, versionItems } from './records.ts'
import type { Table } from './table.ts'
import { type Item, toWire, type WireItem } from './wire.ts'

interface Source {
  table: Table
  log: Log
  behind: Behind
  pending: Pending
  clock: Clock
  epoch: string
}

export interface Manifest extends Position {
  engine: 'dynamodb'
  format: number
  /** When it was made. */
  at: string
  /** Of items.ndjson. */
  sha256: string
}

export type Line = { put: WireItem } | { remove: WireItem }

export const itemsIn = (folder: string): string => join(folder, 'items.ndjson')
export const manifestIn = (folder: string): string => join(folder, 'manifest.json')

/**
 * The table is read while it changes, which gives each item at some moment of the reading. Laying over it everything that was
 * committed during it, in order, makes it the state at the end.
 */
export async function backup({ table, log, behind, pending, clock, epoch }: Source, folder: string): Promise<Position> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  if ((await readdir(folder)).length > 0) throw new Refusal('conflict', `The folder ${folder} is not empty.`)
  const deeds = new Map<number, Deed>()
  const stop = pending.hear((deed) => deeds.set(deed.n, deed))
  const file = await open(itemsIn(folder), 'wx', 0o600)
  try {
    const put = putter(file)
    await log.refresh()
    const before = log.head().n
    await behind.settled()
    for await (const items of table.scan()) await put(items.filter(isKept).map(putLine))
    await log.refresh()
    const { n, seq } = log.head()
    for (let next = before + 1; next <= n; next++) {
      const deed = deeds.get(next)
      if (deed === undefined) throw overtaken()
      await put(linesOf(deed))
    }
    await file.sync()
    await conclude(folder, { engine: 'dynamodb', format, at: instant(clock), epoch, seq, sha256: put.sum() })
    return { epoch, seq }
  } finally {
    stop()
    await file.close()
  }
}

const isKept = ({ pk }: Item): boolean => pk !== redoPartition && pk !== metaKey.pk

const overtaken = (): Refusal =>
  new Refusal(
    'unavailable',
    'Another process wrote meanwhile, and was done before this one saw it. Try again, or use a backup of DynamoDB.',
    { code: 'backup-overtaken', retryAfterS: 60 },
  )

const putLine = (item: Item): Line => ({ put: toWire(item) })

const linesOf = (deed: Deed): Line[] => [
  ...[logItem(deed), ...versionItems(deed), ...deed.arrivals.map(placeItem), ...deed.cells.map((cell) => cellItem(deed.n, cell))].map(
    putLine,
  ),
  ...deed.departures.map(({ place, id }) => ({ remove: toWire(placeKey(place, id)) })),
]

function putter(file: FileHandle) {
  const hash = createHash('sha256')
  const put = async (lines: readonly Line[]) => {
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('')
    hash.update(text)
    await file.appendFile(text)
  }
  return Object.assign(put, { sum: () => hash.digest('hex') })
}

async function conclude(folder: string, manifest: Manifest): Promise<void> {
  const file = await open(manifestIn(folder), 'wx', 0o600)
  await file.writeFile(`${JSON.stringify(manifest)}\n`)
  await file.sync()
  await file.close()
}
