// Numbers from load: medians of rounds in which both sides take turns, so that a noisy neighbour disturbs both alike.
import { demandProgram, run } from './process.ts'

export function median(values: readonly number[]): number {
  return percentile(values, 50)
}

export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  const at = Math.min(sorted.length - 1, Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1))
  return sorted[at] ?? Number.NaN
}

/** What one round found. */
export interface Round {
  perSecond: number
  /** Time on the processor for each answer, by who spent it. */
  cpuUs: Readonly<Record<string, number>>
  p50Ms?: number
  p99Ms?: number
  /** Answers that were no good ones, where those are counted: of all rounds. */
  refused?: number
}

/** Rounds of each side to warm up, then the turns; the medians of each. */
export async function taking<Side extends string>(
  turns: number,
  sides: Readonly<Record<Side, () => Promise<Round>>>,
  warmUps = 1,
): Promise<Record<Side, Round>> {
  const entries = Object.entries(sides) as [Side, () => Promise<Round>][]
  const found = Object.fromEntries(entries.map(([side]) => [side, []])) as unknown as Record<Side, Round[]>
  for (let turn = 0; turn < warmUps; turn++) for (const [, round] of entries) await round()
  for (let turn = 0; turn < turns; turn++) for (const [side, round] of entries) found[side].push(await round())
  return Object.fromEntries(entries.map(([side]) => [side, middle(found[side])])) as Record<Side, Round>
}

function middle(rounds: readonly Round[]): Round {
  const of = (value: (round: Round) => number | undefined) => median(rounds.map((round) => value(round) ?? Number.NaN))
  const spenders = Object.keys(rounds[0]?.cpuUs ?? {})
  return {
    perSecond: of(({ perSecond }) => perSecond),
    cpuUs: Object.fromEntries(spenders.map((spender) => [spender, of(({ cpuUs }) => cpuUs[spender])])),
    ...(rounds[0]?.p50Ms !== undefined && { p50Ms: of(({ p50Ms }) => p50Ms), p99Ms: of(({ p99Ms }) => p99Ms) }),
    ...(rounds[0]?.refused !== undefined && { refused: rounds.reduce((sum, { refused = 0 }) => sum + refused, 0) }),
  }
}

/** What is done, with the time that each spender's processes needed for it. */
export async function spending(
  spenders: Readonly<Record<string, () => number>>,
  work: () => Promise<{ count: number; seconds: number } & Pick<Round, 'p50Ms' | 'p99Ms' | 'refused'>>,
): Promise<Round> {
  const before = Object.entries(spenders).map(([name, read]) => [name, read()] as const)
  const { count, seconds, ...latency } = await work()
  const cpuUs = Object.fromEntries(before.map(([name, used]) => [name, ((spenders[name]?.() ?? 0) - used) / count]))
  return { perSecond: count / seconds, cpuUs, ...latency }
}

export interface WebLoad {
  url: string
  connections: number
  seconds: number
  /** A file of paths, one a line, asked one after the other from line `from` on; without it the URL alone. */
  paths?: { file: string; from: number }
  /** What is refused is counted. Without it every answer has to be a good one. */
  mayRefuse?: boolean
}

const script = new URL('./paths.lua', import.meta.url).pathname

/** wrk on the core of the load. */
export async function wrk({ url, connections, seconds, paths, mayRefuse = false }: WebLoad) {
  const more = paths === undefined ? [url] : ['-s', script, url, '--', paths.file, String(paths.from)]
  const output = await run('load', [demandProgram('wrk'), '-t1', `-c${connections}`, `-d${seconds}s`, '--latency', ...more])
  const found = (pattern: RegExp) => pattern.exec(output)?.slice(1) ?? []
  const [bad] = found(/Non-2xx or 3xx responses: (\d+)/)
  const [broken] = found(/Socket errors: (.*)/)
  if ((bad !== undefined && !mayRefuse) || broken !== undefined) throw new Error(`${url}: ${bad ?? 0} refused, broken: ${broken ?? 'none'}`)
  const [count, lasted, unit] = found(/(\d+) requests in ([\d.]+)(\w+),/)
  return {
    count: Number(count),
    seconds: millisecondsOf(lasted, unit) / 1000,
    p50Ms: millisecondsOf(...found(/^ +50% +([\d.]+)(\w+)$/m)),
    p99Ms: millisecondsOf(...found(/^ +99% +([\d.]+)(\w+)$/m)),
    ...(mayRefuse && { refused: Number(bad ?? 0) }),
  }
}

const units: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, m: 60_000 }
const millisecondsOf = (text?: string, unit?: string): number => Number(text) * (units[unit ?? ''] ?? Number.NaN)
