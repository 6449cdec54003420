-- What all builds of a database share. Every statement may run again.

create extension if not exists unaccent schema public;
create extension if not exists pg_trgm schema public;
create schema if not exists content;

-- Which build the readers of a fingerprint use. Replicated like everything else, so each region switches when it has the rows.
create table if not exists content.live (
  fingerprint text primary key,
  schema text not null,
  epoch text collate "C" not null,
  switched_at timestamptz not null default now()
);

-- Words without accents, and their stems: `cámaras` and `camara` are one lexeme. Named by constants in generated columns, since
-- a configuration taken from a column's text would not be immutable.
do $$
declare
  config record;
begin
  for config in
    select * from (values ('app_es', 'spanish'), ('app_pt', 'portuguese'), ('app_en', 'english'), ('app_simple', 'simple')) as c(name, base)
  loop
    if not exists (select from pg_ts_config where cfgname = config.name and cfgnamespace = 'content'::regnamespace) then
      execute format('create text search configuration content.%I (copy = pg_catalog.%I)', config.name, config.base);
      execute format(
        'alter text search configuration content.%I alter mapping for hword, hword_part, word with public.unaccent, pg_catalog.%I',
        config.name, case config.base when 'simple' then 'simple' else config.base || '_stem' end);
    end if;
  end loop;
end $$;

-- The lexemes of a text as `review.search` holds them.
create or replace function content.lexemes(language text, words text) returns tsvector
language sql immutable strict parallel safe
return case language
  when 'es' then to_tsvector('content.app_es', words)
  when 'pt' then to_tsvector('content.app_pt', words)
  else to_tsvector('content.app_en', words)
end;

-- Of a publication, in UTC: 2026-11-29, of which the month is the beginning. This function and the next stand in the indexes of every
-- build: another way to say it needs another name. (content.month and content.filed, of builds before, go with nobody: an older version may
-- build again.)
create or replace function content.day(at timestamptz) returns text
language sql immutable parallel safe
return lpad(extract(year from at at time zone 'UTC')::text, 4, '0') || '-' || lpad(extract(month from at at time zone 'UTC')::text, 2, '0')
  || '-' || lpad(extract(day from at at time zone 'UTC')::text, 2, '0');

-- What a review is found by beside its words and its tags: how new it is, and its filters. Written out in one expression, which
-- PostgreSQL puts in the place of the call.
create or replace function content.marks(published_at timestamptz, brand text, mount text, camera_id uuid, lens_id uuid, editor_id uuid)
returns text[] language sql immutable parallel safe
return array[
  'day:' || content.day(published_at), 'month:' || left(content.day(published_at), 7), 'brand:' || brand, 'mount:' || mount,
  'camera:' || camera_id::text, 'lens:' || lens_id::text, 'editor:' || editor_id::text
];

do $$
begin
  if exists (select from pg_roles where rolname = 'rcr_read') then
    grant usage on schema content to rcr_read;
    grant select on content.live to rcr_read;
  end if;
  if exists (select from pg_roles where rolname = 'rcr_project') then
    grant usage on schema content to rcr_project;
    grant select, insert, update, delete on content.live to rcr_project;
    execute format('grant create on database %I to rcr_project', current_database());
  end if;
end $$;
