// rcr contracts: writes what the operations say into contracts/ and docs/, or says which file differs.
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { clientSourceOf, endpointTableOf, graphQlSchemaOf, openApiOf, postmanOf } from '../system/contracts.ts'
import { operationsAlone } from '../system/services.ts'
import { around, type Command, readFlags } from './command.ts'

const derived = {
  'contracts/openapi.json': openApiOf,
  'contracts/schema.graphql': graphQlSchemaOf,
  'contracts/client.ts': clientSourceOf,
  'contracts/postman.json': postmanOf,
  'docs/endpoints.md': endpointTableOf,
}

export const contracts: Command = {
  name: 'contracts',
  usage: 'contracts [--check]',
  summary: 'Writes the contracts, the clients and the tables of endpoints from the operations.',
  help: 'With --check it writes nothing and fails when a file differs from what the operations say.',
  async run(running) {
    const { flags, say } = running
    const { check } = readFlags(flags, { check: 'switch' })
    const operations = operationsAlone(around(running))
    let differing = 0
    for (const [name, textOf] of Object.entries(derived)) {
      const file = fileURLToPath(new URL(`../../${name}`, import.meta.url))
      const text = textOf(operations)
      const isSame = (await readFile(file, 'utf8').catch(() => '')) === text
      if (!isSame) differing += 1
      if (!check && !isSame) await writeFile(file, text)
      const difference = check ? 'differs: npm run rcr -- contracts' : 'written'
      say(`${name}: ${isSame ? 'as the operations say' : difference}`)
    }
    return check && differing > 0 ? 1 : 0
  },
}
