// Between protobuf messages and the JSON of the operations: enums are words, timestamps RFC 3339, null is absent.
import type { PackageDefinition } from '@grpc/proto-loader'

type Json = Record<string, unknown>

export interface Field {
  /** As in JSON. */
  name: string
  repeated: boolean
  /** Full name of a message or enum; null for a scalar. */
  type: string | null
  isEnum: boolean
}

export interface Messages {
  fields(type: string): readonly Field[]
  /** What a decoded message says. What is not set is absent; so is an enum that is UNSPECIFIED. */
  read(type: string, message: Json): Json
  /** JSON as a message to encode. Throws where a word is not in the enum: the contract does not say what the operation does. */
  write(type: string, json: Json): Json
}

interface FieldDescriptor {
  name: string
  label: string
  type: string
  /** Empty for a scalar. */
  typeName: string
}
interface Descriptor {
  field?: FieldDescriptor[]
  value?: { name: string }[]
}

const wellKnown: Record<string, { read: (message: Json) => unknown; write: (json: unknown) => unknown }> = {
  'google.protobuf.Timestamp': { read: readTimestamp, write: writeTimestamp },
  'google.protobuf.Value': { read: readValue, write: writeValue },
  'google.protobuf.FieldMask': { read: ({ paths }) => paths ?? [], write: (paths) => ({ paths }) },
}

/** Of one package, whose messages and enums all stand at the top. */
export function messagesOf(definition: PackageDefinition, prefix: string): Messages {
  const fields = new Map<string, Field[]>()
  const enums = new Map<string, ReturnType<typeof wordsOf>>()
  for (const [name, { type }] of Object.entries(definition)) {
    const { field, value } = (type ?? {}) as Descriptor
    if (field) fields.set(name, field.map(fieldOf(prefix)))
    if (value) enums.set(name, wordsOf(value.map((each) => each.name)))
  }
  const known = <V>(map: ReadonlyMap<string, V>, type: string): V => {
    const found = map.get(type)
    if (found === undefined) throw new Error(`the contract has no ${type}`)
    return found
  }

  function readOne({ type, isEnum }: Field, value: unknown): unknown {
    if (type === null) return value
    if (!isEnum) return (wellKnown[type]?.read ?? ((message) => read(type, message)))(value as Json)
    const word = known(enums, type).read.get(value as string)
    return word === undefined ? value : (word ?? undefined)
  }

  function writeOne({ type, isEnum }: Field, value: unknown): unknown {
    if (type === null) return value
    if (!isEnum) return (wellKnown[type]?.write ?? ((json) => write(type, json as Json)))(value)
    return known(known(enums, type).write, value as string)
  }

  const each = (step: (field: Field, value: unknown) => unknown, leave: (value: unknown) => boolean) => (type: string, from: Json) => {
    const to: Json = {}
    for (const field of known(fields, type)) {
      const value = from[field.name]
      if (leave(value)) continue
      const made = field.repeated && Array.isArray(value) ? value.map((one) => step(field, one)) : step(field, value)
      if (made !== undefined) to[field.name] = made
    }
    return to
  }
  const read = each(readOne, (value) => value === undefined)
  const write = each(writeOne, (value) => value === undefined || value === null)
  return { fields: (type) => known(fields, type), read, write }
}

const fieldOf =
  (prefix: string) =>
  ({ name, label, type, typeName }: FieldDescriptor): Field => ({
    name,
    repeated: label === 'LABEL_REPEATED',
    type: typeName === '' || typeName in wellKnown ? typeName || null : `${prefix}.${typeName.slice(typeName.lastIndexOf('.') + 1)}`,
    isEnum: type === 'TYPE_ENUM',
  })

/** `CAMERA_TYPE_MEDIUM_FORMAT` is `medium-format`; UNSPECIFIED, which begins every enum, is nothing. */
function wordsOf([unspecified = '', ...names]: string[]) {
  const prefix = unspecified.replace(/UNSPECIFIED$/, '')
  const words = names.map((name) => [name, name.slice(prefix.length).toLowerCase().replaceAll('_', '-')] as const)
  return {
    read: new Map<string, string | null>([[unspecified, null], ...words]),
    write: new Map(words.map(([name, word]) => [word, name])),
  }
}

function readTimestamp({ seconds = 0, nanos = 0 }: Json): string {
  const ms = Number(seconds) * 1000 + Math.trunc(Number(nanos) / 1_000_000)
  // What is no time stays a text that the schema refuses at its place.
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : `${seconds}.${nanos}`
}

function writeTimestamp(text: unknown): Json {
  const ms = Date.parse(text as string)
  const seconds = Math.floor(ms / 1000)
  return { seconds, nanos: (ms - seconds * 1000) * 1_000_000 }
}

function readValue(value: Json): unknown {
  return value.stringValue ?? value.numberValue ?? value.boolValue ?? null
}

function writeValue(json: unknown): Json {
  if (json === null) return { nullValue: 0 }
  if (typeof json === 'number') return { numberValue: json }
  return typeof json === 'boolean' ? { boolValue: json } : { stringValue: json }
}
