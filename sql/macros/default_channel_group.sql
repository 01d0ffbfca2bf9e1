-- Google's default channel group, by its published rules in their order, the first that matches:
-- "[GA4] Default channel group", Analytics Help, https://support.google.com/analytics/answer/9756891 (read as of November 2026).
-- Expects labels in lower case, with (unknown) where the export does not say.
-- Google compares sources with its own list of sites by category, which is long and changes; channel_site_kind holds the large ones.
create or replace macro default_channel_group(source, medium, campaign) as
    case
        -- Direct: source exactly matches "(direct)" and medium is one of "(not set)" or "(none)".
        when source = '(direct)' and medium in ('(unknown)', '(none)') then 'Direct'
        -- Cross-network: campaign name contains "cross-network".
        when contains(lower(coalesce(campaign, '')), 'cross-network') then 'Cross-network'
        -- Paid Shopping: (source matches a list of shopping sites or campaign name matches the shopping pattern)
        -- and medium matches ^(.*cp.*|ppc|retargeting|paid.*)$.
        when channel_is_paid(medium)
            and (channel_site_kind(source) = 'shopping' or channel_is_shopping(campaign))
            then 'Paid Shopping'
        -- Paid Search: source matches a list of search sites and medium matches the paid pattern.
        when channel_is_paid(medium) and channel_site_kind(source) = 'search' then 'Paid Search'
        -- Paid Social: source matches a list of social sites and medium matches the paid pattern.
        when channel_is_paid(medium) and channel_site_kind(source) = 'social' then 'Paid Social'
        -- Paid Video: source matches a list of video sites and medium matches the paid pattern.
        when channel_is_paid(medium) and channel_site_kind(source) = 'video' then 'Paid Video'
        -- Display: medium is one of "display", "banner", "expandable", "interstitial", "cpm".
        -- It stands after the paid rules, so that cpm from a search or social site is theirs, and before Paid Other, which would take it.
        when medium in ('display', 'banner', 'expandable', 'interstitial', 'cpm') then 'Display'
        -- Paid Other: medium matches ^(.*cp.*|ppc|retargeting|paid.*)$.
        when channel_is_paid(medium) then 'Paid Other'
        -- AI Assistant (since 13 May 2026): medium exactly matches "ai-assistant". The hosts are ours, so that trends do not break at that
        -- date; as the paid rules come first, an advertisement in an assistant stays paid.
        when medium = 'ai-assistant' or channel_is_assistant(source) then 'AI Assistant'
        -- Organic Shopping: source matches a list of shopping sites or campaign name matches the shopping pattern.
        when channel_site_kind(source) = 'shopping' or channel_is_shopping(campaign) then 'Organic Shopping'
        -- Organic Social: source matches a list of social sites or medium is one of the social ones.
        when channel_site_kind(source) = 'social'
            or medium in ('social', 'social-network', 'social-media', 'sm', 'social network', 'social media')
            then 'Organic Social'
        -- Organic Video: source matches a list of video sites or medium matches ^(.*video.*)$.
        when channel_site_kind(source) = 'video' or contains(medium, 'video') then 'Organic Video'
        -- Organic Search: source matches a list of search sites or medium exactly matches "organic".
        when channel_site_kind(source) = 'search' or medium = 'organic' then 'Organic Search'
        -- Referral: medium is one of "referral", "app", "link".
        when medium in ('referral', 'app', 'link') then 'Referral'
        -- Email: source or medium is one of "email", "e-mail", "e_mail", "e mail".
        when source in ('email', 'e-mail', 'e_mail', 'e mail') or medium in ('email', 'e-mail', 'e_mail', 'e mail') then 'Email'
        -- Affiliates: medium is "affiliate" (or, since 2023, "affiliates").
        when medium in ('affiliate', 'affiliates') then 'Affiliates'
        -- Audio: medium exactly matches "audio".
        when medium = 'audio' then 'Audio'
        -- SMS: source or medium exactly matches "sms".
        when source = 'sms' or medium = 'sms' then 'SMS'
        -- Mobile Push Notifications: medium ends with "push", or contains "mobile" or "notification", or source is "firebase".
        when medium like '%push' or contains(medium, 'mobile') or contains(medium, 'notification') or source = 'firebase'
            then 'Mobile Push Notifications'
        -- Ours: where an export has no medium, a source that is a host name can only be a site that linked here.
        when medium = '(unknown)' and regexp_full_match(source, '([a-z0-9_-]+\.)+[a-z][a-z0-9-]+') then 'Referral'
        else 'Unassigned'
    end;

comment on macro default_channel_group is 'Default channel group of a session by Google''s published rules, from source, medium and campaign in lower case.';
