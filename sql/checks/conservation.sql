-- Every row of a file is accounted for.
select *
from loads
where rows_read <> sessions_new + sessions_updated + duplicates + folded + bots + without_consent + rejected + aggregated + set_aside
