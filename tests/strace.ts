// System calls watched and made to fail, by strace: real errors out of real calls, without a compiler.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** Null, or why it cannot be used here. */
export const straceFault: string | null = (() => {
  const probe = spawnSync('strace', ['-qq', '-o', '/dev/null', 'true'], { encoding: 'utf8' })
  if (probe.error) return 'no strace'
  return probe.status === 0 ? null : `strace may not trace here: ${probe.stderr.trim()}`
})()

interface Tracing {
  /** Where the trace goes. */
  to: string
  calls: readonly string[]
  /** Only calls on this file. */
  on?: string
  /** As strace writes it: `pwrite64:error=EIO:when=3`. Counts in each thread by itself. */
  inject?: string
  /** How much of each buffer is shown. */
  bytes?: number
}

/** To be put before a command, whose process stays the one that was started. */
export function straceWords({ to, calls, on, inject, bytes = 0 }: Tracing): string[] {
  const watched = on === undefined ? [] : ['-P', on]
  const injected = inject === undefined ? [] : ['-e', `inject=${inject}`]
  return [
    'strace',
    '-D',
    '-f',
    '-qq',
    '-y',
    '--seccomp-bpf',
    '-s',
    String(bytes),
    ...watched,
    '-e',
    `trace=${calls.join(',')}`,
    ...injected,
    '-o',
    to,
  ]
}

/** How often the trace says that a call was made to fail or to wait. */
export const injections = (trace: string): number => readFileSync(trace, 'utf8').match(/\((INJECTED|DELAYED)\)/g)?.length ?? 0
