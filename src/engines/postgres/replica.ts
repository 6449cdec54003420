// One replica of the read model, as a verification sees it.
import type { Log } from '../../kit/log.ts'
import { Refusal } from '../../kit/refusal.ts'
import type { Replica } from '../../ports/projection.ts'
import { demandSchema } from './builds.ts'
import { keys } from './checksums.ts'
import { openPool } from './connect.ts'
import { fingerprint } from './fingerprint.ts'
import { slice } from './slices.ts'
import { codeOf, isGone } from './translate.ts'

// Slices are walked by the primary key, whatever the statistics of a young build say.
const settings = { jit: 'off', enable_seqscan: 'off', enable_bitmapscan: 'off', default_transaction_read_only: 'on' }
const timeoutMs = 10_000

export function openReplica({ region, url, log }: { region: string; url: string; log: Log }): Replica & { close(): Promise<void> } {
  const db = openPool({ url, role: 'rcr_read', max: 1, log, timeoutMs, settings })
  const notBuilt = (cause?: unknown) =>
    new Refusal('missing', 'There is no read model of this version there yet.', { code: 'not-built', cause })
  return {
    region,
    tables: Object.keys(keys),
    async live() {
      try {
        const [at] = await db.query<{ standby: boolean; schema: string | null }>(
          'select pg_is_in_recovery() as standby, (select schema from content.live where fingerprint = $1) as schema',
          [fingerprint],
        )
        if (!at?.standby) throw new Refusal('conflict', 'It takes itself for the primary, and follows nobody.', { code: 'not-following' })
        if (at.schema === null) throw notBuilt()
        const [row] = await db.query<{ epoch: string; seq: number }>(
          `select epoch, seq from "${demandSchema(at.schema)}".applied where caught_up_at is not null`,
        )
        if (row === undefined) throw notBuilt()
        return { schema: at.schema, position: row }
      } catch (error) {
        throw isGone(error) ? notBuilt(error) : error
      }
    },
    slice: (schema, range) =>
      slice(db, schema, range).catch((error: unknown) => {
        const damage = damageIn(error)
        throw damage === null ? error : new Refusal('conflict', `Its files are damaged: ${damage}.`, { code: 'damaged', cause: error })
      }),
    close: () => db.close(),
  }
}

/** A page that cannot be read, or is not what its checksum says, in PostgreSQL's words; to readers it is a database that does not answer. */
function damageIn(error: unknown): string | null {
  const cause = error instanceof Refusal ? error.cause : error
  return cause instanceof Error && /^(XX00[12]|58P01|58030)$/.test(codeOf(cause)) ? cause.message : null
}
