// The table of docs/faults.md: a line for each cell, replaced when the cell was run at full size, else left as it is.
import { readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { Seen } from './observe.ts'

const document = join(import.meta.dir, '../../../docs/faults.md')
const marks = ['<!-- measured -->', '<!-- /measured -->'] as const
const head = [
  'who',
  'what',
  'asked',
  'not answered',
  'after 2 s',
  'marked',
  'slowest read',
  'elsewhere',
  'acknowledged',
  'refused',
  'slowest write',
  'whole again',
]

export interface Line {
  who: string
  how: string
  /** Or why there is nothing to see. */
  seen: Seen | string
}

/** `order`: of all lines that there may be. */
export function writeTable(lines: readonly Line[], order: readonly string[], size: string): void {
  const text = readFileSync(document, 'utf8')
  const [from, to] = marks.map((mark) => text.indexOf(mark)) as [number, number]
  if (from < 0 || to < from) throw new Error(`${document} has no place for the figures.`)
  const known = new Map(
    text
      .slice(from, to)
      .split('\n')
      .map((line) => [keyIn(line), line]),
  )
  for (const line of lines) known.set(`${line.who}, ${line.how}`, lineOf(line))
  const table = [head, head.map(() => '---')].map(rowOf)
  const report = [...table, ...order.flatMap((key) => known.get(key) ?? []), '', footOf(size)].join('\n')
  writeFileSync(document, `${text.slice(0, from)}${marks[0]}\n${report}\n${text.slice(to)}`)
}

const rowOf = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`

const keyIn = (line: string): string => line.split(' | ', 2).join(', ').replace(/^\| /, '')

function lineOf({ who, how, seen }: Line): string {
  if (typeof seen === 'string') return rowOf([who, how, `– ${seen}`, ...head.slice(3).map(() => '')])
  const { reads, elsewhere, acknowledged, refused, slowestWriteMs, wholeAfterMs } = seen
  const ms = (value: number) => `${Math.round(value)} ms`
  const { asked, unanswered, unansweredLate, marked, slowestMs } = reads
  const missed = elsewhere.asked === 0 ? '' : elsewhere.unanswered
  const writes = [acknowledged, refused, ms(slowestWriteMs)]
  return rowOf([
    who,
    how,
    asked,
    unanswered,
    unansweredLate,
    marked,
    ms(slowestMs),
    missed,
    ...writes,
    `${(wholeAfterMs / 1000).toFixed(1)} s`,
  ])
}

const footOf = (size: string): string => `${availableParallelism()} cores for the whole world and for those who ask it; ${size}.`
