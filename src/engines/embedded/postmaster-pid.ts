// postmaster.pid, PostgreSQL's own lock file: whether a server is ready, and what to do with one that nobody supervises.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { kill, platform } from 'node:process'
import type { Clock } from '../../kit/clock.ts'
import type { Log } from '../../kit/log.ts'
import { Refusal } from '../../kit/refusal.ts'

const statusLine = 7

/** Its last line says how far it is: `starting`, `ready`, `stopping`. */
export function isReady(data: string, pid: number): boolean {
  const lines = read(data)
  return Number(lines[0]) === pid && (lines[statusLine] ?? '').startsWith('ready')
}

/**
 * Ends a PostgreSQL that a dead supervisor left in the folder: fast, then at once, then hard. Without the lock it may be
 * somebody's: it gets the time that a dying guard needs, then the start is refused.
 */
export async function endOrphan(data: string, locked: boolean, clock: Clock, log: Log): Promise<void> {
  const pid = Number(read(data)[0] ?? 0)
  if (!(pid > 0)) return
  if (serves(pid, data)) {
    log.warn(locked ? 'ending a PostgreSQL that its supervisor left behind' : 'waiting for another PostgreSQL to end', { pid })
    if (!(await end(pid, data, locked, clock)))
      throw new Refusal('conflict', `PostgreSQL (process ${pid}) already runs in ${data}. Stop it, or choose another folder.`, {
        code: 'folder-taken',
      })
  }
  strikeOut(data)
}

async function end(pid: number, data: string, locked: boolean, clock: Clock): Promise<boolean> {
  const goneWithin = async (patienceMs: number): Promise<boolean> => {
    const deadline = clock.monotonic() + patienceMs
    while (serves(pid, data)) {
      if (clock.monotonic() > deadline) return false
      await clock.sleep(20)
    }
    return true
  }
  if (!locked) return goneWithin(8_000)
  for (const [signal, patienceMs] of [['SIGINT', 8_000] as const, ['SIGQUIT', 6_000] as const, ['SIGKILL', 3_000] as const]) {
    try {
      kill(pid, signal)
    } catch {
      // gone meanwhile, or not ours to end: the wait tells
    }
    if (await goneWithin(patienceMs)) return true
  }
  return false
}

/**
 * The number of a dead process soon belongs to another one, above all when a container starts again and counts from 1: PostgreSQL
 * would believe the file and refuse, or we would take the old "ready" for the new one's. Striking out the number alone keeps
 * PostgreSQL's second check, on shared memory that a process of the dead server still uses.
 */
function strikeOut(data: string): void {
  const lines = read(data)
  if (lines.length === 0) return
  const impossiblePid = 2 ** 30
  writeFileSync(join(data, 'postmaster.pid'), [String(impossiblePid), ...lines.slice(1)].join('\n'))
}

function read(data: string): string[] {
  try {
    return readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')
  } catch {
    return []
  }
}

/** Its command line, readable for everybody, names the folder; that of a dead process which nobody has reaped is empty. */
function serves(pid: number, data: string): boolean {
  try {
    if (platform !== 'linux') return kill(pid, 0)
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(data)
  } catch {
    return false
  }
}
