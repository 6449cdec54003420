// pgbench with a statement of ours, word for word as the engine sends it.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Database } from './lab.ts'
import { demandProgram, run } from './process.ts'

export interface Asked {
  text: string
  values: readonly unknown[]
}

/** A value that is another one each time: a number of pgbench's, by an expression of its own, and what SQL makes of it. */
export interface Varied {
  number: string
  sql: (parameter: string) => string
}

/**
 * The statement as pgbench reads it. Whole numbers stay parameters, as does what is `varied`; other texts become literals, since
 * pgbench has no variables of text that change. Inside literals a colon is written as an escape, or pgbench would take it for a
 * variable.
 */
export function scriptOf({ text, values }: Asked, schema: string, varied: Readonly<Record<string, Varied>> = {}): string {
  const settings: string[] = []
  const places = values.map((value, at) => {
    const other = typeof value === 'string' ? varied[value] : undefined
    if (typeof value !== 'number' && other === undefined) return `'${String(value).replaceAll("'", "''")}'`
    settings.push(`\\set v${at + 1} ${other?.number ?? value}\n`)
    return other?.sql(`:v${at + 1}`) ?? `:v${at + 1}`
  })
  const statement = text
    .replaceAll('build.', `"${schema}".`)
    .replace(/'[^']*'/g, (literal) => (literal.includes(':') ? `E${literal.replaceAll(':', '\\x3a')}` : literal))
    .replace(/\$(\d+)/g, (_, number) => places[Number(number) - 1] ?? '')
  return `${settings.join('')}${statement};\n`
}

/**
 * The script is prepared once for each client. On the core of the server, since it takes its place: it asks the database there, and
 * what it spends is a part of every answer as our own work is.
 */
export async function pgbench(database: Database, script: string, clients: number, seconds: number, folder: string) {
  const file = join(folder, 'statement.sql')
  writeFileSync(file, script)
  const { host, port, user, password } = database
  const output = await run(
    'server',
    [
      ...[demandProgram('pgbench'), '-n', '-M', 'prepared', `-c${clients}`, '-j1', `-T${seconds}`],
      ...['-h', host, '-p', String(port), '-U', user, '-f', file, 'postgres'],
    ],
    { PGPASSWORD: password, PGOPTIONS: '-c timezone=UTC -c jit=off -c random_page_cost=1.1' },
  )
  const figure = (pattern: RegExp) => Number(pattern.exec(output)?.[1])
  const failed = figure(/number of failed transactions: (\d+)/)
  if (failed > 0) throw new Error(`pgbench: ${failed} statements failed`)
  const count = figure(/transactions actually processed: (\d+)/)
  return { count, seconds: count / figure(/^tps = ([\d.]+)/m) }
}
