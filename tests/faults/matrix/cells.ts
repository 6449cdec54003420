// Who fails in which way: each cell of the matrix as a fault that begins and ends, made from outside.
import { join } from 'node:path'
import type { World } from '../../../scripts/world/open-world.ts'
import { homePorts, portsOf, type Region, regions } from '../../../scripts/world/plan.ts'
import type { Process } from '../../../scripts/world/processes.ts'
import { straceFault } from '../../strace.ts'
import { failingCalls } from './failing-calls.ts'

export const whos = ['master', 'project', 'primary', 'near replica', 'read', 'gateway'] as const
export type Who = (typeof whos)[number]
export const hows = ['kill -9', 'pause', 'slow', 'errors', 'cut off', 'restart'] as const
export type How = (typeof hows)[number]

export interface Cell {
  who: Who
  how: How
}

/** `lmdb`: in the process that writes. `dynamodb`: a process of its own, behind a way of its own. */
export const master = process.env.MATRIX_MASTER === 'dynamodb' ? 'dynamodb' : 'lmdb'

/** Three stand in regions of their own and fail at the same time: none of them has to do with the others' readers. */
export const places: Readonly<Partial<Record<Who, Region>>> = { 'near replica': 'eu', read: 'na', gateway: 'as' }

export const slowMs = 500

/** Why a cell is none, in a word. */
export function notApplicable({ who, how }: Cell): string | null {
  if (who === 'gateway' && how === 'errors') return 'its own are 503, when it is cut off'
  if (who !== 'master' || master === 'dynamodb') return null
  if (how === 'cut off') return 'a folder, no network'
  if (how === 'slow' || how === 'errors') return straceFault
  return 'LMDB is in the process of project'
}

export const labelOf = (who: Who): string => (who === 'master' ? `master (${master === 'lmdb' ? 'LMDB' : 'DynamoDB'})` : who)
export const nameOf = ({ who, how }: Cell): string => `${labelOf(who)}, ${how}`

/** Those at home one after the other, and then those of the regions at once. With DynamoDB nothing but the master is another matter. */
export function phases(): Cell[][] {
  const athome = whos.filter((who) => places[who] === undefined).flatMap((who) => hows.map((how) => [{ who, how }]))
  if (master === 'dynamodb') return athome.filter(([cell]) => cell?.who === 'master')
  const inRegions = hows.map((how) => whos.filter((who) => places[who] !== undefined).map((who) => ({ who, how })))
  return [...athome, ...inRegions].map((cells) => cells.filter((cell) => notApplicable(cell) === null)).filter(({ length }) => length > 0)
}

/** Over at the moment it happens. */
export const isInstant = ({ how }: Cell): boolean => how === 'kill -9' || how === 'restart'

const names: Readonly<Record<Who, string>> = {
  master: master === 'lmdb' ? 'home' : 'dynamodb',
  project: 'home',
  primary: 'primary',
  'near replica': `database-${places['near replica']}`,
  read: `read-${places.read}-1`,
  gateway: `gateway-${places.gateway}`,
}

/** Begins; what it returns ends it. */
export async function begin(world: World, cell: Cell): Promise<() => void> {
  const { who, how } = cell
  const process = processOf(world, names[who])
  if (how === 'kill -9') process.signal('SIGKILL')
  else if (how === 'restart') restart(world, who, process)
  else if (how === 'pause') {
    process.signal('SIGSTOP')
    return () => process.signal('SIGCONT')
  } else return who === 'master' && master === 'lmdb' ? disturbFile(world, how) : disturb(world, who, how)
  return () => {}
}

/** The calls that write what is committed, of the process that has LMDB. */
const disturbFile = (world: World, how: 'slow' | 'errors' | 'cut off') =>
  failingCalls(
    processOf(world, names.project).pid(),
    join(world.folder, 'home', 'master', 'data.mdb'),
    how === 'slow' ? `fdatasync:delay_enter=${slowMs * 1000}` : 'pwrite64,pwritev,fdatasync:error=EIO',
  )

async function disturb(world: World, who: Who, how: 'slow' | 'errors' | 'cut off'): Promise<() => void> {
  const towards = await world.ways.open(waysTo(world, who))
  const from = how === 'cut off' ? await world.ways.open({ by: names[who] }) : []
  const ways = [...towards, ...from]
  for (const way of ways) {
    if (how === 'slow') way.slow(slowMs)
    else if (how === 'errors') way.answer(errors[who])
    else way.cut()
  }
  return () => {
    for (const way of ways) way.mend()
  }
}

/** Of a gateway those to all whom it asks: before it are the readers themselves. */
function waysTo({ plan }: World, who: Who): { to?: number[]; by?: string } {
  const { http, ops, grpc, database, dynamo } = homePorts(plan)
  if (who === 'master') return { to: [dynamo] }
  if (who === 'project') return { to: [http, ops, grpc] }
  if (who === 'primary') return { to: [database] }
  if (who === 'gateway') return { by: names.gateway }
  const region = portsOf(plan, places[who] ?? 'sa')
  if (who === 'near replica') return { to: [region.database] }
  const [reader] = region.readers
  return { to: [reader?.http ?? 0, reader?.ops ?? 0] }
}

function restart(world: World, who: Who, { pid }: Process): void {
  if (who === 'gateway' && places.gateway !== undefined) world.reload(places.gateway)
  else globalThis.process.kill(pid(), 'SIGTERM')
}

export function processOf(world: World, name: string): Process {
  const process = world.processes.find((one) => one.name === name)
  if (process === undefined) throw new Error(`The world has no ${name}.`)
  return process
}

export const databases = ['primary', ...regions.map((region) => `database-${region}`)]

const httpError = (type: string, body: object): string => {
  const text = JSON.stringify(body)
  const headers = [`content-type: ${type}`, `content-length: ${Buffer.byteLength(text)}`, 'connection: close']
  return `HTTP/1.1 500 Internal Server Error\r\n${headers.join('\r\n')}\r\n\r\n${text}`
}

/** As PostgreSQL says that a disk does not read any more, before it ends the connection. */
function databaseError(): Buffer {
  const fields = ['SFATAL', 'VFATAL', 'C58030', 'Mcould not read block 0 in file "base/5/16384": Input/output error', '']
  const text = Buffer.from(fields.map((field) => `${field}\0`).join(''))
  const head = Buffer.from('E\0\0\0\0')
  head.writeInt32BE(text.length + 4, 1)
  return Buffer.concat([head, text])
}

const defect = httpError('application/problem+json', { title: 'Internal error', status: 500, code: 'defect' })
const errors: Readonly<Record<Who, string | Buffer>> = {
  master: httpError('application/x-amz-json-1.0', {
    __type: 'com.amazonaws.dynamodb.v20120810#InternalServerError',
    message: 'The request processing has failed.',
  }),
  project: defect,
  primary: databaseError(),
  'near replica': databaseError(),
  read: defect,
  gateway: defect,
}
