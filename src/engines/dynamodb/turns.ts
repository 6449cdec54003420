// Turns between processes: who lost a race leaves a note; who won it, and reads the note, lets the other go first, once.
//
// The one that wins knows the end of the log sooner than the others, so without this it would go on winning for as long as it has
// something to write (seen: of two busy processes one wrote nothing for 25 s). The note is read along with what is read for each
// batch anyhow. When nobody takes the turn, because he who asked has died, it is taken back.
import type { Clock } from '../../kit/clock.ts'
import { askPartition } from './keys.ts'
import type { Log } from './log.ts'
import { type CellValues, cellItem } from './records.ts'
import type { Table } from './table.ts'

export interface Turns {
  /** This process wanted to put n, and another was there first. */
  ask(n: number): Promise<void>
  /** True when somebody had asked, and has put something after `n` by now. */
  left(asked: CellValues['ask'] | undefined, n: number): Promise<boolean>
}

const lookEveryMs = 20
const takeBackMs = 200

export function openTurns(table: Table, log: Log, clock: Clock, me: string): Turns {
  // What was asked for before this process came is not for it to answer.
  let answered = log.head().n
  return {
    ask: (n) => table.write({ puts: [cellItem(n, { pk: askPartition, value: { by: me, n } })] }),
    async left(asked, n) {
      if (asked === undefined || asked.by === me || asked.n <= answered || asked.n <= log.lastForeign()) return false
      answered = asked.n
      const startedMs = clock.monotonic()
      while (log.head().n === n && clock.monotonic() - startedMs < takeBackMs) {
        await clock.sleep(lookEveryMs)
        await log.refresh()
      }
      return log.head().n > n
    },
  }
}
