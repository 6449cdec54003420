// The JSON that readers get, as SQL expressions: built where the rows are, passed on as text.

/** RFC 3339 in UTC with milliseconds. */
export const instantOf = (column: string): string => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`

const cameraRef = `case when c.id is null then null else
  json_build_object('id', c.id, 'slug', c.slug, 'brand', c.document->'brand', 'model', c.document->'model') end`
const lensRef = `case when l.id is null then null else
  json_build_object('id', l.id, 'slug', l.slug, 'brand', l.document->'brand', 'model', l.document->'model') end`
const editorRef = `case when e.id is null then null else json_build_object('id', e.id, 'byline', e.byline, 'slug', e.slug) end`

const cardMembers = `'id', r.id, 'version', r.version, 'slug', r.slug, 'title', r.title, 'summary', r.summary, 'verdict', r.verdict,
  'language', r.language, 'tags', r.tags, 'image', r.images[1], 'camera', ${cameraRef}, 'lens', ${lensRef}, 'editor', ${editorRef},
  'publishedAt', ${instantOf('r.published_at')}, 'updatedAt', ${instantOf('r.updated_at')}`

/** Of r, c, l, e: see `besides`. */
export const card = `json_build_object(${cardMembers})`
export const cardWith = (members: string): string => `json_build_object(${cardMembers}, ${members})`
export const fullReview = `json_build_object(${cardMembers}, 'body', r.body, 'pros', r.pros, 'cons', r.cons, 'images', r.images)`

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
