// Runs every test and ends with one line of figures; `npm test -- <path or pattern>` runs some of them. At full size: test-long.ts.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dir, '..')
const given = process.argv.slice(2)

/** They fill the machine by themselves, or say how much it can do: one after the other, when all else is over. */
const alone =
  /^tests\/(load|faults\/(matrix|world|world-rollout|versions|replica|replica-histories|dependencies|content-stall|gateway)\.test\.ts$)/

const files = [...new Bun.Glob('{src,tests}/**/*.test.ts').scanSync({ cwd: root })].sort()
const [quiet, others] = [files.filter((file) => alone.test(file)), files.filter((file) => !alone.test(file))]
// Each of the two processes keeps its engines from file to file.
const together = ['--parallel=2', '--no-isolate']
const runs = given.length > 0 ? [given] : [[...together, ...others], [...quiet]]

let status = 0
const sums = { pass: 0, fail: 0, skip: 0 }
for (const words of runs) {
  const { code, output } = await run(words.map((word) => (files.includes(word) ? `./${word}` : word)))
  if (code !== 0) status = 1
  for (const name of ['pass', 'fail', 'skip'] as const)
    sums[name] += Number([...output.matchAll(new RegExp(`^ *(\\d+) ${name}$`, 'gm'))].at(-1)?.[1] ?? 0)
}
const notRun = join(root, 'node_modules', '.not-run')
if (existsSync(notRun)) process.stdout.write(readFileSync(notRun, 'utf8'))
console.log(`${sums.pass} passed, ${sums.fail} failed${sums.skip > 0 ? `, ${sums.skip} skipped` : ''}`)
process.exit(status !== 0 || sums.pass === 0 ? 1 : 0)

async function run(words: readonly string[]): Promise<{ code: number; output: string }> {
  const child = spawn(process.execPath, ['test', '--timeout', '60000', ...words], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      process.stdout.write(chunk)
      output = (output + chunk.toString()).slice(-10_000)
    })
  const code = await new Promise<number>((resolve) => child.on('close', (code) => resolve(code ?? 1)))
  return { code, output }
}
