// ReadContent as the contract has it, and an echo of its answer.
import { fileURLToPath } from 'node:url'
import { loadSync, type MethodDefinition } from '@grpc/proto-loader'

const contract = loadSync(fileURLToPath(new URL('../../contracts/rcr.proto', import.meta.url)), { longs: Number, enums: String })
const service = contract['rcr.v1.ContentService'] as unknown as Record<string, MethodDefinition<object, object>> | undefined
if (service?.ReadContent === undefined) throw new Error('the contract has no ReadContent')

export const readContent = service.ReadContent
const { responseSerialize, responseDeserialize } = readContent

export const echo: MethodDefinition<object, object> = {
  ...readContent,
  path: '/echo/Echo',
  requestSerialize: responseSerialize,
  requestDeserialize: responseDeserialize,
}
