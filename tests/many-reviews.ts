// More reviews than a projector brings in the time of a test: written by SQL, in English, of one camera.
import type pg from 'pg'
import { sampleId } from './samples.ts'

export interface ManyReviews {
  count: number
  /** Of each, SQL over its number n, from 1. */
  words: string
  tags: string
  brand: string
  /** The first comes one of these after 2020, the last is the newest. */
  every: string
}

/** `many-1` and so on, with the counts of their months and days; `client` has the build in its search_path. */
export async function insertMany(client: pg.Client, { count, words, tags, brand, every }: ManyReviews): Promise<void> {
  await client.query(
    `insert into review (id, version, slug, title, title_key, summary, body, verdict, pros, cons, images, tags, language, camera_id, editor_id, brand,
      mount, keywords, published_at, created_at, updated_at)
    select ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 1, 'many-' || n, 'Many ' || n, 'many ' || n, ${words}, '', '', '{}', '{}', '{}',
      ${tags}, 'en', $1, $2, ${brand}, null, '', timestamptz '2020-01-01' + n * interval '${every}', now(), now()
    from generate_series(1, $3::int) n`,
    [sampleId('camera', 1), sampleId('editor', 1), count],
  )
  await client.query(`insert into review_tag select unnest(tags), id, published_at from review where slug like 'many-%'`)
  await client.query(
    `insert into facet select 'month', left(content.day(published_at), 7), count(*) from review where slug like 'many-%' group by 2
    union all select 'day', content.day(published_at), count(*) from review where slug like 'many-%' group by 2
    on conflict (dimension, value) do update set reviews = facet.reviews + excluded.reviews`,
  )
  await client.query('analyze review, review_tag, facet')
}
