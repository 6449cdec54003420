-- What searching needs, made when a build holds the whole log for the first time: filling these row by row would take two thirds of
-- the time of a rebuild (measured: 1.7 ms a review of 300 words with the first of them, 0.55 without, 0.25 to make it afterwards).
-- Without a pending list: it would be searched by every query, and flushed at the cost of one unlucky commit.
set local maintenance_work_mem = '128MB';
-- One a language: a question is other words in each, and what one language's words find in another's reviews would be read in vain.
-- Beside the words all that a question can ask for, its month and its day: whatever is asked, but for exclusions alone, the newest few
-- hundred are found without looking at others, however many there are. Seven entries beside two hundred.
create index review_search_es on review using gin (search, tags, content.marks(published_at, brand, mount, camera_id, lens_id, editor_id))
  with (fastupdate = off) where language = 'es';
create index review_search_pt on review using gin (search, tags, content.marks(published_at, brand, mount, camera_id, lens_id, editor_id))
  with (fastupdate = off) where language = 'pt';
create index review_search_en on review using gin (search, tags, content.marks(published_at, brand, mount, camera_id, lens_id, editor_id))
  with (fastupdate = off) where language = 'en';
create index word_by_likeness on word using gin (plain public.gin_trgm_ops) with (fastupdate = off);
analyze brand, camera, lens, editor, review, review_tag, former_slug, facet, word;
