// A copy of a running PostgreSQL over its replication protocol, as a tar stream: what pg_basebackup asks for, which is not among the binaries.
import pg from 'pg'
import type { Clock } from '../../kit/clock.ts'
import { within } from '../../kit/deadline.ts'

export interface BaseBackup {
  /** Of a user who may replicate. */
  url: string
  /** Shown by the primary beside the connection. */
  label: string
  clock: Clock
}

const connectMs = 5_000
/** The first byte waits for the primary's checkpoint, which on a busy disk takes its time. */
const silenceMs = 60_000

/**
 * The data folder and the write-ahead log that makes it whole, as one tar. Rejects when the stream breaks or stands still; what came
 * is then worth nothing.
 */
export async function* baseBackup({ url, label, clock }: BaseBackup): AsyncGenerator<Buffer> {
  const client = new pg.Client({
    ...pg_options(url),
    application_name: label,
    connectionTimeoutMillis: connectMs,
    keepAlive: true,
  })
  let lost: Error | null = null
  client.on('error', (error) => {
    lost = error
  })
  try {
    await client.connect()
    const copy = copyOut(`BASE_BACKUP (LABEL '${label.replaceAll("'", "''")}', CHECKPOINT 'fast', WAL true, MANIFEST 'no')`)
    client.query(copy.query)
    for (;;) {
      const chunk = await within(clock, silenceMs, copy.next(), () => lost ?? new Error('The copy of the primary stands still.'))
      if (chunk === null) return
      yield chunk
    }
  } finally {
    // In the middle of a copy there is no polite end: it would wait for the rest.
    ;(client as unknown as { connection: pg.Connection }).connection.stream.destroy()
    await client.end().catch(() => {})
  }
}

const pg_options = (url: string) => ({ connectionString: url, replication: 'true' })

/** So much may wait in memory before the sender has to. */
const waitingMax = 64

/** A statement that answers with a COPY, as the driver runs it; the driver itself knows only the other direction. */
function copyOut(text: string) {
  const waiting: Buffer[] = []
  let over: 'no' | 'done' | Error = 'no'
  let wake = () => {}
  let stream: pg.Connection['stream'] | null = null
  const end = (how: 'done' | Error) => {
    if (over === 'no') over = how
    wake()
  }
  const query = {
    submit(connection: pg.Connection) {
      stream = connection.stream
      connection.query(text)
    },
    handleCopyData({ chunk }: { chunk: Buffer }) {
      // One stream carries all archives: a letter says what follows. 'n' begins an archive; with no tablespaces there is one.
      if (chunk[0] !== 0x64) return
      waiting.push(Buffer.from(chunk.subarray(1)))
      if (waiting.length >= waitingMax) stream?.pause()
      wake()
    },
    handleError: (error: Error) => end(error),
    handleReadyForQuery: () => end('done'),
    handleRowDescription() {},
    handleDataRow() {},
    handleCommandComplete() {},
    handleEmptyQuery() {},
  }
  return {
    query,
    async next(): Promise<Buffer | null> {
      while (waiting.length === 0) {
        if (over === 'done') return null
        if (over !== 'no') throw over
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      if (waiting.length < waitingMax / 2) stream?.resume()
      return waiting.shift() ?? null
    },
  }
}
