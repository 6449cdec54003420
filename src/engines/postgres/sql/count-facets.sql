-- Adds up; what reaches nothing goes.
merge into facet f
using json_to_recordset($1) as d(dimension text, value text, delta int)
on f.dimension = d.dimension and f.value = d.value
when matched and f.reviews + d.delta <= 0 then delete
when matched then update set reviews = f.reviews + d.delta
when not matched and d.delta > 0 then insert values (d.dimension, d.value, d.delta)
