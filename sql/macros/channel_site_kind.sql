-- The large sites of Google's list "Source categories" (https://support.google.com/analytics/answer/9756891), which has about 800:
-- engines and networks by the bare name Analytics gives them, and by host.
create or replace macro channel_site_kind(source) as
    case
        when channel_site(source) in (
            'google', 'bing', 'yahoo', 'baidu', 'duckduckgo', 'yandex', 'ecosia', 'ask', 'aol', 'naver', 'daum', 'seznam', 'sogou',
            'qwant', 'startpage', 'lycos', 'dogpile', 'avg', 'babylon', 'conduit', 'incredimail', 'msn', 'rambler', 'onet',
            'virgilio', 'voila', 'comcast', 'alltheweb', 'altavista', 'globo', 'biglobe', 'eniro', 'kvasir', 'najdi', 'szukacz',
            'search-results', 'so.com', '360.cn', 'bing.com', 'cn.bing.com', 'duckduckgo.com', 'baidu.com', 'ecosia.org',
            'qwant.com', 'startpage.com', 'yandex.ru', 'yandex.com', 'yandex.com.tr', 'ya.ru', 'sogou.com', 'seznam.cz',
            'search.seznam.cz', 'search.naver.com', 'search.daum.net', 'search.brave.com', 'search.yahoo.com', 'search.yahoo.co.jp',
            'search.aol.com', 'ask.com', 'int.search.tb.ask.com', 'search.tb.ask.com', 'search.mysearch.com', 'search.xfinity.com',
            'search.avg.com', 'go.mail.ru', 'nova.rambler.ru', 'presearch.com', 'swisscows.com', 'lens.google.com', 'google lens'
        )
            or regexp_full_match(source, '(www\.|images\.)?google\.((com|co)\.)?[a-z]{2,3}')
            or regexp_full_match(source, '[a-z]{2}\.search\.yahoo\.com')
            then 'search'
        when channel_site(source) in (
            'facebook', 'fb', 'instagram', 'ig', 'pinterest', 'reddit', 'linkedin', 'twitter', 'tiktok', 'snapchat', 'quora',
            'tumblr', 'vk', 'weibo', 'social', 'facebook.com', 'business.facebook.com', 'web.facebook.com', 'fb.com',
            'messenger.com', 'instagram.com', 'threads.net', 'threads.com', 'pinterest.com', 'pinterest.co.uk', 'pinterest.de',
            'pinterest.fr', 'pinterest.ca', 'pin.it', 'reddit.com', 'redd.it', 'linkedin.com', 'lnkd.in', 'twitter.com', 't.co',
            'x.com', 'snapchat.com', 'tiktok.com', 'quora.com', 'tumblr.com', 't.umblr.com', 'vk.com', 'vk.ru', 'vkontakte.ru',
            'ok.ru', 'odnoklassniki.ru', 'weibo.com', 'weibo.cn', 't.cn', 'douban.com', 'mixi.jp', 'xing.com', 'yammer.com',
            'meetup.com', 'stackoverflow.com', 'stackexchange.com', 'bsky.app', 'go.bsky.app', 'mastodon.social', 'discord.com',
            'telegram.org', 'web.telegram.org', 't.me', 'wa.me', 'whatsapp.com', 'web.whatsapp.com', 'nextdoor.com',
            'livejournal.com', 'deviantart.com', 'flickr.com', 'renren.com', 'medium.com', 'slideshare.net', 'myspace.com',
            'hootsuite.com', 'disqus.com', 'goodreads.com', 'producthunt.com', 'line.me', 'zalo.me', 'foursquare.com', 'plurk.com',
            'plus.google.com', 'plus.url.google.com', 'groups.google.com', 'news.ycombinator.com', 'blogspot.com', 'blogger.com',
            'wordpress.com', 'kakao.com', 'cafe.naver.com'
        ) then 'social'
        when channel_site(source) in (
            'youtube', 'youtube.com', 'youtu.be', 'vimeo', 'vimeo.com', 'dailymotion', 'dailymotion.com', 'twitch', 'twitch.tv',
            'netflix', 'netflix.com', 'hulu', 'hulu.com', 'disneyplus.com', 'rutube.ru', 'nicovideo.jp', 'iqiyi', 'iqiyi.com',
            'youku.com', 'bilibili.com', 'veoh.com', 'crackle.com', 'wistia.com', 'ted.com', 'v.qq.com', 'player.vimeo.com',
            'viadeo.com'
        ) then 'video'
        when channel_site(source) in (
            'amazon', 'amazon.com', 'amazon.co.uk', 'amazon.de', 'amazon.fr', 'amazon.it', 'amazon.es', 'amazon.ca', 'amazon.co.jp',
            'amazon.in', 'smile.amazon.com', 'ebay', 'ebay.com', 'ebay.co.uk', 'ebay.de', 'etsy', 'etsy.com', 'walmart',
            'walmart.com', 'target.com', 'bestbuy.com', 'aliexpress', 'aliexpress.com', 'alibaba', 'alibaba.com',
            'shopping.google.com', 'igshopping', 'shopify', 'shopify.com', 'shop.app', 'rakuten.co.jp', 'rakuten.com',
            'mercadolibre.com', 'mercadolivre.com.br', 'allegro.pl', 'zalando.de', 'idealo.de', 'kelkoo.com', 'pricegrabber.com',
            'shopzilla.com', 'flipkart.com', 'taobao.com', 'tmall.com', 'jd.com', 'shopee.com', 'lazada.com', 'shopping.yahoo.com',
            'shopping.yahoo.co.jp'
        ) then 'shopping'
    end;

comment on macro channel_site_kind is 'Kind of a site (search, social, video, shopping) by its name or host in lower case; NULL for all others.';
