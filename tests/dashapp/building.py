"""Databases for tests of the app: built through the real schema from sessions given as rows or as SQL."""

import json
from pathlib import Path

import duckdb

from etl import levels, schema
from tests import templates

DEFAULTS = {
    "session_id": "printf('%024x', n)",
    "visitor_id": "printf('%024x', n)",
    "visit_number": "1 + n % 3",
    "started_at": "session_date + interval 9 hour",
    "session_date": "date '2024-03-01' + cast(n % 10 as integer)",
    "device": "['desktop', 'mobile', 'tablet'][1 + n % 3]",
    "country": "['United States', 'Germany', 'Japan'][1 + n % 3]",
    "iso3": "null",
    "source": "['google', '(direct)', 'newsletter'][1 + n % 3]",
    "medium": "'organic'",
    "campaign": "null",
    "channel": "'Organic Search'",
    "landing_page": "'/home'",
    "browser": "null",
    "operating_system": "null",
    "pageviews": "1 + n % 12",
    "duration_seconds": "n % 2000",
    "is_engaged": "stage >= 1",
    "is_bounce": "n % 12 = 0",
    "stage": "case when n % 40 = 0 then 3 when n % 10 = 0 then 2 when n % 4 = 0 then 1 else 0 end",
    "is_converted": "stage = 3",
    "transactions": "cast(stage = 3 as integer)",
    "revenue": "case when stage = 3 then 50 else 0 end",
    "load_id": "1",
}


def build(path: Path, *, sessions: int = 1_000, relation: str | None = None, model: bool = True, **columns: str) -> Path:
    """Write a database of `sessions` rows (or those of `relation`); `columns` replace the SQL expressions of DEFAULTS.

    Expressions may use `n`, the number of the row from 0, and columns that stand before them.
    """
    templates.copy_to(path)
    expressions = DEFAULTS | columns
    # `stage` and `session_date` are used by others, so they come first.
    early = [f"{expressions[name]} as {name}" for name in ("session_date", "stage")]
    late = [f"{expressions[name]} as {name}" for name in DEFAULTS if name not in ("session_date", "stage")]
    rows = relation or f"select range as n from range({sessions})"
    with duckdb.connect(str(path)) as con:
        con.execute(
            f"create temp table raw as select * replace (cast(stage as tinyint) as stage), {', '.join(late)} "
            f"from (select *, {', '.join(early)} from ({rows}))"
        )
        for column in levels.TYPES:
            levels.extend(con, column, "raw")
        con.execute(f"insert into sessions by name select {', '.join(DEFAULTS)} from raw order by session_date, device, source, country")
        con.execute("""
            insert into loads by name
            select 1 as load_id, 'export.csv' as file, 'flat-csv' as format, 'ab' as sha256, timestamp '2024-03-12 04:00:00' as loaded_at,
                count(*) as rows_read, count(*) as sessions_new, 0 as sessions_updated, 0 as duplicates, 0 as folded, 0 as bots,
                0 as without_consent, 0 as rejected, 'thresholds' as stage_basis, min(session_date) as first_date,
                max(session_date) as last_date, cast([] as varchar[]) as notes
            from sessions
        """)
        if model:
            _score(con)
        schema.rebuild_cubes(con)
        schema.rebuild_probability_cubes(con)
        schema.set_setting(con, "published_at", "2024-03-12T04:00:00Z")
        con.execute("checkpoint")
    return path


def from_sample(path: Path, csv: Path) -> Path:
    """A database of the real sample, its stages by the default thresholds."""
    quoted = str(csv).replace("'", "''")
    countries = str(schema.DATA / "countries.csv").replace("'", "''")
    return build(
        path,
        relation=f"""
            select row_number() over () - 1 as n, export.* rename (country as land, source as origin, pageviews as views,
                transactions as purchases), places.iso3 as code
            from read_csv('{quoted}', types = {{'fullVisitorId': 'varchar', 'visitId': 'varchar'}}) as export
            left join (select distinct on (lower(name)) lower(name) as place, iso3 from read_csv('{countries}')) as places
                on place = lower(export.country)
        """,
        session_id="left(md5(n::varchar), 24)",
        visitor_id="left(md5(fullVisitorId), 24)",
        visit_number="visitNumber",
        started_at="null",
        session_date="strptime(date::varchar, '%Y%m%d')::date",
        device="deviceCategory",
        country="land",
        iso3="code",
        source="origin",
        channel="case when origin = '(direct)' then 'Direct' when origin like '%google%' then 'Organic Search' else 'Referral' end",
        landing_page="null",
        pageviews="views",
        duration_seconds="coalesce(timeOnSite, 0)",
        is_bounce="timeOnSite is null",
        stage="case when purchases > 0 then 3 when views >= 10 then 2 when views >= 5 then 1 else 0 end",
        transactions="coalesce(purchases, 0)",
        revenue="coalesce(transactionRevenue, 0) / 1e6",
    )


def _score(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("""
        insert into predictions
        select session_id, 'run-1', timestamp '2024-03-12 05:00:00', p, rank <= ceil(count(*) over () / 10), p >= 0.2, load_id
        from (
            select session_id, load_id, p, row_number() over (order by p desc, session_id) as rank
            from (
                select session_id, load_id, cast(0.001 + 0.9 * power((hash(session_id) % 1000) / 1000, 6) * (1 + stage) / 4 as float) as p
                from sessions
            )
        )
    """)
    cutoff, scored = con.execute("select min(p_conversion) filter (where is_top_decile), count(*) from predictions").fetchone()
    metrics = {
        "auc": 0.91,
        "average_precision": 0.42,
        "f1": 0.4,
        "precision_at_10": 0.11,
        "precision_at_10_max": 0.25,
        "recall_at_10": 0.9,
        "recall_at_10_max": 1.0,
        "cutoff": cutoff,
        "sessions": scored,
        "calibration": [{"p_mean": 0.02, "observed": 0.01, "sessions": 100, "conversions": 1, "ci_low": 0.0, "ci_high": 0.05}],
        "lift": [
            {"decile": 1, "sessions": 100, "conversions": 20, "rate": 0.2, "lift": 5.0},
            {"decile": 2, "sessions": 100, "conversions": 4, "rate": 0.04, "lift": 1.0},
        ],
        "importance": [{"feature": "pageviews", "gain": 0.6}, {"feature": "duration_seconds", "gain": 0.4}],
        "notes": ["Made up for a test."],
    }
    con.execute(
        "insert into model_runs values ('run-1', timestamp '2024-03-12 05:00:00', '0.1.0', 'hash', 'retrospective', '{}', ?, 0.2, '', '# Model card')",
        [json.dumps(metrics)],
    )
