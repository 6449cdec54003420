// One table of settings: name, type, default, help; read once, all faults reported together, frozen.
import { isIP } from 'node:net'
import { resolve } from 'node:path'

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

const whole = (least: number, most: number) => (text: string) => {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value < least || value > most) throw new Error(`must be a whole number from ${least} to ${most}`)
  return value
}

const oneOf =
  <const T extends string>(...values: readonly T[]) =>
  (text: string): T => {
    const value = values.find((candidate) => candidate === text)
    if (value === undefined) throw new Error(`must be one of: ${values.join(', ')}`)
    return value
  }

function hosts(text: string): readonly string[] {
  if (text === 'loopback') return ['127.0.0.1', '::1']
  const addresses = text.split(',').map((address) => address.trim())
  if (addresses.some((address) => isIP(address) === 0)) throw new Error('must be loopback, or addresses separated by commas: 0.0.0.0')
  return addresses
}

function postgresUrl(text: string): string {
  if (!/^postgres(ql)?:\/\//.test(text) || !URL.canParse(text)) throw new Error('must be like postgres://user:password@host:5432/database')
  return text
}

function origins(text: string): readonly string[] {
  const list = text.split(',').map((origin) => origin.trim())
  const isOrigin = (origin: string) => origin === '*' || (URL.canParse(origin) && new URL(origin).origin === origin)
  if (!list.every(isOrigin)) throw new Error('must be origins separated by commas: https://portal.example.com')
  return list
}

function longSecret(text: string): string {
  if (Buffer.byteLength(text) < 32) throw new Error('must have at least 32 bytes; `openssl rand -base64 48` makes one')
  return text
}

export type ShipSetting = 'off' | { mode: 'async' | 'sync'; folder: string }

function ship(text: string): ShipSetting {
  if (text === 'off') return 'off'
  const [, isSync, folder = ''] = /^(sync:)?(.*)$/.exec(text) ?? []
  if (folder === '') throw new Error('must be a folder, sync:<folder>, or off')
  return { mode: isSync ? 'sync' : 'async', folder: resolve(folder) }
}

function httpUrl(text: string): string {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) throw new Error('must be like https://api.example.com')
  return text.endsWith('/') ? httpUrl(text.slice(0, -1)) : text
}

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
  RCR_SHIP: optional({
    read: ship,
    help: 'A second place for the master: a folder of another disk or machine, at most a second behind; sync:<folder>: acknowledged only when it is there as well. off: no second place any more.',
  }),
  RCR_HOST: setting({
    read: hosts,
    standard: 'loopback',
    help: 'Addresses to listen on: loopback, or a list such as 0.0.0.0,:: (production only).',
  }),
  RCR_HTTP_PORT: setting({ read: whole(0, 65535), standard: '8080', help: 'Port of the API. 0: any free one.' }),
  RCR_GRPC_PORT: setting({ read: whole(0, 65535), standard: '50051', help: 'Port of the API over gRPC. 0: any free one.' }),
  RCR_OPS_PORT: setting({ read: whole(0, 65535), standard: '9090', help: 'Port of /healthz, /readyz and /metrics. 0: any free one.' }),
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
  RCR_CACHE_MIB: setting({ read: whole(1, 65536), standard: '64', help: 'Memory for the response cache of each process, in MiB.' }),
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
  const { RCR_SHIP, RCR_DATA } = settings
  const isInside = RCR_SHIP !== null && RCR_SHIP !== 'off' && `${RCR_SHIP.folder}/`.startsWith(`${RCR_DATA}/`)
  const shipping = isInside ? ['RCR_SHIP must not lie in RCR_DATA: what burns there would burn twice'] : []
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

/** The table as help text. */
export function settingsHelp(): string {
  return Object.entries<Setting<unknown>>(table)
    .map(([name, { standard, help }]) => `  ${name}${standard === undefined || standard === '' ? '' : ` (${standard})`}\n      ${help}`)
    .join('\n')
}
