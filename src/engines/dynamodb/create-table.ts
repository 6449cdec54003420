// The table of a master: on demand, with expiry and, where there is any, point-in-time recovery.
import type { Clock } from '../../kit/clock.ts'
import { type Call, DynamoError } from './client.ts'
import { unusable } from './failure.ts'

const waitMs = 60_000

/** Creates and sets up what is not so yet; waits until it can be used. */
export async function createTable(call: Call, name: string, clock: Clock): Promise<void> {
  await makeTable(call, name, clock)
  const TimeToLiveSpecification = { AttributeName: 'ttl', Enabled: true }
  // "TimeToLive is already enabled" is said with this code.
  await unlessCode('ValidationException', () => call('UpdateTimeToLive', { TableName: name, TimeToLiveSpecification }))
  const PointInTimeRecoverySpecification = { PointInTimeRecoveryEnabled: true }
  // DynamoDB Local has none.
  await unlessCode('UnknownOperationException', () =>
    call('UpdateContinuousBackups', { TableName: name, PointInTimeRecoverySpecification }),
  )
}

/** The bare table. */
export async function makeTable(call: Call, name: string, clock: Clock): Promise<void> {
  await unlessCode('ResourceInUseException', () =>
    call('CreateTable', {
      TableName: name,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'B' },
      ],
    }),
  )
  const startedMs = clock.monotonic()
  while (!(await isActive(call, name))) {
    if (clock.monotonic() - startedMs > waitMs) throw unusable(name, 'is being created for a minute already. Look at it in the console.')
    await clock.sleep(500)
  }
}

async function isActive(call: Call, name: string): Promise<boolean> {
  const { Table } = await call<{ Table: { TableStatus: string } }>('DescribeTable', { TableName: name })
  return Table.TableStatus === 'ACTIVE'
}

async function unlessCode(code: string, act: () => Promise<unknown>): Promise<void> {
  await act().catch((thrown: unknown) => {
    if (!(thrown instanceof DynamoError && thrown.code === code)) throw thrown
  })
}
