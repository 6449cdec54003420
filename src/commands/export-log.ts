// rcr export-log: the changes of the master as lines of JSON, in order, from a position on.
import { resolve } from 'node:path'
import type { Position } from '../domain/change.ts'
import { openLog } from '../kit/log.ts'
import { Refusal } from '../kit/refusal.ts'
import type { Master } from '../ports/master.ts'
import { openMaster } from '../system/master.ts'
import { around, type Command, type Running, readFlags } from './command.ts'
import { finishing, type LogFile, openLogFile, standardOutput } from './log-file.ts'

export const exportLog: Command = {
  name: 'export-log',
  usage: 'export-log [--from <seq>] [--to <file>]',
  summary: 'Writes the changes of the master as NDJSON, in order, from a position on.',
  help: `One line of JSON for each change: epoch, seq, at, by, kind, id, version and the whole document (null: deleted), all that was ever
public, orders and drafts too; accounts and other private documents are not in the log. The system may be running or not.
--from: the first change (1). --to: a file; one that is there already is gone on with after its last whole line, so the same
command goes on after an interruption and brings what is new. Without --to to standard output: npm run --silent rcr -- export-log`,
  async run(running) {
    const { flags, say } = running
    const { from, to } = readFlags(flags, { from: 'text', to: 'text' })
    // Standard output may be the log itself.
    const log = openLog(running.settings.RCR_LOG, (line) => process.stderr.write(line))
    const master = await openMaster(running.settings, { ...around(running), log })
    try {
      const { epoch } = await master.head()
      const file = to === undefined ? standardOutput() : await openLogFile(resolve(to), say)
      const start = async () => ({ epoch, seq: startOf(file, from, epoch) })
      const copied = start().then((at) => copy(master, file, at, running, to !== undefined))
      const { written, seq } = await finishing(copied, file.close)
      if (to !== undefined) say(`${resolve(to)} holds the log of epoch ${epoch} up to change ${seq}; ${written} are new.`)
      if (!running.signal.aborted) return 0
      if (to !== undefined) say('Interrupted. The same command goes on from here.')
      return 130
    } finally {
      await master.close()
    }
  },
}

/** What is there already. */
function startOf({ last }: LogFile, from: string | undefined, epoch: string): number {
  const first = from === undefined ? null : Number(from)
  if (first !== null && (!Number.isSafeInteger(first) || first < 1))
    throw new Refusal('invalid', `--from must be the number of a change, from 1 (is: ${from}).`)
  if (last === null) return (first ?? 1) - 1
  if (last.epoch !== epoch)
    throw new Refusal('conflict', `The file holds the log of epoch ${last.epoch}, the master is of ${epoch}. Name another file.`)
  if (first !== null && first > last.seq + 1)
    throw new Refusal('conflict', `The file ends at change ${last.seq}: from ${first} on it would have a hole.`)
  return last.seq
}

const batch = 1000
const tellMs = 1000

async function copy(
  master: Master,
  file: LogFile & { broken?: AbortSignal },
  start: Position,
  { signal, clock, say }: Running,
  tells: boolean,
) {
  const startedMs = clock.monotonic()
  let saidMs = startedMs
  let { seq } = start
  while (!signal.aborted && !file.broken?.aborted) {
    const changes = await master.feed(seq, batch)
    const head = await master.head()
    // Changes do not name their epoch: read before or after a restoration, they are of another log.
    if (head.epoch !== start.epoch) throw new Refusal('conflict', 'The master was restored meanwhile.', { code: 'epoch' })
    const last = changes.at(-1)
    if (last === undefined) break
    await file.write(changes.map((change) => `${JSON.stringify({ epoch: start.epoch, ...change })}\n`).join(''))
    seq = last.seq
    const nowMs = clock.monotonic()
    if (!tells || nowMs - saidMs < tellMs) continue
    saidMs = nowMs
    say(`  ${seq} of ${head.seq} changes (${Math.round(((seq - start.seq) * 1000) / (nowMs - startedMs))}/s)`)
  }
  return { seq, written: seq - start.seq }
}
