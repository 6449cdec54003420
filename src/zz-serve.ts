import { openLibrary } from '../tests/library.ts'
import { systemClock } from './kit/clock.ts'
import { openLog } from './kit/log.ts'
import { openMetrics } from './kit/metric.ts'
import { sealer } from './kit/seal.ts'
import { idMaker } from './kit/id.ts'
import { secureRandom } from './kit/clock.ts'
import { rest } from './protocols/rest.ts'
import { openRead } from './services/read/read.ts'
import { listen } from './kit/serve.ts'
import { openContent } from './engines/postgres/content.ts'
import { silentLog } from './kit/log.ts'
const secret = new Uint8Array(32).fill(3)
const big = process.env.BIG
const content = big ? openContent({ url: 'postgres://postgres@127.0.0.1:54399/rcr', log: silentLog, fingerprint: 'fp' }) : (await openLibrary()).content
const metrics = openMetrics({ ofProcess: false })
const around = { clock: systemClock, log: openLog('error'), metrics }
const newRequestId = idMaker(systemClock, secureRandom)
const tokenSeal = sealer(secret, 'token')
const read = openRead({ content, cursorSeal: sealer(secret, 'cursor'), tokenSeal, cacheBytes: 64e6, newRequestId, ...around })
const api = rest({ operations: read.operations, authenticate: () => Promise.reject(new Error()), tokenSeal, newRequestId, origins: [], deadlineMs: 5000, ...around } as never)
void read.run(new AbortController().signal)
const edge = process.env.NOEDGE ? api : read.edge(api)
const l = listen({ fetch: edge as never, hosts: ['127.0.0.1'], port: 8099, defect: (e) => { console.error(e); return new Response('x', { status: 500 }) } })
console.log(l.url)
let c0 = process.cpuUsage(), h0 = 0
process.on('SIGUSR2', () => { const c = process.cpuUsage(c0); const o = read.status().cache; const n = o.hit + o.fill + o.passed; console.log('cpu us/req', ((c.user + c.system) / (n - h0)).toFixed(1), JSON.stringify(read.status())); c0 = process.cpuUsage(); h0 = n })
