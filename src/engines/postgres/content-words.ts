// Help with words: what begins so, and what a misspelt word may have meant.

import type { Language } from '../../domain/review.ts'
import { catalogueTag, listTag } from '../../domain/tags.ts'
import type { Likely } from '../../ports/content.ts'
import type { Asked } from './content-live.ts'
import { type SnapshotRow, snapshot, snapshotOf } from './content-shapes.ts'

export interface SuggestRow extends SnapshotRow {
  data: string
}

// Ends every range of texts that begin alike.
const last = "U&'\\+10FFFF'"

/** Reviews by the beginning of their titles, cameras and lenses by that of any word of their names, words by theirs. */
export const suggestStatement = (beginning: string, limit: number): Asked => ({
  prepared: true,
  values: [beginning, limit],
  text: `with asked as materialized (select lower(public.unaccent($1::text)) as low, '% ' || regexp_replace(lower(public.unaccent($1::text)), '([\\\\%_])', '\\\\\\1', 'g') || '%' as inside),
found as (
  (select 1 as rank, 'camera' as kind, i.name as text, i.slug, coalesce(f.reviews, 0) as weight from asked, build.camera i
    left join build.facet f on f.dimension = 'camera' and f.value = i.id::text where ' ' || lower(public.unaccent(i.name)) like asked.inside
    order by weight desc, i.slug limit 5)
  union all
  (select 2, 'lens', i.name, i.slug, coalesce(f.reviews, 0) as weight from asked, build.lens i
    left join build.facet f on f.dimension = 'lens' and f.value = i.id::text where ' ' || lower(public.unaccent(i.name)) like asked.inside
    order by weight desc, i.slug limit 4)
  union all
  (select 3, 'review', r.title, r.slug, 0 from build.review r where r.title_key >= (select low from asked) and r.title_key < (select low from asked) || ${last}
    order by r.title_key, r.id limit 4)
  union all
  (select 4, 'word', min(w.word), null, sum(w.reviews)::int as weight from build.word w
    where w.plain ~>=~ (select low from asked) and w.plain ~<~ ((select low from asked) || ${last}) group by w.plain order by weight desc, w.plain limit 5)),
best as (select *, row_number() over (partition by kind order by weight desc, slug, text) as n from found)
select ${snapshot}, (
  select coalesce(json_agg(json_build_object('kind', b.kind, 'text', b.text, 'slug', b.slug) order by b.rank, b.n), '[]')::text
  from (select * from best order by n, rank limit $2::int) b) as data
from build.applied a`,
})

export const suggestedOf = (row: SuggestRow) => ({
  ...snapshotOf(row),
  text: row.data,
  tags: [listTag(), catalogueTag('camera'), catalogueTag('lens')],
})

/**
 * Words no review contains, each with words that look alike: by their trigrams, where there are enough of them; short ones by
 * every slip of one letter, looked up one by one (`cnaon` and `canon` share two trigrams of ten).
 */
export const likelyStatement = (words: readonly string[], language: Language | null): Asked => {
  const short = words.flatMap((word) => (word.length <= shortMax ? slipsOf(word).map((slip) => [word, slip] as const) : []))
  return {
    prepared: true,
    values: [words, language, short.map(([word]) => word), short.map(([, slip]) => slip)],
    text: `with asked as materialized (select word as asked, lower(public.unaccent(word)) as plain from unnest($1::text[]) word),
unknown as materialized (select * from asked u where not exists (
  select from build.word w where w.plain = u.plain and ($2::text is null or w.language = $2))),
alike as (
  select u.asked, w.word, w.plain, w.reviews, public.similarity(w.plain, u.plain) as likeness
  from unknown u join build.word w on w.plain operator(public.%) u.plain where $2::text is null or w.language = $2
  union all
  select u.asked, w.word, w.plain, w.reviews, 0.3 from unknown u join unnest($3::text[], $4::text[]) as s(asked, slip) on s.asked = u.asked
  join build.word w on w.plain = s.slip where $2::text is null or w.language = $2),
best as (
  select asked, plain, (array_agg(word order by reviews desc, word))[1] as word, sum(reviews)::int as reviews,
    row_number() over (partition by asked order by max(likeness) desc, sum(reviews) desc, plain) as n
  from alike group by asked, plain)
select asked, word, plain, reviews from best where n <= ${likelyMax} order by asked, n`,
  }
}

const shortMax = 6
const likelyMax = 20
const letters = 'abcdefghijklmnopqrstuvwxyz0123456789'

/** Every word that one letter more, less, other or in its neighbour's place makes of this one. */
function slipsOf(word: string): string[] {
  const plain = word
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
  const slips = new Set<string>()
  for (let at = 0; at <= plain.length; at++) {
    const [head, tail] = [plain.slice(0, at), plain.slice(at)]
    slips.add(head + tail.slice(1))
    if (tail.length > 1) slips.add(head + tail.charAt(1) + tail.charAt(0) + tail.slice(2))
    for (const letter of letters) slips.add(head + letter + tail).add(head + letter + tail.slice(1))
  }
  slips.delete(plain)
  return [...slips].filter((slip) => slip.length > 1)
}

export type LikelyRow = Likely
