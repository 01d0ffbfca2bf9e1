-- One row per session that an order is credited to: number and worth of its orders, in micros, less what was refunded.
--
-- Reads ga4_purchases (one row per purchase event: visitor_id, session_id, k, event_key, transaction_key, amount_micros) and ga4_refunds
-- (one row per refund event: transaction_key, amount_micros, NULL for all of it). An order is a transaction id of one visitor, reported
-- however often; a purchase without an id is an order of its own. It is credited to the session that reported it first, with the largest
-- amount reported. A refund names an order of any visitor (servers send them) and takes from the first one at most what it was worth.
with reported as (
    select
        *,
        coalesce(transaction_key, cast(event_key as varchar) || ' ' || session_id) as order_key
    from ga4_purchases
),

orders as (
    select
        visitor_id,
        order_key,
        max(transaction_key) as transaction_key,
        min(k) as k,
        min_by(session_id, k) as session_id,
        max(case when amount_micros > 0 then amount_micros else 0 end) as amount_micros
    from reported
    group by visitor_id, order_key
),

refunded as (
    select
        transaction_key,
        max(case when amount_micros is null then 1 else 0 end) as is_whole,
        cast(sum(amount_micros) as bigint) as amount_micros
    from ga4_refunds
    group by transaction_key
),

first_orders as (
    select transaction_key, min(k) as k
    from orders
    where transaction_key is not null
    group by transaction_key
),

kept as (
    select
        orders.session_id,
        case
            when refunded.transaction_key is null or first_orders.k is null then orders.amount_micros
            when refunded.is_whole = 1 then 0
            when refunded.amount_micros >= orders.amount_micros then 0
            else orders.amount_micros - refunded.amount_micros
        end as amount_micros
    from orders
    left join first_orders on first_orders.transaction_key = orders.transaction_key and first_orders.k = orders.k
    left join refunded on refunded.transaction_key = first_orders.transaction_key
)

select session_id, cast(count(*) as bigint) as transactions, cast(sum(amount_micros) as bigint) as revenue_micros
from kept
group by session_id
