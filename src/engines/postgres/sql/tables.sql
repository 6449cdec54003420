-- The read model: one build of it, in the schema that the search_path names. Disposable; made by `builds.ts`.
-- Text that is compared or sorted is COLLATE "C": the same order on every host.
-- Here are the indexes that the projector needs; those of readers come later: see `indexes.sql`.
-- Every content table is a function of the documents at one position of the log, however that position was reached.
-- Slugs are unique by the master's claims and not declared so here: one commit may swap two, and a batch may end inside it.

-- The brands of the cameras and lenses there are. Of several spellings the first in order.
create table brand (
  slug text collate "C" primary key,
  name text not null
);

create table camera (
  id uuid primary key,
  version int not null,
  slug text collate "C" not null,
  brand text collate "C" not null, -- the slug of it
  mount text collate "C",
  name text not null,              -- "Canon EOS R5"
  document json not null,          -- the whole public document, as the API shows it
  shown_brand json generated always as (document->'brand') stored,
  shown_model json generated always as (document->'model') stored
);
create index camera_by_slug on camera (slug);
create index camera_by_brand on camera (brand, slug);

create table lens (
  id uuid primary key,
  version int not null,
  slug text collate "C" not null,
  brand text collate "C" not null,
  mount text collate "C" not null,
  name text not null,
  document json not null,
  shown_brand json generated always as (document->'brand') stored,
  shown_model json generated always as (document->'model') stored
);
create index lens_by_slug on lens (slug);
create index lens_by_brand on lens (brand, slug);

create table editor (
  id uuid primary key,
  version int not null,
  slug text collate "C" not null,
  byline text not null
);
create index editor_by_slug on editor (slug);

create table category (
  id uuid primary key,
  version int not null,
  slug text collate "C" not null,
  name text not null,
  image text,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create index category_by_slug on category (slug);

create table product (
  id uuid primary key,
  version int not null,
  slug text collate "C" not null,
  name text not null,
  name_key text collate "C" not null,    -- unaccented lower case: the order of sort=name
  description text not null,
  images text[] not null,
  price numeric not null,
  currency text collate "C" not null,
  category_id uuid not null,
  camera_id uuid,
  lens_id uuid,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create index product_by_slug on product (slug);
create index product_by_creation on product (created_at, id);
create index product_by_price on product (price, id);
create index product_by_name on product (name_key, id);
create index product_by_category on product (category_id, created_at, id);

-- How many of a product there were a moment ago: selling asks the master.
create table stock (
  id uuid primary key,                   -- of the product
  version int not null,
  available int not null
) with (fillfactor = 70);

-- Published reviews only. brand, mount and keywords are copied from the camera and the lens, so that every list and the
-- search read this table alone; a change of a camera rewrites them. First what a search reads of hundreds of rows: to come to the last
-- of 23 columns, most of them texts, takes longer than to compare it.
create table review (
  id uuid primary key,
  published_at timestamptz not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  camera_id uuid not null,
  editor_id uuid not null,
  version int not null,
  language text collate "C" not null check (language in ('es', 'pt', 'en')),
  brand text collate "C" not null,       -- the slug of the camera's brand
  mount text collate "C",
  lens_id uuid,
  tags text[] not null,
  search tsvector not null generated always as (
    setweight(content.lexemes(language, title || ' ' || keywords), 'A')
      || setweight(content.lexemes(language, summary || ' ' || verdict), 'B')
      || content.lexemes(language, body)
  ) stored,
  slug text collate "C" not null,
  title text not null,
  title_key text collate "C" not null,   -- unaccented lower case: the order of sort=title
  summary text not null,
  body text not null,
  verdict text not null,
  pros text[] not null,
  cons text[] not null,
  images text[] not null,
  keywords text not null                 -- names of camera and lens
);
-- In the row, not beside it: a search reads the words of hundreds of reviews, and each look-up beside costs more than the reading
-- (500 ranked in 2.5 ms instead of 7). A usual review is half a page, its body compressed
-- and with it: reading it touches 9 pages, 15 were its body beside. A longer one sends out its body alone, which one page shows: the
-- short columns are named so that they do not make room.
alter table review
  alter column title set storage main, alter column title_key set storage main, alter column summary set storage main,
  alter column verdict set storage main, alter column pros set storage main, alter column cons set storage main,
  alter column images set storage main, alter column tags set storage main, alter column keywords set storage main,
  alter column search set storage main;
alter table review set (toast_tuple_target = 4080);
create index review_by_camera on review (camera_id, published_at desc, id desc);
create index review_by_lens on review (lens_id, published_at desc, id desc) where lens_id is not null;

create table review_tag (
  tag text collate "C" not null,
  review_id uuid not null,
  published_at timestamptz not null,
  primary key (review_id, tag)
);

create table former_slug (
  slug text collate "C" not null,
  review_id uuid not null,
  primary key (review_id, slug)
);

-- How many published reviews a value has. dimension: brand, camera, lens, mount, editor, tag, language, month, day. value: the slug of a
-- brand, the id of a camera, lens or editor, the text itself of a mount, tag or language, a month as 2026-11 and a day as 2026-11-29 (content.day).
create table facet (
  dimension text collate "C" not null,
  value text collate "C" not null,
  reviews int not null,
  primary key (dimension, value)
) with (fillfactor = 45);                -- room for one more version of each row, so that counting touches no index

-- The vocabulary of the published texts, for typing help and to estimate how many reviews a word matches.
create table word (
  language text collate "C" not null,
  word text collate "C" not null,        -- lower case, with accents
  plain text collate "C" not null,       -- without accents
  stem text collate "C" not null,        -- as it stands in review.search
  reviews int not null,
  primary key (language, word)
) with (fillfactor = 45);

-- Bookkeeping, outside the checksums.

-- What caches and event streams tail; kept 7 days. `tags` name every cached answer that the change may alter.
create table change (
  seq bigint primary key,
  kind text not null,
  id uuid not null,
  act text not null,                     -- published, revised, withdrawn, changed, deleted
  tags text[] not null,
  at timestamptz not null
);

create table applied (
  single boolean primary key default true check (single),
  epoch text collate "C" not null,
  seq bigint not null,
  caught_up_at timestamptz,              -- at this time the log held nothing after seq; null until that was so once
  touched_at timestamptz not null default now()  -- somebody projects into this build
) with (autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 2000000000);
-- Its one row is written once a second: planning it anew each minute would be most of what an idle system writes.

create table parked (
  seq bigint primary key,
  kind text not null,
  id text not null,
  error text not null,
  change json not null,
  at timestamptz not null
);
