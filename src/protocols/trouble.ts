// What operators are told of answers that are our fault: each defect, and of each kind of refusal one line a second.
import type { Log } from '../kit/log.ts'
import type { Refusal } from '../kit/refusal.ts'
import { wires } from './refusals.ts'

const quietMs = 1000

/** `refusal` is null for a defect; `fields` say which request it was. */
export type Trouble = (thrown: unknown, refusal: Refusal | null, fields: Readonly<Record<string, unknown>>) => void

/**
 * While a database is away every request is refused: a stack for each of them would be the next trouble. What is not told is
 * counted in the next line of its kind, as `alike`; metrics have it all.
 */
export function openTrouble(log: Log, nowMs: () => number = () => performance.now()): Trouble {
  const kinds = new Map<string, { toldMs: number; alike: number }>()
  return (thrown, refusal, fields) => {
    if (refusal === null) return log.error('defect', { ...fields, error: thrown })
    // What is refused for want of room is counted, and told, where that is decided.
    if (wires[refusal.reason].http < 500 || refusal.code === 'overloaded') return
    const kind = kinds.get(refusal.code)
    if (kind !== undefined && nowMs() - kind.toldMs < quietMs) {
      kind.alike += 1
      return
    }
    log.error('refused', { ...fields, ...(kind !== undefined && kind.alike > 0 && { alike: kind.alike }), error: thrown })
    kinds.set(refusal.code, { toldMs: nowMs(), alike: 0 })
  }
}
