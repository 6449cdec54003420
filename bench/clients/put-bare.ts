// The least that LMDB can do: one value in one transaction, acknowledged after its sync. Asked: { folder, bytes, concurrency, seconds }.
import { open } from 'lmdb'
import { percentile } from '../kit/measure.ts'
import { answer, asked, loops } from './asked.ts'

const { folder, bytes, concurrency, seconds } = asked<{ folder: string; bytes: number; concurrency: number; seconds: number }>()

// As the engine opens its own.
const env = open<Buffer, number>({ path: folder, noSubdir: false, encoding: 'binary', overlappingSync: false, eventTurnBatching: false })
const value = Buffer.alloc(bytes, 'a review ')
let last = 0
for (const key of env.getKeys({ reverse: true, limit: 1 })) last = key
const before = process.cpuUsage()
const { tookMs, seconds: lasted } = await loops(concurrency, seconds, () => env.put(++last, value))
const { user, system } = process.cpuUsage(before)
await env.close()
answer({
  count: tookMs.length,
  seconds: lasted,
  cpuUs: user + system,
  p50Ms: percentile(tookMs, 50),
  p99Ms: percentile(tookMs, 99),
})
