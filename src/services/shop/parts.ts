// What the operations of the shop work with, and what they have in common.
import { z } from 'zod'
import { Id } from '../../domain/document.ts'
import { slugClaim, slugFrom, slugTry } from '../../domain/slug.ts'
import type { Clock, RandomBytes } from '../../kit/clock.ts'
import type { NewId } from '../../kit/id.ts'
import type { Call, Principal } from '../../kit/operation.ts'
import { Refusal } from '../../kit/refusal.ts'
import type { Master } from '../../ports/master.ts'
import type { Saver } from './saving.ts'
import type { Settler } from './settling.ts'

export interface ShopParts {
  master: Master
  clock: Clock
  random: RandomBytes
  newId: NewId
  saver: Saver
  /** Null: there is no payment house, and nothing can be bought. */
  settler: Settler | null
  /** Of all prices. */
  currency: string
}

/** The role that keeps the shop. */
export const keepers = ['admin'] as const

export const byId = z.strictObject({ id: Id })

export function callerOf(call: Call): Principal {
  if (call.principal === null) throw new Error('an operation for somebody ran for nobody')
  return call.principal
}

type Kind = 'category' | 'product'

export const missing = (kind: Kind | 'order'): Refusal => new Refusal('missing', `There is no such ${kind}.`)

/** Numbers that are tried before a random suffix, which needs no more looking. */
const mostNumbers = 5

/** The slug given, if it is free, or else a free one like the name. */
export async function slugFor(master: Master, kind: Kind, { slug, name }: { slug?: string | undefined; name: string }, id: string) {
  const isFree = async (wanted: string) => [null, id].includes(await master.owner(slugClaim(kind, wanted)))
  if (slug !== undefined) {
    if (await isFree(slug)) return slug
    throw new Refusal('conflict', `Another ${kind} has this slug.`, {
      code: 'slug-taken',
      faults: [{ pointer: '#/slug', code: 'taken', detail: `Another ${kind} has the slug ${slug}.` }],
    })
  }
  const base = slugFrom(name)
  for (let number = 1; number <= mostNumbers; number++) if (await isFree(slugTry(base, number))) return slugTry(base, number)
  return `${base}-${id.slice(-6)}`
}

/** The claims by which a document goes from one slug to another; null is a document that is not there. */
export function slugClaims(kind: Kind, id: string, before: string | null, after: string | null) {
  const claims = (slug: string | null, other: string | null) =>
    slug === null || slug === other ? [] : [{ name: slugClaim(kind, slug), owner: id }]
  return { take: claims(after, before), release: claims(before, after) }
}
