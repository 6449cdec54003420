// Categories as admins keep them.
import { type Category, CategoryDocument, CategoryFields } from '../../domain/category.ts'
import { referenceCounter } from '../../domain/reference.ts'
import { demandMatch } from '../../kit/entity-tag.ts'
import { patchOf } from '../../kit/merge-patch.ts'
import { type Call, type Operation, operation } from '../../kit/operation.ts'
import { isSameContent, patched } from '../../kit/patching.ts'
import { Refusal } from '../../kit/refusal.ts'
import { byId, keepers, missing, type ShopParts, slugClaims, slugFor } from './parts.ts'
import type { Effect, Plan } from './saving.ts'

const kind = 'category'
const CategoryInput = CategoryFields.meta({ id: 'CategoryInput' })
const common = { kind: 'command', tag: 'categories', access: keepers } as const
const editing = {
  ...common,
  output: CategoryDocument,
  status: 200,
  conditional: true,
  refusals: ['missing', 'conflict', 'stale', 'unconditional'],
} as const
const example = { name: 'Mirrorless cameras', image: 'https://images.example.com/mirrorless.jpg' }

export const categoryOperations = (parts: ShopParts): Operation[] => [create(parts), replace(parts), change(parts), remove(parts)]

/** From the history, so that a repeat tells what the first answer told. */
const presenter = ({ master }: ShopParts) => {
  return async ({ id, version, position, location }: Effect) => {
    const changed = await master.change(kind, id, version)
    const body = changed?.document ?? null
    return { version, position, ...(body !== null && { body }), ...(location !== undefined && { location }) }
  }
}

const planOf = (id: string, before: Category | null, after: Omit<Category, 'version' | 'createdAt' | 'updatedAt'> | null): Plan => ({
  writes: [{ kind, id, expected: before?.version ?? 0, document: after }],
  claims: slugClaims(kind, id, before?.slug ?? null, after?.slug ?? null),
  version: (before?.version ?? 0) + 1,
})

async function standing({ master }: ShopParts, call: Call, id: string): Promise<Category> {
  const category = await master.read(kind, id)
  if (category === null) throw missing(kind)
  demandMatch(call, category.version)
  return category
}

function create(parts: ShopParts): Operation {
  return operation({
    ...common,
    name: 'createCategory',
    summary: 'Adds a category to the shop.',
    description: 'Without `slug` one is made from the name; a given one that is taken is refused (`slug-taken`).',
    rest: { method: 'POST', path: '/categories' },
    input: { body: CategoryInput },
    output: CategoryDocument,
    status: 201,
    refusals: ['conflict'],
    examples: [{ summary: 'A category', input: { body: example } }],
    run({ body }, call) {
      const id = parts.newId()
      const plan = async () => planOf(id, null, { ...body, id, slug: await slugFor(parts.master, kind, body, id) })
      return parts.saver.save(call, { kind, id, status: 201, location: `/categories/${id}`, plan, present: presenter(parts) })
    },
  })
}

/** Where nothing differs no new version is made. */
function edit(parts: ShopParts, call: Call, id: string, make: (before: Category) => CategoryFields) {
  const plan = async (): Promise<Plan> => {
    const before = await standing(parts, call, id)
    const fields = make(before)
    const after = { ...fields, id, slug: await slugFor(parts.master, kind, fields, id) }
    return isSameContent(CategoryFields, before, after) ? { writes: [], version: before.version } : planOf(id, before, after)
  }
  return parts.saver.save(call, { kind, id, status: 200, plan, present: presenter(parts) })
}

function replace(parts: ShopParts): Operation {
  return operation({
    ...editing,
    name: 'replaceCategory',
    summary: 'Replaces a category. An absent `slug` stays.',
    rest: { method: 'PUT', path: '/categories/{id}' },
    input: { path: byId, body: CategoryInput },
    run: ({ path, body }, call) => edit(parts, call, path.id, (before) => ({ ...body, slug: body.slug ?? before.slug })),
  })
}

function change(parts: ShopParts): Operation {
  return operation({
    ...editing,
    name: 'changeCategory',
    summary: 'Changes some members of a category, by JSON Merge Patch.',
    rest: { method: 'PATCH', path: '/categories/{id}' },
    input: { path: byId, body: patchOf(CategoryFields).meta({ id: 'CategoryPatch' }) },
    mediaType: 'application/merge-patch+json',
    run: ({ path, body }, call) => edit(parts, call, path.id, (before) => patched(CategoryFields, before, body)),
  })
}

function remove(parts: ShopParts): Operation {
  return operation({
    ...common,
    name: 'deleteCategory',
    summary: 'Deletes a category in which there is no product.',
    rest: { method: 'DELETE', path: '/categories/{id}' },
    input: { path: byId },
    status: 204,
    conditional: true,
    refusals: ['missing', 'conflict', 'stale', 'unconditional'],
    run({ path: { id } }, call) {
      const counter = referenceCounter(kind, id)
      const plan = async (): Promise<Plan> => {
        const before = await standing(parts, call, id)
        const references = await parts.master.counter(counter)
        if (references > 0)
          throw new Refusal('conflict', 'There are still products in this category.', { code: 'still-referenced', facts: { references } })
        return { ...planOf(id, before, null), adjust: [{ counter, by: 0, ceiling: 0 }] }
      }
      return parts.saver.save(call, { kind, id, status: 204, plan, present: presenter(parts) })
    },
  })
}
