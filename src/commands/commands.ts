// What `rcr` can do: the list, and its help.
import { settingsHelp } from '../settings.ts'
import { backup } from './backup.ts'
import type { Command } from './command.ts'
import { contracts } from './contracts.ts'
import { createTable } from './create-table.ts'
import { exportLog } from './export-log.ts'
import { haproxy } from './haproxy.ts'
import { importLensfunCommand } from './import-lensfun.ts'
import { paymentHouse } from './payment-house.ts'
import { promote } from './promote.ts'
import { rebuild } from './rebuild.ts'
import { primary, replica } from './replica.ts'
import { restore } from './restore.ts'
import { seed } from './seed.ts'
import { serve } from './serve.ts'
import { start } from './start.ts'
import { userAdd } from './user-add.ts'
import { verify } from './verify.ts'

export const commands: readonly Command[] = [
  start,
  serve,
  userAdd,
  seed,
  importLensfunCommand,
  rebuild,
  verify,
  backup,
  restore,
  exportLog,
  primary,
  replica,
  promote,
  haproxy,
  createTable,
  paymentHouse,
  contracts,
]

/** Of one command, or of all with the settings. */
export function helpText(command: Command | undefined): string {
  if (command !== undefined) return `rcr ${command.usage}\n\n${command.help}`
  const width = Math.max(...commands.map(({ usage }) => usage.length))
  const lines = commands.map(({ usage, summary }) => `  ${usage.padEnd(width)}  ${summary}`)
  return `rcr <command>   (npm run rcr -- <command>)\n\n${lines.join('\n')}\n\nSettings, from the environment:\n${settingsHelp()}`
}
