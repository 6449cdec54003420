// The steps of a review's life: published, withdrawn, scheduled.
import { z } from 'zod'
import { Id, Instant } from '../../domain/document.ts'
import { publish, type Review, ReviewDocument, schedule, withdraw } from '../../domain/review.ts'
import { instant } from '../../kit/clock.ts'
import { demandMatch } from '../../kit/entity-tag.ts'
import { type Call, type Operation, operation } from '../../kit/operation.ts'
import { type DeskParts, desk, reviewPlan, standing } from './reviewing.ts'

const stepping = {
  kind: 'command',
  tag: 'reviews',
  access: desk,
  output: ReviewDocument,
  status: 200,
  conditional: true,
  refusals: ['missing', 'conflict', 'stale', 'unconditional'],
} as const

const byId = z.strictObject({ id: Id })

export function stepOperations(parts: DeskParts): Operation[] {
  const take = (call: Call, id: string, step: (review: Review, now: string) => Review) =>
    parts.saver.save(call, async (attempt) => {
      const review = await standing(parts.master, call, id)
      demandMatch(call, review.version)
      return reviewPlan(parts, review, step(review, instant(parts.clock)), { attempt, id, expected: review.version, status: 200 })
    })

  return [
    operation({
      ...stepping,
      name: 'publishReview',
      summary: 'Lets readers see a review, in every region.',
      rest: { method: 'POST', path: '/reviews/{id}/publish' },
      input: { path: byId },
      run: ({ path }, call) => take(call, path.id, publish),
    }),
    operation({
      ...stepping,
      name: 'withdrawReview',
      summary: 'Takes a review out of sight, or out of the schedule.',
      rest: { method: 'POST', path: '/reviews/{id}/withdraw' },
      input: { path: byId },
      run: ({ path }, call) => take(call, path.id, withdraw),
    }),
    operation({
      ...stepping,
      name: 'scheduleReview',
      summary: 'Publishes a review at a given time, also when no editor is there and through restarts.',
      rest: { method: 'POST', path: '/reviews/{id}/schedule' },
      input: { path: byId, body: z.strictObject({ publishAt: Instant }).meta({ id: 'Schedule' }) },
      examples: [{ summary: 'At nine in the morning in São Paulo', input: { body: { publishAt: '2027-01-15T09:00:00-03:00' } } }],
      run: ({ path, body }, call) => take(call, path.id, (review, now) => schedule(review, body.publishAt, now)),
    }),
  ]
}
