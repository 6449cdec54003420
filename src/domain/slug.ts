// Slugs: the readable part of a public address, unique per kind.
import { z } from 'zod'

/** Words that are paths of their own below `/content`, `/cameras`, … and so can never be a slug. */
export const reservedSlugs: ReadonlySet<string> = new Set([
  'search',
  'compare',
  'suggest',
  'facets',
  'events',
  'feed',
  'sitemap',
  'new',
  'me',
  'history',
  'admin',
  'api',
])

/** Lower-case ASCII words joined by single hyphens, 1 to 96 characters, no reserved word. */
export const Slug = z
  .string()
  .min(1)
  .max(96)
  .regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/, { message: 'Use lower-case letters, digits and single hyphens.' })
  .refine((slug) => !reservedSlugs.has(slug), { message: 'This word is reserved.' })

/** The slug that a title suggests: accents dropped, cut at a word near 80 characters. Never empty, never reserved. */
export function slugFrom(title: string): string {
  const words = title
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '')
  let slug = ''
  for (const word of words) {
    const longer = slug === '' ? word.slice(0, 80) : `${slug}-${word}`
    if (longer.length > 80) break
    slug = longer
  }
  if (slug === '') return 'untitled'
  return reservedSlugs.has(slug) ? `${slug}-1` : slug
}

/** The claim by which a slug is unique among the documents of a kind. */
export const slugClaim = (kind: 'review' | 'camera' | 'lens' | 'editor' | 'category' | 'product', slug: string): string =>
  `slug:${kind}:${slug}`

/** The n-th try (n ≥ 1) for a title whose slug is taken: `title`, `title-2`, `title-3` … */
export const slugTry = (slug: string, n: number): string => (n === 1 ? slug : `${slug}-${n}`)
