// Items as plain values, and as DynamoDB writes them in JSON.
import type { Key } from './keys.ts'

type Value = string | number | Buffer | readonly string[]
export type Item = Key & Readonly<Record<string, Value>>

type WireValue = { S: string } | { N: string } | { B: string } | { L: { S: string }[] }
export type WireItem = Record<string, WireValue>

export function toWire(values: object): WireItem {
  return Object.fromEntries(Object.entries(values as Record<string, Value>).map(([name, value]) => [name, valueToWire(value)]))
}

function valueToWire(value: Value): WireValue {
  if (typeof value === 'string') return { S: value }
  if (typeof value === 'number') return { N: String(value) }
  if (Buffer.isBuffer(value)) return { B: value.toString('base64') }
  return { L: value.map((one) => ({ S: one })) }
}

export function fromWire(item: WireItem): Item {
  return Object.fromEntries(Object.entries(item).map(([name, value]) => [name, valueFromWire(value)])) as Item
}

function valueFromWire(value: WireValue): Value {
  if ('S' in value) return value.S
  if ('N' in value) return Number(value.N)
  if ('B' in value) return Buffer.from(value.B, 'base64')
  return value.L.map(({ S }) => S)
}

/** These and the key. By placeholders, since many plain words are reserved. */
export function projection(attributes: readonly string[] | undefined): object {
  if (attributes === undefined) return {}
  const names = ['pk', 'sk', ...attributes].map((name, i) => [`#p${i}`, name] as const)
  return { ProjectionExpression: names.map(([placeholder]) => placeholder).join(', '), ExpressionAttributeNames: Object.fromEntries(names) }
}
