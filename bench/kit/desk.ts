// A place at the desk for clients that write: signed in, with cameras to write about, and no review twice.
import { demoPassword } from '../../src/commands/demo.ts'
import { corpus } from '../../src/services/write/corpus.ts'

export interface Desk {
  /** What a client needs. */
  access: { url: string; token: string; cameras: { id: string; brand: string; model: string; mount: string | null }[] }
  /** What a review has as it is stored, on average. */
  reviewBytes: number
  /** The first review of the corpus that nobody has posted yet. */
  next(): number
  used(count: number): void
}

export async function openDesk(url: string): Promise<Desk> {
  const credentials = { email: 'editor@example.com', password: demoPassword }
  const headers = { 'content-type': 'application/json' }
  const signed = await fetch(`${url}/api/v1/auth/login`, { method: 'POST', headers, body: JSON.stringify(credentials) })
  if (signed.status !== 200) throw new Error(`no sign-in: ${signed.status} ${await signed.text()}`)
  const { accessToken: token } = (await signed.json()) as { accessToken: string }
  const listed = await fetch(`${url}/api/v1/cameras?limit=20`)
  const { data } = (await listed.json()) as { data: Desk['access']['cameras'] }
  const cameras = data.map(({ id, brand, model, mount }) => ({ id, brand, model, mount }))
  const make = corpus(2, { cameras, lenses: [], editorIds: [''] })
  const sizes = Array.from({ length: 200 }, (_, n) => Buffer.byteLength(JSON.stringify(make(n).fields)))
  let next = 0
  return {
    access: { url, token, cameras },
    reviewBytes: Math.round(sizes.reduce((sum, size) => sum + size, 0) / sizes.length) + 400, // ids, times, status
    next: () => next,
    used(count) {
      next += count
    },
  }
}
