// pgbench with a statement of ours, word for word as the engine sends it.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Database } from './lab.ts'
import { demandProgram, run } from './process.ts'

export interface Asked {
  text: string
  values: readonly unknown[]
}

/**
 * The statement as pgbench reads it. Whole numbers stay parameters, as does what `expression` gives a pgbench expression for;
 * other texts become literals, since pgbench has no variables of text. Inside literals a colon is written as an escape, or
 * pgbench would take it for a variable.
 */
export function scriptOf({ text, values }: Asked, schema: string, expression: (value: unknown) => string | null = () => null): string {
  const settings: string[] = []
  const places = values.map((value, at) => {
    const set = typeof value === 'number' ? String(value) : expression(value)
    if (set === null) return `'${String(value).replaceAll("'", "''")}'`
    settings.push(`\\set v${at + 1} ${set}\n`)
    return `:v${at + 1}`
  })
  const statement = text
    .replaceAll('build.', `"${schema}".`)
    .replace(/'[^']*'/g, (literal) => (literal.includes(':') ? `E${literal.replaceAll(':', '\\x3a')}` : literal))
    .replace(/\$(\d+)/g, (_, number) => places[Number(number) - 1] ?? '')
  return `${settings.join('')}${statement};\n`
}

/**
 * Each script is prepared once for each client; they are run in any order. On the core of the server, since it takes its place: it
 * asks the database there, and what it spends is a part of every answer as our own work is.
 */
export async function pgbench(database: Database, scripts: readonly string[], clients: number, seconds: number, folder: string) {
  const files = scripts.flatMap((script, at) => {
    const file = join(folder, `statement-${at}.sql`)
    writeFileSync(file, script)
    return ['-f', file]
  })
  const { host, port, user, password } = database
  const output = await run(
    'server',
    [
      ...[demandProgram('pgbench'), '-n', '-M', 'prepared', `-c${clients}`, '-j1', `-T${seconds}`],
      ...['-h', host, '-p', String(port), '-U', user, ...files, 'postgres'],
    ],
    { PGPASSWORD: password, PGOPTIONS: '-c timezone=UTC -c jit=off -c random_page_cost=1.1' },
  )
  const figure = (pattern: RegExp) => Number(pattern.exec(output)?.[1])
  const failed = figure(/number of failed transactions: (\d+)/)
  if (failed > 0) throw new Error(`pgbench: ${failed} statements failed`)
  const count = figure(/transactions actually processed: (\d+)/)
  return { count, seconds: count / figure(/^tps = ([\d.]+)/m) }
}
