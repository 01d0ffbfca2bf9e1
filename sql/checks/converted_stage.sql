-- Stage 3 and is_converted say the same, engaged sessions are at stage 1 or beyond, and revenue comes from purchases;
-- where the variable settled_load is set, sessions of later loads are looked at.
select session_id
from sessions
where (getvariable('settled_load') is null or load_id > getvariable('settled_load'))
    and (
        is_converted <> (stage = 3)
        or is_engaged <> (stage >= 1)
        or stage not between 0 and 3
        or (transactions > 0 and not is_converted)
    )
