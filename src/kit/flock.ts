// A lock of the kernel, flock(2), held by a small process as long as its standard input, a pipe from us, is open: however we end it is
// given back, there is no stale lock file to judge, and it holds between containers that share the folder.
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/** Nothing of our own environment leaks in: no PG* setting, no secret, no language. */
export const bareEnvironment = { PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', LC_ALL: 'C', TZ: 'UTC' }

const takenCode = 75
/**
 * Only what the `flock` of util-linux and the one of BusyBox both know: on an open file, without waiting. Both end with 1 and say nothing
 * when somebody else has the lock, and say why when it cannot be had at all. The lock is the open file's, so the command, which this
 * shell becomes, has it. Tried for a second: whoever held it for somebody that just died needs an instant to go.
 */
const script = `exec 9>>"$1"
shift
for try in 1 2 3 4 5 6 7 8 9 10; do
  said=$(flock -n 9 2>&1) && exec "$@"
  code=$?
  [ "$code$said" = 1 ] || exit "$code"
  sleep 0.1
done
exit ${takenCode}`
const notFoundCode = 127

/**
 * The command, once it has said a line, in possession of the lock; or its exit code, or that of `flock` when there is no lock to be had,
 * as on some file systems. `absent`: this system has no `flock` (macOS).
 */
export async function underLock(path: string, command: readonly string[]): Promise<ChildProcess | number | 'taken' | 'absent'> {
  const locked = await started(['sh', '-c', script, 'sh', path, ...command])
  if (locked === notFoundCode) return 'absent'
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
