-- Which build is to take the place of the live one when it holds the whole log. Decides nothing that a build holds, so it is not part
-- of the fingerprint. Looked for first: to add it, present or not, locks every reader out, who also wait behind a lock that waits.
do $$ begin
  if not exists (select from pg_attribute where attrelid = 'content.live'::regclass and attname = 'successor' and not attisdropped) then
    set local lock_timeout = '500ms';
    alter table content.live add column successor text;
  end if;
end $$;
