// npm run test:long: the tests that take the sizes that are promised, the same ones as in `npm test`, over more rounds and with more load.
//
//   npm run test:long                        all of them, for hours: those of load alone take one and a quarter
//   npm run test:long -- --list              what there is
//   npm run test:long -- dynamodb replica    those whose name or sizes have one of these words
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const root = join(import.meta.dir, '..')
const runs: [test: string, sizes: Record<string, string>][] = [
  ['tests/faults/kill.test.ts', { KILL_ROUNDS: '20', KILL_WRITES: '5000' }],
  ['tests/faults/master-kill.test.ts', { MASTER_KILLS: '20' }],
  ['tests/faults/dynamodb-kill.test.ts', { DYNAMODB_ROUNDS: '20', DYNAMODB_ACKS: '1000' }],
  ['tests/faults/durability-histories.test.ts', { HISTORY_KILLS: '20', HISTORY_WRITES: '1000' }],
  ['tests/faults/durability-http.test.ts', { SYNC_WRITES: '500' }],
  ['tests/faults/durability-calls.test.ts', { COMMITS: '24' }],
  ['tests/faults/durability-restore.test.ts', { RESTORE_WRITES: '10000' }],
  ['tests/faults/shop.test.ts', { SHOP_ROUNDS: '20', SHOP_ORDERS: '500' }],
  ['tests/faults/shop-kill.test.ts', { SHOP_ROUNDS: '20', SHOP_KILLS: '8', SHOP_RESTARTS: '2' }],
  ['tests/faults/master-damage.test.ts', { DAMAGED_COPIES: '5000' }],
  ['tests/faults/replica-histories.test.ts', { REGION_TROUBLES: '40' }],
  ['tests/contracts/replicas.test.ts', { WAL_BOUND: 'shipped' }],
  ['tests/faults/matrix.test.ts', { LOAD: 'long' }],
  ['tests/faults/matrix.test.ts', { LOAD: 'long', MATRIX_MASTER: 'dynamodb' }],
  ['tests/simulation/projector.test.ts', { LOAD: 'long' }],
  ['tests/simulation/projector-kill.test.ts', { LOAD: 'long' }],
  ['tests/load', { LOAD: 'long' }],
]

const words = process.argv.slice(2)
const wanted = words.filter((word) => !word.startsWith('--'))
const sizesOf = (sizes: Record<string, string>) => Object.entries(sizes).map(([name, value]) => `${name}=${value}`)
const lineOf = ([test, sizes]: (typeof runs)[number]) => [...sizesOf(sizes), test].join(' ')
const chosen = runs.filter((run) => wanted.length === 0 || wanted.some((word) => lineOf(run).includes(word)))
if (chosen.length === 0 || words.some((word) => word.startsWith('--') && word !== '--list')) {
  console.error(`There is no ${words.join(', ')}. npm run test:long -- [--list] [words], of:\n${runs.map(lineOf).join('\n')}`)
  process.exit(1)
}
if (words.includes('--list')) {
  console.log(chosen.map(lineOf).join('\n'))
  process.exit(0)
}

const failed: string[] = []
for (const [test, sizes] of chosen) {
  console.log(`\n${sizesOf(sizes).join(' ')} bun test ${test}`)
  // What is already set goes before: SEED, another size.
  const env = { ...sizes, ...process.env }
  const { status } = spawnSync(process.execPath, ['test', '--timeout', '3600000', test], { cwd: root, env, stdio: 'inherit' })
  if (status !== 0) failed.push(test)
}
console.log(failed.length === 0 ? `long tests: all ${chosen.length} passed` : `long tests: ${failed.length} failed: ${failed.join(', ')}`)
process.exit(failed.length === 0 ? 0 : 1)
