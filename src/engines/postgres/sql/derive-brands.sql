-- These brands ($1) once more, from the cameras and lenses that stand now.
with present as (
  select slug, min(name collate "C") as name
  from (
    select brand as slug, document ->> 'brand' as name from camera where brand = any($1::text[])
    union all
    select brand, document ->> 'brand' from lens where brand = any($1::text[])
  ) spelt
  group by slug
),
gone as (delete from brand where slug = any($1::text[]) and slug not in (select slug from present))
insert into brand select slug, name from present
on conflict (slug) do update set name = excluded.name where brand.name <> excluded.name
