// rcr contracts: writes what the operations and the table of dependencies say into contracts/ and docs/, or says which file differs.
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { clientSourceOf, endpointTableOf, graphQlSchemaOf, openApiOf, postmanOf, withDependencyTable } from '../system/contracts.ts'
import { operationsAlone } from '../system/services.ts'
import { around, type Command, readFlags } from './command.ts'

const derived = {
  'contracts/openapi.json': openApiOf,
  'contracts/schema.graphql': graphQlSchemaOf,
  'contracts/client.ts': clientSourceOf,
  'contracts/postman.json': postmanOf,
  'docs/endpoints.md': endpointTableOf,
  'docs/resilience.md': (_: unknown, current: string) => withDependencyTable(current),
}

export const contracts: Command = {
  name: 'contracts',
  usage: 'contracts [--check]',
  summary: 'Writes the contracts, the clients and the tables of endpoints and dependencies from the code.',
  help: 'With --check it writes nothing and fails when a file differs from what the code says.',
  async run(running) {
    const { flags, say } = running
    const { check } = readFlags(flags, { check: 'switch' })
    const operations = operationsAlone(around(running))
    let differing = 0
    for (const [name, textOf] of Object.entries(derived)) {
      const file = fileURLToPath(new URL(`../../${name}`, import.meta.url))
      const current = await readFile(file, 'utf8').catch(() => '')
      const text = textOf(operations, current)
      const isSame = current === text
      if (!isSame) differing += 1
      if (!check && !isSame) await writeFile(file, text)
      const difference = check ? 'differs: npm run rcr -- contracts' : 'written'
      say(`${name}: ${isSame ? 'as the code says' : difference}`)
    }
    return check && differing > 0 ? 1 : 0
  },
}
