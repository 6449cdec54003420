// Google's error model (google.rpc): details of a status that programs can read.
import { loadSync, type MessageTypeDefinition } from '@grpc/proto-loader'
import { contractFile } from './contract.ts'

const statusType = loadSync(contractFile('google/rpc/errors.proto'))['google.rpc.Status'] as MessageTypeDefinition<object, object>

export interface Detail extends Readonly<Record<string, unknown>> {
  '@type': `type.googleapis.com/google.rpc.${'ErrorInfo' | 'BadRequest' | 'RetryInfo' | 'RequestInfo'}`
}

/** google.rpc.Status, for `grpc-status-details-bin`. */
export const statusBytes = (code: number, message: string, details: readonly Detail[]): Buffer =>
  statusType.serialize({ code, message, details })
