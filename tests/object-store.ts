// One genuine object store for all tests of a process, OpenStack Swift behind its S3 API: started at the first call, gone with the process.
import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { fixedCredentials } from '../src/engines/aws/credentials.ts'
import { openSigning } from '../src/engines/aws/signing.ts'
import { type Objects, openObjects } from '../src/engines/ship/objects.ts'
import { type Ask, openS3 } from '../src/engines/ship/s3.ts'
import { systemClock } from '../src/kit/clock.ts'
import type { Policy } from '../src/kit/resilience.ts'
import { dependencyOf } from './dependencies.ts'
import { freePorts } from './ring.ts'

const keepers = ['account', 'container', 'object'] as const

/** Why these tests cannot run here; null when they can. */
export const objectStoreIsMissing: string | null = [...keepers, 'proxy'].every((kind) => existsSync(`/usr/bin/swift-${kind}-server`))
  ? null
  : 'The object store needs the system packages of OpenStack Swift'
if (objectStoreIsMissing !== null && process.env.CI === 'true')
  throw new Error(`${objectStoreIsMissing}: under CI=true every engine must be there.`)

const region = 'us-east-1'
const key = { accessKeyId: 'test:editor', secretAccessKey: 'first-light' }

/** Of a process whose second place is there. */
export const objectStoreSettings = (endpoint: string): Record<string, string> => ({
  RCR_SHIP_ENDPOINT: endpoint,
  AWS_REGION: region,
  AWS_ACCESS_KEY_ID: key.accessKeyId,
  AWS_SECRET_ACCESS_KEY: key.secretAccessKey,
})

interface Asking {
  endpoint: string
  bucket: string
  credentials?: typeof key
  policy?: Partial<Policy>
}

export function askBucket({ endpoint, bucket, credentials = key, policy = {} }: Asking): Ask {
  const sign = openSigning({ service: 's3', region, credentials: fixedCredentials(credentials), clock: systemClock })
  return openS3({ endpoint, bucket, region, sign, dependency: dependencyOf('ship', policy) })
}

let started: Promise<string> | undefined

export interface TestBucket {
  endpoint: string
  bucket: string
  ask: Ask
  objects: Objects
}

/** Fresh and empty. */
export async function testBucket(): Promise<TestBucket> {
  started ??= start()
  const [endpoint, bucket] = [await started, `bucket-${randomBytes(6).toString('hex')}`]
  const ask = askBucket({ endpoint, bucket })
  await ask({ method: 'PUT', key: '' })
  return { endpoint, bucket, ask, objects: openObjects(ask) }
}

async function start(): Promise<string> {
  for (let tries = 1; ; tries++) {
    const endpoint = await startOnce()
    if (endpoint !== null) return endpoint
    if (tries === 5) throw new Error('Swift did not start')
  }
}

/** Null when one of its servers has ended: somebody else may have taken a port that was free a moment ago. */
async function startOnce(): Promise<string | null> {
  const folder = await mkdtemp(join(tmpdir(), 'rcr-objects-'))
  await mkdir(join(folder, 'devices', 'one'), { recursive: true })
  const [proxy = 0, ...ports] = await freePorts(1 + keepers.length)
  const rings = spawnSync('/usr/bin/python3', ['-c', ringsProgram, folder, ...ports.map(String)], { encoding: 'utf8' })
  if (rings.status !== 0) throw new Error(`Swift's rings were not made:\n${rings.stderr}`)
  for (const [n, kind] of keepers.entries()) {
    const what = `devices = ${join(folder, 'devices')}\nmount_check = false\n[pipeline:main]\npipeline = ${kind}-server\n`
    await writeFile(join(folder, `${kind}.conf`), `${common(folder, ports[n])}${what}[app:${kind}-server]\nuse = egg:swift#${kind}\n`)
  }
  await writeFile(join(folder, 'proxy.conf'), common(folder, proxy) + proxyConfig)
  watchOver(folder)
  const endpoint = `http://127.0.0.1:${proxy}`
  const ask = askBucket({ endpoint, bucket: 'first', policy: { tries: 1 } })
  for (let tries = 0; existsSync(folder); tries++) {
    try {
      await ask({ method: 'PUT', key: '' })
      return endpoint
    } catch (error) {
      if (tries > 600) throw new Error('Swift does not answer', { cause: error })
      await systemClock.sleep(100)
    }
  }
  return null
}

/** As for DynamoDB Local a grandchild watches: when we have ended, or one of the servers, it ends them all and takes what they kept with them. */
function watchOver(folder: string): void {
  const kinds = [...keepers, 'proxy']
  const servers = kinds.map((kind) => `swift-${kind}-server ${join(folder, `${kind}.conf`)} & ${kind}=$!;`)
  const isUp = [`kill -0 ${process.pid}`, ...kinds.map((kind) => `kill -0 $${kind}`)].join(' && ')
  const end = `kill -KILL ${kinds.map((kind) => `$${kind}`).join(' ')}; rm -rf ${folder}`
  const script = `(PATH=/usr/bin:/bin; ${servers.join(' ')} while ${isUp}; do sleep 0.5; done; ${end}) >/dev/null 2>&1 </dev/null &`
  spawn('sh', ['-c', script], { stdio: 'ignore', detached: true }).unref()
}

const common = (folder: string, port = 0): string =>
  `[DEFAULT]\nbind_ip = 127.0.0.1\nbind_port = ${port}\nbind_timeout = 1\nworkers = 0\nuser = ${userInfo().username}\nswift_dir = ${folder}\n`

const ringsProgram = `
import sys
from swift.common.ring import RingBuilder
for kind, port in zip(('account', 'container', 'object'), sys.argv[2:]):
    ring = RingBuilder(1, 1, 0)
    ring.add_dev({'id': 0, 'region': 1, 'zone': 1, 'weight': 1, 'ip': '127.0.0.1', 'port': int(port), 'device': 'one', 'meta': ''})
    ring.rebalance()
    ring.get_ring().save(f'{sys.argv[1]}/{kind}.ring.gz')
`

// Its sign-in asks for a cache, and does without an answer.
const proxyConfig = `
[pipeline:main]
pipeline = catch_errors cache s3api tempauth slo dlo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
allow_account_management = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:1
[filter:s3api]
use = egg:swift#s3api
location = ${region}
[filter:tempauth]
use = egg:swift#tempauth
user_test_editor = ${key.secretAccessKey} .admin
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
`
