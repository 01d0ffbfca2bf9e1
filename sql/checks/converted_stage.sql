-- Stage 3 and is_converted say the same, engaged sessions are at stage 1 or beyond, and revenue comes from purchases.
select session_id
from sessions
where is_converted <> (stage = 3)
    or is_engaged <> (stage >= 1)
    or stage not between 0 and 3
    or (transactions > 0 and not is_converted)
