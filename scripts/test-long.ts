// The tests of durability at full size: the same tests as in `npm test`, over more rounds. About half an hour on two cores.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const root = join(import.meta.dir, '..')
const runs: [test: string, environment: Record<string, string>][] = [
  ['tests/faults/kill.test.ts', { KILL_ROUNDS: '20', KILL_WRITES: '5000' }],
  ['tests/faults/master-kill.test.ts', { MASTER_KILLS: '20' }],
  ['tests/faults/durability-histories.test.ts', { HISTORY_KILLS: '20', HISTORY_WRITES: '1000' }],
  ['tests/faults/durability-http.test.ts', { SYNC_WRITES: '500' }],
  ['tests/faults/durability-calls.test.ts', { COMMITS: '24' }],
  ['tests/faults/durability-restore.test.ts', { RESTORE_WRITES: '10000' }],
  ['tests/faults/master-damage.test.ts', { DAMAGED_COPIES: '5000' }],
]

const wanted = process.argv.slice(2)
let failed = 0
for (const [test, environment] of runs.filter(([name]) => wanted.length === 0 || wanted.some((word) => name.includes(word)))) {
  console.log(
    `${Object.entries(environment)
      .map(([name, value]) => `${name}=${value}`)
      .join(' ')} bun test ${test}`,
  )
  const { status } = spawnSync(process.execPath, ['test', '--timeout', '3600000', test], {
    cwd: root,
    env: { ...process.env, ...environment },
    stdio: 'inherit',
  })
  if (status !== 0) failed += 1
}
console.log(failed === 0 ? 'long tests: all passed' : `long tests: ${failed} files failed`)
process.exit(failed === 0 ? 0 : 1)
