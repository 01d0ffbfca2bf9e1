"""Sessions read back from each demo form with plain SQL, knowing nothing of the code that wrote them."""

COLUMNS = (
    "visit_id, visit_number, date, device, country, browser, operating_system, source, medium, campaign, channel, landing_page, "
    "pageviews, duration, transactions, revenue_micros"
)

FLAT = """
    select
        fullVisitorId as visitor, visitId as visit_id, visitNumber as visit_number, "date"::varchar as date, deviceCategory as device,
        country, browser, operatingSystem as operating_system, source, medium, campaign, channelGrouping as channel,
        landingPage as landing_page, pageviews, coalesce(timeOnSite, 0) as duration, coalesce(transactions, 0) as transactions,
        coalesce(transactionRevenue, 0) as revenue_micros, hits, bounces
    from read_csv('{folder}/sessions.csv', all_varchar = false, types = {{'fullVisitorId': 'varchar'}})
"""

GA360 = """
    select
        fullVisitorId as visitor, clientId as client, visitId as visit_id, visitNumber as visit_number, date,
        device.deviceCategory as device, geoNetwork.country as country, device.browser as browser,
        device.operatingSystem as operating_system, trafficSource.source as source, trafficSource.medium as medium,
        nullif(trafficSource.campaign, '(not set)') as campaign, channelGrouping as channel, hits[1].page.pagePath as landing_page,
        totals.pageviews as pageviews, coalesce(totals.timeOnSite, 0) as duration, coalesce(totals.transactions, 0) as transactions,
        coalesce(totals.totalTransactionRevenue, 0) as revenue_micros, totals.hits as hit_count, totals.bounces as bounces,
        case
            when len(list_filter(hits, lambda h: h.eCommerceAction.action_type = '6')) > 0 then 3
            when len(list_filter(hits, lambda h: h.eCommerceAction.action_type in ('2', '3', '5'))) > 0 then 2
            when totals.pageviews > 1 or totals.timeOnSite >= 10
                or len(list_filter(hits, lambda h: h.eventInfo.eventCategory = 'Scroll')) > 0 then 1
            else 0
        end as stage,
        hits
    from read_parquet('{folder}/ga_sessions_*.parquet')
"""

GA4 = """
    with events as (
        select
            *,
            list_filter(event_params, lambda p: p.key = 'ga_session_id')[1].value.int_value as visit_id,
            list_filter(event_params, lambda p: p.key = 'ga_session_number')[1].value.int_value as visit_number,
            list_filter(event_params, lambda p: p.key = 'page_location')[1].value.string_value as page_location,
            list_filter(event_params, lambda p: p.key = 'transaction_id')[1].value.string_value as transaction,
            session_traffic_source_last_click.cross_channel_campaign as credited,
            event_timestamp * 1000 + batch_event_index as place
        from read_parquet('{folder}/events_*.parquet')
        where user_pseudo_id is not null
    ),
    orders as (
        select user_pseudo_id, visit_id, count(*) as transactions, sum(micros) as revenue_micros
        from (
            select user_pseudo_id, visit_id, transaction, max(round(ecommerce.purchase_revenue * 1e6)::bigint) as micros
            from events where event_name = 'purchase' group by all
        )
        group by all
    ),
    sessions as (
        select
            user_pseudo_id as client, visit_id, max(visit_number) as visit_number, min(event_date) as date, max(event_date) as last_date,
            min(event_timestamp) as started, any_value(device.category) as device, any_value(geo.country) as country,
            any_value(device.web_info.browser) as browser, any_value(device.operating_system) as operating_system,
            any_value(credited.source) as source, any_value(credited.medium) as medium,
            any_value(case when not starts_with(credited.campaign_name, '(') then credited.campaign_name end) as campaign,
            any_value(credited.default_channel_group) as channel,
            regexp_extract(min_by(page_location, place), 'https://www.example-shop.test([^?]*)', 1) as landing_page,
            count(*) filter (event_name = 'page_view') as pageviews,
            (max(event_timestamp) - min(event_timestamp)) // 1000000 as duration,
            (max(event_timestamp) - min(event_timestamp)) % 1000000 as fraction,
            max(case
                when event_name = 'purchase' then 3
                when event_name in ('view_item', 'add_to_cart', 'begin_checkout') then 2
                when event_name = 'scroll' then 1
                else 0
            end) as deepest,
            count(*) filter (event_name = 'session_start') as starts,
            count(*) filter (event_name = 'first_visit') as first_visits
        from events
        group by all
    )
    select
        sessions.*, coalesce(orders.transactions, 0) as transactions, coalesce(orders.revenue_micros, 0) as revenue_micros,
        greatest(deepest, (pageviews > 1 or duration >= 10)::integer) as stage
    from sessions
    left join orders on orders.user_pseudo_id = sessions.client and orders.visit_id = sessions.visit_id
"""
