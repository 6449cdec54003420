// What readers may ask.
import { type Operation, operation } from '../../kit/operation.ts'
import type { CatalogueKind, Content, Place } from '../../ports/content.ts'
import type { Answers } from './answers.ts'
import { compare } from './compare.ts'
import type { Pages } from './pages.ts'
import {
  CameraDocument,
  CameraPage,
  CamerasQuery,
  CatalogueQuery,
  CompareQuery,
  Comparison,
  FacetCounts,
  FacetsQuery,
  KeyPath,
  LensDocument,
  LensPage,
  ListQuery,
  PublishedReview,
  ReviewPage,
  SearchQuery,
  SearchResult,
  SlugPath,
  Suggestions,
  SuggestQuery,
} from './schemas.ts'
import { search } from './search.ts'

export interface ReadParts {
  content: Content
  pages: Pages
  answers: Answers
}

export const readOperations = (parts: ReadParts): Operation[] => [
  listContent(parts),
  readContent(parts),
  searchContent(parts),
  suggestContent(parts),
  listFacets(parts),
  compareContent(parts),
  catalogueList(parts, 'camera'),
  catalogueItem(parts, 'camera'),
  catalogueList(parts, 'lens'),
  catalogueItem(parts, 'lens'),
]

const shared = { kind: 'query', access: 'anyone', status: 200, cache: 'content' } as const

function listContent({ content, pages, answers }: ReadParts): Operation {
  return operation({
    ...shared,
    name: 'listContent',
    summary: 'Published reviews, page by page.',
    description: 'Pages go by cursor: each review appears once, however deep the page and whatever is published meanwhile.',
    tag: 'content',
    rest: { method: 'GET', path: '/content' },
    input: { query: ListQuery },
    output: ReviewPage,
    examples: [
      { summary: 'The newest reviews of a brand', input: { query: { brand: 'canon', limit: 10 } } },
      { summary: 'In Portuguese, by title', input: { query: { language: 'pt', sort: 'title' } } },
    ],
    async run({ query }, call) {
      const { sort, limit, cursor: _cursor, ...filters } = query
      const after = pages.open('listContent', query) as Place | null
      const page = await answers.fresh(call, () => content.list({ filters, sort, after, limit }, call.signal))
      const frame = pages.frame('listContent', query, page.next)
      return { ...answers.of(page, pageText(page.text, frame)), next: frame.links.next }
    },
  })
}

const pageText = (data: string, { links, ...metadata }: ReturnType<Pages['frame']>): string =>
  `{"data":${data},"metadata":${JSON.stringify(metadata)},"links":${JSON.stringify(links)}}`

function readContent({ content, answers }: ReadParts): Operation {
  return operation({
    ...shared,
    name: 'readContent',
    summary: 'A published review by its slug.',
    description: 'A slug that the review had before is answered with 301 and the present address.',
    tag: 'content',
    rest: { method: 'GET', path: '/content/{slug}' },
    input: { path: SlugPath },
    output: PublishedReview,
    examples: [{ summary: 'A review', input: { path: { slug: 'canon-eos-r5-after-the-headlines' } } }],
    async run({ path }, call) {
      const shown = await answers.fresh(call, () => content.review(path.slug, call.signal))
      if (shown.found === 'here') return answers.of(shown, shown.text, shown.version)
      if (shown.found === 'moved') return answers.moved(shown, `/content/${shown.slug}`)
      throw answers.missing(shown, 'There is no published review at this address.')
    },
  })
}

function searchContent(parts: ReadParts): Operation {
  return operation({
    ...shared,
    name: 'searchContent',
    summary: 'Published reviews by their words, best first.',
    description:
      'Accents and inflections do not matter. The newest 500 that match are ranked, and can be paged through; `metadata.total` says ' +
      'how many there are, `metadata.facets` how those 500 divide. Where hardly anything matches, misspelt words are corrected and ' +
      '`metadata.correctedQuery` says to what.',
    tag: 'content',
    rest: { method: 'GET', path: '/content/search' },
    limit: 'search',
    input: { query: SearchQuery },
    output: SearchResult,
    examples: [
      { summary: 'Two words, the second not finished', input: { query: { q: 'cámara compac', language: 'es' } } },
      { summary: 'A phrase, an exclusion and a filter', input: { query: { q: '"eye autofocus" -video', brand: 'sony' } } },
    ],
    run: ({ query }, call) => search(parts, query, call),
  })
}

