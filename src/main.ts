// rcr <command>: settings, then the command, until it ends or a signal asks it to.
import { secureRandom, systemClock } from './kit/clock.ts'
import { leanHeap } from './kit/lean-heap.ts'
import { openLog } from './kit/log.ts'
import { Refusal } from './kit/refusal.ts'

leanHeap(Number(process.env.RCR_CACHE_MIB))
// Not before: to load all of the system takes as long as the rest of a short command.
const { commands, helpText } = await import('./commands/commands.ts')
const { readSettings, SettingFaults } = await import('./settings.ts')

const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    if (stop.signal.aborted) process.exit(130) // asked twice: at once
    stop.abort(new DOMException(signal, 'AbortError'))
  })

process.exitCode = await main(process.argv.slice(2))

async function main(words: string[]): Promise<number> {
  const command = commands.find(({ name }) => name === words.slice(0, name.split(' ').length).join(' '))
  const wantsHelp = words.length === 0 || words[0] === 'help' || words.includes('--help')
  if (wantsHelp || command === undefined) {
    say(helpText(command))
    return wantsHelp ? 0 : fail(`There is no command ${words.join(' ')}.`)
  }
  try {
    const settings = readSettings(process.env)
    const flags = words.slice(command.name.split(' ').length)
    return await command.run({
      settings,
      flags,
      log: openLog(settings.RCR_LOG),
      clock: systemClock,
      random: secureRandom,
      signal: stop.signal,
      say,
    })
  } catch (error) {
    if (error instanceof SettingFaults) return fail(`The settings have faults:\n${error.message}`)
    if (error instanceof Refusal)
      return fail([error.message, ...error.faults.map(({ pointer, detail }) => `${pointer}: ${detail}`)].join('\n'))
    throw error
  }
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

function fail(text: string): number {
  process.stderr.write(`${text}\n`)
  return 1
}
