// A small shell process that outlives us by an instant: it holds the folder's lock and ends PostgreSQL if we die.
//
// Where there is no `flock` command (macOS) nothing locks and only the watching remains; a running PostgreSQL then refuses the second start.
import type { ChildProcess } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ended, started, underLock } from '../../kit/flock.ts'
import type { Log } from '../../kit/log.ts'
import { Refusal } from '../../kit/refusal.ts'

export interface Guard {
  /** Whether it holds the lock: a PostgreSQL that still runs in the folder is then nobody's. */
  locks: boolean
  /** The process group to end (SIGINT) when we die; null for none. */
  watch(pid: number | null): void
  /** Resolves when the folder is free for the next one. */
  release(): Promise<void>
}

const script = `echo "process $1" >"$0"
echo held
last=
while read -r pid; do last=$pid; done
[ -z "$last" ] || kill -s INT -- "-$last"`

/** Refuses (`conflict`, code `folder-taken`) while another live process has the folder. */
export async function openGuard(folder: string, log: Log): Promise<Guard> {
  let { child, locks } = await launch(folder)
  let watched: number | null = null
  let released = false
  const tell = (text: string) => child.stdin?.write(text)

  const renew = async (): Promise<void> => {
    if (released) return
    log.warn('the guard of the folder was ended from outside, starting another', { folder })
    ;({ child, locks } = await launch(folder))
    child.once('exit', onExit)
    if (released) child.stdin?.end('\n')
    else tell(`${watched ?? ''}\n`)
  }
  const onExit = () => void renew().catch((error: unknown) => log.error('the folder has no guard', { folder, error }))
  child.once('exit', onExit)

  return {
    locks,
    watch(pid) {
      watched = pid
      tell(`${pid ?? ''}\n`)
    },
    release() {
      released = true
      return ended(child, '\n')
    },
  }
}

async function launch(folder: string): Promise<{ child: ChildProcess; locks: boolean }> {
  const lock = join(folder, 'lock')
  const shell = ['sh', '-c', script, lock, String(process.pid)]
  const locked = await underLock(lock, shell)
  if (typeof locked === 'object') return { child: locked, locks: true }
  if (locked === 'taken') {
    const holder = (await readFile(lock, 'utf8').catch(() => '')).trim() || 'another process'
    throw new Refusal('conflict', `${folder} is in use by ${holder}. Stop that one, or choose another folder.`, { code: 'folder-taken' })
  }
  const plain = locked === 'absent' ? await started(shell) : locked
  if (typeof plain === 'object') return { child: plain, locks: false }
  throw new Error(`the guard of ${folder} did not start: ${plain}`)
}
