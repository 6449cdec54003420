// The log of a master from its first change to its last.
import type { Change } from '../src/domain/change.ts'
import type { Master } from '../src/ports/master.ts'

export async function wholeLog(master: Pick<Master, 'feed'>): Promise<Change[]> {
  const changes: Change[] = []
  for (;;) {
    const more = await master.feed(changes.length, 5000)
    if (more.length === 0) return changes
    changes.push(...more)
  }
}
