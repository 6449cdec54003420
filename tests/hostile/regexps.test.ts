// No regular expression of ours, nor any that the contract hands to others, takes more than linear time on text made to hurt it.
import { expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../../src/kit/clock.ts'
import { silentLog } from '../../src/kit/log.ts'
import { openMetrics } from '../../src/kit/metric.ts'
import { openApiOf } from '../../src/system/contracts.ts'
import { operationsAlone } from '../../src/system/services.ts'
import { seeded } from '../random.ts'

const length = 100_000
const longestMs = 10

/** The regular expression literals of a source text, wherever a value may stand. */
export function literalsOf(source: string): RegExp[] {
  const found: RegExp[] = []
  const token =
    /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`|(?<=(?:[=([,:!&|?{};\n]|=>|\breturn)\s*)\/((?:[^/\\[\n`]|\\.|\[(?:[^\]\\\n]|\\.)*\])+)\/([dgimsuvy]*)/g
  for (const [text, pattern, flags] of source.matchAll(token))
    if (pattern !== undefined && text.startsWith('/')) found.push(new RegExp(pattern, flags))
  return found
}

const classes: [RegExp, string][] = [
  [/\\w|\\p\{L\}|a-z|A-Z|\[\^|(?<!\\)\./, 'a'],
  [/\\d|\\p\{N\}|0-9/, '0'],
  [/\\s/, ' '],
  [/\\s|\\n/, '\n'],
]

/** Characters on which the pattern turns, alone and in pairs, very often, after its own beginning and before an end that spoils the match. */
function* hostileTo({ source }: RegExp, length: number): Iterable<string> {
  const plain = source.replaceAll(/\\[wdsbpPuxnt]|\{[^}]*\}|[\^$*+?()[\]|]/g, '').replaceAll('\\', '')
  const representatives = classes.filter(([pattern]) => pattern.test(source)).map(([, char]) => char)
  const chars = [...new Set([...representatives, ...plain])].slice(0, 24)
  const start = /^\^?((?:[\w ,:"'/-]|\\[^wdsbpPux\d])*)(?![*+?{])/.exec(source)?.[1]?.replaceAll('\\', '') ?? ''
  const random = seeded(source.length)
  const pairs = chars.flatMap((a) => chars.map((b) => a + b))
  const some = pairs.length <= 60 ? pairs : Array.from({ length: 60 }, () => pairs[Math.floor(random() * pairs.length)] ?? 'aa')
  for (const pump of [...chars, ...some])
    for (const end of ['\u0001', `${pump}\u0001"`]) yield start + pump.repeat(length / pump.length) + end
}

const time = (work: () => void): number => {
  const startedMs = performance.now()
  work()
  return performance.now() - startedMs
}

/** The least of some tries: others use this machine, too. */
function slowest(pattern: RegExp): { ms: number; input: string } {
  const early = slowestAt(pattern, length / 16) // what is quadratic shows, without taking a minute
  return early.ms > longestMs ? early : slowestAt(pattern, length)
}

function slowestAt(pattern: RegExp, length: number): { ms: number; input: string } {
  let worst = { ms: 0, input: '' }
  for (const input of hostileTo(pattern, length)) {
    const look = () => {
      pattern.lastIndex = 0
      pattern.exec(input)
    }
    let ms = time(look)
    for (let tries = 0; tries < 4 && ms > longestMs && ms < 1_000; tries++) ms = Math.min(ms, time(look))
    if (ms > worst.ms) worst = { ms, input: `${input.slice(0, 40)}…` }
    if (ms > longestMs) break
  }
  return worst
}

const root = join(import.meta.dir, '..', '..', 'src')
const sources = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
  (file) => /\.tsx?$/.test(file) && !/\.(test|suite)\.tsx?$/.test(file),
)

test('every literal of src is linear', () => {
  const patterns = new Map<string, { pattern: RegExp; file: string }>()
  for (const file of sources)
    for (const pattern of literalsOf(readFileSync(join(root, file), 'utf8'))) patterns.set(String(pattern), { pattern, file })
  expect(patterns.size).toBeGreaterThan(60)
  const slow = [...patterns.values()].map((one) => ({ ...one, ...slowest(one.pattern) })).filter(({ ms }) => ms > longestMs)
  expect(slow).toEqual([])
}, 60_000)

test('every pattern of the contract is linear, since those who use it check with it', () => {
  const around = { clock: systemClock, random: () => new Uint8Array(16), log: silentLog, metrics: openMetrics({ ofProcess: false }) }
  const text = openApiOf(operationsAlone(around))
  const patterns = new Set([...text.matchAll(/"pattern": ("(?:[^"\\]|\\.)*")/g)].map((match) => JSON.parse(match[1] ?? '""') as string))
  expect(patterns.size).toBeGreaterThan(5)
  const slow = [...patterns].map((pattern) => ({ pattern, ...slowest(new RegExp(pattern, 'u')) })).filter(({ ms }) => ms > longestMs)
  expect(slow).toEqual([])
}, 60_000)

test('a pattern that backtracks without end is seen, and all forms of literals are found', () => {
  expect(slowest(/\s+$/).ms).toBeGreaterThan(longestMs)
  expect(slowest(/^(?:"[^"]*",?)*(?:"[^"]*",?)*x$/).ms).toBeGreaterThan(longestMs)
  const source = "const a = /x[/]y\\//g // /no/\nif (/b/.test('/no/')) return /c/u\nconst d = 8 / 4 / 2\nf(x, /e/) /* /no/ */"
  expect(literalsOf(source).map(String)).toEqual(['/x[/]y\\//g', '/b/', '/c/u', '/e/'])
})
