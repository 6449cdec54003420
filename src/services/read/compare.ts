// Compare: two to six cameras, or the cameras of as many reviews, in one matrix.
import { compareCameras } from '../../domain/compare.ts'
import type { Answer, Call } from '../../kit/operation.ts'
import type { ComparedItem, Content } from '../../ports/content.ts'
import type { Answers } from './answers.ts'

export async function compare(
  { content, answers }: { content: Content; answers: Answers },
  by: 'cameras' | 'reviews',
  keys: readonly string[],
  call: Call,
): Promise<Answer> {
  const compared = await answers.fresh(call, () => content.compare(by, keys, call.signal))
  const found = compared.items.filter((item) => item !== null)
  if (found.length < keys.length) {
    const lost = keys.filter((_, n) => compared.items[n] === null)
    throw answers.missing(compared, `There is no such ${by === 'cameras' ? 'camera' : 'review'}: ${lost.join(', ')}.`, 'missing-subject')
  }
  const subjects = found.map(subjectOf)
  const groups = compareCameras(
    found.map(({ camera }) => camera),
    subjects.map(({ name }) => name),
  )
  return answers.of(compared, JSON.stringify({ subjects, groups }))
}

function subjectOf({ camera: { id, slug, brand, model }, review }: ComparedItem) {
  return { name: `${brand} ${model}`, camera: { id, slug, brand, model }, review }
}
