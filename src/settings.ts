// One table of settings: name, type, default, help; read once, all faults reported together, frozen.
import { resolve } from 'node:path'
import { readNetworks } from './kit/client-address.ts'
import {
  breakers,
  currency,
  databases,
  hosts,
  httpUrl,
  limits,
  longSecret,
  oneOf,
  origins,
  postgresUrl,
  region,
  ship,
  tableName,
  text,
  whole,
} from './setting-forms.ts'

interface Setting<T> {
  /** Throws a sentence that names the fix. */
  read: (text: string) => T
  /** As it would be written; absent: the setting may stay unset and is null then. */
  standard?: string
  help: string
  secret?: boolean
}

const setting = <T>(declared: Setting<T>) => declared
const optional = <T>({ read, ...declared }: Setting<T>) => ({
  ...declared,
  read: (text: string): T | null => (text === '' ? null : read(text)),
})

export const table = {
  RCR_MODE: setting({
    read: oneOf('demo', 'production'),
    standard: 'demo',
    help: 'demo: loopback only, loads the first data and creates the demo accounts. production: neither, and refuses to start where they exist.',
  }),
  RCR_DATA: setting({
    read: (text) => resolve(text),
    standard: 'var',
    help: 'Folder of all data: the master and the embedded PostgreSQL. A local disk.',
  }),
  RCR_MASTER: setting({
    read: oneOf('lmdb', 'dynamodb'),
    standard: 'lmdb',
    help: 'Where the master lies: lmdb in RCR_DATA, for the processes of one machine; dynamodb in a table, for any number of them.',
  }),
  RCR_DYNAMODB_TABLE: setting({ read: tableName, standard: 'randomcamerareviews', help: 'The table; `rcr create-table` makes it.' }),
  RCR_DYNAMODB_ENDPOINT: optional({ read: httpUrl, help: 'Another DynamoDB than that of AWS_REGION: http://127.0.0.1:8000.' }),
  AWS_REGION: optional({ read: text, help: 'Region of the table or the bucket. These and the following as AWS names and sets them.' }),
  AWS_ACCESS_KEY_ID: optional({ read: text, help: 'Who asks DynamoDB, or the object store. Lambda sets it; so can you.' }),
  AWS_SECRET_ACCESS_KEY: optional({ read: text, secret: true, help: 'With it.' }),
  AWS_SESSION_TOKEN: optional({ read: text, secret: true, help: 'With both, when they are lent.' }),
  AWS_CONTAINER_CREDENTIALS_FULL_URI: optional({ read: text, help: 'Where credentials are lent (EKS). Set by AWS.' }),
  AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: optional({ read: text, help: 'Where credentials are lent (ECS). Set by AWS.' }),
  AWS_CONTAINER_AUTHORIZATION_TOKEN: optional({ read: text, secret: true, help: 'What is shown there. Set by AWS.' }),
  AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: optional({ read: text, help: 'File of what is shown there. Set by AWS.' }),
  RCR_SHIP: optional({
    read: ship,
    help: 'A second place for the master, at most a second behind: a folder of another disk or machine, or s3://<bucket>/<prefix>. sync:<place>: acknowledged only when it is there as well. off: no second place any more.',
  }),
  RCR_SHIP_ENDPOINT: optional({ read: httpUrl, help: 'Another object store for it than S3 of AWS_REGION: https://objects.example.com.' }),
  RCR_HOST: setting({
    read: hosts,
    standard: 'loopback',
    help: 'Addresses to listen on: loopback, or a list such as 0.0.0.0,:: (production only).',
  }),
  RCR_HTTP_PORT: setting({ read: whole(0, 65535), standard: '8080', help: 'Port of the API. 0: any free one.' }),
  RCR_GRPC_PORT: setting({ read: whole(0, 65535), standard: '50051', help: 'Port of the API over gRPC. 0: any free one.' }),
  RCR_OPS_HOST: setting({
    read: hosts,
    standard: 'loopback',
    help: 'Addresses of /healthz, /readyz and /metrics: loopback, or a list such as 0.0.0.0,:: where probes come from elsewhere. Not for the world.',
  }),
  RCR_OPS_PORT: setting({ read: whole(0, 65535), standard: '9090', help: 'Port of /healthz, /readyz and /metrics. 0: any free one.' }),
  RCR_DRAIN_S: optional({
    read: whole(0, 60),
    help: 'After SIGTERM /readyz says 404 for so many seconds before anything is refused, so that the gateway in front has seen it. Unset: 3 in production, else 0.',
  }),
  RCR_GRPC_TLS_CERT: optional({
    read: (text) => resolve(text),
    help: 'File with the certificate chain (PEM) for gRPC, with RCR_GRPC_TLS_KEY. Unset: plain text, for whoever ends TLS before it.',
  }),
  RCR_GRPC_TLS_KEY: optional({ read: (text) => resolve(text), help: 'File with the key (PEM) of that certificate.' }),
  RCR_SECRET: optional({
    read: longSecret,
    secret: true,
    help: 'Seals cursors and consistency tokens; the same in every process. Needed in production; in demo one is made in RCR_DATA.',
  }),
  RCR_PUBLIC_URL: optional({ read: httpUrl, help: 'Where users reach the API; the issuer of access tokens. Needed in production.' }),
  RCR_WRITE_ORIGINS: setting({
    read: (text) => (text === '' ? [] : origins(text)),
    standard: '',
    help: 'Origins whose pages may send commands, separated by commas. Reading is open to all.',
  }),
  RCR_CACHE_MIB: setting({
    read: whole(1, 65536),
    standard: '64',
    help: 'Memory for the response cache of each process, in MiB. It holds 150 MiB besides, and garbage: half the cache again from 128 on, below that up to two and a half times it.',
  }),
  RCR_WORKERS: setting({
    read: whole(1, 32),
    standard: '1',
    help: 'Processes that serve on the same port: one for each core that the database leaves. `start --workers` wins over it.',
  }),
  RCR_CONNECTIONS: optional({
    read: whole(2, 1024),
    help: 'Connections to the database for lists and documents, of all processes together; searches have half as many beside. Unset: 8, or two for each core where there are many processes.',
  }),
  RCR_QUERIES_AT_ONCE: optional({
    read: whole(1, 10_000),
    help: 'Questions that the cache cannot answer, worked on at once in each process; what cannot be answered soon is refused. Unset: twice the connections.',
  }),
  RCR_COMMANDS_AT_ONCE: setting({ read: whole(1, 10_000), standard: '96', help: 'Commands worked on at once in each process.' }),
  RCR_LIMITS: setting({
    read: limits,
    standard: 'on',
    help: 'How often who may ask, see docs/limits.md: on; off, for load tests; or other counts for an address: read=6000,sign-in=10.',
  }),
  RCR_TRUSTED_PROXIES: setting({
    read: (text) => (text === '' ? [] : readNetworks(text)),
    standard: '',
    help: 'Addresses or networks of the proxies in front, whose X-Forwarded-For is believed: 10.0.0.0/8,fd00::/8. Of anybody else it is not read.',
  }),
  RCR_CURRENCY: setting({
    read: currency,
    standard: 'USD',
    help: 'The currency of the shop (ISO 4217). What was priced in another one before is not sold until it has a new price.',
  }),
  RCR_PAYMENT_URL: optional({
    read: httpUrl,
    help: 'The payment house, see docs/shop.md. Unset: in demo a sandbox without money, in production nothing can be bought.',
  }),
  RCR_PAYMENT_KEY: optional({ read: text, secret: true, help: 'Shown to the payment house as a bearer token.' }),
  RCR_LOG: setting({
    read: oneOf('debug', 'info', 'warn', 'error', 'silent'),
    standard: 'info',
    help: 'Least level that is logged, as JSON lines.',
  }),
  DATABASE_URL: optional({
    read: postgresUrl,
    secret: true,
    help: 'A PostgreSQL ≥ 15 of your own for the read model. Unset: an embedded PostgreSQL 18 in RCR_DATA.',
  }),
  RCR_BREAKER: setting({
    read: breakers,
    standard: '',
    help: 'What fails so often in a row is left alone for so many seconds, until so many answers in a row bring it back: replica=5/60/2,payment=5/5/2, see docs/resilience.md. 5/60/2 alone is that of the replicas.',
  }),
  RCR_REGION: optional({ read: region, help: 'The region of this process, one of RCR_DATABASES: read from before any other.' }),
  RCR_DATABASES: optional({
    read: databases,
    secret: true,
    help: 'Instead of DATABASE_URL: the read model in several regions, nearest first, each with its database: sa=postgres://…,eu=postgres://… . One is the primary, which is found out; the others are its replicas.',
  }),
} as const

