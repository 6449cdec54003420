// Reads a review over gRPC again and again, or sends its message to whoever echoes it. Asked: { address, echo, slug, concurrency, seconds }.
import { Client, credentials, type MethodDefinition } from '@grpc/grpc-js'
import { percentile } from '../kit/measure.ts'
import { answer, asked, loops } from './asked.ts'
import { echo as echoed, readContent } from './review-message.ts'

const { address, echo, slug, concurrency, seconds } = asked<{
  address: string
  echo: string | null
  slug: string
  concurrency: number
  seconds: number
}>()

const called = (to: Client, method: MethodDefinition<object, object>, message: object) =>
  new Promise<object>((resolve, reject) => {
    to.makeUnaryRequest(method.path, method.requestSerialize, method.responseDeserialize, message, (error, response) =>
      error === null && response !== undefined ? resolve(response) : reject(error ?? new Error('no answer')),
    )
  })

const system = new Client(address, credentials.createInsecure())
const review = await called(system, readContent, { slug })
const bare = echo === null ? null : new Client(echo, credentials.createInsecure())
const { tookMs, seconds: lasted } = await loops(concurrency, seconds, () =>
  bare === null ? called(system, readContent, { slug }) : called(bare, echoed, review),
)
system.close()
bare?.close()
answer({
  count: tookMs.length,
  seconds: lasted,
  p50Ms: percentile(tookMs, 50),
  p99Ms: percentile(tookMs, 99),
  bytes: readContent.responseSerialize(review).length,
})
