// The JSON that readers get, as SQL expressions: built where the rows are, passed on as text.

/** RFC 3339 in UTC with milliseconds. */
export const instantOf = (column: string): string => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`

/**
 * A JSON object of the selected columns, by their names. From a record, not by `json_build_object`: that puts spaces around every
 * colon, a twelfth of a list, and takes longer.
 */
export const object = (columns: string): string => `(select to_json(o) from (select ${columns}) o)`

const reference = (row: string, columns: string) => `(select to_json(o) from (select ${columns}) o where ${row}.id is not null)`

// Brand and model have columns of their own: taken out of the document they had it parsed four times for each card, a fifth of the
// time of a list.
const cardColumns = `r.id, r.version, r.slug, r.title, r.summary, r.verdict, r.language, r.tags, r.images[1] as image,
  ${reference('c', 'c.id, c.slug, c.shown_brand as brand, c.shown_model as model')} as camera,
  ${reference('l', 'l.id, l.slug, l.shown_brand as brand, l.shown_model as model')} as lens,
  ${reference('e', 'e.id, e.byline, e.slug')} as editor,
  ${instantOf('r.published_at')} as "publishedAt", ${instantOf('r.updated_at')} as "updatedAt"`

/** Of r, c, l, e: see `besides`. */
export const card = object(cardColumns)
export const cardWith = (columns: string): string => object(`${cardColumns}, ${columns}`)
export const fullReview = cardWith('r.body, r.pros, r.cons, r.images')

// An editor's public document may come after the first review, and nothing hides a review for want of it.
export const besides = `left join build.camera c on c.id = r.camera_id
  left join build.lens l on l.id = r.lens_id
  left join build.editor e on e.id = r.editor_id`

/** The position and the heartbeat, of the same snapshot as all else in the statement. From `applied` as a. */
export const snapshot = `a.epoch, a.seq, ${instantOf('a.caught_up_at')} as caught_up_at`

export interface SnapshotRow {
  epoch: string
  seq: number
  caught_up_at: string | null
}

export const snapshotOf = ({ epoch, seq, caught_up_at }: SnapshotRow) => ({ position: { epoch, seq }, caughtUpAt: caught_up_at })

/** What rows show beside the review itself, in one text: `camera lens editor` ids, lens `-` for none, rows separated by commas. */
export const showsOf = `string_agg(concat_ws(' ', r.camera_id, coalesce(r.lens_id::text, '-'), coalesce(r.editor_id::text, '-')), ',')`
