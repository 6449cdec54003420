// The least that grpc-js can do with a message: decoded, and encoded again.
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js'
import { echo } from './review-message.ts'

const server = new Server()
server.addService(
  { echo },
  {
    echo: ({ request }: ServerUnaryCall<object, object>, callback: sendUnaryData<object>) => callback(null, request),
  },
)
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error
  console.log(`listening on 127.0.0.1:${port} `)
})
