// Histories of a small editorial office, the same for the same seed: what a log may hold, in the orders in which it may come.
import type { Camera } from '../../src/domain/camera.ts'
import type { Change, PublicDocuments } from '../../src/domain/change.ts'
import type { Editor } from '../../src/domain/editor.ts'
import type { Lens } from '../../src/domain/lens.ts'
import { publish, type Review, withdraw } from '../../src/domain/review.ts'
import { sampleCamera, sampleEditor, sampleLens, sampleReview } from '../samples.ts'

type PublicKind = 'review' | 'camera' | 'lens' | 'editor'

/** Stands in the text of whatever is not public. */
export const draftMark = 'zzunpublished'

export interface History {
  changes: Change[]
  /** The documents at the end, by kind and id. */
  documents: { [K in PublicKind]: Map<string, PublicDocuments[K]> }
}

export type Chance = () => number

/** mulberry32: small, seeded, good enough to shuffle with. */
export function chanceFrom(seed: number): Chance {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const words =
  'la una câmara cámara lente objetiva excelente ótima noite noche light sharp retrato viajes rápida Ñandú são 35mm f2 the with'.split(' ')
const brands = ['Canon', 'CANON', 'Nikon', 'Fujifilm', 'Leica', 'Sigma']
const mounts = ['Canon RF', 'Nikon Z', 'L', null]
const tags = ['viaje', 'retrato', 'calle', 'noche', 'vídeo', 'rua']
const languages = ['es', 'pt', 'en'] as const

/** `steps` commits of one or two changes each. */
export function history(seed: number, steps: number): History {
  const chance = chanceFrom(seed)
  const office = openOffice()
  const pick = <T>(from: readonly T[]): T => from[Math.floor(chance() * from.length)] as T
  const some = <T>(map: Map<string, T>): T | undefined => [...map.values()][Math.floor(chance() * map.size)]
  const text = (most: number) => Array.from({ length: 1 + Math.floor(chance() * most) }, () => pick(words)).join(' ')
  const { documents, put, remove } = office
  const number = { review: 0, camera: 0, lens: 0, editor: 0 }

  const newCamera = () => {
    const n = ++number.camera
    put('camera', sampleCamera(n, { brand: pick(brands), model: `M${n}`, slug: `camera-${n}`, mount: pick(mounts) }))
  }
  const newLens = () => {
    const n = ++number.lens
    put('lens', sampleLens(n, { brand: pick(brands), model: `${n}mm f2`, slug: `lens-${n}` }))
  }
  const newEditor = () => put('editor', sampleEditor(++number.editor, { slug: `editor-${number.editor}`, byline: text(2) }))
  const newReview = () => {
    const [camera, lens, editor] = [some(documents.camera), some(documents.lens), some(documents.editor)]
    if (camera === undefined || editor === undefined) return newCamera()
    const n = ++number.review
    const fields = { slug: `review-${n}`, cameraId: camera.id, lensId: chance() < 0.5 ? (lens?.id ?? null) : null, editorId: editor.id }
    put('review', hidden({ ...sampleReview(n, fields), ...writing() }))
  }
  const writing = (): Partial<Review> => ({
    title: text(6),
    summary: text(8),
    body: `${text(40)} https://example.org/${draftMark.length}`,
    verdict: text(4),
    language: pick(languages),
    tags: tags.filter(() => chance() < 0.3),
  })
  const revise = () => {
    const review = some(documents.review)
    if (review === undefined) return newReview()
    const next = { ...review, ...writing(), ...(chance() < 0.3 && { cameraId: some(documents.camera)?.id ?? review.cameraId }) }
    put('review', review.status === 'published' ? next : hidden(next))
  }
  const publishSome = () => {
    const review = [...documents.review.values()].find(({ status }) => status !== 'published')
    if (review !== undefined) put('review', { ...publish(review, office.now()), ...writing() })
  }
  const withdrawSome = () => {
    const review = [...documents.review.values()].find(({ status, version }) => status === 'published' && (version + seed) % 3 === 0)
    if (review !== undefined) put('review', hidden(withdraw(review)))
  }
  const moveReview = () => {
    const review = some(documents.review)
    if (review === undefined) return
    const formerSlugs = review.publishedAt === null ? [] : [...review.formerSlugs, review.slug].slice(-20)
    put('review', { ...review, slug: `moved-${office.changes.length}`, formerSlugs })
  }
  // One commit, so between its two changes both have the same slug.
  const swapSlugs = (kind: 'review' | 'camera' | 'editor') => {
    const [a, b] = [some<Review | Camera | Editor>(documents[kind]), some<Review | Camera | Editor>(documents[kind])]
    if (a === undefined || b === undefined || a.id === b.id) return
    put(kind, { ...a, slug: b.slug } as never)
    put(kind, { ...b, slug: a.slug } as never)
  }
  const renameCamera = () => {
    const camera = some(documents.camera)
    if (camera === undefined) return
    const by = chance()
    const change =
      by < 0.3 ? { brand: pick(brands) } : by < 0.6 ? { mount: pick(mounts) } : by < 0.8 ? { model: text(2) } : { weightGrams: 700 }
    put('camera', { ...camera, ...change })
  }
  const renameLens = () => {
    const lens = some(documents.lens)
    if (lens !== undefined) put('lens', { ...lens, brand: pick(brands), model: `${text(1)} mm` })
  }
  const renameEditor = () => {
    const editor = some(documents.editor)
    if (editor !== undefined) put('editor', { ...editor, byline: text(3) })
  }
  const removeSome = () => {
    const kind = pick(['review', 'camera', 'lens', 'editor'] as const)
    const document = some<Review | Camera | Lens | Editor>(documents[kind])
    const isReferred = [...documents.review.values()].some(({ cameraId, lensId }) => cameraId === document?.id || lensId === document?.id)
    if (document !== undefined && !isReferred) remove(kind, document.id)
  }
  const restoreSome = () => {
    const deleted = [...office.removed.values()].at(-1)
    if (deleted?.kind === 'camera' || deleted?.kind === 'editor') put(deleted.kind, deleted.document as never)
    if (deleted?.kind === 'review') {
      const review = deleted.document as Review
      if (documents.camera.has(review.cameraId) && (review.lensId === null || documents.lens.has(review.lensId))) put('review', review)
    }
  }
  const acts: [number, () => void][] = [
    [2, newCamera],
    [1, newLens],
    [1, newEditor],
    [8, newReview],
    [8, revise],
    [10, publishSome],
    [4, withdrawSome],
    [3, moveReview],
    [2, () => swapSlugs('review')],
    [1, () => swapSlugs('camera')],
    [1, () => swapSlugs('editor')],
    [4, renameCamera],
    [2, renameLens],
    [1, renameEditor],
    [4, removeSome],
    [3, restoreSome],
  ]
  newCamera()
  newEditor()
  const lots = acts.flatMap(([weight, act]) => Array.from({ length: weight }, () => act))
  for (let step = 0; step < steps; step++) pick(lots)()
  return { changes: office.changes, documents }
}

const hidden = (review: Review): Review => ({
  ...review,
  title: `${draftMark} ${review.title}`,
  body: draftMark,
  slug: review.slug,
  tags: [...review.tags.filter((tag) => tag !== draftMark), draftMark],
  verdict: draftMark,
})

/** Keeps the books as the master does: seq, versions through deletion, times. */
function openOffice() {
  const documents: History['documents'] = { review: new Map(), camera: new Map(), lens: new Map(), editor: new Map() }
  const versions = new Map<string, number>()
  const removed = new Map<string, { kind: PublicKind; document: object }>()
  const changes: Change[] = []
  const now = () => new Date(Date.UTC(2026, 10, 20) + changes.length * 1000).toISOString()
  const append = (kind: PublicKind, id: string, document: object | null) => {
    const version = (versions.get(id) ?? 0) + 1
    versions.set(id, version)
    const whole = document && { ...document, id, version, updatedAt: now() }
    changes.push({ seq: changes.length + 1, at: now(), by: null, kind, id, version, document: whole } as Change)
    return whole
  }
  return {
    documents,
    removed,
    changes,
    now,
    put<K extends PublicKind>(kind: K, document: PublicDocuments[K]) {
      removed.delete(document.id)
      documents[kind].set(document.id, append(kind, document.id, document) as never)
    },
    remove(kind: PublicKind, id: string) {
      const document = documents[kind].get(id)
      if (document) removed.set(id, { kind, document })
      documents[kind].delete(id)
      append(kind, id, null)
    },
  }
}
