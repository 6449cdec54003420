// The Postman collection: whole, well-formed, every request one that the system takes; and played against it, scripts and all.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import Ajv from 'ajv/dist/2020.js'
import { startSystem, type TestSystem } from '../start.ts'

interface Item {
  name: string
  request: {
    method: string
    auth?: { type: string }
    header: { key: string; value: string; disabled?: boolean }[]
    url: {
      raw: string
      host: string[]
      path: string[]
      query?: { key: string; value: string; disabled: boolean }[]
      variable?: { key: string; value: string }[]
    }
    body?: { mode: string; raw: string }
  }
  event?: { listen: string; script: { exec: string[] } }[]
}

let collection: { item: { name: string; item: Item[] }[]; variable: { key: string; value: string }[]; event: NonNullable<Item['event']> }
let items: Item[]
let system: TestSystem

beforeAll(async () => {
  collection = JSON.parse(await readFile(join(import.meta.dir, '..', '..', 'contracts', 'postman.json'), 'utf8'))
  items = collection.item.flatMap(({ item }) => item)
  system = await startSystem()
}, 60_000)
afterAll(() => system[Symbol.asyncDispose]())

const filled = (text: string, variables: Map<string, string>) => text.replaceAll(/\{\{(\w+)\}\}/g, (_, name) => variables.get(name) ?? '')

