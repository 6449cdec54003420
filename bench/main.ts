// npm run bench: every figure as a ratio within one run, beside a peer or a limit of the same machine.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { backlog } from './backlog.ts'
import { buying } from './buying.ts'
import { cold } from './cold.ts'
import { dynamodb } from './dynamodb.ts'
import { flat } from './flat.ts'
import { graphql } from './graphql.ts'
import { grpc } from './grpc.ts'
import { hot } from './hot.ts'
import { type Benchmark, type Lab, openLab } from './kit/lab.ts'
import { machine } from './kit/machine.ts'
import { endAll, findProgram } from './kit/process.ts'
import { type Line, tableOf } from './kit/table.ts'
import { memory } from './memory.ts'
import { overload } from './overload.ts'
import { projection } from './projection.ts'
import { search } from './search.ts'
import { startup } from './startup.ts'
import { visible } from './visible.ts'
import { workers } from './workers.ts'
import { write } from './write.ts'

const benchmarks: Readonly<Record<string, Benchmark>> = {
  hot,
  cold,
  graphql,
  grpc,
  search,
  flat,
  write,
  buying,
  dynamodb,
  visible,
  projection,
  start: startup,
  memory,
  overload,
  workers,
  backlog, // the last one: it leaves more behind in the data of all
}

const words = process.argv.slice(2)
const isQuick = words.includes('--quick')
const isLarge = words.includes('--large')
const largeData = words.find((word) => word.startsWith('--data='))?.slice('--data='.length) ?? null
const isKnownFlag = (word: string) => ['--quick', '--large'].includes(word) || (isLarge && /^--data=./.test(word))
const names = words.filter((word) => !word.startsWith('--'))
const unknown = words.filter((word) => (word.startsWith('--') ? !isKnownFlag(word) : !(word in benchmarks)))
if (unknown.length > 0) {
  console.error(
    `There is no ${unknown.join(', ')}. npm run bench -- [${Object.keys(benchmarks).join(' ')}] [--quick] [--large [--data=<folder of 1,000,000 seeded reviews>]]`,
  )
  process.exit(1)
}
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    endAll()
    process.exitCode = 130
  })

const chosen = Object.entries(benchmarks).filter(([name]) => names.length === 0 || names.includes(name))
const reviews = isQuick ? 1000 : 10_000
using lab = openLab({
  turns: isQuick ? 1 : 5,
  warmUps: isQuick ? 1 : 15,
  seconds: isQuick ? 1 : 2,
  sizes: { usual: reviews, large: isLarge ? 1_000_000 : 5 * reviews, backlog: isQuick ? 2000 : 100_000 },
  waitedAt: isLarge ? [reviews, 1_000_000] : [reviews],
  largeData,
  say: (text) => console.error(text),
})
const lines: Line[] = []
for (const [name, benchmark] of chosen) {
  if (process.exitCode === 130) break
  console.error(`${name}: ${benchmark.title} …`)
  lines.push(...(await linesOf(benchmark, lab)))
}
const told = words.map((word) => (word.startsWith('--data=') ? '--data=<folder>' : word))
const report = `${machine(told, reviews)}\n\n${tableOf(lines)}\n`
console.log(report)
// The file is of whole runs only: a figure of another day would say nothing beside the others.
if (names.length === 0 && !isQuick && process.exitCode !== 130) writeFileSync(join(import.meta.dir, 'RESULTS.md'), `# Figures\n\n${report}`)

async function linesOf({ title, needs, run }: Benchmark, on: Lab): Promise<Line[]> {
  const missing = needs.filter((tool) => findProgram(tool) === null)
  if (missing.length > 0) return [{ figure: title, because: `it needs ${missing.join(', ')}` }]
  try {
    return await run(on)
  } catch (error) {
    process.exitCode = 1
    console.error(error)
    return [{ figure: title, because: `it failed: ${(error as Error).message.split('\n')[0]}` }]
  }
}
