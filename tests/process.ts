// The command `rcr` as a process of its own: started, found by the addresses it prints, signalled, awaited.
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { systemClock } from '../src/kit/clock.ts'

const main = join(import.meta.dir, '..', 'src', 'main.ts')

export interface Process {
  child: ChildProcess
  /** All that it has printed. */
  output(): string
  /** Its exit status; null when a signal ended it. */
  ended: Promise<number | null>
}

/** `before`: words of a command that runs it, such as a tracer. `version`: another one of our code. */
export function rcr(
  folder: string,
  words: readonly string[],
  environment: Record<string, string> = {},
  before: readonly string[] = [],
  version = main,
): Process {
  const [command = '', ...more] = [...before, process.execPath, version, ...words]
  const child = spawn(command, more, {
    env: {
      ...withoutSettings(process.env),
      RCR_DATA: folder,
      RCR_HTTP_PORT: '0',
      RCR_OPS_PORT: '0',
      RCR_GRPC_PORT: '0',
      RCR_LIMITS: 'off',
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      text += chunk
    })
  return { child, output: () => text, ended: new Promise((resolve) => child.on('close', resolve)) }
}

const withoutSettings = (environment: NodeJS.ProcessEnv) =>
  Object.fromEntries(Object.entries(environment).filter(([name]) => !/^RCR_|^DATABASE_URL$/.test(name)))

export interface Running extends Process {
  /** `http://127.0.0.1:…` */
  api: string
  ops: string
}

/** `rcr start`, or another command that serves, when it answers readers. */
export async function startProcess(
  folder: string,
  environment: Record<string, string> = {},
  before: readonly string[] = [],
  words: readonly string[] = ['start'],
): Promise<Running> {
  const started = rcr(folder, words, environment, before)
  for (;;) {
    const api = /reviews +(http\S+)\/api/.exec(started.output())?.[1]
    const ops = /operators +(http\S+)\/readyz/.exec(started.output())?.[1]
    if (api !== undefined && ops !== undefined) {
      while ((await fetch(`${ops}/readyz`)).status !== 200) await systemClock.sleep(10)
      return { ...started, api, ops }
    }
    const state = await Promise.race([started.ended, systemClock.sleep(10).then(() => 'running')])
    if (state !== 'running') throw new Error(`rcr ${words.join(' ')} ended with ${state}:\n${started.output()}`)
  }
}

/** SIGTERM, and its exit status. */
export async function stopProcess(running: Running): Promise<number | null> {
  running.child.kill('SIGTERM')
  return running.ended
}

export async function post(url: string, body: object, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } })
}