const text = { type: 'string' }
const named = {
  type: 'object',
  properties: { key: { type: 'string', minLength: 1 }, value: text, disabled: { type: 'boolean' } },
  required: ['key', 'value'],
}
const script = {
  type: 'object',
  properties: {
    listen: { enum: ['test', 'prerequest'] },
    script: {
      type: 'object',
      properties: { type: { const: 'text/javascript' }, exec: { type: 'array', items: text } },
      required: ['exec'],
    },
  },
  required: ['listen', 'script'],
}
const request = {
  type: 'object',
  properties: {
    method: { enum: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] },
    description: text,
    auth: { type: 'object', properties: { type: { enum: ['noauth', 'bearer'] } }, required: ['type'] },
    header: { type: 'array', items: named },
    url: {
      type: 'object',
      properties: {
        raw: text,
        host: { type: 'array', items: text },
        path: { type: 'array', items: text },
        query: { type: 'array', items: named },
        variable: { type: 'array', items: named },
      },
      required: ['raw', 'host', 'path'],
    },
    body: { type: 'object', properties: { mode: { const: 'raw' }, raw: text }, required: ['mode', 'raw'] },
  },
  required: ['method', 'header', 'url'],
}
const item = {
  type: 'object',
  properties: { name: text, request, response: { type: 'array' }, event: { type: 'array', items: script } },
  required: ['name', 'request', 'response'],
}
/** What format 2.1 demands of the parts that a collection of ours has. */
const rules = {
  type: 'object',
  properties: {
    info: {
      type: 'object',
      properties: { name: text, schema: { const: 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json' } },
      required: ['name', 'schema'],
    },
    item: {
      type: 'array',
      items: { type: 'object', properties: { name: text, item: { type: 'array', items: item, minItems: 1 } }, required: ['name', 'item'] },
    },
    variable: { type: 'array', items: named },
    event: { type: 'array', items: script },
    auth: {
      type: 'object',
      properties: { type: { const: 'bearer' }, bearer: { type: 'array', items: named } },
      required: ['type', 'bearer'],
    },
  },
  required: ['info', 'item', 'variable', 'event', 'auth'],
}

test('the collection is one of format 2.1, and knows every variable that it names', () => {
  const ajv = new Ajv({ strict: false, allErrors: true })
  expect(ajv.validate(rules, collection) ? '' : ajv.errorsText()).toBe('')
  const known = collection.variable.map(({ key }) => key)
  const used = [...JSON.stringify(collection.item).matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name ?? '')
  expect([...new Set(used)].filter((name) => !known.includes(name))).toEqual([])
})

test('each operation is in it once, under its heading', () => {
  const own = system.services.operations.map(({ name, tag }) => `${tag} ${name}`)
  const held = collection.item.flatMap(({ name: tag, item }) => item.map(({ name }) => `${tag} ${name}`))
  expect(held.toSorted()).toEqual(own.toSorted())
})

test('each request is one that its operation takes: address, parameters, body, headers', () => {
  for (const { name, request } of items) {
    const operation = system.services.operations.find((candidate) => candidate.name === name)
    if (operation === undefined) throw new Error(`${name} is no operation`)
    const { input, rest } = operation
    const written = rest.path.startsWith('=') ? rest.path.slice(1) : `/api/v1${rest.path}`
    expect(`${request.method} /${request.url.path.join('/')}`).toBe(`${rest.method} ${written.replaceAll(/\{(\w+)\}/g, ':$1')}`)
    expect(request.url.raw).toStartWith(`{{baseUrl}}/${request.url.path.join('/')}`)
    expect((request.url.variable ?? []).map(({ key }) => key)).toEqual(Object.keys(input.path?.shape ?? {}))
    const asked = (request.url.query ?? []).filter(({ disabled }) => !disabled).map(({ key, value }) => [key, value])
    expect([name, input.query?.safeParse(Object.fromEntries(asked)).error?.issues]).toEqual([name, undefined])
    expect(request.body !== undefined).toBe(input.body !== undefined)
    if (request.body) expect([name, input.body?.safeParse(JSON.parse(request.body.raw)).error?.issues]).toEqual([name, undefined])
    expect(request.auth?.type).toBe(operation.access === 'anyone' ? 'noauth' : undefined)
    const sent = request.header.filter(({ disabled }) => !disabled).map(({ key }) => key)
    expect([name, sent.includes('If-Match')]).toEqual([name, operation.conditional !== undefined])
    expect([name, sent.includes('Idempotency-Key')]).toEqual([name, operation.idempotencyKey === 'required'])
  }
})

describe('played in turn', () => {
  const variables = new Map<string, string>()

  /** As Postman does: variables filled in, the request sent, the scripts run over the answer. */
  async function play(name: string): Promise<number> {
    const { request, event = [] } = items.find((candidate) => candidate.name === name) as Item
    const address = (request.url.variable ?? []).reduce((raw, { key, value }) => raw.replace(`:${key}`, value), request.url.raw)
    const headers = new Headers(
      request.header.filter(({ disabled }) => !disabled).map(({ key, value }) => [key, filled(value, variables)] as [string, string]),
    )
    if (request.auth?.type !== 'noauth') headers.set('authorization', `Bearer ${variables.get('accessToken')}`)
    const init: RequestInit = { method: request.method, headers, ...(request.body && { body: filled(request.body.raw, variables) }) }
    const response = await system.fetch(new Request(filled(address, variables), init))
    const answer = await response.text()
    const pm = {
      response: { code: response.status, headers: response.headers, json: () => JSON.parse(answer) },
      collectionVariables: { set: (key: string, value: string) => variables.set(key, value) },
    }
    for (const { script } of [...collection.event, ...event]) new Function('pm', script.exec.join('\n'))(pm)
    return response.status
  }

  test('its requests sign in, make, change, and delete, each with what the one before answered', async () => {
    for (const { key, value } of collection.variable) variables.set(key, value)
    const statuses: [string, number][] = []
    for (const name of [
      'login',
      'refresh',
      'listContent',
      'createCamera',
      'changeCamera',
      'replaceCamera',
      'deleteCamera',
      'readUser',
      'logout',
    ])
      statuses.push([name, await play(name)])
    expect(statuses).toEqual([
      ['login', 200],
      ['refresh', 200],
      ['listContent', 200],
      ['createCamera', 201],
      ['changeCamera', 200],
      ['replaceCamera', 200],
      ['deleteCamera', 204],
      ['readUser', 200],
      ['logout', 204],
    ])
  })
})
