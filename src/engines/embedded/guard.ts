// A small shell process that outlives us by an instant: it holds the folder's lock and ends PostgreSQL if we die.
//
// The lock is flock(2), held by that process as long as its standard input, a pipe from us, is open. So the kernel gives it
// back however we end, there is no stale lock file to judge, and it holds between containers that share the folder.
// Where there is no `flock` command (macOS) only the watching remains; a running PostgreSQL then refuses the second start.
import { type ChildProcess, spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Log } from '../../kit/log.ts'
import { Refusal } from '../../kit/refusal.ts'
import { bareEnvironment } from './way.ts'

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
const takenCode = 75
const waitS = 1 // the guard of somebody who just died needs an instant to go

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
      return new Promise((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null) return resolve()
        child.once('exit', () => resolve())
        child.stdin?.end('\n')
      })
    },
  }
}

async function launch(folder: string): Promise<{ child: ChildProcess; locks: boolean }> {
  const lock = join(folder, 'lock')
  const shell = ['sh', '-c', script, lock, String(process.pid)]
  const locked = await started(['flock', '-w', String(waitS), '-E', String(takenCode), '-F', lock, ...shell])
  if (typeof locked === 'object') return { child: locked, locks: true }
  if (locked === takenCode) {
    const holder = (await readFile(lock, 'utf8').catch(() => '')).trim() || 'another process'
    throw new Refusal('conflict', `${folder} is in use by ${holder}. Stop that one, or choose another folder.`, { code: 'folder-taken' })
  }
  const plain = locked === 'absent' ? await started(shell) : locked
  if (typeof plain === 'object') return { child: plain, locks: false }
  throw new Error(`the guard of ${folder} did not start: ${plain}`)
}

/** The process once it has said so, else its exit code, or that there is no such command. */
function started([command = '', ...args]: string[]): Promise<ChildProcess | number | 'absent'> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'ignore'], detached: true, env: bareEnvironment })
    child.once('error', (error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? resolve('absent') : reject(error)))
    child.once('exit', (code) => resolve(code ?? 1))
    child.stdin.on('error', () => {}) // written to after its end, which is told by 'exit'
    createInterface(child.stdout).once('line', () => resolve(child))
  })
}
