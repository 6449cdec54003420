// How long after its acknowledgement a published review is seen by readers.

import { openDesk } from './kit/desk.ts'
import type { Benchmark } from './kit/lab.ts'
import { percentile } from './kit/measure.ts'
import { runClient } from './kit/process.ts'
import { type Line, short } from './kit/table.ts'

export const visible: Benchmark = {
  title: 'visible after commit',
  needs: [],
  async run(lab) {
    const system = await lab.system(await lab.seeded())
    try {
      const desk = await openDesk(system.url)
      const times = lab.turns * 40
      const lines: Line[] = []
      for (const by of ['token', 'looking'] as const) {
        const { tookMs } = await runClient<{ tookMs: number[] }>('load', 'publish-and-look', {
          ...desk.access,
          times,
          from: desk.next(),
          by,
        })
        desk.used(times)
        lines.push(seen(`visible after commit, ${by === 'token' ? 'asked once with the token' : 'looking every 2 ms'}`, tookMs))
      }
      return lines
    } finally {
      await system.stop()
    }
  },
}

function seen(figure: string, tookMs: readonly number[]): Line {
  const [p50, p99] = [percentile(tookMs, 50), percentile(tookMs, 99)]
  return {
    figure: `${figure}, ${tookMs.length} times`,
    ours: `p50 ${short(p50)} ms, p99 ${short(p99)} ms`,
    peer: '',
    ratio: null,
    goal: 'p50 < 30 ms, p99 < 250 ms',
    met: p50 < 30 && p99 < 250,
  }
}
