// RCR_CACHE_MIB is what the process grows by, not a fraction of it.
import { expect, test } from 'bun:test'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import type { Held } from './cache-memory.ts'

const cacheMib = 256

test.skipIf(process.platform !== 'linux')(
  'a cache of 256 MiB makes a process about so much larger, also of answers that are found by their address from then on',
  () => {
    const { stdout } = spawnSync(process.execPath, [join(import.meta.dir, 'cache-memory.ts'), String(cacheMib)], {
      stdio: ['ignore', 'pipe', 'inherit'],
      encoding: 'utf8',
    })
    const { bytes, entries, grownMib } = JSON.parse(stdout) as Held
    console.log(`${entries} entries, counted as ${Math.round(bytes / 2 ** 20)} MiB: the process grew by ${grownMib} MiB at most`)
    expect(bytes).toBeGreaterThan(0.9 * cacheMib * 2 ** 20)
    expect(grownMib).toBeLessThan(1.7 * cacheMib)
  },
  90_000,
)
