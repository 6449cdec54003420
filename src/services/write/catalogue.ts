// Cameras and lenses as editors keep them: one way for both.
import { z } from 'zod'
import { CameraDocument, CameraFields } from '../../domain/camera.ts'
import { Id } from '../../domain/document.ts'
import { LensDocument, LensFields } from '../../domain/lens.ts'
import { referenceCounter } from '../../domain/reference.ts'
import { slugClaim, slugFrom } from '../../domain/slug.ts'
import { demandMatch } from '../../kit/entity-tag.ts'
import { patchOf } from '../../kit/merge-patch.ts'
import { type Call, type Operation, operation } from '../../kit/operation.ts'
import { isSameContent, patched } from '../../kit/patching.ts'
import { Refusal } from '../../kit/refusal.ts'
import type { Master } from '../../ports/master.ts'
import { type DeskParts, desk, type Planning } from './reviewing.ts'
import type { Plan } from './saving.ts'

type Kind = 'camera' | 'lens'
type Stored = z.output<typeof CameraDocument> | z.output<typeof LensDocument>
type Content = Omit<Stored, 'id' | 'version' | 'createdAt' | 'updatedAt'>

interface Catalogue {
  kind: Kind
  /** `Camera`: how schemas and operations are named. */
  name: string
  path: string
  tag: string
  fields: z.ZodType<Omit<Content, 'slug'> & { slug?: string | undefined }> & z.ZodObject
  document: z.ZodType
  example: Readonly<Record<string, unknown>>
}

const cameras: Catalogue = {
  kind: 'camera',
  name: 'Camera',
  path: '/cameras',
  tag: 'cameras',
  fields: CameraFields.meta({ id: 'CameraInput' }),
  document: CameraDocument,
  example: {
    brand: 'Canon',
    model: 'EOS R5',
    mount: 'Canon RF',
    type: 'mirrorless',
    sensor: { format: 'full-frame', widthMm: 36, heightMm: 24, megapixels: 45 },
    releasedOn: '2020-07-30',
    launchPriceUsd: 3899,
    weightGrams: 738,
  },
}

const lenses: Catalogue = {
  kind: 'lens',
  name: 'Lens',
  path: '/lenses',
  tag: 'lenses',
  fields: LensFields.meta({ id: 'LensInput' }),
  document: LensDocument,
  example: {
    brand: 'Canon',
    model: 'RF 50mm F1.8 STM',
    mount: 'Canon RF',
    coverage: 'full-frame',
    focalMinMm: 50,
    focalMaxMm: 50,
    apertureWide: 1.8,
    apertureTele: 1.8,
    weightGrams: 160,
  },
}

export const catalogueOperations = (parts: DeskParts): Operation[] =>
  [cameras, lenses].flatMap((catalogue) => [
    create(parts, catalogue),
    replace(parts, catalogue),
    change(parts, catalogue),
    remove(parts, catalogue),
  ])

const byId = z.strictObject({ id: Id })

const common = ({ tag }: Catalogue) => ({ kind: 'command', tag, access: desk }) as const

const suggested = (content: Pick<Content, 'brand' | 'model'>) => slugFrom(`${content.brand} ${content.model}`)

async function standing(master: Master, kind: Kind, id: string): Promise<Stored> {
  const document = await master.read(kind, id)
  if (document === null) throw new Refusal('missing', `There is no such ${kind}.`)
  return document
}

/** Takes a camera or lens from `before` to `after`; its slug is claimed anew where it differs, without redirects. */
async function planOf(
  { slugs }: DeskParts,
  { kind }: Catalogue,
  before: Stored | null,
  after: Content | null,
  { attempt, ...how }: Planning,
): Promise<Plan> {
  const claims = (document: Content | null, other: Content | null) =>
    document === null || document.slug === other?.slug ? [] : [{ name: slugClaim(kind, document.slug), owner: how.id }]
  if (attempt > 1 && after !== null && after.slug !== before?.slug) await slugs.demandFree(kind, after.slug, how.id)
  // What an editor sends has passed the schema of this very kind.
  const document = (after === null ? null : { ...after, id: how.id }) as Plan['document']
  return { ...how, kind, document, claims: { take: claims(after, before), release: claims(before, after) } }
}

