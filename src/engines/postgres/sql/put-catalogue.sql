-- Rows to put and ids to remove: $1 $2 cameras, $3 $4 lenses, $5 $6 editors.
with camera_gone as (delete from camera where id = any($2::uuid[])),
camera_put as (
  insert into camera select id, version, slug, brand, mount, name, document
  from json_to_recordset($1) as c(id uuid, version int, slug text, brand text, mount text, name text, document json)
  on conflict (id) do update set version = excluded.version, slug = excluded.slug, brand = excluded.brand, mount = excluded.mount,
    name = excluded.name, document = excluded.document
  where camera.version < excluded.version
),
lens_gone as (delete from lens where id = any($4::uuid[])),
lens_put as (
  insert into lens select id, version, slug, brand, mount, name, document
  from json_to_recordset($3) as l(id uuid, version int, slug text, brand text, mount text, name text, document json)
  on conflict (id) do update set version = excluded.version, slug = excluded.slug, brand = excluded.brand, mount = excluded.mount,
    name = excluded.name, document = excluded.document
  where lens.version < excluded.version
),
editor_gone as (delete from editor where id = any($6::uuid[])),
editor_put as (
  insert into editor select id, version, slug, byline
  from json_to_recordset($5) as e(id uuid, version int, slug text, byline text)
  on conflict (id) do update set version = excluded.version, slug = excluded.slug, byline = excluded.byline
  where editor.version < excluded.version
)
select
