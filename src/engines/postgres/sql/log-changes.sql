-- What caches and event streams tail, and the position of it all. $1 changes; $2 the last seq; $3 $4 the end of the log and when.
with logged as (
  insert into change (seq, kind, id, act, tags, at)
  select seq, kind, id, act, tags, at
  from json_to_recordset($1) as c(seq bigint, kind text, id uuid, act text, tags text[], at timestamptz)
)
update applied set
  seq = $2::bigint,
  caught_up_at = case when $2::bigint >= $3::bigint then greatest(caught_up_at, $4::timestamptz) else caught_up_at end,
  touched_at = clock_timestamp()
returning caught_up_at, (select count(*) from parked) as parked