function create(parts: DeskParts, catalogue: Catalogue): Operation {
  const { kind, name, path, fields, document, example } = catalogue
  return operation({
    ...common(catalogue),
    name: `create${name}`,
    summary: `Adds a ${kind}. What is absent or null is unknown.`,
    description: 'Without `slug` one is made from brand and model; a given one that is taken is refused (`slug-taken`).',
    rest: { method: 'POST', path },
    input: { body: fields },
    output: document,
    status: 201,
    refusals: ['conflict'],
    examples: [{ summary: `A ${kind}`, input: { body: example } }],
    run({ body }, call) {
      const id = parts.newId()
      return parts.saver.save(call, async (attempt) => {
        const slug = body.slug ?? (await parts.slugs.suggest(kind, suggested(body), id, attempt))
        const how = { attempt, id, expected: 0, status: 201, location: `${path}/${id}` } as const
        return planOf(parts, catalogue, null, { ...body, slug }, how)
      })
    },
  })
}

const editing = (catalogue: Catalogue) => ({
  ...common(catalogue),
  output: catalogue.document,
  status: 200 as const,
  conditional: true,
  refusals: ['missing', 'conflict', 'stale', 'unconditional'],
})

function replace(parts: DeskParts, catalogue: Catalogue): Operation {
  const { kind, name, path, fields } = catalogue
  return operation({
    ...editing(catalogue),
    name: `replace${name}`,
    summary: `Replaces all that is known of a ${kind}.`,
    description: 'Absent members become unknown; an absent `slug` stays. Where nothing differs no new version is made.',
    rest: { method: 'PUT', path: `${path}/{id}` },
    input: { path: byId, body: fields },
    run: (input, call) =>
      edit(parts, catalogue, call, input.path.id, async (before) => ({ ...input.body, slug: input.body.slug ?? before.slug })),
  })
}

function change(parts: DeskParts, catalogue: Catalogue): Operation {
  const { kind, name, path, fields } = catalogue
  return operation({
    ...editing(catalogue),
    name: `change${name}`,
    summary: `Changes some of what is known of a ${kind}, by JSON Merge Patch.`,
    description: '`null` makes a member unknown. Where nothing differs no new version is made.',
    rest: { method: 'PATCH', path: `${path}/{id}` },
    input: { path: byId, body: patchOf(fields).meta({ id: `${name}Patch` }) },
    mediaType: 'application/merge-patch+json',
    run: (input, call) =>
      edit(parts, catalogue, call, input.path.id, async (before, attempt) => {
        const after = patched(fields, before, input.body)
        return { ...after, slug: after.slug ?? (await parts.slugs.suggest(kind, suggested(after), before.id, attempt)) }
      }),
  })
}

function edit(parts: DeskParts, catalogue: Catalogue, call: Call, id: string, make: (before: Stored, attempt: number) => Promise<Content>) {
  return parts.saver.save(call, async (attempt) => {
    const before = await standing(parts.master, catalogue.kind, id)
    demandMatch(call, before.version)
    const after = await make(before, attempt)
    const how = { id, expected: before.version, status: 200 } as const
    if (isSameContent(catalogue.fields, before, after)) return { ...how, kind: catalogue.kind, document: 'same' }
    return planOf(parts, catalogue, before, after, { ...how, attempt })
  })
}

function remove(parts: DeskParts, catalogue: Catalogue): Operation {
  const { kind, name, path } = catalogue
  return operation({
    ...common(catalogue),
    name: `delete${name}`,
    summary: `Deletes a ${kind} that nothing refers to.`,
    description: 'Refused with `still-referenced` and the number of `references` while there are reviews of it, drafts too.',
    rest: { method: 'DELETE', path: `${path}/{id}` },
    input: { path: byId },
    status: 204,
    conditional: true,
    refusals: ['missing', 'conflict', 'stale', 'unconditional'],
    run: (input, call) =>
      parts.saver.save(call, async (attempt) => {
        const { id } = input.path
        const before = await standing(parts.master, kind, id)
        demandMatch(call, before.version)
        const counter = referenceCounter(kind, id)
        const references = await parts.master.counter(counter)
        if (references > 0)
          throw new Refusal('conflict', `Reviews still refer to this ${kind}.`, { code: 'still-referenced', facts: { references } })
        const plan = await planOf(parts, catalogue, before, null, { attempt, id, expected: before.version, status: 204 })
        return { ...plan, adjust: [{ counter, by: 0, ceiling: 0 }] }
      }),
  })
}
