// Runs every test and ends with one line of figures; `npm test -- <path or pattern>` runs some of them. At full size: test-long.ts.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dir, '..')
const given = process.argv.slice(2)
const wanted = given.length > 0 ? given : ['src', 'tests']
const child = spawn(process.execPath, ['test', '--timeout', '60000', ...wanted], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
let output = ''
for (const stream of [child.stdout, child.stderr])
  stream.on('data', (chunk: Buffer) => {
    process.stdout.write(chunk)
    output = (output + chunk.toString()).slice(-10_000)
  })
const status = await new Promise<number>((resolve) => child.on('close', (code) => resolve(code ?? 1)))

const figure = (name: string) => Number([...output.matchAll(new RegExp(`^ *(\\d+) ${name}$`, 'gm'))].at(-1)?.[1] ?? 0)
const notRun = join(root, 'node_modules', '.not-run')
if (existsSync(notRun)) process.stdout.write(readFileSync(notRun, 'utf8'))
const skipped = figure('skip')
console.log(`${figure('pass')} passed, ${figure('fail')} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
process.exit(status !== 0 || figure('pass') === 0 ? 1 : 0)
