-- The reviews of these cameras ($1) and lenses ($2), at most $3.
select id, camera_id, lens_id from review where camera_id = any($1::uuid[]) or lens_id = any($2::uuid[]) limit $3
