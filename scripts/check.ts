// Everything that must hold before a commit, side by side: types, lint, import rules, dead code, contract drift, pure rules.
import { spawn } from 'node:child_process'
import { join } from 'node:path'

const root = join(import.meta.dir, '..')
const bin = (name: string) => join(root, 'node_modules', '.bin', name)

const checks: Record<string, string[]> = {
  types: [bin('tsc'), '-p', '.'],
  lint: [bin('biome'), 'check', '--error-on-warnings', '.'],
  'import rules': [process.execPath, 'test', 'tests/architecture.test.ts'],
  'dead code': [bin('knip'), '--no-progress'],
  'contract drift': [process.execPath, 'src/main.ts', 'contracts', '--check'],
  'gRPC contract': [process.execPath, 'scripts/proto.ts', '--check'],
  'pure rules': [process.execPath, 'test', 'src/domain', 'src/kit'],
}

const results = await Promise.all(Object.entries(checks).map(([name, command]) => run(name, command)))
console.log(results.map(({ name, ok, ms }) => `${ok ? 'ok  ' : 'FAIL'} ${name} (${(ms / 1000).toFixed(1)} s)`).join('\n'))
const failed = results.filter(({ ok }) => !ok).length
console.log(`checks: ${results.length - failed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)

async function run(name: string, [command = '', ...args]: string[]) {
  const started = performance.now()
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
  const status = await new Promise<number | null>((resolve) => child.on('close', resolve))
  if (status !== 0) console.log(`--- ${name}\n${output}`)
  return { name, ok: status === 0, ms: performance.now() - started }
}
