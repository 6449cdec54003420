// RCR_CACHE_MIB is what the process grows by, not a fraction of it.
import { expect, test } from 'bun:test'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import type { Held } from './cache-memory.ts'

const cacheMib = 64

test.skipIf(process.platform !== 'linux').each([
  ['once', 1],
  ['from then on under its address', 3],
])(
  'a cache of 64 MiB makes a process about so much larger, whose lists are each asked %s',
  (_how, times) => {
    const { stdout } = spawnSync(process.execPath, [join(import.meta.dir, 'cache-memory.ts'), String(cacheMib), String(times)], {
      stdio: ['ignore', 'pipe', 'inherit'],
      encoding: 'utf8',
    })
    const { bytes, entries, grownMib } = JSON.parse(stdout) as Held
    console.log(`${entries} entries, counted as ${Math.round(bytes / 2 ** 20)} MiB: the process grew by ${grownMib} MiB at most`)
    expect(bytes).toBeGreaterThan(0.9 * cacheMib * 2 ** 20)
    expect(grownMib).toBeLessThan(1.6 * cacheMib)
  },
  60_000,
)
