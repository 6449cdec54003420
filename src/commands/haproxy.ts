// rcr haproxy: the configuration of the gateway before a region.
import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import type { Operation } from '../kit/operation.ts'
import { Refusal } from '../kit/refusal.ts'
import { servicesAlone } from '../system/services.ts'
import type { Surroundings } from '../system/surroundings.ts'
import { around, type Command } from './command.ts'
import { Gateway, haproxyConfig } from './haproxy-config.ts'

export const haproxy: Command = {
  name: 'haproxy',
  usage: 'haproxy <file>',
  summary: "Prints HAProxy's configuration for the gateway before a region.",
  help: `The file says in JSON who is where: see deploy/haproxy/eu.json and the README.md beside it.
  npm run --silent rcr -- haproxy eu.json >haproxy.cfg && haproxy -c -f haproxy.cfg`,
  async run(running) {
    running.say(haproxyConfig(await readGateway(fileOf(running.flags)), readingOperations(around(running))).trimEnd())
    return 0
  },
}

/** What the processes of a region answer. */
export const readingOperations = (surroundings: Surroundings): readonly Operation[] => servicesAlone(surroundings).read.operations

async function readGateway(file: string): Promise<Gateway> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new Refusal('missing', `${file} cannot be read.`, { cause })
  })
  const parsed = Gateway.safeParse(jsonOf(text))
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues.map(({ path, message, code }) => ({ pointer: `#/${path.join('/')}`, code, detail: message }))
  throw new Refusal('invalid', `${file} does not describe a gateway.`, { faults })
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function fileOf(flags: readonly string[]): string {
  try {
    const [file, more] = parseArgs({ args: [...flags], options: {}, strict: true, allowPositionals: true }).positionals
    if (file !== undefined && more === undefined) return file
  } catch {}
  throw new Refusal('invalid', 'Name one file: rcr haproxy deploy/haproxy/eu.json')
}
