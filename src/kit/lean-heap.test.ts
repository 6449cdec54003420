import { expect, test } from 'bun:test'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const module = JSON.stringify(join(import.meta.dir, 'lean-heap.ts'))

/** What a process of its own says of itself after the call: its id, its words and the bound of its heap. */
function after(cacheMib: number, before = '') {
  const script = `const { leanHeap } = await import(${module}); ${before}; leanHeap(${cacheMib})
    console.log(JSON.stringify([process.pid, process.argv.slice(-3), process.env.BUN_JSC_heapGrowthMaxIncrease ?? null]))`
  const { stdout, pid } = spawnSync(process.execPath, ['-e', script, 'a b', '', '--c'], { encoding: 'utf8', env: {} })
  const [own, words, bound] = JSON.parse(stdout)
  expect([own, words]).toEqual([pid, ['a b', '', '--c']])
  return bound
}

test('a process with a large cache goes on as itself, its heap bounded; one with a small cache as it was', () => {
  expect(after(512)).toBe('0.25')
  expect([after(64), after(Number.NaN)]).toEqual([null, null])
})

test('where no program may be started it goes on as it is, and its children do not try', () => {
  expect(after(512, "process.execve = () => { throw new Error('EPERM') }")).toBe('0.25')
})
