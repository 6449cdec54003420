// A command of `rcr`: its words, its help, and how its flags are read.
import { parseArgs } from 'node:util'
import type { Clock, RandomBytes } from '../kit/clock.ts'
import type { Log } from '../kit/log.ts'
import { openMetrics } from '../kit/metric.ts'
import { Refusal } from '../kit/refusal.ts'
import type { Settings } from '../settings.ts'

export interface Running {
  settings: Settings
  /** The words after the command's name. */
  flags: readonly string[]
  log: Log
  clock: Clock
  random: RandomBytes
  /** Aborts on SIGINT and SIGTERM; the reason's message names which. */
  signal: AbortSignal
  say: (line: string) => void
}

export interface Command {
  /** One or two words: `start`, `user add`. */
  name: string
  usage: string
  summary: string
  help: string
  /** Resolves with the exit status. */
  run(running: Running): Promise<number>
}

/** What the system is given by a command. */
export const around = ({ clock, random, log }: Running, ofProcess = false) => ({ clock, random, log, metrics: openMetrics({ ofProcess }) })

type Flag = 'text' | 'switch'

/** Reads `--name value` and `--name`; a wrong flag names itself and the right ones. */
export function readFlags<const F extends Readonly<Record<string, Flag>>>(
  flags: readonly string[],
  known: F,
): { [Name in keyof F]: F[Name] extends 'switch' ? boolean : string | undefined } {
  const options = Object.fromEntries(
    Object.entries(known).map(([name, flag]) => [name, { type: flag === 'switch' ? 'boolean' : 'string' } as const]),
  )
  try {
    const { values } = parseArgs({ args: [...flags], options, strict: true, allowPositionals: false })
    return Object.fromEntries(
      Object.entries(known).map(([name, flag]) => [name, values[name] ?? (flag === 'switch' ? false : undefined)]),
    ) as never
  } catch (error) {
    const names = Object.keys(known).map((name) => `--${name}`)
    throw new Refusal(
      'invalid',
      `${(error as Error).message}. ${names.length > 0 ? `Known here: ${names.join(', ')}.` : 'This command has no flags.'}`,
    )
  }
}
