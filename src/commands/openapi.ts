// rcr openapi: writes contracts/openapi.json from the operations, or says that it differs.
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { openApiOf, operationsAlone } from '../system.ts'
import { around, type Command, readFlags } from './command.ts'

const file = fileURLToPath(new URL('../../contracts/openapi.json', import.meta.url))

export const openapi: Command = {
  name: 'openapi',
  usage: 'openapi [--check]',
  summary: 'Writes contracts/openapi.json from the operations.',
  help: 'With --check it writes nothing and fails when the file differs from what the operations say.',
  async run(running) {
    const { flags, say } = running
    const { check } = readFlags(flags, { check: 'switch' })
    const text = openApiOf(operationsAlone(around(running)))
    const standing = await readFile(file, 'utf8').catch(() => '')
    if (check) {
      say(standing === text ? 'contracts/openapi.json is as the operations say.' : 'contracts/openapi.json differs: npm run rcr -- openapi')
      return standing === text ? 0 : 1
    }
    await writeFile(file, text)
    say(`contracts/openapi.json: ${standing === text ? 'no change' : 'written'}`)
    return 0
  },
}
