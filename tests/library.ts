// A read model on real PostgreSQL with a few hundred published reviews, filled through the projector.
import type { Change, PublicDocuments } from '../src/domain/change.ts'
import type { Review } from '../src/domain/review.ts'
import { openContent } from '../src/engines/postgres/content.ts'
import { prepareDatabase } from '../src/engines/postgres/prepare.ts'
import { openProjection } from '../src/engines/postgres/projection.ts'
import { systemClock } from '../src/kit/clock.ts'
import { silentLog } from '../src/kit/log.ts'
import type { Content } from '../src/ports/content.ts'
import type { Projection } from '../src/ports/projection.ts'
import { dependencyOf } from './dependencies.ts'
import { testPostgres } from './postgres.ts'
import { sampleCamera, sampleCategory, sampleEditor, sampleId, sampleLens, sampleProduct, sampleReview, sampleTime } from './samples.ts'

export const reviews = 240
export const epoch = '2026-11-21T10:00:00.000Z-test'

export type Document = { [Kind in keyof PublicDocuments]: [Kind, string, PublicDocuments[Kind] | null] }[keyof PublicDocuments]

export interface Library {
  url: string
  content: Content
  projection: Projection
  schema: string
  /** Of the newest change. */
  seq(): number
  /** Appends changes and projects them. */
  publish(documents: readonly Document[]): Promise<number>
  close(): Promise<void>
}

// Near the present: older changes are of no interest to the tail.
const firstMinute = Math.floor(systemClock.now() / 60_000 - 1440)
export const minute = (n: number): string => new Date((firstMinute + n) * 60_000).toISOString()

export const published = (n: number, changes: Partial<Review> = {}): Document => [
  'review',
  sampleId('review', n),
  sampleReview(n, { status: 'published', publishedAt: minute(n), cameraId: sampleId('camera', 1), ...changes }),
]

const cameras = [
  sampleCamera(1),
  sampleCamera(2, { weightGrams: 650, sensor: { format: 'full-frame', widthMm: 36, heightMm: 24, megapixels: 24.2 } }),
  sampleCamera(3, { brand: 'Nikon', model: 'Z6 III', slug: 'nikon-z6-iii', mount: 'Nikon Z' }),
  sampleCamera(4, { brand: 'Fujifilm', model: 'X100VI', slug: 'fujifilm-x100vi', mount: null, type: 'compact' }),
]
const titles = ['Cámara de bolsillo', 'Uma câmera rápida', 'A camera for the street'] as const
const languages = ['es', 'pt', 'en'] as const

/** Cameras, a lens, two editors, and 240 reviews, one a minute: every property follows from the number. */
export const firstDocuments = (): Document[] => [
  ...cameras.map((camera): Document => ['camera', camera.id, camera]),
  ['lens', sampleId('lens', 1), sampleLens(1)],
  ['editor', sampleId('editor', 1), sampleEditor(1)],
  ['editor', sampleId('editor', 2), sampleEditor(2)],
  ['category', sampleId('session', 1), sampleCategory(1)],
  ['product', sampleId('session', 2), sampleProduct(2)],
  ['stock', sampleId('session', 2), { id: sampleId('session', 2), version: 1, createdAt: sampleTime, updatedAt: sampleTime, available: 4 }],
  ...Array.from(
    { length: reviews },
    (_, n): Document =>
      published(n + 1, {
        title: `${titles[n % 3]} ${n + 1}`,
        language: languages[n % 3] ?? 'es',
        cameraId: cameras[n % 4]?.id ?? '',
        lensId: n % 5 === 0 ? sampleId('lens', 1) : null,
        editorId: sampleId('editor', 1 + (n % 2)),
        tags: n % 10 === 0 ? ['viaje', 'lluvia'] : ['viaje'],
        body: n % 40 === 0 ? 'El enfoque persigue colibríes sin perderlos.' : 'Texto sobre el sensor y la luz.',
        formerSlugs: n === 7 ? ['antes-se-llamaba-asi'] : [],
      }),
  ),
]

export async function openLibrary(): Promise<Library> {
  const database = await (await testPostgres()).database()
  await prepareDatabase(database.url, silentLog)
  const projection = openProjection({ url: database.url, log: silentLog, clock: systemClock })
  const { schema } = await projection.open(epoch)
  const content = openContent({ url: database.url, log: silentLog, dependency: dependencyOf('database') })
  const versions = new Map<string, number>()
  let seq = 0
  const publish = async (documents: readonly Document[]) => {
    const changes = documents.map(([kind, id, document]) => {
      const version = (versions.get(id) ?? 0) + 1
      versions.set(id, version)
      seq += 1
      return { seq, at: minute(seq), by: null, kind, id, version, document: document && { ...document, id, version } } as Change
    })
    await projection.apply(schema, changes, { seq, at: new Date(systemClock.now()).toISOString() })
    return seq
  }
  await publish(firstDocuments())
  return {
    url: database.url,
    content,
    projection,
    schema,
    seq: () => seq,
    publish,
    async close() {
      await content.close()
      await projection.close()
      await database.drop()
    },
  }
}