type Table = typeof table
export type Settings = { readonly [Name in keyof Table]: ReturnType<Table[Name]['read']> }

export class SettingFaults extends Error {}

/** Every fault at once, each with its name and the fix. Unknown RCR_ names are faults: mostly a slip of the pen. */
export function readSettings(environment: Readonly<Record<string, string | undefined>>): Settings {
  const faults: string[] = []
  const values: Record<string, unknown> = {}
  for (const [name, declared] of Object.entries<Setting<unknown>>(table)) {
    try {
      // Set to nothing, as templates do with what is not filled in, is not set.
      values[name] = declared.read(environment[name] || (declared.standard ?? ''))
    } catch (error) {
      faults.push(`${name} ${(error as Error).message}${declared.secret ? '' : ` (is: ${environment[name]})`}`)
    }
  }
  for (const name of Object.keys(environment))
    if (name.startsWith('RCR_') && !(name in table)) faults.push(`${name} is no setting; see: npm run rcr -- help`)
  const settings = Object.freeze(values) as Settings
  if (faults.length === 0) faults.push(...contradictions(settings))
  if (faults.length > 0) throw new SettingFaults(faults.join('\n'))
  return settings
}

const isLoopback = (address: string) => address === '::1' || address.startsWith('127.')

function contradictions(settings: Settings): string[] {
  if ((settings.RCR_GRPC_TLS_CERT === null) !== (settings.RCR_GRPC_TLS_KEY === null))
    return ['RCR_GRPC_TLS_CERT and RCR_GRPC_TLS_KEY belong together: set both, or neither']
  const master = settings.RCR_MASTER === 'dynamodb' ? withoutDynamo(settings) : []
  if (master.length > 0) return master
  const { RCR_DATABASES, RCR_REGION, DATABASE_URL } = settings
  if (RCR_DATABASES !== null && DATABASE_URL !== null) return ['DATABASE_URL is one database, RCR_DATABASES those of all regions: set one']
  if (RCR_REGION !== null && !RCR_DATABASES?.some(({ region: name }) => name === RCR_REGION))
    return ['RCR_REGION must be one of the regions of RCR_DATABASES']
  const shipping = shippingFaults(settings)
  if (settings.RCR_MODE === 'demo')
    return settings.RCR_HOST.every(isLoopback)
      ? shipping
      : [...shipping, 'RCR_HOST beyond loopback needs RCR_MODE=production: the demo accounts have a public password']
  return [
    ...shipping,
    ...(settings.RCR_SECRET === null ? ['RCR_SECRET is needed in production; `openssl rand -base64 48` makes one'] : []),
    ...(settings.RCR_PUBLIC_URL === null ? ['RCR_PUBLIC_URL is needed in production: where users reach the API'] : []),
  ]
}

