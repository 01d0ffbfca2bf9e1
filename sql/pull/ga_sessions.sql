select
    fullVisitorId,
    visitId,
    visitNumber,
    visitStartTime,
    date,
    channelGrouping,
    struct(
        totals.visits,
        totals.hits,
        totals.pageviews,
        totals.screenviews,
        totals.timeOnSite,
        totals.bounces,
        totals.transactions,
        totals.transactionRevenue,
        totals.totalTransactionRevenue
    ) as totals,
    struct(trafficSource.source, trafficSource.medium, trafficSource.campaign) as trafficSource,
    struct(device.deviceCategory, device.browser, device.operatingSystem) as device,
    struct(geoNetwork.country, geoNetwork.networkDomain) as geoNetwork,
    array(
        select as struct
            hit.hitNumber,
            hit.time,
            hit.type,
            struct(hit.page.pagePath, hit.page.hostname) as page,
            struct(hit.appInfo.screenName) as appInfo,
            struct(hit.eCommerceAction.action_type) as eCommerceAction,
            struct(hit.transaction.transactionRevenue) as transaction,
            struct(hit.eventInfo.eventCategory, hit.eventInfo.eventAction, hit.eventInfo.eventValue) as eventInfo
        from unnest(hits) as hit with offset as place
        order by place
    ) as hits
from `{table}`
