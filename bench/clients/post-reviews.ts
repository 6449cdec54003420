// Posts reviews as an editor's client would. Asked: { url, token, concurrency, seconds, from, cameras }.
import { type CorpusCatalogue, corpus } from '../../src/services/write/corpus.ts'
import { percentile } from '../kit/measure.ts'
import { answer, asked, loops } from './asked.ts'

const { url, token, concurrency, seconds, from, cameras } = asked<{
  url: string
  token: string
  concurrency: number
  seconds: number
  from: number
  cameras: CorpusCatalogue['cameras']
}>()

const make = corpus(2, { cameras, lenses: [], editorIds: ['the caller'] })
// Written beforehand, as an editor's client would have them: inventing one takes a fifth of a millisecond.
const written = (nth: number) => {
  const { slug: _, ...fields } = make(from + nth).fields
  return JSON.stringify(fields)
}
const bodies = Array.from({ length: seconds * 1500 }, (_, nth) => written(nth))
const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }

const { tookMs, seconds: lasted } = await loops(concurrency, seconds, async (nth) => {
  const posted = await fetch(`${url}/api/v1/reviews`, { method: 'POST', headers, body: bodies[nth] ?? written(nth) })
  if (posted.status !== 201) throw new Error(`${posted.status}: ${await posted.text()}`)
  await posted.arrayBuffer()
})
answer({ count: tookMs.length, seconds: lasted, p50Ms: percentile(tookMs, 50), p99Ms: percentile(tookMs, 99) })
