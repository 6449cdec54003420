// What was found, as one table for the terminal and for the file.
import type { Round } from './measure.ts'

export interface Figure {
  figure: string
  /** A: this system. */
  ours: string
  /** B: a peer, or a limit of the machine. */
  peer: string
  ratio: number | null
  /** The same by time on the processor: what the ratio would be if nothing else held either of them up. */
  byCpu?: number
  goal: string
  /** Null where there is no goal. */
  met: boolean | null
}

export interface NotRun {
  figure: string
  because: string
}

export type Line = Figure | NotRun

const head = ['figure', 'A: this system', 'B: beside it', 'A/B', 'by CPU', 'goal', 'met']

export function tableOf(lines: readonly Line[]): string {
  const rows = [head, ...lines.map(cellsOf)]
  const widths = head.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  const text = (row: readonly string[]) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`
  return [text(rows[0] ?? []), rule, ...rows.slice(1).map(text)].join('\n')
}

function cellsOf(line: Line): string[] {
  if ('because' in line) return [line.figure, `not run: ${line.because}`, '', '', '', '', '']
  const { figure, ours, peer, ratio, byCpu, goal, met } = line
  return [figure, ours, peer, ratio?.toFixed(2) ?? '', byCpu?.toFixed(2) ?? '', goal, met === null ? '' : met ? 'yes' : 'NO']
}

/** A rate that should be at least so many times that of the peer. */
export function against(figure: string, ours: Round, peer: Round, peerName: string, least: number | null): Figure {
  const ratio = ours.perSecond / peer.perSecond
  return {
    figure,
    ours: rateOf(ours),
    peer: `${peerName}: ${rateOf(peer)}`,
    ratio,
    byCpu: total(peer.cpuUs) / total(ours.cpuUs),
    goal: least === null ? '' : `≥ ${least}`,
    met: least === null ? null : ratio >= least,
  }
}

/** Something that should take at most so many times what the peer takes of the processor. */
export function byCpu(figure: string, ours: Round, peer: Round, peerName: string, most: number): Figure {
  const times = total(ours.cpuUs) / total(peer.cpuUs)
  return { ...against(figure, ours, peer, peerName, null), goal: `≤ ${most} × its CPU`, met: times <= most }
}

const total = (cpuUs: Round['cpuUs']): number => Object.values(cpuUs).reduce((sum, used) => sum + used, 0)

/** A measure that should stay below a bound. */
export const within = (figure: string, value: number, unit: string, most: number, ours = `${short(value)} ${unit}`): Figure => ({
  figure,
  ours,
  peer: '',
  ratio: null,
  goal: `< ${most} ${unit}`,
  met: value < most,
})

export function rateOf({ perSecond, cpuUs }: Round): string {
  const spent = Object.entries(cpuUs).map(([name, used]) => `${short(used)} µs ${name}`.trim())
  return [`${count(perSecond)}/s`, ...spent].join(', ')
}

export const count = (value: number): string => Math.round(value).toLocaleString('en')

/** Three digits that mean something. */
export const short = (value: number): string => (value >= 100 ? count(value) : value.toPrecision(value >= 10 ? 3 : 2))
