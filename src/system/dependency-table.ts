// The table of dependencies in Markdown.
import { type Policy, retryBudget } from '../kit/resilience.ts'
import { dependencies } from '../resilience.ts'

const columns = ['`dependency`', 'What', 'One try', 'A call in all', 'Asked again', 'Left alone', 'At once', 'Instead']

interface Row extends Policy {
  what: string
  again: string
  instead: string
}

export function dependencyTable(): string {
  const rows = Object.entries<Row>(dependencies).map(([name, row]) => [
    `\`${name}\``,
    row.what,
    timeOf(row.tryMs),
    timeOf(row.callMs),
    row.tries > 1 ? `up to ${row.tries - 1} ×${pauseOf(row)}, ${row.again}` : row.again,
    restOf(row),
    row.atOnce === null ? '–' : String(row.atOnce),
    row.instead,
  ])
  const lines = [columns, columns.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |\n`)
  const { reserve, share } = retryBudget
  return `${lines.join('')}
Budget of retries, of each dependency: every answer adds ${share} of one, ${reserve} are saved up at most and at the beginning.
`
}

const timeOf = (ms: number | null) => (ms === null ? '–' : ms < 1000 ? `${ms} ms` : `${ms / 1000} s`)

const pauseOf = ({ pauseMs: { first, most } }: Policy) => (most === 0 ? '' : ` after 0 to ${first} ms · 2ⁿ, at most ${timeOf(most)}`)

const restOf = ({ breaker }: Policy) =>
  breaker === null ? 'never' : `${breaker.failures} failures, ${timeOf(breaker.openMs)}, ${breaker.successes} answers`