function suggestContent({ content, answers }: ReadParts): Operation {
  return operation({
    ...shared,
    name: 'suggestContent',
    summary: 'What a beginning may become: cameras, lenses, titles, words.',
    tag: 'content',
    rest: { method: 'GET', path: '/content/suggest' },
    limit: 'search',
    input: { query: SuggestQuery },
    output: Suggestions,
    examples: [{ summary: 'As somebody types', input: { query: { q: 'can' } } }],
    async run({ query }, call) {
      const shown = await answers.fresh(call, () => content.suggest(query.q, query.limit, call.signal))
      return answers.of(shown, `{"data":${shown.text}}`)
    },
  })
}

function listFacets({ content, answers }: ReadParts): Operation {
  return operation({
    ...shared,
    name: 'listFacets',
    summary: 'How many reviews each brand, camera, lens, mount, editor, tag and language has.',
    description: 'With filters over the newest 500 that pass: `metadata.countedAre` says whether these were all.',
    tag: 'content',
    rest: { method: 'GET', path: '/content/facets' },
    limit: 'search',
    input: { query: FacetsQuery },
    output: FacetCounts,
    examples: [{ summary: 'What there is of a brand', input: { query: { brand: 'nikon' } } }],
    async run({ query }, call) {
      const shown = await answers.fresh(call, () => content.facets(query, call.signal))
      const metadata = { counted: shown.counted, countedAre: shown.complete ? 'all' : 'newest' }
      return answers.of(shown, `{"data":${shown.text},"metadata":${JSON.stringify(metadata)}}`)
    },
  })
}

function compareContent(parts: ReadParts): Operation {
  return operation({
    ...shared,
    name: 'compareContent',
    summary: 'Two to six cameras, or reviews with their cameras, side by side.',
    description: 'One matrix of facts with units: what is not known, what differs, which is best where more or less is better, and why.',
    tag: 'content',
    rest: { method: 'GET', path: '/content/compare' },
    limit: 'search',
    input: { query: CompareQuery },
    output: Comparison,
    refusals: ['missing'],
    examples: [{ summary: 'Two cameras', input: { query: { cameras: 'canon-eos-r5,nikon-z8' } } }],
    run: ({ query }, call) =>
      compare(parts, query.cameras === undefined ? 'reviews' : 'cameras', query.cameras ?? query.reviews ?? [], call),
  })
}

const catalogues = {
  camera: {
    path: '/cameras',
    tag: 'cameras',
    list: 'listCameras',
    read: 'readCamera',
    page: CameraPage,
    document: CameraDocument,
    example: 'canon-eos-r5',
  },
  lens: {
    path: '/lenses',
    tag: 'lenses',
    list: 'listLenses',
    read: 'readLens',
    page: LensPage,
    document: LensDocument,
    example: 'canon-rf-50mm-f1-8-stm',
  },
} as const

function catalogueList({ content, pages, answers }: ReadParts, kind: CatalogueKind): Operation {
  const { path, tag, list, page: output } = catalogues[kind]
  const query = kind === 'camera' ? CamerasQuery : CatalogueQuery
  return operation({
    ...shared,
    name: list,
    summary: `All ${tag} by slug, page by page.`,
    tag,
    rest: { method: 'GET', path },
    input: { query },
    output,
    examples: [{ summary: 'Of one brand', input: { query: { brand: 'canon' } } }],
    async run({ query }, call) {
      const { limit, cursor: _cursor, ...filters } = query
      const after = pages.open(list, query) as string | null
      const page = await answers.fresh(call, () => content.catalogue(kind, { filters, after, limit }, call.signal))
      const frame = pages.frame(list, query, page.next)
      return { ...answers.of(page, pageText(page.text, frame)), next: frame.links.next }
    },
  })
}

function catalogueItem({ content, answers }: ReadParts, kind: CatalogueKind): Operation {
  const { path, tag, read, document, example } = catalogues[kind]
  return operation({
    ...shared,
    name: read,
    summary: `A ${kind} by its slug or id.`,
    tag,
    rest: { method: 'GET', path: `${path}/{id}` },
    input: { path: KeyPath },
    output: document,
    examples: [{ summary: `A ${kind}`, input: { path: { id: example } } }],
    async run({ path }, call) {
      const shown = await answers.fresh(call, () => content.item(kind, path.id, call.signal))
      if (shown.found) return answers.of(shown, shown.text, shown.version)
      throw answers.missing(shown, `There is no such ${kind}.`)
    },
  })
}
