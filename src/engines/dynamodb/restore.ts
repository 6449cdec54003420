// Fills an empty table from a copy. What comes back is a master of a new epoch.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import type { Position } from '../../domain/change.ts'
import type { Clock, RandomBytes } from '../../kit/clock.ts'
import { Refusal } from '../../kit/refusal.ts'
import { itemsIn, type Line, type Manifest, manifestIn } from './backup.ts'
import { guarded } from './failure.ts'
import { type Key, metaKey } from './keys.ts'
import { format, newEpoch } from './meta.ts'
import { type Table, text } from './table.ts'
import { fromWire, type Item } from './wire.ts'

const atOnce = 500

/** The epoch is later than that of the copy, unless one is given. */
export async function restoreTable(
  table: Table,
  folder: string,
  { clock, random, epoch }: { clock: Pick<Clock, 'now'>; random: RandomBytes; epoch?: string },
): Promise<{ manifest: Manifest; position: Position }> {
  const manifest = await readManifest(folder)
  return guarded(table.name, async () => {
    for await (const [item] of table.scan()) if (item !== undefined) throw occupied(table.name)
    await fill(table, folder)
    const position = { epoch: epoch ?? newEpoch(Math.max(clock.now(), timeOf(manifest.epoch) + 1), random), seq: manifest.seq }
    // Last: before it the table is no master.
    await table.add({ ...metaKey, format, epoch: position.epoch })
    return { manifest, position }
  })
}

/** Checked whole before anything is written. */
async function readManifest(folder: string): Promise<Manifest> {
  const words = await readFile(manifestIn(folder), 'utf8').catch((cause: unknown) => {
    throw new Refusal('missing', `${folder} holds no finished copy: it has no manifest.`, { cause })
  })
  const manifest = JSON.parse(words) as Manifest
  if (manifest.engine !== 'dynamodb' || manifest.format !== format)
    throw new Refusal('conflict', `${folder} holds a copy of another engine or format; this one reads format ${format} of dynamodb.`)
  const hash = createHash('sha256')
  for await (const part of createReadStream(itemsIn(folder))) hash.update(part as Buffer)
  if (hash.digest('hex') !== manifest.sha256) throw new Refusal('conflict', `The copy in ${folder} is damaged: its checksum is another.`)
  return manifest
}

const occupied = (name: string): Refusal =>
  new Refusal('conflict', `The table ${name} is not empty. Name another one: nothing is overwritten.`, { code: 'occupied' })

async function fill(table: Table, folder: string): Promise<void> {
  let changes = new Map<string, { item?: Item; removal?: Key }>()
  const flush = async () => {
    const all = [...changes.values()]
    changes = new Map()
    await table.write({ puts: all.flatMap(({ item }) => item ?? []), removals: all.flatMap(({ removal }) => removal ?? []) })
  }
  for await (const line of createInterface({ input: createReadStream(itemsIn(folder)) })) {
    const change = JSON.parse(line) as Line
    const item = fromWire('put' in change ? change.put : change.remove)
    changes.set(text(item), 'put' in change ? { item } : { removal: item })
    if (changes.size >= atOnce) await flush()
  }
  await flush()
}

function timeOf(epoch: string): number {
  const iso = epoch.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z-.*$/, '$1-$2-$3T$4:$5:$6.$7Z')
  return Date.parse(iso)
}
