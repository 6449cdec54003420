// The second place of the master: a folder, or a bucket of an object store.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { credentialsOf } from '../engines/aws/credentials.ts'
import { openSigning } from '../engines/aws/signing.ts'
import { type BucketPlace, backupInBucket, openShipBucket, openShippedBucket } from '../engines/ship/bucket.ts'
import { openShipFolder } from '../engines/ship/folder.ts'
import { openS3 } from '../engines/ship/s3.ts'
import { backupIn, openShippedFolder } from '../engines/ship/shipped-folder.ts'
import { Refusal } from '../kit/refusal.ts'
import type { Backup, ShipOptions, Shipped } from '../ports/ship.ts'
import { type ShipPlace, shipPlace } from '../setting-forms.ts'
import { type Settings, withoutAws } from '../settings.ts'
import type { Dependencies } from './dependencies.ts'
import type { Surroundings } from './surroundings.ts'

type InBucket = Extract<ShipPlace, { bucket: string }>

const scratchOf = ({ RCR_DATA }: Settings): string => join(RCR_DATA, 'shipping')

/** As `RCR_SHIP` says. */
export function openShip(settings: Settings, around: Surroundings, dependencies: Dependencies): ShipOptions | 'off' | null {
  const { RCR_SHIP: ship } = settings
  if (ship === null || ship === 'off') return ship
  const { mode, place } = ship
  if ('folder' in place) return { mode, ship: (epoch) => openShipFolder(place.folder, epoch, around.random) }
  const bucket = bucketAt(place, settings, around, dependencies)
  return { mode, ship: (epoch) => openShipBucket({ ...bucket, epoch, scratch: scratchOf(settings), ...around }) }
}

/** For a master that has no bucket: the copy that a process left behind which died when there was one. */
export async function clearShipping(settings: Settings): Promise<void> {
  const { RCR_SHIP: ship } = settings
  const isBucket = ship !== null && ship !== 'off' && 'bucket' in ship.place
  if (!isBucket) await rm(scratchOf(settings), { recursive: true, force: true })
}

/** What `RCR_SHIP` of another time has brought there; `named` as it was named there. */
export async function openShipped(named: string, settings: Settings, around: Surroundings, dependencies: Dependencies): Promise<Shipped[]> {
  const place = placeOf('--ship', named.replace(/^sync:/, ''), settings)
  const found =
    'folder' in place ? await openShippedFolder(place.folder) : await openShippedBucket(bucketAt(place, settings, around, dependencies))
  if (found.length === 0) throw new Refusal('missing', `${named} holds nothing that was shipped.`, { code: 'ship-empty' })
  return found
}

/** A folder of `rcr backup`, or a base of a second place. */
export function openBackup(named: string, settings: Settings, around: Surroundings, dependencies: Dependencies): Backup {
  const place = placeOf('--from', named, settings)
  return 'folder' in place ? backupIn(place.folder) : backupInBucket(bucketAt(place, settings, around, dependencies))
}

function placeOf(flag: string, named: string, settings: Settings): ShipPlace {
  const refusal = (what: string) => new Refusal('invalid', `${flag} ${what}.`)
  let place: ShipPlace
  try {
    place = shipPlace(named)
  } catch (fault) {
    throw refusal((fault as Error).message)
  }
  const faults = 'bucket' in place ? withoutAws(settings, 's3://') : []
  if (faults.length > 0) throw refusal(`${named} cannot be asked: ${faults.join('; ')}`)
  return place
}

function bucketAt({ bucket, prefix }: InBucket, settings: Settings, { clock }: Surroundings, { of }: Dependencies): BucketPlace {
  const { RCR_SHIP_ENDPOINT: endpoint, AWS_REGION } = settings
  const region = AWS_REGION ?? ''
  const credentials = credentialsOf(settings, clock, of('credentials'))
  const sign = openSigning({ service: 's3', region, credentials, clock })
  const ask = openS3({ bucket, endpoint, region, sign, dependency: of('ship') })
  const place = `${endpoint === null ? 's3:/' : endpoint.replace(/\/$/, '')}/${bucket}/${prefix}`.replace(/\/$/, '')
  return { ask, place, prefix }
}
