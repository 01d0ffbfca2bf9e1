"""Labels: missing as text, spellings, channels by Google's rules, countries."""

import csv
import re

import duckdb
import pytest

from etl import labels, schema


@pytest.fixture(scope="module")
def con():
    con = duckdb.connect()
    schema.run(con, "macros")
    yield con
    con.close()


def value(con, expression: str, **given):
    columns = ", ".join(f"${name}::varchar as {name}" for name in given)
    return con.execute(f"select {expression} from (select {columns})", given).fetchone()[0]


def source(con, text):
    return value(con, labels.source_sql(labels.text_sql(labels.plain_sql("label"))), label=text)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Google", "google"),
        ("  GOOGLE\t", "google"),
        ("a\x00b\u200b \u00a0c", "a b c"),
        ("(direct)", "(direct)"),
        ("Direct", "(direct)"),
        (None, "(unknown)"),
        ("(not set)", "(unknown)"),
        ("<Other>", "(unknown)"),
        ("(data not available)", "(unknown)"),
        ("(all other sources)", "(unknown)"),
        ("Joe.Doe@Example.com", "(e-mail)"),
        ("=cmd|' /C calc'!A0", "=cmd|' /c calc'!a0"),
        ("x" * 5000, "x" * 200),
    ],
)
def test_sources(con, written, meant):
    assert source(con, written) == meant


@pytest.mark.parametrize("word", labels.MISSING)
def test_missing_words(con, word):
    assert value(con, labels.plain_sql("label"), label=f" {word.upper()} ") is None


@pytest.mark.parametrize(
    ("written", "from_source", "meant"),
    [
        ("CPC", "google", "cpc"),
        ("(none)", "(direct)", "(none)"),
        (None, "(direct)", "(none)"),
        (None, "google", "(unknown)"),
        ("(not set)", "google", "(unknown)"),
    ],
)
def test_mediums(con, written, from_source, meant):
    medium = labels.medium_sql(labels.text_sql(labels.plain_sql("medium")), "medium", "source")
    assert value(con, medium, medium=written, source=from_source) == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [("Desktop", "desktop"), (" MOBILE", "mobile"), ("tablet", "tablet"), ("smart tv", "other"), (None, "other"), ("(not set)", "other")],
)
def test_devices(con, written, meant):
    assert value(con, labels.device_sql("device"), device=written) == meant


RULES = [
    # source, medium, campaign -> channel, each branch of Google's rules
    ("(direct)", "(none)", None, "Direct"),
    ("(direct)", "(unknown)", None, "Direct"),
    ("google", "cpc", "x Cross-network y", "Cross-network"),
    ("bing", "cpc", "Spring Shop", "Paid Shopping"),
    ("amazon.com", "cpc", None, "Paid Shopping"),
    ("google", "cpc", "workshops", "Paid Search"),
    ("google", "ppc", None, "Paid Search"),
    ("m.facebook.com", "paid_social", None, "Paid Social"),
    ("youtube.com", "cpv-cpm", None, "Paid Video"),
    ("dfa", "cpm", None, "Display"),
    ("x.example", "banner", None, "Display"),
    ("criteo", "retargeting", None, "Paid Other"),
    ("chatgpt.com", "cpc", None, "Paid Other"),
    ("chatgpt.com", "referral", None, "AI Assistant"),
    ("www.perplexity.ai", "(unknown)", None, "AI Assistant"),
    ("notclaude.ai", "referral", None, "Referral"),
    ("anything", "ai-assistant", None, "AI Assistant"),
    ("etsy.com", "referral", None, "Organic Shopping"),
    ("newsletter", "email", "shopping week", "Organic Shopping"),
    ("lm.facebook.com", "referral", None, "Organic Social"),
    ("x.example", "social-network", None, "Organic Social"),
    ("youtube.com", "referral", None, "Organic Video"),
    ("x.example", "my-video", None, "Organic Video"),
    ("google", "organic", None, "Organic Search"),
    ("x.example", "organic", None, "Organic Search"),
    ("in.search.yahoo.com", "referral", None, "Organic Search"),
    ("google.co.uk", "(unknown)", None, "Organic Search"),
    ("calendar.google.com", "referral", None, "Referral"),
    ("x.example", "referral", None, "Referral"),
    ("x.example", "link", None, "Referral"),
    ("newsletter", "email", None, "Email"),
    ("e-mail", "(unknown)", None, "Email"),
    ("partners", "affiliate", None, "Affiliates"),
    ("x", "audio", None, "Audio"),
    ("sms", "(unknown)", None, "SMS"),
    ("x", "web-push", None, "Mobile Push Notifications"),
    ("firebase", "(unknown)", None, "Mobile Push Notifications"),
    ("blog.golang.org", "(unknown)", None, "Referral"),
    ("partners", "(unknown)", None, "Unassigned"),
    ("(unknown)", "(unknown)", None, "Unassigned"),
]


