// Publishes reviews one by one and looks until a reader sees each. Asked: { url, token, times, from, cameras, by }.
// by 'token': one request that brings the token of the write. by 'looking': without it, again and again.
import { type CorpusCatalogue, corpus } from '../../src/services/write/corpus.ts'
import { answer, asked } from './asked.ts'

const { url, token, times, from, cameras, by } = asked<{
  url: string
  token: string
  times: number
  from: number
  cameras: CorpusCatalogue['cameras']
  by: 'token' | 'looking'
}>()

const make = corpus(3, { cameras, lenses: [], editorIds: ['the caller'] })
const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
const lookEveryMs = 2
const patienceMs = 10_000

const tookMs: number[] = []
for (let nth = 0; nth < times; nth++) {
  const body = JSON.stringify({ ...make(from + nth).fields, status: 'published' })
  const posted = await fetch(`${url}/api/v1/reviews`, { method: 'POST', headers, body })
  if (posted.status !== 201) throw new Error(`${posted.status}: ${await posted.text()}`)
  const acknowledgedMs = performance.now()
  const { slug } = (await posted.json()) as { slug: string }
  await seen(slug, by === 'token' ? (posted.headers.get('consistency-token') ?? '') : null, acknowledgedMs)
  tookMs.push(performance.now() - acknowledgedMs)
}
answer({ tookMs })

async function seen(slug: string, position: string | null, sinceMs: number): Promise<void> {
  const looking = position === null ? {} : { headers: { 'consistency-token': position } }
  while (performance.now() - sinceMs < patienceMs) {
    const { status } = await fetch(`${url}/api/v1/content/${slug}`, looking)
    if (status === 200) return
    if (position !== null) throw new Error(`with its token the review was answered ${status}`)
    await Bun.sleep(lookEveryMs)
  }
  throw new Error(`${slug} did not become visible`)
}
