-- $1 reviews to put, whole; $2 ids of those to remove; $3 those whose camera or lens alone has changed. No id stands in two of them.
with put as materialized (
  select * from json_to_recordset($1) as r(
    id uuid, version int, slug text, title text, title_key text, summary text, body text, verdict text, pros text[], cons text[],
    images text[], tags text[], language text, camera_id uuid, lens_id uuid, editor_id uuid, brand text, mount text, keywords text,
    published_at timestamptz, created_at timestamptz, updated_at timestamptz, former_slugs text[])
),
review_gone as (delete from review where id = any($2::uuid[])),
review_put as (
  insert into review (id, version, slug, title, title_key, summary, body, verdict, pros, cons, images, tags, language, camera_id,
    lens_id, editor_id, brand, mount, keywords, published_at, created_at, updated_at)
  select id, version, slug, title, title_key, summary, body, verdict, pros, cons, images, tags, language, camera_id,
    lens_id, editor_id, brand, mount, keywords, published_at, created_at, updated_at
  from put
  on conflict (id) do update set
    version = excluded.version, slug = excluded.slug, title = excluded.title, title_key = excluded.title_key,
    summary = excluded.summary, body = excluded.body, verdict = excluded.verdict, pros = excluded.pros, cons = excluded.cons,
    images = excluded.images, tags = excluded.tags, language = excluded.language, camera_id = excluded.camera_id,
    lens_id = excluded.lens_id, editor_id = excluded.editor_id, brand = excluded.brand, mount = excluded.mount,
    keywords = excluded.keywords, published_at = excluded.published_at, created_at = excluded.created_at,
    updated_at = excluded.updated_at
  where review.version < excluded.version
),
review_moved as (
  update review set brand = m.brand, mount = m.mount, keywords = m.keywords
  from json_to_recordset($3) as m(id uuid, brand text, mount text, keywords text)
  where review.id = m.id
),
tag_gone as (
  delete from review_tag t using (select id, tags from put union all select unnest($2::uuid[]), '{}') r
  where t.review_id = r.id and t.tag <> all (r.tags)
),
tag_put as (
  insert into review_tag (tag, review_id, published_at)
  select tag, id, published_at from put, unnest(tags) as tag
  on conflict (review_id, tag) do update set published_at = excluded.published_at
  where review_tag.published_at <> excluded.published_at
),
former_gone as (
  delete from former_slug f using (select id, former_slugs from put union all select unnest($2::uuid[]), '{}') r
  where f.review_id = r.id and f.slug <> all (r.former_slugs)
),
former_put as (
  insert into former_slug (slug, review_id)
  select former, id from put, unnest(former_slugs) as former
  on conflict do nothing
)
select
