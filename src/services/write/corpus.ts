// Reviews that nobody wrote, as many as wanted: review n of a seed is always the same, whoever makes it and in whatever order.
//
// They stand to each other as real ones do: few cameras, editors, tags and words are everywhere, most are rare (Zipf), bodies
// have 1 to 3 kB of Markdown, and ten years of publication lie behind them.
import { type Language, languages, type ReviewFields } from '../../domain/review.ts'
import { slugFrom } from '../../domain/slug.ts'
import { steadyId } from '../../kit/id.ts'
import { below, between, type Draw, drawsOf, happens, shuffled, zipf } from './corpus-draws.ts'
import { english } from './corpus-en.ts'
import { spanish } from './corpus-es.ts'
import { type About, type Prose, proseOf } from './corpus-prose.ts'
import { portuguese } from './corpus-pt.ts'

export interface Gear {
  id: string
  brand: string
  model: string
  mount: string | null
  /** A day or a month: nobody reviews it before. */
  releasedOn?: string | null
}

/** What the reviews are about, and who signs them. In the same order the reviews are the same. */
export interface CorpusCatalogue {
  cameras: readonly Gear[]
  lenses: readonly Gear[]
  editorIds: readonly string[]
}

export interface CorpusReview {
  id: string
  publishedAt: string
  editorId: string
  fields: ReviewFields & { slug: string }
}

/** Of a hundred reviews. The rest is English. */
const spanishPercent = 45
const portuguesePercent = 30

// Ten years, up to the time from which most of the first data is: a seeded installation opens with reviews that people wrote.
const fromMs = Date.UTC(2016, 0, 1)
const toMs = Date.UTC(2026, 0, 1)
const monthMs = 30 * 86_400_000

/** The id of review n, which needs no catalogue. */
export const corpusId = (seed: number, n: number): string => idAt(seed, n, shareOf(drawsOf(seed, n)))

/** How much of the time in which it may appear goes by before it does: 0 … 1. */
const shareOf = (draw: Draw): number => draw() / 2 ** 32

const momentSince = (sinceMs: number, share: number): number => sinceMs + Math.floor(((toMs - sinceMs) * share) / 1000) * 1000

const idAt = (seed: number, n: number, share: number): string => steadyId(momentSince(fromMs, share), `corpus:${seed}:${n}`)

function releasedMs({ releasedOn }: Gear): number {
  const releaseMs = Date.parse(releasedOn ?? '')
  return Number.isNaN(releaseMs) ? fromMs : Math.max(fromMs, Math.min(releaseMs, toMs - monthMs))
}

export function corpus(seed: number, catalogue: CorpusCatalogue): (n: number) => CorpusReview {
  const order = drawsOf(seed, -1)
  const prose: Record<Language, Prose> = { es: proseOf(spanish, order), pt: proseOf(portuguese, order), en: proseOf(english, order) }
  const camera = zipf(shuffled(catalogue.cameras, order))
  const editor = zipf(shuffled(catalogue.editorIds, order))
  const lensFor = new Map(
    [...Map.groupBy(shuffled(catalogue.lenses, order), ({ mount }) => mount)].map(([mount, fit]) => [mount, zipf(fit)]),
  )

  return (n) => {
    const draw = drawsOf(seed, n)
    const share = shareOf(draw)
    const language = languageOf(below(100, draw))
    const body = camera(draw)
    const lens = happens(70, draw) ? (lensFor.get(body.mount)?.(draw) ?? null) : null
    const about: About = { camera: nameOf(body), lens: lens && nameOf(lens) }
    const text = prose[language]
    const title = written((into) => text.title(draw, about, into)).slice(0, 160)
    return {
      id: idAt(seed, n, share),
      publishedAt: new Date(momentSince(releasedMs(body), share)).toISOString(),
      editorId: editor(draw),
      fields: {
        title,
        slug: slugOf(title, seed, n),
        summary: written((into) => addSentences(text, between(1, 2, draw), draw, about, into)),
        body: bodyOf(text, draw, about),
        verdict: written((into) => addSentences(text, between(1, 3, draw), draw, about, into)),
        pros: several(between(2, 5, draw), () => written((into) => text.trait(draw, about, into))),
        cons: several(between(1, 4, draw), () => written((into) => text.trait(draw, about, into))),
        images: [], // an invented address would lead nowhere
        language,
        tags: [...new Set(several(between(1, 6, draw), () => text.tag(draw)))],
        cameraId: body.id,
        lensId: lens?.id ?? null,
      },
    }
  }
}

function languageOf(percent: number): Language {
  const [es, pt, en] = languages
  if (percent < spanishPercent) return es
  return percent < spanishPercent + portuguesePercent ? pt : en
}

const nameOf = ({ brand, model }: Gear): string => `${brand} ${model}`

/** Nobody else's, so that no review is ever taken for one that is there already. */
const slugOf = (title: string, seed: number, n: number): string => `${slugFrom(title.slice(0, 70))}-${seed}-${n}`

const several = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make)

function written(write: (into: string[]) => void): string {
  const into: string[] = []
  write(into)
  return into.join('')
}

function addSentences(text: Prose, count: number, draw: Draw, about: About, into: string[]): void {
  for (let sentence = 0; sentence < count; sentence++) {
    if (sentence > 0) into.push(' ')
    text.sentence(draw, about, into)
    into.push('.')
  }
}

function bodyOf(text: Prose, draw: Draw, about: About): string {
  const longEnough = between(900, 2600, draw)
  const first = below(1000, draw)
  const sections = [written((into) => addSentences(text, between(2, 4, draw), draw, about, into))]
  for (let length = 0; length < longEnough; ) {
    const section = written((into) => addSection(text, text.heading(first + sections.length), draw, about, into))
    length += section.length
    sections.push(section)
  }
  return sections.join('\n\n')
}

function addSection(text: Prose, heading: string, draw: Draw, about: About, into: string[]): void {
  into.push('## ', heading, '\n\n')
  addSentences(text, between(2, 5, draw), draw, about, into)
  if (happens(40, draw)) {
    into.push('\n\n')
    addSentences(text, between(1, 3, draw), draw, about, into)
  }
  if (happens(75, draw)) return
  into.push('\n')
  for (let point = 0; point < 3; point++) {
    into.push('\n- ')
    text.trait(draw, about, into)
  }
}
