// The data that a new installation starts with. It can be brought again at any time, also after a crash in the middle: ids
// follow from the names, so nothing comes twice, and what editors have renamed or deleted since does not come back.
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { CameraFields } from '../../domain/camera.ts'
import { EditorFields } from '../../domain/editor.ts'
import { LensFields } from '../../domain/lens.ts'
import { draft, publish, ReviewFields } from '../../domain/review.ts'
import { Slug, slugFrom } from '../../domain/slug.ts'
import { type Clock, instant } from '../../kit/clock.ts'
import { steadyId } from '../../kit/id.ts'
import type { Master } from '../../ports/master.ts'
import { type Brought, bringer, type Item } from './bring.ts'

/** Reviews name their camera, lens and editor (desk) by slug. */
export const FirstData = z.strictObject({
  editors: z.array(EditorFields),
  cameras: z.array(CameraFields),
  lenses: z.array(LensFields),
  reviews: z.array(
    ReviewFields.omit({ cameraId: true, lensId: true }).extend({
      slug: Slug,
      camera: Slug,
      lens: Slug.nullable(),
      desk: Slug,
      publishedAt: z.iso.datetime(),
    }),
  ),
})
export type FirstData = z.input<typeof FirstData>

type Counts = Record<'editors' | 'cameras' | 'lenses' | 'reviews', Brought>

const noteId = 'write:first-data'
/** Which part of the ids of catalogue and editors is time. Never to be changed. */
const beginMs = Date.UTC(2026, 0, 1)

/** Null: exactly this was brought before. Throws a ZodError when the data is faulty. */
export async function bringFirstData(master: Master, clock: Clock, given: FirstData): Promise<Counts | null> {
  const data = FirstData.parse(given)
  const fingerprint = createHash('sha256').update(JSON.stringify(data)).digest('base64url')
  const note = await master.read('note', noteId)
  if (note?.value === fingerprint) return null

  const bring = bringer(master, clock)
  const editors = await bring(
    'editor',
    data.editors.map((fields) => itemOf('editor', fields.slug, fields)),
  )
  const cameras = await bring(
    'camera',
    data.cameras.map((fields) => itemOf('camera', slugOf(fields), fields)),
  )
  const lenses = await bring(
    'lens',
    data.lenses.map((fields) => itemOf('lens', slugOf(fields), fields)),
  )
  const items = data.reviews.map((review) => reviewItem(review, { editors: editors.ids, cameras: cameras.ids, lenses: lenses.ids }))
  const whole = items.filter((item) => item !== null)
  const reviews = await bring('review', whole)
  reviews.skipped += items.length - whole.length

  const expected = await master.versionOf('note', noteId)
  const value = { id: noteId, value: fingerprint }
  await master.commit({ at: instant(clock), by: null, writes: [{ kind: 'note', id: noteId, expected, document: value }] })
  return { editors, cameras, lenses, reviews }
}

const slugOf = ({ slug, brand, model }: { slug?: string | undefined; brand: string; model: string }) =>
  slug ?? slugFrom(`${brand} ${model}`)

function itemOf(kind: 'editor' | 'camera' | 'lens', slug: string, fields: object): Item {
  const id = steadyId(beginMs, `${kind}:${slug}`)
  return { id, slug, document: { ...fields, id, slug } as Item['document'] }
}

type Ids = ReadonlyMap<string, string>

/** Null when something that it refers to has gone. */
function reviewItem(
  { camera, lens, desk, publishedAt, ...fields }: z.output<typeof FirstData>['reviews'][number],
  ids: { editors: Ids; cameras: Ids; lenses: Ids },
): Item | null {
  const cameraId = ids.cameras.get(camera)
  const lensId = lens === null ? null : ids.lenses.get(lens)
  const editorId = ids.editors.get(desk)
  if (cameraId === undefined || lensId === undefined || editorId === undefined) return null
  const { slug } = fields
  const id = steadyId(Date.parse(publishedAt), `review:${slug}`)
  const written = draft({ ...fields, cameraId, lensId }, { id, slug, editorId, now: publishedAt })
  return { id, slug, document: publish(written, publishedAt) }
}
