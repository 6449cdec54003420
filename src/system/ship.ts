// The second place of the master: a folder, or a bucket of an object store.
import { join } from 'node:path'
import { credentialsOf } from '../engines/aws/credentials.ts'
import { openSigning } from '../engines/aws/signing.ts'
import { type BucketPlace, openShipBucket, openShippedBucket } from '../engines/ship/bucket.ts'
import { openShipFolder } from '../engines/ship/folder.ts'
import { openObjects } from '../engines/ship/objects.ts'
import { openS3 } from '../engines/ship/s3.ts'
import { openShippedFolder } from '../engines/ship/shipped-folder.ts'
import { Refusal } from '../kit/refusal.ts'
import type { ShipOptions, Shipped } from '../ports/ship.ts'
import { type ShipPlace, shipPlace } from '../setting-forms.ts'
import { type Settings, withoutAws } from '../settings.ts'
import type { Dependencies } from './dependencies.ts'
import type { Surroundings } from './surroundings.ts'

type BucketOf = Extract<ShipPlace, { bucket: string }>

/** As `RCR_SHIP` says. */
export function openShip(settings: Settings, around: Surroundings, dependencies: Dependencies): ShipOptions | 'off' | null {
  const { RCR_SHIP: ship, RCR_DATA } = settings
  if (ship === null || ship === 'off') return ship
  const { mode, place } = ship
  if ('folder' in place) return { mode, ship: (epoch) => openShipFolder(place.folder, epoch, around.random) }
  const bucket = bucketAt(place, settings, around, dependencies)
  const scratch = join(RCR_DATA, 'shipping')
  return { mode, ship: (epoch) => openShipBucket({ ...bucket, epoch, scratch, ...around }) }
}

/** What `RCR_SHIP` of another time has brought there; `text` as it was written there, without `sync:`. */
export async function openShipped(text: string, settings: Settings, around: Surroundings, dependencies: Dependencies): Promise<Shipped[]> {
  const place = placeOf(text)
  if ('folder' in place) return openShippedFolder(place.folder)
  const faults = withoutAws(settings, '--ship s3://')
  if (faults.length > 0) throw new Refusal('invalid', `${faults.join('; ')}.`)
  return openShippedBucket(bucketAt(place, settings, around, dependencies))
}

function placeOf(text: string): ShipPlace {
  try {
    return shipPlace(text)
  } catch (fault) {
    throw new Refusal('invalid', `--ship ${(fault as Error).message}.`)
  }
}

function bucketAt({ bucket, prefix }: BucketOf, settings: Settings, { clock }: Surroundings, { of }: Dependencies): BucketPlace {
  const { RCR_SHIP_ENDPOINT: endpoint, AWS_REGION } = settings
  const region = AWS_REGION ?? ''
  const credentials = credentialsOf(settings, clock, of('credentials'))
  const sign = openSigning({ service: 's3', region, credentials, clock })
  const objects = openObjects(openS3({ bucket, endpoint, region, sign, dependency: of('ship') }))
  return { objects, place: `s3://${bucket}/${prefix}`.replace(/\/$/, ''), prefix }
}
