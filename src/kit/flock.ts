// A lock of the kernel, flock(2), held by a small process as long as its standard input, a pipe from us, is open: however we end it is
// given back, there is no stale lock file to judge, and it holds between containers that share the folder.
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/** Nothing of our own environment leaks in: no PG* setting, no secret, no language. */
export const bareEnvironment = { PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', LC_ALL: 'C', TZ: 'UTC' }

const takenCode = 75
const waitS = 1 // whoever held it for somebody that just died needs an instant to go

/** The command, once it has said a line, in possession of the lock; or its exit code. `absent`: this system has no `flock` (macOS). */
export async function underLock(path: string, command: readonly string[]): Promise<ChildProcess | number | 'taken' | 'absent'> {
  const locked = await started(['flock', '-w', String(waitS), '-E', String(takenCode), '-F', path, ...command])
  return locked === takenCode ? 'taken' : locked
}

/** The process once it has said so, else its exit code, or that there is no such command. */
export function started([command = '', ...args]: readonly string[]): Promise<ChildProcess | number | 'absent'> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'ignore'], detached: true, env: bareEnvironment })
    child.once('error', (error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? resolve('absent') : reject(error)))
    child.once('exit', (code) => resolve(code ?? 1))
    child.stdin.on('error', () => {}) // written to after its end, which is told by 'exit'
    createInterface(child.stdout).once('line', () => resolve(child))
  })
}

/** Resolves when a process that waits for the end of its standard input has ended. */
export function ended(child: ChildProcess, lastWord = ''): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve()
    child.once('exit', () => resolve())
    child.stdin?.end(lastWord)
  })
}
