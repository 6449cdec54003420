// A client on Node, as other teams have one: prints what it got, one line a call.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { credentials, loadPackageDefinition, status } from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'

const file = join(fileURLToPath(import.meta.url), '../../../contracts/rcr.proto')
const { ContentService } = loadPackageDefinition(loadSync(file)).rcr.v1
const client = new ContentService(process.argv[2], credentials.createInsecure())
const suggest = (message, options = {}) =>
  new Promise((resolve) =>
    client.suggestContent(message, options, (error, response) =>
      resolve(error === null ? `OK ${response.data[0].text}` : status[error.code]),
    ),
  )
console.log(await suggest({ q: 'fo' }))
console.log(await suggest({ q: 'fo', limit: 99 }))
console.log(await suggest({ q: 'fo', limit: 1 }, { deadline: Date.now() + 200 }))
client.close()
