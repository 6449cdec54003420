// The master: which engine it is, how its place is made, how it comes back.
import { join } from 'node:path'
import { createTable } from '../engines/dynamodb/create-table.ts'
import { openDynamoMaster } from '../engines/dynamodb/master.ts'
import { dynamoClient } from '../engines/dynamodb/open.ts'
import { restoreTable } from '../engines/dynamodb/restore.ts'
import { openTable } from '../engines/dynamodb/table.ts'
import { openLmdbMaster } from '../engines/lmdb/master.ts'
import { type Restored, restoreLmdbMaster } from '../engines/lmdb/restore.ts'
import { Refusal } from '../kit/refusal.ts'
import type { Master } from '../ports/master.ts'
import type { Settings } from '../settings.ts'
import { type Dependencies, openDependencies } from './dependencies.ts'
import { clearShipping, openBackup, openShip, openShipped } from './ship.ts'
import type { Surroundings } from './surroundings.ts'

const masterFolder = ({ RCR_DATA }: Settings): string => join(RCR_DATA, 'master')

/** The master alone: for commands that only write. */
export async function openMaster(
  settings: Settings,
  around: Surroundings,
  dependencies: Dependencies = openDependencies(settings, around),
): Promise<Master> {
  const { RCR_MASTER: engine, RCR_DYNAMODB_TABLE: table } = settings
  if (engine === 'dynamodb') return openDynamoMaster({ table, call: callOf(settings, around, dependencies), ...around })
  const master = await openLmdbMaster({ folder: masterFolder(settings), ship: openShip(settings, around, dependencies), ...around })
  await clearShipping(settings)
  return master
}

const callOf = (settings: Settings, around: Surroundings, { of } = openDependencies(settings, around)) =>
  dynamoClient(settings, { ...around, service: of('master'), lender: of('credentials') })

/** The table of a master on DynamoDB, when it is not there yet. */
export async function createMasterTable(settings: Settings, around: Surroundings): Promise<void> {
  if (settings.RCR_MASTER !== 'dynamodb') throw new Refusal('invalid', 'Only RCR_MASTER=dynamodb has a table.')
  await createTable(callOf(settings, around), settings.RCR_DYNAMODB_TABLE, around.clock)
}

/** A master from a backup, from what was shipped, or from both. */
export async function restoreMaster(
  settings: Settings,
  { from, ship, progress }: { from: string | null; ship: string | null; progress: (entries: number) => void },
  around: Surroundings,
): Promise<Pick<Restored, 'replayed' | 'position'> & { manifest: { at: string; epoch: string; seq: number } }> {
  const { clock, random } = around
  if (settings.RCR_MASTER === 'dynamodb') {
    if (from === null || ship !== null) throw new Refusal('invalid', 'A table is restored with --from alone: what rcr backup made of one.')
    const table = openTable(settings.RCR_DYNAMODB_TABLE, callOf(settings, around))
    return { replayed: 0, ...(await restoreTable(table, from, { clock, random })) }
  }
  const dependencies = openDependencies(settings, around)
  return restoreLmdbMaster({
    to: masterFolder(settings),
    from: from === null ? null : openBackup(from, settings, around, dependencies),
    shipped: ship === null ? null : () => openShipped(ship, settings, around, dependencies),
    clock,
    random,
    progress,
  })
}
