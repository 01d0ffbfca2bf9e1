select
    event_date,
    event_timestamp,
    event_name,
    event_params,
    event_value_in_usd,
    event_bundle_sequence_id,
    batch_page_id,
    batch_ordering_id,
    batch_event_index,
    user_pseudo_id,
    user_first_touch_timestamp,
    is_active_user,
    struct(privacy_info.analytics_storage, privacy_info.ads_storage) as privacy_info,
    struct(device.category, device.operating_system, device.browser, device.web_info) as device,
    struct(geo.country, geo.region) as geo,
    struct(traffic_source.source, traffic_source.medium, traffic_source.name) as traffic_source,
    collected_traffic_source,
    session_traffic_source_last_click,
    stream_id,
    platform,
    ecommerce,
    array(
        select as struct
            item.item_id,
            item.item_name,
            item.quantity
        from unnest(items) as item with offset as place
        order by place
    ) as items
from `{table}`
