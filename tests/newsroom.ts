// Sixteen editors who write over HTTP, repeat what was not answered, and remember what was.
import { expect, onTestFinished } from 'bun:test'
import { systemClock } from '../src/kit/clock.ts'
import { post, type Running } from './process.ts'

export interface Acknowledged {
  key: string
  id: string
  version: number
}

const writers = 16

/** Writers that repeat an unanswered write with its key until it is answered. `at` is where they write now. */
export function newsroom(at: { process: Running }, authorization: string, cameraId: string) {
  const ledger: Acknowledged[] = []
  let stopped = false
  const isDone = (most: number) => stopped || ledger.length >= most
  let keys = 0

  async function send(key: string, method: string, path: string, body: object, version?: number): Promise<Acknowledged> {
    for (;;) {
      if (stopped) throw new Error('The writers were stopped.')
      try {
        const response = await fetch(`${at.process.api}${path}`, {
          method,
          body: JSON.stringify(body),
          headers: {
            authorization,
            'content-type': 'application/json',
            'idempotency-key': key,
            ...(version !== undefined && { 'if-match': `"${version}"` }),
          },
        })
        const answer = (await response.json()) as { id: string; version: number }
        if (response.ok) return { key, id: answer.id, version: answer.version }
        if (response.status < 500) throw new Error(`${method} ${path} ${key}: ${response.status} ${JSON.stringify(answer)}`)
      } catch (error) {
        if (error instanceof Error && /^(POST|PATCH) /.test(error.message)) throw error
      }
      await systemClock.sleep(20)
    }
  }

  async function writer(most: number): Promise<void> {
    let mine: Acknowledged | undefined
    while (!isDone(most)) {
      keys += 1
      const key = `key-${keys}`
      const revise = mine !== undefined && keys % 3 !== 0
      const acknowledged: Acknowledged = revise
        ? await send(key, 'PATCH', `/reviews/${mine?.id}`, { summary: key }, mine?.version)
        : await send(key, 'POST', '/reviews', { title: key, summary: key, body: 'Text.', language: 'en', cameraId, status: 'published' })
      ledger.push(acknowledged)
      mine = acknowledged
    }
  }

  const stop = () => {
    stopped = true
  }
  onTestFinished(stop) // of one that failed they would write on, into whatever takes the port next

  return {
    ledger,
    stop,
    /** Until so many are acknowledged in all. */
    write(most: number): Promise<unknown> {
      const writing = Promise.all(Array.from({ length: writers }, () => writer(most)))
      writing.catch(() => {}) // a test that failed does not wait for them
      return writing
    },
  }
}

export async function signIn(api: string, email = 'editor@example.com'): Promise<string> {
  const response = await post(`${api}/auth/login`, { email, password: 'first-light-2026' })
  return `Bearer ${((await response.json()) as { accessToken: string }).accessToken}`
}

export const cameraOf = async (api: string) => ((await (await fetch(`${api}/cameras/nikon-z8`)).json()) as { id: string }).id

/** Each acknowledged write is in the history as it was sent, and there is nothing else. */
export async function expectNothingLost(api: string, authorization: string, ledger: readonly Acknowledged[]): Promise<void> {
  const versions = new Map<string, Acknowledged[]>()
  for (const write of ledger) versions.set(write.id, [...(versions.get(write.id) ?? []), write])
  for (const [id, writes] of versions) {
    const response = await fetch(`${api}/reviews/${id}/history?limit=100`, { headers: { authorization } })
    const { data } = (await response.json()) as { data: { version: number }[] }
    expect(data.map(({ version }) => version)).toEqual(writes.map(({ version }) => version).sort((a, b) => b - a))
    for (const { version, key } of writes) {
      const change = await (await fetch(`${api}/reviews/${id}/history/${version}`, { headers: { authorization } })).text()
      expect(change).toContain(`"${key}"`)
    }
  }
  const own = new Set<string>()
  let path: string | null = '/reviews?limit=100'
  while (path !== null) {
    const page = (await (await fetch(new URL(path, `${api}/reviews`), { headers: { authorization } })).json()) as {
      data: { id: string }[]
      links: { next: string | null }
    }
    for (const { id } of page.data) own.add(id)
    path = page.links.next
  }
  expect(own).toEqual(new Set(versions.keys()))
}

/** Of each version of a review, from the first: its title, which tells the write that made it. */
export async function marksOf(api: string, authorization: string, document: string): Promise<string[]> {
  const marks: string[] = []
  const page = `${api}/reviews/${document}/history`
  for (let next: string | null = '?limit=100'; next !== null; ) {
    const response = await fetch(new URL(next, page), { headers: { authorization } })
    const { data, links } = (await response.json()) as { data: { version: number }[]; links: { next: string | null } }
    for (const { version } of data) {
      const change = await fetch(`${page}/${version}`, { headers: { authorization } })
      marks[version - 1] = /"title":"([^"]*)"/.exec(await change.text())?.[1] ?? ''
    }
    next = links.next
  }
  return marks
}
