-- Google's default channel group, by its published rules in their order, the first that matches:
-- "[GA4] Default channel group", Analytics Help, https://support.google.com/analytics/answer/9756891 (read as of November 2026).
-- Expects labels in lower case, with (unknown) where the export does not say.
-- Google compares sources with its own list of sites by category, which is long and changes; channel_site_kind holds the large ones.
-- What several rules ask is put into a struct first: written out in each of them, it would be planned as often.
create or replace macro default_channel_group(source, medium, campaign) as
    list_transform(
        [
            {
                'source': source,
                'medium': medium,
                'kind': channel_site_kind(source),
                'is_paid': channel_is_paid(medium),
                'is_shopping': channel_is_shopping(campaign),
                'is_cross_network': contains(lower(coalesce(campaign, '')), 'cross-network'),
                'is_assistant': channel_is_assistant(source)
            }
        ],
        lambda one:
        case
            -- Direct: source exactly matches "(direct)" and medium is one of "(not set)" or "(none)".
            when one.source = '(direct)' and one.medium in ('(unknown)', '(none)') then 'Direct'
            -- Cross-network: campaign name contains "cross-network".
            when one.is_cross_network then 'Cross-network'
            -- Paid Shopping: (source matches a list of shopping sites or campaign name matches the shopping pattern)
            -- and medium matches ^(.*cp.*|ppc|retargeting|paid.*)$.
            when one.is_paid
                and (one.kind = 'shopping' or one.is_shopping)
                then 'Paid Shopping'
            -- Paid Search: source matches a list of search sites and medium matches the paid pattern.
            when one.is_paid and one.kind = 'search' then 'Paid Search'
            -- Paid Social: source matches a list of social sites and medium matches the paid pattern.
            when one.is_paid and one.kind = 'social' then 'Paid Social'
            -- Paid Video: source matches a list of video sites and medium matches the paid pattern.
            when one.is_paid and one.kind = 'video' then 'Paid Video'
            -- Display: medium is one of "display", "banner", "expandable", "interstitial", "cpm".
            -- It stands after the paid rules, so that cpm from a search or social site is theirs, and before Paid Other, which would take it.
            when one.medium in ('display', 'banner', 'expandable', 'interstitial', 'cpm') then 'Display'
            -- Paid Other: medium matches ^(.*cp.*|ppc|retargeting|paid.*)$.
            when one.is_paid then 'Paid Other'
            -- AI Assistant (since 13 May 2026): medium exactly matches "ai-assistant". The hosts are ours, so that trends do not break at that
            -- date; as the paid rules come first, an advertisement in an assistant stays paid.
            when one.medium = 'ai-assistant' or one.is_assistant then 'AI Assistant'
            -- Organic Shopping: source matches a list of shopping sites or campaign name matches the shopping pattern.
            when one.kind = 'shopping' or one.is_shopping then 'Organic Shopping'
            -- Organic Social: source matches a list of social sites or medium is one of the social ones.
            when one.kind = 'social'
                or one.medium in ('social', 'social-network', 'social-media', 'sm', 'social network', 'social media')
                then 'Organic Social'
            -- Organic Video: source matches a list of video sites or medium matches ^(.*video.*)$.
            when one.kind = 'video' or contains(one.medium, 'video') then 'Organic Video'
            -- Organic Search: source matches a list of search sites or medium exactly matches "organic".
            when one.kind = 'search' or one.medium = 'organic' then 'Organic Search'
            -- Referral: medium is one of "referral", "app", "link".
            when one.medium in ('referral', 'app', 'link') then 'Referral'
            -- Email: source or medium is one of "email", "e-mail", "e_mail", "e mail".
            when one.source in ('email', 'e-mail', 'e_mail', 'e mail') or one.medium in ('email', 'e-mail', 'e_mail', 'e mail') then 'Email'
            -- Affiliates: medium is "affiliate" (or, since 2023, "affiliates").
            when one.medium in ('affiliate', 'affiliates') then 'Affiliates'
            -- Audio: medium exactly matches "audio".
            when one.medium = 'audio' then 'Audio'
            -- SMS: source or medium exactly matches "sms".
            when one.source = 'sms' or one.medium = 'sms' then 'SMS'
            -- Mobile Push Notifications: medium ends with "push", or contains "mobile" or "notification", or source is "firebase".
            when one.medium like '%push' or contains(one.medium, 'mobile') or contains(one.medium, 'notification') or one.source = 'firebase'
                then 'Mobile Push Notifications'
            -- Ours: where an export has no medium, a source that is a host name can only be a site that linked here.
            when one.medium = '(unknown)' and regexp_full_match(one.source, '([a-z0-9_-]+\.)+[a-z][a-z0-9-]+') then 'Referral'
            else 'Unassigned'
        end
    )[1];

comment on macro default_channel_group is 'Default channel group of a session by Google''s published rules, from source, medium and campaign in lower case.';
