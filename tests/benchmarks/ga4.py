"""GA4 events to published sessions, from Parquet and from JSON lines, against a bare DuckDB sessionization of the same files."""

import json
import shutil
import sys
from pathlib import Path

import duckdb

from etl.demo.writing import write_demo
from tests.benchmarks import loading
from tests.benchmarks.table import number, row

SESSIONS, DAYS = 240_000, 30
"""Some two million events; a scale of 25 makes fifty million, and as many more days."""

RATIO, GB = 2, 4
EVENTS_PER_SECOND = {"Parquet": 2_000_000, "JSON lines": 500_000}

FLOOR = """
import sys, duckdb
source, target = sys.argv[1:]
con = duckdb.connect(target)
con.execute("set preserve_insertion_order = false; set memory_limit = '3GB'")
if source.endswith("parquet"):
    scan = f"read_parquet('{source}')"
    ints, texts = "int_value", "string_value"
else:
    campaign = 'STRUCT("source" VARCHAR, medium VARCHAR, campaign_name VARCHAR, default_channel_group VARCHAR)'
    types = {
        "event_date": "VARCHAR", "event_timestamp": "BIGINT", "event_name": "VARCHAR", "user_pseudo_id": "VARCHAR", "batch_event_index": "BIGINT",
        "event_params": "STRUCT(key VARCHAR, value STRUCT(string_value VARCHAR, int_value BIGINT, float_value DOUBLE, double_value DOUBLE))[]",
        "device": "STRUCT(category VARCHAR, operating_system VARCHAR, web_info STRUCT(browser VARCHAR))", "geo": "STRUCT(country VARCHAR)",
        "ecommerce": "STRUCT(purchase_revenue DOUBLE, transaction_id VARCHAR)",
        "session_traffic_source_last_click": f"STRUCT(cross_channel_campaign {campaign})",
    }
    scan = f"read_json('{source}', format = 'newline_delimited', columns = {types!r})"
con.execute(f'''
    create table sessions as
    with events as (
        select
            *,
            session_traffic_source_last_click.cross_channel_campaign as click,
            event_timestamp * 1000 + batch_event_index as k,
            list_position(keys, 'ga_session_id') as id_at,
            list_position(keys, 'ga_session_number') as number_at,
            list_position(keys, 'page_location') as page_at,
            list_position(keys, 'engagement_time_msec') as engagement_at,
            list_position(keys, 'session_engaged') as engaged_at
        from (
            select
                *,
                list_transform(event_params, lambda p: p.key) as keys,
                list_transform(event_params, lambda p: p.value.int_value) as ints,
                list_transform(event_params, lambda p: p.value.string_value) as texts
            from {scan}
            where user_pseudo_id is not null
        )
    )
    select
        md5(user_pseudo_id) as visitor_id,
        ints[id_at] as visit,
        max(ints[number_at]) as visit_number,
        min(event_timestamp) as started_at,
        min_by(event_date, k) as session_date,
        min_by(device.category, k) as device,
        min_by(device.web_info.browser, k) as browser,
        min_by(device.operating_system, k) as operating_system,
        min_by(geo.country, k) as country,
        min_by(click."source", k) as source,
        min_by(click.medium, k) as medium,
        min_by(click.campaign_name, k) as campaign,
        min_by(click.default_channel_group, k) as channel,
        min_by(split_part(texts[page_at], '?', 1), k) as landing_page,
        count(*) filter (event_name = 'page_view') as pageviews,
        max(event_timestamp) - min(event_timestamp) as duration,
        sum(ints[engagement_at]) as engagement,
        max(coalesce(texts[engaged_at], ints[engaged_at]::varchar)) as is_engaged,
        max(case
            when event_name = 'purchase' then 3
            when event_name in ('view_item', 'add_to_cart', 'begin_checkout') then 2
            when event_name = 'scroll' then 1
            else 0
        end) as stage,
        count(distinct ecommerce.transaction_id) filter (event_name = 'purchase') as transactions,
        sum(ecommerce.purchase_revenue) as revenue
    from events
    group by user_pseudo_id, ints[id_at]
''')
con.execute("checkpoint")
"""


def report(folder: Path, scale: float) -> None:
    """Print the table."""
    demo = material(folder, scale)
    with duckdb.connect() as con:
        (events,) = con.execute(f"select count(*) from '{demo}/events_*.parquet'").fetchone()
    print(f"\nSessions from {events:,} GA4 events, published")
    row("", "seconds", "CPU s", "peak GB", "events/s")
    for form, folder_of in (("Parquet", demo), ("JSON lines", lines(demo))):
        pattern = "*.parquet" if form == "Parquet" else "*.json"
        floor = bare(str(folder_of / f"events_{pattern}"), folder)
        database = folder / "ga4.duckdb"
        ours = loading.load(folder_of, database)
        loading.clear(database)
        row(f"{form}: bare sessionization in DuckDB", *map(number, floor), number(events / floor.seconds))
        row(f"{form}: python -m etl load", *map(number, ours), number(events / ours.seconds))
        row(
            f"{form}: ratio (at most {RATIO}; {GB} GB; {EVENTS_PER_SECOND[form]:,} events/s)",
            number(ours.seconds / floor.seconds),
            number(ours.cpu_seconds / floor.cpu_seconds),
        )


def material(folder: Path, scale: float) -> Path:
    """A GA4 demo of so many events, made once."""
    demo = folder / f"ga4_{scale:g}"
    truth = demo / "truth.json"
    if not truth.exists() or "files" not in json.loads(truth.read_text()):
        write_demo(demo, format="ga4", sessions=max(int(SESSIONS * scale), 30), days=max(DAYS, int(DAYS * min(scale, 12))))
    return demo


def lines(demo: Path) -> Path:
    """The same events as JSON lines, a file a day."""
    folder = demo.with_name(f"{demo.name}_lines")
    if not folder.exists():
        draft = folder.with_suffix(".draft")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir()
        with duckdb.connect() as con:
            for file in sorted(demo.glob("events_*.parquet")):
                con.execute(f"copy (from '{file}') to '{draft / file.stem}.json' (format json)")
        shutil.copy(demo / "truth.json", draft / "truth.json")
        draft.rename(folder)
    return folder


def bare(source: str, folder: Path) -> loading.Run:
    """One row a session in bare DuckDB: read, group, write; nothing is checked, cleaned, told twice or kept for later events."""
    target = folder / "ga4_floor.duckdb"
    loading.clear(target)
    script = folder / "ga4_floor.py"
    script.write_text(FLOOR)
    try:
        return loading.measured([sys.executable, str(script), source, str(target)])
    finally:
        loading.clear(target)
