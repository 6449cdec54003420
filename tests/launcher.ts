// Several commands of `rcr` side by side, each in a folder of its own: launched, found by what they print, ended in reverse order.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../src/kit/clock.ts'
import { cameraOf, signIn } from './newsroom.ts'
import { type Process, post, rcr } from './process.ts'

export interface Service extends Process {
  /** `http://127.0.0.1:…`; empty where there is none. */
  api: string
  ops: string
}

export interface Published {
  id: string
  slug: string
  version: number
  token: string
}

export function openLauncher(folder: string, environment: Record<string, string>) {
  const services = new Map<string, Service>()
  const end = async (name: string, signal: NodeJS.Signals = 'SIGTERM') => {
    const service = services.get(name)
    services.delete(name)
    service?.child.kill(signal)
    return service?.ended
  }
  const serviceOf = (name: string): Service => {
    const service = services.get(name)
    if (service === undefined) throw new Error(`${name} does not run`)
    return service
  }
  return {
    end,
    serviceOf,
    /** When it is ready. */
    async launch(name: string, words: string[], more: Record<string, string> = {}, version?: string): Promise<Service> {
      const started = rcr(join(folder, name), words, { ...environment, ...more }, [], version)
      const service = { ...started, api: '', ops: '' }
      services.set(name, service)
      for (;;) {
        service.api = /reviews +(http\S+)\/api/.exec(started.output())?.[1] ?? ''
        service.ops = /operators +(http\S+)\/readyz/.exec(started.output())?.[1] ?? ''
        if (service.ops !== '' && (await fetch(`${service.ops}/readyz`)).status === 200) return service
        const state = await Promise.race([started.ended, systemClock.sleep(20).then(() => 'running')])
        if (state !== 'running') throw new Error(`rcr ${words.join(' ')} ended with ${state}:\n${started.output()}`)
      }
    },
    /** A command that ends by itself: its status, and all that it said. */
    async run(name: string, words: string[], more: Record<string, string> = {}) {
      const started = rcr(join(folder, name), words, { ...environment, ...more })
      return { status: await started.ended, output: started.output() }
    },
    read: (name: string, path: string, token?: string) =>
      fetch(`${serviceOf(name).api}/api/v1${path}`, token === undefined ? {} : { headers: { 'consistency-token': token } }),
    async close() {
      for (const name of [...services.keys()].reverse()) {
        services.get(name)?.child.kill('SIGCONT')
        await end(name)
      }
      rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
    },
  }
}

/** An editor at home. */
export async function openDesk(api: () => string) {
  const authorization = await signIn(api())
  const cameraId = await cameraOf(api())
  let count = 0
  return {
    authorization,
    count: () => count,
    async publish(): Promise<Published> {
      count += 1
      const review = { title: `A review ${count}`, summary: 'Short.', body: 'Text.', language: 'en', cameraId, status: 'published' }
      const response = await post(`${api()}/reviews`, review, { authorization, 'idempotency-key': `review-${count}` })
      if (response.status !== 201) throw new Error(`${response.status} ${await response.text()}`)
      const { id, slug, version } = (await response.json()) as Published
      return { id, slug, version, token: response.headers.get('consistency-token') ?? '' }
    },
  }
}
