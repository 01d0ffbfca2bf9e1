create or replace macro channel_is_shopping(campaign) as
    coalesce(regexp_full_match(lower(campaign), '(.*(([^a-df-z]|^)shop|shopping).*)'), false);

comment on macro channel_is_shopping is
    'Whether a campaign is of a shop by Google''s published pattern ^(.*(([^a-df-z]|^)shop|shopping).*)$.';
