// The contract suite of the master on DynamoDB.
import { describe, test } from 'bun:test'
import { openDynamoMaster } from '../../src/engines/dynamodb/master.ts'
import { restoreTable } from '../../src/engines/dynamodb/restore.ts'
import { openTable } from '../../src/engines/dynamodb/table.ts'
import { secureRandom } from '../../src/kit/clock.ts'
import { dynamoIsMissing, testTable } from '../dynamodb.ts'
import { masterSuite } from './master.suite.ts'

if (dynamoIsMissing !== null) describe(`master on DynamoDB: ${dynamoIsMissing}`, () => test.skip('the contract of the master', () => {}))
else
  masterSuite('DynamoDB', async (clock) => {
    const { table, call, drop } = await testTable()
    const copies: (() => Promise<void>)[] = []
    const open = (name: string) => openDynamoMaster({ table: name, call, clock, random: secureRandom, commitMs: 30_000 })
    let master = await open(table)
    return {
      master,
      async reopen() {
        await master.close()
        master = await open(table)
        return master
      },
      async openCopy(folder) {
        const copy = await testTable()
        copies.push(copy.drop)
        const { epoch } = await master.head()
        await restoreTable(openTable(copy.table, call), folder, { clock, random: secureRandom, epoch })
        return open(copy.table)
      },
      async dispose() {
        await master.close()
        await Promise.all([drop(), ...copies.map((dropCopy) => dropCopy())])
      },
    }
  })
