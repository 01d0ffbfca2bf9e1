-- One row per row of a GA4 export (ga4_export, whose columns param_<name>_<type> are its parameters), with what makes it an event: its session, its place in it, what it tells.
-- reject_reason says what is wrong with a row that is none.
with said as (
    select
        *,
        int_said(param_ga_session_id_int, param_ga_session_id_text) as visit,
        int_said(param_engagement_time_msec_int, param_engagement_time_msec_text) as engagement_msec,
        int_said(param_ga_session_number_int, param_ga_session_number_text) as visit_number,
        coalesce(param_session_engaged_text, cast(param_session_engaged_int as varchar)) as flag,
        click_source is null and event_name not in ('session_start', 'first_visit') as may_tell,
        day_of(event_date) as session_date,
        upper(param_currency_text) as currency,
        coalesce(param_value_double, param_value_float, cast(param_value_int as double), try_cast(param_value_text as double)) as stated_value,
        case
            when is_money
                then nullif(coalesce(order_id, param_transaction_id_text, cast(param_transaction_id_int as varchar)), '(not set)')
        end as stated_order_id,
        is_money and event_name <> 'refund' as is_purchase,
        is_money and event_name = 'refund' as is_refund,
        case when click_source is null then has_gclid or param_gclid_text is not null end as is_ad_click,
        collected_source is not null or collected_medium is not null as is_collected
    from ga4_export
),

placed as (
    select
        *,
        -- Google numbers the events of a page since July 2024. Before, those of one moment come in the order a visit has them.
        case
            when batch_event_index is not null then least(greatest(batch_event_index, 0), 1023)
            when event_name in ('first_visit', 'first_open') then 0
            when event_name = 'session_start' then 1
            else 2
        end as place,
        case
            when batch_page_id is not null and batch_event_index is not null
                then hash_event(event_timestamp, event_name, batch_page_id, batch_ordering_id, batch_event_index)
            else hash_event(event_timestamp, event_name, bundle, params_hash, items_hash)
        end as event_key,
        -- Amounts in the property's currency where the event has it, else as Google converts them to US dollars where that is the property's.
        case
            when not is_money then null
            when currency is null or currency = property_currency()
                then coalesce(
                    case when is_refund then refund_value else purchase_revenue end,
                    stated_value,
                    case when is_refund then refund_value_in_usd else purchase_revenue_in_usd end,
                    event_value_in_usd
                )
            when property_currency() = 'USD'
                then coalesce(
                    case when is_refund then refund_value_in_usd else purchase_revenue_in_usd end,
                    event_value_in_usd,
                    case when is_refund then refund_value else purchase_revenue end,
                    stated_value
                )
            else coalesce(case when is_refund then refund_value else purchase_revenue end, stated_value)
        end as amount,
        -- The first event of a visit is Google's own and repeats what the page says; it tells no source.
        case
            when not may_tell then null
            when is_ad_click then 'google'
            when is_collected then coalesce(collected_source, '(not set)')
            when param_source_text is not null or param_medium_text is not null then coalesce(param_source_text, '(not set)')
        end as told_source
    from said
)

select
    load_id,
    row_number,
    visitor_key,
    visit,
    case when visitor_key is not null and visit is not null then hash_pair(visitor_key, visit) end as sid,
    order_key(event_timestamp, place, event_key) as k,
    event_timestamp,
    cast(place as smallint) as place,
    event_key,
    event_name,
    session_date,
    coalesce(
        case
            when contains(param_page_location_text, '?') then split_part(param_page_location_text, '?', 1)
            else param_page_location_text
        end,
        param_firebase_screen_text,
        param_firebase_screen_class_text
    ) as page,
    visit_number,
    engagement_msec,
    flag in ('1', 'true') as is_flagged,
    coalesce(amount, stated_value) as value,
    currency,
    stated_order_id as order_id,
    is_purchase,
    is_refund,
    micros(case when amount between -100000000000 and 100000000000 then amount end) as amount_micros,
    told_source,
    case when told_source is null then null when is_ad_click then 'cpc' when is_collected then collected_medium else param_medium_text end
        as told_medium,
    case
        when told_source is null then null
        else coalesce(case when is_collected or is_ad_click then collected_campaign end, param_campaign_text)
    end as told_campaign,
    device is not null as tells_device,
    click_source is not null as tells_click,
    device,
    country,
    browser,
    operating_system,
    click_source,
    click_medium,
    click_campaign,
    click_channel,
    case
        when event_name is null and event_timestamp is null and event_date is null then 'record cannot be read'
        when event_timestamp is null and timestamp_text is not null then 'event_timestamp is not a number'
        when event_timestamp is null then 'event_timestamp missing'
        -- 2005 to 2100: seconds or milliseconds would stand far before.
        when event_timestamp not between 1104537600000000 and 4102444800000000 then 'event_timestamp is not in microseconds since 1970'
        when event_name is null then 'event_name missing'
        when event_date is null then 'event_date missing'
        when session_date is null then 'event_date is not a date'
        when visit is null and param_ga_session_id_text is not null then 'parameter ga_session_id is not a number'
        when engagement_msec is null and param_engagement_time_msec_text is not null then 'parameter engagement_time_msec is not a number'
        when is_money and stated_value is null and param_value_text is not null
            then 'parameter value is not an amount'
        when amount is not null and amount not between -100000000000 and 100000000000 then 'amount is out of range'
        when visit_number not between 0 and 2147483647 then 'parameter ga_session_number is out of range'
    end as reject_reason,
    raw
from placed
