// System calls of a process that runs already, made slow or to fail with a real error for a while, by strace.
import { spawn } from 'node:child_process'

/** Of all its threads, on one file. What it resolves with ends it. */
export async function failingCalls(pid: number, file: string, inject: string): Promise<() => void> {
  const calls = inject.split(':')[0] ?? ''
  const words = ['-f', '-p', String(pid), '-P', file, '-e', `trace=${calls}`, '-e', `inject=${inject}`, '-o', '/dev/null']
  const tracer = spawn('strace', words, { stdio: ['ignore', 'ignore', 'pipe'] })
  await new Promise<void>((resolve, reject) => {
    let said = ''
    tracer.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (said.includes('attached')) resolve()
    })
    tracer.once('exit', (status) => reject(new Error(`strace ended with ${status}: ${said}`)))
  })
  return () => void tracer.kill('SIGINT')
}
