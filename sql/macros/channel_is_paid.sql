create or replace macro channel_is_paid(medium) as
    regexp_full_match(medium, '(.*cp.*|ppc|retargeting|paid.*)');

comment on macro channel_is_paid is
    'Whether a medium, in lower case, is paid by Google''s published pattern ^(.*cp.*|ppc|retargeting|paid.*)$.';
