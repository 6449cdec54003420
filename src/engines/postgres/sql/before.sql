-- What stands of these documents before a batch: as much of it as tags and counts need. $1 reviews, $2 cameras, $3 lenses, $4 editors, $5 categories,
-- $6 products, $7 stocks.
select
  (select json_agg(r) from (
    select id, slug, title, summary, verdict, body, tags, language, camera_id, lens_id, editor_id, published_at, brand, mount, keywords,
      array(select slug from former_slug where review_id = review.id) as former_slugs
    from review where id = any($1::uuid[])
  ) r) as review,
  (select json_agg(c) from (select id, slug, brand, mount, name from camera where id = any($2::uuid[])) c) as camera,
  (select json_agg(l) from (select id, slug, brand, mount, name from lens where id = any($3::uuid[])) l) as lens,
  (select json_agg(e) from (select id, slug from editor where id = any($4::uuid[])) e) as editor,
  (select json_agg(c) from (select id, slug from category where id = any($5::uuid[])) c) as category,
  (select json_agg(p) from (select id, slug from product where id = any($6::uuid[])) p) as product,
  (select json_agg(s) from (select id from stock where id = any($7::uuid[])) s) as stock
