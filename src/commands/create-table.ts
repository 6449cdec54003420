// rcr create-table: the table of a master on DynamoDB.
import { createMasterTable } from '../system/master.ts'
import { around, type Command, readFlags } from './command.ts'

export const createTable: Command = {
  name: 'create-table',
  usage: 'create-table',
  summary: 'Makes the table of a master on DynamoDB, and waits until it can be used.',
  help: `With RCR_MASTER=dynamodb: the table RCR_DYNAMODB_TABLE, on demand, with expiry and point-in-time recovery. What is there already stays
as it is.`,
  async run(running) {
    const { settings, flags, say } = running
    readFlags(flags, {})
    await createMasterTable(settings, around(running))
    say(`The table ${settings.RCR_DYNAMODB_TABLE} is there.`)
    return 0
  },
}
