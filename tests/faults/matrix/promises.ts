// What is promised of each cell, whatever fails: see docs/regions.md.
import type { Cell, How, Who } from './cells.ts'
import type { Seen, Tally } from './observe.ts'

/**
 * Which reads of the regions of the cell may fail: none; those of what is not in memory, for two seconds; any, for two seconds; any.
 */
type Allowed = 'none' | 'new and soon' | 'soon' | 'any'

const allowed: Readonly<Record<Who, Allowed | Partial<Record<How, Allowed>>>> = {
  master: 'none',
  project: 'none',
  primary: 'none',
  'near replica': 'new and soon',
  // The only one of its region, behind a way that takes connections for it: with a second one the gateway's retry would find that.
  read: { 'kill -9': 'soon', pause: 'none', slow: 'none', errors: 'soon', 'cut off': 'soon', restart: 'soon' },
  // Whoever asks it has nobody else in his region.
  gateway: { slow: 'none', restart: 'none' },
}

/** What was not kept, in words. */
export function broken(cell: Cell, { reads, elsewhere, refused, refusals }: Seen): string[] {
  const { who, how } = cell
  const row = allowed[who]
  const may = typeof row === 'string' ? row : (row[how] ?? 'any')
  return [
    ...(elsewhere.unanswered > 0 ? [`elsewhere: ${told(elsewhere)}`] : []),
    ...(may === 'none' && reads.unanswered > 0 ? [told(reads)] : []),
    ...((may === 'new and soon' || may === 'soon') && reads.unansweredLate > 0 ? [told(reads)] : []),
    ...(may === 'new and soon' && reads.unansweredCached > 0 ? [told(reads)] : []),
    // Nobody else stands between an editor and the acknowledgement.
    ...(!['master', 'project', 'gateway'].includes(who) && refused > 0 ? [`refused to editors: ${refusals.join('; ')}`] : []),
    // It says so itself, and when to come back.
    ...(who === 'gateway' && how === 'cut off' && reads.refused < reads.unanswered ? [`not refused: ${told(reads)}`] : []),
  ]
}

export const told = ({ unanswered, unansweredLate, unansweredCached, asked, faults }: Tally): string =>
  `${unanswered} of ${asked} not answered, ${unansweredLate} of them late, ${unansweredCached} in memory: ${faults.join('; ')}`
