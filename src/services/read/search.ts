// Search: what was asked, and where hardly anything has those words, what was probably meant.
import type { Language } from '../../domain/review.ts'
import type { Answer, Call } from '../../kit/operation.ts'
import type { Content, ReviewFilters, SearchPage, Shelf } from '../../ports/content.ts'
import type { Answers } from './answers.ts'
import type { Pages } from './pages.ts'
import { question, reworded } from './question.ts'
import { corrections } from './spelling.ts'

interface SearchParts {
  content: Content
  pages: Pages
  answers: Answers
}

interface Query extends ReviewFilters {
  q: string
  language?: Language | undefined
  limit: number
  cursor?: string | undefined
}

// With fewer finds than this the words are looked at.
const fewFinds = 3
// A cursor of a corrected search says so: its pages go on with the other words.
type Cursor = Shelf & { corrected: string | null }

export async function search({ content, pages, answers }: SearchParts, query: Query, call: Call): Promise<Answer> {
  const { q, limit, cursor: _cursor, ...filters } = query
  const cursor = pages.open('searchContent', { ...query }) as Cursor | null
  const look = (text: string, from: Shelf | null) =>
    answers.fresh(call, () => content.search({ question: question(text), filters, from, limit }, call.signal))
  let corrected = cursor?.corrected ?? null
  let page = await look(corrected ?? q, cursor)
  if (cursor === null && page.total < fewFinds) {
    const meant = await probablyMeant(content, q, filters.language ?? null, call.signal)
    const better = meant === null ? null : await look(meant, null)
    if (better !== null && better.total > page.total) {
      page = better
      corrected = meant
    }
  }
  const frame = pages.frame('searchContent', { ...query }, page.next && { ...page.next, corrected })
  return { ...answers.of(page, bodyOf(page, corrected, frame)), next: frame.links.next }
}

async function probablyMeant(content: Content, text: string, language: Language | null, signal: AbortSignal): Promise<string | null> {
  const words = [...new Set(question(text).words.map(({ word }) => word))].filter((word) => word.length > 2).slice(0, 8)
  if (words.length === 0) return null
  const instead = corrections(await content.likely(words, language, signal))
  return instead.size === 0 ? null : reworded(text, instead)
}

function bodyOf(page: SearchPage, correctedQuery: string | null, { links, ...paging }: ReturnType<Pages['frame']>): string {
  const metadata = { ...paging, total: page.total, totalIs: page.exact ? 'exact' : 'estimate', window: page.window, correctedQuery }
  return `{"data":${page.text},"metadata":${JSON.stringify(metadata).slice(0, -1)},"facets":${page.facetsText}},"links":${JSON.stringify(links)}}`
}
