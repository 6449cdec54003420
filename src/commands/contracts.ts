// rcr contracts: writes what the operations say into contracts/, or says which file differs.
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { graphQlSchemaOf, openApiOf, operationsAlone } from '../system.ts'
import { around, type Command, readFlags } from './command.ts'

const derived = { 'openapi.json': openApiOf, 'schema.graphql': graphQlSchemaOf }

export const contracts: Command = {
  name: 'contracts',
  usage: 'contracts [--check]',
  summary: 'Writes contracts/openapi.json and contracts/schema.graphql from the operations.',
  help: 'With --check it writes nothing and fails when a file differs from what the operations say.',
  async run(running) {
    const { flags, say } = running
    const { check } = readFlags(flags, { check: 'switch' })
    const operations = operationsAlone(around(running))
    let differing = 0
    for (const [name, textOf] of Object.entries(derived)) {
      const file = fileURLToPath(new URL(`../../contracts/${name}`, import.meta.url))
      const text = textOf(operations)
      const isSame = (await readFile(file, 'utf8').catch(() => '')) === text
      if (!isSame) differing += 1
      if (!check && !isSame) await writeFile(file, text)
      const difference = check ? 'differs: npm run rcr -- contracts' : 'written'
      say(`contracts/${name}: ${isSame ? 'as the operations say' : difference}`)
    }
    return check && differing > 0 ? 1 : 0
  },
}
