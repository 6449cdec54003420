// Makes sentences of a language: templates whose gaps are filled with words, few of them often and most of them rarely.
import { between, type Draw, happens, oneOf, shuffled, zipf } from './corpus-draws.ts'

/**
 * What a language brings. The gaps of its templates: {n} noun, {act} verb, {takes} verb with an object, {adj}, {time}, {place},
 * {camera}, {lens}, {iso}, {days}, {frames}; with a capital, as {N}, the first letter becomes one.
 */
export interface Tongue {
  nouns: readonly string[]
  acts: readonly string[]
  takes: readonly string[]
  adjectives: readonly string[]
  times: readonly string[]
  places: readonly string[]
  sentences: readonly string[]
  /** Where the review is also about a lens. */
  withLens: readonly string[]
  titles: readonly string[]
  headings: readonly string[]
  /** What speaks for or against it. */
  traits: readonly string[]
  tags: readonly string[]
  /** Parts of the words that the Zipf tail of the nouns is made of. */
  rare: { starts: readonly string[]; middles: readonly string[]; ends: readonly string[]; article: (word: string) => string }
}

/** The list that a text writes between separators, over as many lines as it needs. */
export const phrases = (text: string, separator = ','): string[] =>
  text
    .split(separator)
    .map((phrase) => phrase.trim().replace(/\s+/g, ' '))
    .filter((phrase) => phrase !== '')

export const words = (text: string): string[] => phrases(text, ' ')

/** What a review is about. */
export interface About {
  camera: string
  lens: string | null
}

/** Adds its words to what is being written. Pieces are joined once for each text: joining as they come takes twice the time. */
type Make = (draw: Draw, about: About, into: string[]) => void

export interface Prose {
  title: Make
  sentence: Make
  trait: Make
  heading: (nth: number) => string
  tag: (draw: Draw) => string
}

/** Of each language; with those that are written out, three languages have about 30,000 words. */
const rareWords = 10_000

const isos = words('100 200 400 800 1600 3200 6400 12800 25600')

export function proseOf(tongue: Tongue, order: Draw): Prose {
  const pick = (values: readonly string[]) => zipf(shuffled(values, order))
  const common = shuffled(tongue.nouns, order)
  const [commonNoun, anyNoun] = [zipf(common), zipf([...common, ...rareNouns(tongue.rare, order)])]
  const gaps: Gaps = {
    n: (draw) => (happens(50, draw) ? commonNoun(draw) : anyNoun(draw)), // or every second noun were a rare one
    act: pick(tongue.acts),
    takes: pick(tongue.takes),
    adj: pick(tongue.adjectives),
    time: pick(tongue.times),
    place: pick(tongue.places),
    iso: (draw) => oneOf(isos, draw),
    days: (draw) => String(between(3, 90, draw)),
    frames: (draw) => String(between(100, 900, draw)),
    camera: (_, { camera }) => camera,
    lens: (_, { lens }) => lens ?? '',
  }
  const anyOf = (templates: readonly string[]): Make => {
    const makes = templates.map((template) => filling(template, gaps))
    return (draw, about, into) => oneOf(makes, draw)(draw, about, into)
  }
  const plain = anyOf(tongue.sentences)
  const lensed = anyOf([...tongue.sentences, ...tongue.withLens])
  return {
    title: anyOf(tongue.titles),
    sentence: (draw, about, into) => (about.lens === null ? plain : lensed)(draw, about, into),
    trait: anyOf(tongue.traits),
    heading: (nth) => tongue.headings[nth % tongue.headings.length] as string,
    tag: pick(tongue.tags),
  }
}

type Gaps = Readonly<Record<string, (draw: Draw, about: About) => string>>

function filling(template: string, gaps: Gaps): Make {
  const parts = template.split(/\{(\w+)\}/).map((part, at) => {
    if (at % 2 === 0) return part
    const gap = gaps[part] ?? gaps[part.toLowerCase()]
    if (gap === undefined) throw new Error(`no gap is called ${part}`)
    return part in gaps ? gap : (draw: Draw, about: About) => capital(gap(draw, about))
  })
  return (draw, about, into) => {
    for (const part of parts) into.push(typeof part === 'string' ? part : part(draw, about))
  }
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

function rareNouns({ starts, middles, ends, article }: Tongue['rare'], order: Draw): string[] {
  const all = starts.flatMap((start) => middles.flatMap((middle) => ends.map((end) => start + middle + end)))
  return shuffled(all, order)
    .slice(0, rareWords)
    .map((word) => `${article(word)} ${word}`)
}
