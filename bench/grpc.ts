// A review over gRPC: beside a bare grpc-js server on Bun that decodes and encodes the very same message.
import { fileURLToPath } from 'node:url'
import type { Benchmark } from './kit/lab.ts'
import { type Round, spending, taking } from './kit/measure.ts'
import { cpuUs, runClient, start } from './kit/process.ts'
import { byCpu } from './kit/table.ts'

const concurrency = 8

interface Found {
  count: number
  seconds: number
  p50Ms: number
  p99Ms: number
  bytes: number
}

export const grpc: Benchmark = {
  title: 'gRPC unary',
  needs: [],
  async run(lab) {
    await using stack = new AsyncDisposableStack()
    const system = stack.adopt(await lab.system(await lab.seeded()), (one) => one.stop())
    const words = [process.execPath, fileURLToPath(new URL('./clients/bare-grpc.ts', import.meta.url))]
    const bare = stack.adopt(await start({ core: 'server', words, ready: /listening on (\S+)/ }), (one) => one.stop())
    const listed = await fetch(`${system.url}/api/v1/content?limit=1`)
    const { data } = (await listed.json()) as { data: { slug: string }[] }
    const asked = { address: system.grpcAddress, slug: data[0]?.slug, concurrency, seconds: lab.seconds }
    const found = await taking(lab.turns, {
      ours: () => asking({ ...asked, echo: null }, system.spenders),
      bare: () => asking({ ...asked, echo: bare.said[1] ?? '' }, { '': () => cpuUs(bare.pid) }),
    })
    return [
      byCpu(`gRPC unary, ReadContent, ${concurrency} at once`, found.ours, found.bare, 'grpc-js on Bun, echo of the same message', 1.5),
    ]
  },
}

const asking = (asked: object, spenders: Readonly<Record<string, () => number>>): Promise<Round> =>
  spending(spenders, () => runClient<Found>('load', 'call-grpc', asked))