function withoutDynamo(settings: Settings): string[] {
  return [
    ...withoutAws(settings, 'RCR_MASTER=dynamodb'),
    ...(settings.RCR_SHIP === null ? [] : ['RCR_SHIP is for RCR_MASTER=lmdb: DynamoDB keeps its copies in three zones by itself']),
  ]
}

function shippingFaults(settings: Settings): string[] {
  const { RCR_SHIP, RCR_SHIP_ENDPOINT, RCR_DATA } = settings
  const place = RCR_SHIP === null || RCR_SHIP === 'off' ? null : RCR_SHIP.place
  if (place !== null && 'bucket' in place) return withoutAws(settings, 'an RCR_SHIP of s3://')
  if (place === null || !('folder' in place)) return []
  return [
    ...(`${place.folder}/`.startsWith(`${RCR_DATA}/`) ? ['RCR_SHIP must not lie in RCR_DATA: what burns there would burn twice'] : []),
    ...(RCR_SHIP_ENDPOINT === null ? [] : ['RCR_SHIP_ENDPOINT is for an RCR_SHIP of s3://, and RCR_SHIP is a folder']),
  ]
}

/** What is missing for asking AWS, and who needs it. */
export function withoutAws(settings: Settings, user: string): string[] {
  const isFixed = settings.AWS_ACCESS_KEY_ID !== null && settings.AWS_SECRET_ACCESS_KEY !== null
  const isLent = settings.AWS_CONTAINER_CREDENTIALS_FULL_URI !== null || settings.AWS_CONTAINER_CREDENTIALS_RELATIVE_URI !== null
  return [
    ...(settings.AWS_REGION === null ? [`AWS_REGION is needed with ${user}: sa-east-1`] : []),
    ...(isFixed || isLent ? [] : [`AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are needed with ${user}, or a role of ECS or EKS`]),
  ]
}

/** The table as help text. */
export function settingsHelp(): string {
  return Object.entries<Setting<unknown>>(table)
    .map(([name, { standard, help }]) => `  ${name}${standard === undefined || standard === '' ? '' : ` (${standard})`}\n      ${help}`)
    .join('\n')
}
