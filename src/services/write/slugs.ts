// Which address a document gets: the one asked for or refused, or the first free one that its title suggests.
import { slugClaim, slugFrom, slugTry } from '../../domain/slug.ts'
import type { NewId } from '../../kit/id.ts'
import { Refusal } from '../../kit/refusal.ts'
import type { Master } from '../../ports/master.ts'

type Kind = 'review' | 'camera' | 'lens'

/** Numbers that are tried before a random suffix, which needs no more looking. */
const mostNumbers = 5

export interface Slugs {
  /** Refuses (`slug-taken`) a slug that another document of the kind holds, or held and still redirects from. */
  demandFree(kind: Kind, slug: string, id: string): Promise<void>
  /** `wanted` or a free slug like it. From the second attempt on (somebody took it in between) straight to a random suffix. */
  suggest(kind: Kind, wanted: string, id: string, attempt: number): Promise<string>
}

export function openSlugs(master: Master, newId: NewId): Slugs {
  const isFree = async (kind: Kind, slug: string, id: string) => {
    const owner = await master.owner(slugClaim(kind, slug))
    return owner === null || owner === id
  }
  return {
    async demandFree(kind, slug, id) {
      if (await isFree(kind, slug, id)) return
      throw new Refusal('conflict', `Another ${kind} has this slug.`, {
        code: 'slug-taken',
        faults: [{ pointer: '#/slug', code: 'taken', detail: `Another ${kind} has the slug ${slug}.` }],
      })
    },
    async suggest(kind, wanted, id, attempt) {
      if (await isFree(kind, wanted, id)) return wanted
      const base = slugFrom(wanted) // short enough for a suffix
      for (let number = 2; number <= mostNumbers && attempt === 1; number++) {
        const slug = slugTry(base, number)
        if (await isFree(kind, slug, id)) return slug
      }
      return `${base}-${newId().slice(-6)}`
    },
  }
}
