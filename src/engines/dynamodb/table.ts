// One table: the few operations that this engine asks of it, all reads consistent.
import { type Call, DynamoError } from './client.ts'
import type { Key } from './keys.ts'
import { fromWire, type Item, projection, toWire, type WireItem } from './wire.ts'

export interface Range {
  pk: string
  /** Both included. */
  from: Buffer
  to: Buffer
  descending?: boolean
  /** Items a page, at most; without it as many as fit into 1 MB. */
  limit?: number
  /** These and the key only. */
  attributes?: readonly string[]
}

export interface Table {
  name: string
  /** In the order of the keys; whole, or these attributes and the key. */
  get(keys: readonly Key[], attributes?: readonly string[]): Promise<(Item | undefined)[]>
  pages(range: Range): AsyncGenerator<Item[]>
  /** Everything, in no order. */
  scan(): AsyncGenerator<Item[]>
  /** False when there is such an item already. */
  add(item: Item): Promise<boolean>
  /** Each, unless what is there is as new: its `n` is not smaller. In no order, not all or nothing. */
  renew(items: readonly Item[]): Promise<void>
  /** False when what is there is not of this item's `n`. */
  replace(item: Item): Promise<boolean>
  /** In no order and not all or nothing: for what is never put twice, and for the same again. Each key once. */
  write(changes: { puts?: readonly Item[]; removals?: readonly Key[] }): Promise<void>
}

const mostWrites = 25
const mostReads = 100
/** DynamoDB Local takes no more; AWS a hundred. */
const mostTogether = 10

export function openTable(name: string, call: Call): Table {
  const whole = untilDone(call.pause)

  return {
    name,
    async get(keys, attributes) {
      const wanted = [...new Map(keys.map((key) => [text(key), toWire({ pk: key.pk, sk: key.sk })])).values()]
      const found = new Map<string, Item>()
      await inTurns(chunks(wanted, mostReads), (some) =>
        whole(some, async (Keys) => {
          const { Responses, UnprocessedKeys } = await call<{
            Responses: Record<string, WireItem[]>
            UnprocessedKeys: Record<string, { Keys: WireItem[] }>
          }>('BatchGetItem', { RequestItems: { [name]: { Keys, ConsistentRead: true, ...projection(attributes) } } })
          for (const item of (Responses[name] ?? []).map(fromWire)) found.set(text(item), item)
          return UnprocessedKeys[name]?.Keys ?? []
        }),
      )
      return keys.map((key) => found.get(text(key)))
    },
    pages: (range) =>
      Buffer.compare(range.from, range.to) > 0 ? nothing() : paged(call, 'Query', { TableName: name, ...question(range) }),
    scan: () => paged(call, 'Scan', { TableName: name }),
    add: (item) => unlessRefused(call('PutItem', { TableName: name, Item: toWire(item), ConditionExpression: 'attribute_not_exists(pk)' })),
    renew: (items) =>
      inTurns(chunks(items, mostTogether), (some) =>
        whole([...some], async (left) => {
          const TransactItems = left.map((item) => ({ Put: { TableName: name, Item: toWire(item), ...unlessAsNew(item) } }))
          const reasons = await refusals(call('TransactWriteItems', { TransactItems }))
          return reasons === null ? [] : left.filter((_, i) => reasons[i] !== 'ConditionalCheckFailed')
        }),
      ),
    replace: (item) => {
      const same = { ConditionExpression: 'n = :n', ExpressionAttributeValues: toWire({ ':n': item.n ?? 0 }) }
      return unlessRefused(call('PutItem', { TableName: name, Item: toWire(item), ...same }))
    },
    write: ({ puts = [], removals = [] }) => {
      const wanted: object[] = [
        ...puts.map((item) => ({ PutRequest: { Item: toWire(item) } })),
        ...removals.map(({ pk, sk }) => ({ DeleteRequest: { Key: toWire({ pk, sk }) } })),
      ]
      return inTurns(chunks(wanted, mostWrites), (some) =>
        whole(some, async (requests) => {
          const body = { RequestItems: { [name]: requests } }
          const { UnprocessedItems } = await call<{ UnprocessedItems: Record<string, object[]> }>('BatchWriteItem', body)
          return UnprocessedItems[name] ?? []
        }),
      )
    },
  }
}

async function* nothing(): AsyncGenerator<Item[]> {}

function question({ pk, from, to, descending = false, limit, attributes }: Range): object {
  return {
    ...projection(attributes),
    KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
    ExpressionAttributeValues: toWire({ ':pk': pk, ':from': from, ':to': to }),
    ScanIndexForward: !descending,
    ...(limit !== undefined && { Limit: limit }),
  }
}

async function* paged(call: Call, operation: 'Query' | 'Scan', body: object): AsyncGenerator<Item[]> {
  let start: WireItem | undefined
  do {
    const page = { ConsistentRead: true, ...body, ...(start && { ExclusiveStartKey: start }) }
    const { Items, LastEvaluatedKey } = await call<{ Items: WireItem[]; LastEvaluatedKey?: WireItem }>(operation, page)
    yield Items.map(fromWire)
    start = LastEvaluatedKey
  } while (start !== undefined)
}

const mostPauses = 8

/** What comes back as not done is asked for again, for as long as it gets less. */
function untilDone(pause: (tries: number) => Promise<void>) {
  return async <T>(wanted: T[], ask: (some: T[]) => Promise<T[]>): Promise<void> => {
    let left = wanted
    for (let tries = 1; left.length > 0; tries++) {
      const undone = await ask(left)
      if (undone.length < left.length) tries = 1
      if (tries > mostPauses) throw new DynamoError('ThrottlingException', 400, 'nothing of a batch was done')
      if (undone.length > 0) await pause(tries)
      left = undone
    }
  }
}

const unlessAsNew = ({ n = 0 }: Item): object => ({
  ConditionExpression: 'attribute_not_exists(pk) OR n < :n',
  ExpressionAttributeValues: toWire({ ':n': n }),
})

/** What stood against the parts of a transaction; null when it is done. */
async function refusals(write: Promise<unknown>): Promise<readonly string[] | null> {
  try {
    await write
    return null
  } catch (thrown) {
    if (thrown instanceof DynamoError && thrown.code === 'TransactionCanceledException') return thrown.reasons
    throw thrown
  }
}

/** False when its condition did not hold. */
async function unlessRefused(write: Promise<unknown>): Promise<boolean> {
  try {
    await write
    return true
  } catch (thrown) {
    if (thrown instanceof DynamoError && thrown.code === 'ConditionalCheckFailedException') return false
    throw thrown
  }
}

/** A few requests under way at once: what is written behind must not stand in the way of commits. */
const mostAtOnce = 4

/** Does it with each, a few at once. */
export async function inTurns<T>(things: readonly T[], act: (thing: T) => Promise<unknown>): Promise<void> {
  const left = things.values()
  await Promise.all(
    Array.from({ length: Math.min(mostAtOnce, things.length) }, async () => {
      for (const thing of left) await act(thing)
    }),
  )
}

/** One text for one key. */
export const text = ({ pk, sk }: Key): string => `${pk.length} ${pk}${sk.toString('latin1')}`

function chunks<T>(things: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(things.length / size) }, (_, i) => things.slice(i * size, (i + 1) * size))
}