@pytest.mark.parametrize(("from_source", "medium", "campaign", "channel"), RULES)
def test_default_channels(con, from_source, medium, campaign, channel):
    rules = "default_channel_group(source, medium, campaign)"
    assert value(con, rules, source=from_source, medium=medium, campaign=campaign) == channel


def test_each_channel_of_the_rules_is_reached(con):
    text = (schema.SQL / "macros" / "default_channel_group.sql").read_text()
    named = set(re.findall(r"(?:then|else) '([^']+)'", text))
    assert named == {channel for *_, channel in RULES}


@pytest.mark.parametrize(
    ("stated", "from_source", "channel"),
    [
        ("Social", "youtube.com", "Organic Social"),
        ("(Other)", "x", "Unassigned"),
        ("Other Advertising", "x", "Paid Other"),
        ("Our own group", "x", "Our own group"),
        ("Referral", "claude.ai", "AI Assistant"),
        ("Email", "claude.ai", "Email"),
        (None, "claude.ai", "AI Assistant"),
        (None, "google", "Organic Search"),
    ],
)
def test_channels_as_ga4_would_say(con, stated, from_source, channel):
    own = labels.stated_channel_sql(labels.plain_sql("channel", missing=()))
    by_rules = "default_channel_group(source, '(unknown)', null)"
    assert value(con, labels.channel_sql(own, by_rules, "source"), channel=stated, source=from_source) == channel


def test_every_stated_name_is_a_channel():
    known = {channel for *_, channel in RULES}
    assert set(labels.CHANNELS.values()) <= known
    assert all(labels.CHANNELS.get(name.lower(), name) == name for name in known)


COUNTRIES = schema.DATA / "countries.csv"


@pytest.fixture(scope="module")
def countries() -> dict[str, tuple[str, str]]:
    with COUNTRIES.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    names = [row["name"] for row in rows]
    assert len(set(names)) == len(names)
    assert all(name == name.lower().strip() and row["source"] for name, row in zip(names, rows, strict=True))
    return {row["name"]: (row["country"], row["iso3"]) for row in rows}


def test_countries_have_one_name_and_code_each(countries):
    assert len(set(countries.values())) == len({iso3 for _, iso3 in countries.values()}) == 250
    assert all(re.fullmatch("[A-Z]{3}", iso3) for _, iso3 in countries.values())
    assert all(countries[country.lower()] == (country, iso3) for country, iso3 in countries.values())


@pytest.mark.parametrize(
    ("written", "iso3"),
    [
        ("Turkey", "TUR"), ("Türkiye", "TUR"), ("Macedonia (FYROM)", "MKD"), ("North Macedonia", "MKD"), ("Czech Republic", "CZE"),
        ("Swaziland", "SWZ"), ("Côte d’Ivoire", "CIV"), ("Cote d'Ivoire", "CIV"), ("St. Lucia", "LCA"), ("Macau", "MAC"), ("Kosovo", "XKX"),
        ("Congo - Kinshasa", "COD"), ("Congo - Brazzaville", "COG"), ("Myanmar (Burma)", "MMR"), ("Curaçao", "CUW"), ("Guernsey", "GGY"),
        ("United Kingdom", "GBR"), ("South Korea", "KOR"), ("North Korea", "PRK"), ("Niger", "NER"), ("Nigeria", "NGA"), ("Georgia", "GEO"),
    ],
)  # fmt: skip
def test_spellings_of_countries(countries, written, iso3):
    assert countries[written.lower()][1] == iso3


def test_every_country_of_the_real_files_is_known(real_data, countries):
    with duckdb.connect() as con:
        names = con.execute(
            """
            select country from read_csv($flat)
            union select geoNetwork.country from read_parquet($ga360)
            union select geo.country from read_parquet($ga4)
            """,
            {
                "flat": str(real_data / "sessions_10k.csv"),
                "ga360": str(real_data / "ga360_20170801.parquet"),
                "ga4": str(real_data / "ga4_events_sampled.parquet"),
            },
        ).fetchall()
    assert {name for (name,) in names if name and name.lower() not in countries} <= {"(not set)"}


def test_benchmarks_say_where_they_come_from():
    with (schema.DATA / "benchmarks.csv").open(encoding="utf-8", newline="") as lines:
        rows = {row["device"]: row for row in csv.DictReader(lines)}
    assert {device: float(row["benchmark_rate"]) for device, row in rows.items()} == {"desktop": 0.025, "mobile": 0.019, "tablet": 0.022}
    assert all("could not be confirmed" in row["source"] and row["published"] for row in rows.values())
