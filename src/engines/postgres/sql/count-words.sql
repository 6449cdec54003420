-- Adds up; what reaches nothing goes. Words without a stem of their own (stop words) are not kept: nobody can search for them.
merge into word w
using json_to_recordset($1) as d(language text, word text, delta int)
on w.language = d.language and w.word = d.word
when matched and w.reviews + d.delta <= 0 then delete
when matched then update set reviews = w.reviews + d.delta
when not matched and d.delta > 0 and length(content.lexemes(d.language, d.word)) > 0 then
  insert values (d.language, d.word, public.unaccent(d.word), (tsvector_to_array(content.lexemes(d.language, d.word)))[1], d.delta)
