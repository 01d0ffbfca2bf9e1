"""Comparison of periods: given sessions, expected rows; invariants; agreement with references."""

import random
from datetime import date, timedelta

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashapp import statistics
from etl import schema
from tests.conftest import insert_sessions, records
from tests.sql.test_filters import CLAUSES, COUNTRIES, DEVICES, call, subsets

FIRST = date(2026, 1, 5)
DAYS = 60
WHOLE = {"since": date(2026, 2, 2), "until": date(2026, 3, 1), "previous_since": date(2026, 1, 5), "previous_until": date(2026, 2, 1)}


def day(offset: int) -> date:
    return FIRST + timedelta(days=offset)


@pytest.fixture(scope="module")
def con():
    """Sixty days, one of them without data, of a site whose every value is decided by its number; some sessions have no date."""
    connection = duckdb.connect()
    schema.apply(connection)
    sessions = []
    for number in range(5000):
        mixed = (number * 2654435761) % 2**32
        offset = mixed // 1000 % DAYS
        stage = 3 if mixed % (11 if offset % 7 else 3) == 0 else 0
        sessions.append(
            {
                "device": DEVICES[mixed // 7 % 3] if offset < 40 or mixed % 2 else "mobile",
                "country": COUNTRIES[mixed // 21 % 3],
                "channel": ["Direct", "Referral"][mixed // 63 % 2],
                "source": f"rare-{mixed % 330:03}.example" if mixed % 5 == 0 else ["google", "(direct)"][mixed // 126 % 2],
                "session_date": None if offset == 13 else str(day(offset)),
                "stage": stage,
                "pageviews": None if mixed % 11 == 0 else mixed % 30,
                "duration_seconds": None if mixed % 13 == 0 else float(mixed % 2500),
                "revenue": f"{mixed % 9000 / 100:.2f}" if stage == 3 else 0,
                "is_bounce": None if mixed % 3 == 0 else mixed % 2 == 0,
            }
        )
    insert_sessions(connection, sessions)
    yield connection
    connection.close()


ends = st.none() | st.integers(-10, DAYS + 10).map(day)
filters = st.fixed_dictionaries(
    {
        "devices": subsets([*DEVICES, "fridge"]),
        "sources": subsets(["google", "(direct)", "rare-000.example", "nobody"]),
        "countries": subsets(COUNTRIES),
        "channels": subsets(["Direct", "Referral"]),
        "durations": subsets(["<10s", "1–5m"]),
        "since": ends,
        "until": ends,
        "previous_since": ends,
        "previous_until": ends,
    }
)


def asked(con, relation: str, given: dict) -> list[dict]:
    text, parameters = call(relation, given)
    return records(con, f"from {text}", parameters or None)


def by_metric(rows: list[dict]) -> dict[str, dict]:
    return {row["metric"]: row for row in rows}


counts = st.integers(1, 10**6).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(counts, counts, st.sampled_from([0.95, 0.99]))
def test_newcombe_agrees_with_the_reference(con, one, other, confidence):
    z = "" if confidence == 0.95 else f", {statistics.z_value(confidence)!r}::double"
    found = con.execute(f"select newcombe_low($1, $2, $3, $4{z}), newcombe_high($1, $2, $3, $4{z})", [*one, *other]).fetchone()
    assert found == pytest.approx(statistics.newcombe(*one, *other, confidence), abs=1e-12)


def test_newcombe_against_published_intervals(con):
    # Newcombe 1998, table II, method 10.
    for k1, n1, k2, n2, low, high in ((56, 70, 48, 80, 0.0524, 0.3339), (9, 10, 3, 10, 0.1705, 0.8090), (10, 10, 0, 20, 0.6791, 1.0)):
        found = con.execute("select newcombe_low($1, $2, $3, $4), newcombe_high($1, $2, $3, $4)", [k1, n1, k2, n2]).fetchone()
        assert found == pytest.approx((low, high), abs=5e-5)
    assert con.execute("select newcombe_low(0, 0, 1, 2), newcombe_high(1, 2, 0, 0)").fetchone() == (None, None)


@pytest.mark.parametrize("freedom", [6, 6.7, 12, 30.5, 400])
def test_quantiles_of_t(con, freedom):
    from scipy.stats import t

    assert con.execute("select t_quantile($1::double)", [freedom]).fetchone()[0] == pytest.approx(t.ppf(0.975, freedom), abs=2e-4)


@settings(max_examples=40, deadline=None)
@given(filters)
def test_totals_are_those_of_kpis_in_each_period(con, given):
    rows = by_metric(asked(con, "period_comparison", given))
    text, parameters = call("compared_days", {name: given[name] for name in ("since", "until", "previous_since", "previous_until")})
    days = {row["is_current"]: row for row in records(con, f"from {text}", parameters or None)}
    for is_current, column in ((True, "current"), (False, "previous")):
        if not rows or is_current not in days:
            continue
        within = given | {"since": days[is_current]["first_day"], "until": days[is_current]["last_day"]}
        del within["previous_since"], within["previous_until"]
        (kpis,) = asked(con, "kpis", within)
        covered = rows["sessions"]["days" if is_current else "previous_days"]
        for metric in ("sessions", "conversions", "transactions", "revenue", "conversion_rate", "bounce_rate", "avg_pageviews"):
            if covered:
                assert rows[metric][column] == pytest.approx(kpis[metric], nan_ok=True), (metric, column)
            else:
                assert rows[metric][column] is None and not kpis["sessions"]


@settings(max_examples=40, deadline=None)
@given(filters)
def test_effects_of_every_dimension_add_up_to_the_change(con, given):
    rows = by_metric(asked(con, "period_comparison", given))
    segments = asked(con, "period_split", given)
    for dimension in {row["dimension"] for row in segments}:
        own = [row for row in segments if row["dimension"] == dimension]
        if rows["conversion_rate"]["delta"] is None:
            assert all(row["mix_effect"] is None and row["rate_effect"] is None for row in own)
            continue
        total = sum(row["mix_effect"] + row["rate_effect"] for row in own)
        assert total == pytest.approx(rows["conversion_rate"]["delta"], abs=1e-12), dimension
        for row in own:
            if not (row["sessions"] and row["previous_sessions"]):
                assert row["rate_effect"] == 0
    for row in asked(con, "period_effects", given):
        if row["delta"] is not None:
            assert row["mix_effect"] + row["rate_effect"] == pytest.approx(row["delta"], abs=1e-12)
            assert row["mix_low"] <= row["mix_effect"] <= row["mix_high"]
            assert row["rate_low"] <= row["rate_effect"] <= row["rate_high"]


@settings(max_examples=20, deadline=None)
@given(filters, st.tuples(st.integers(0, 25), st.integers(0, 12)), st.tuples(st.integers(0, 25), st.integers(0, 12)))
def test_swapping_the_periods_negates(con, given, one, other):
    (a, b), (c, d) = (([day(start), day(start + length)]) for start, length in (one, other))
    there = given | {"since": a, "until": b, "previous_since": c, "previous_until": d}
    back = given | {"since": c, "until": d, "previous_since": a, "previous_until": b}
    for relation, key, signed in (
        ("period_comparison", ("metric",), (("delta", "delta"), ("ci_low", "ci_high"))),
        ("period_split", ("dimension", "segment"), (("mix_effect", "mix_effect"), ("rate_effect", "rate_effect"))),
        ("period_effects", ("dimension",), (("mix_low", "mix_high"), ("rate_low", "rate_high"), ("mix_effect", "mix_effect"))),
    ):
        swapped = {tuple(row[name] for name in key): row for row in asked(con, relation, back)}
        rows = asked(con, relation, there)
        assert len(rows) == len(swapped)
        for row in rows:
            twin = swapped[tuple(row[name] for name in key)]
            for name, opposite in signed:
                assert (row[name] is None) == (twin[opposite] is None)
                if row[name] is not None:
                    assert row[name] == pytest.approx(-twin[opposite], abs=1e-9, rel=1e-9), (relation, name)


@settings(max_examples=12, deadline=None)
@given(filters)
def test_filtered_relation_equals_relation_of_filtered_table(con, given):
    periods = {"since": day(30), "until": day(50), "previous_since": day(5), "previous_until": day(25)}
    given = given | periods
    answers = {relation: asked(con, relation, given) for relation in ("period_comparison", "period_split", "period_effects")}
    present = {name: value for name, value in given.items() if value is not None and name not in periods}
    where = " and ".join(CLAUSES[name] for name in present) or "true"
    con.execute("begin")
    try:
        con.execute("create temp table kept as select session_id from sessions where " + where, present)
        con.execute("delete from sessions where session_id not in (select session_id from kept)")
        con.execute(
            "update cubes.kept_sources set is_kept = is_kept or list_contains($sources, source::varchar)",
            {"sources": given["sources"] or []},
        )
        # A day that a filter empties has data none the less; in a table without its sessions it has not.
        covered = {(row["days"], row["previous_days"]) for row in answers["period_comparison"]}
        for file in schema.files("cubes"):
            if file.stem != "kept_sources":
                con.execute(file.read_text())
        again = asked(con, "period_comparison", periods)
        if again and {(row["days"], row["previous_days"]) for row in again} == covered:
            assert [close(row) for row in again] == [close(row) for row in answers["period_comparison"]]
        assert [close(row) for row in asked(con, "period_split", periods)] == [close(row) for row in answers["period_split"]]
    finally:
        con.execute("rollback")


def close(row: dict) -> dict:
    return {name: round(value, 9) if isinstance(value, float) else value for name, value in row.items()}


def test_dispersion_is_that_of_the_reference_and_widens_the_interval(con):
    row = by_metric(asked(con, "period_comparison", WHOLE))["conversion_rate"]
    groups = [
        [(d["conversions"], d["sessions"]) for d in records(con, "from daily_rates(since := $1, until := $2)", [since, until])]
        for since, until in ((WHOLE["since"], WHOLE["until"]), (WHOLE["previous_since"], WHOLE["previous_until"]))
    ]
    spread = statistics.dispersion(groups)
    assert row["dispersion"] == pytest.approx(spread, rel=1e-9) and spread > 1
    (k1, n1), (k2, n2) = ((sum(k for k, _ in group) / spread, sum(n for _, n in group) / spread) for group in groups)
    assert (row["ci_low"], row["ci_high"]) == pytest.approx(statistics.newcombe(k1, n1, k2, n2), abs=1e-12)


def test_totals_have_welchs_interval_of_daily_values(con):
    from scipy.stats import ttest_ind

    periods = {"since": day(35), "until": day(48), "previous_since": day(21), "previous_until": day(34)}
    row = by_metric(asked(con, "period_comparison", periods))["sessions"]
    now, before = (
        [d["sessions"] for d in records(con, "from daily_rates(since := $1, until := $2)", [a, b])]
        for a, b in ((day(35), day(48)), (day(21), day(34)))
    )
    assert row["delta"] == sum(now) - sum(before)
    interval = ttest_ind(now, before, equal_var=False).confidence_interval(0.95)
    assert (row["ci_low"], row["ci_high"]) == pytest.approx((14 * interval.low, 14 * interval.high), rel=1e-3)


def some(n: int, **columns) -> list[dict]:
    return [dict(columns) for _ in range(n)]


# Two whole weeks against two before: mobile, which converts less, grows from a fifth to two thirds, while both devices improve.
PARADOX = [
    *(
        session
        for week in range(14)
        for session in (
            *some(20, device="mobile", session_date=str(day(week))),
            *some(2, device="mobile", stage=3, session_date=str(day(week))),
            *some(60, device="desktop", session_date=str(day(week))),
            *some(25, device="desktop", stage=3, session_date=str(day(week))),
        )
    ),
    *(
        session
        for week in range(14, 28)
        for session in (
            *some(60, device="mobile", session_date=str(day(week))),
            *some(14, device="mobile", stage=3, session_date=str(day(week))),
            *some(14, device="desktop", session_date=str(day(week))),
            *some(14, device="desktop", stage=3, session_date=str(day(week))),
        )
    ),
]


def test_simpsons_paradox_is_named(database):
    con = database(PARADOX)
    effects = {row["dimension"]: row for row in records(con, "from period_effects")}
    device = effects["device"]
    assert device["delta"] == pytest.approx(28 / 102 - 27 / 107)
    assert not device["is_simpson"]
    worse = [
        session
        for session in PARADOX
        if not (session.get("stage") == 3 and session["device"] == "mobile" and session["session_date"] >= str(day(14)))
    ]
    worse += [
        session
        for week in range(14, 28)
        for session in (
            *some(6, device="mobile", stage=3, session_date=str(day(week))),
            *some(8, device="mobile", session_date=str(day(week))),
        )
    ]
    effects = {row["dimension"]: row for row in records(database(worse), "from period_effects")}
    device = effects.pop("device")
    before, now = 27 / 107, 20 / 102
    assert device["delta"] == pytest.approx(now - before)
    mobile, desktop = (6 / 74 - 2 / 22), (14 / 28 - 25 / 85)
    assert device["rate_effect"] == pytest.approx(mobile * (74 / 102 + 22 / 107) / 2 + desktop * (28 / 102 + 85 / 107) / 2)
    assert device["rate_low"] > 0 > device["delta_high"] and device["is_simpson"]
    assert (device["segments_up"], device["segments_down"]) == (1, 1)
    # One segment: all of it is rate, and the method is Newcombe's, at the level of four dimensions.
    for row in effects.values():
        assert not row["is_simpson"] and row["mix_effect"] == pytest.approx(0, abs=1e-15)
        expected = statistics.newcombe(14 * 20, 14 * 102, 14 * 27, 14 * 107, 1 - 0.05 / 4)
        assert (row["rate_low"], row["rate_high"]) == pytest.approx(expected, abs=1e-12)


def test_a_segment_of_one_period_alone_is_mix(database):
    con = database(
        [
            *(s for d in range(4) for s in (*some(9, session_date=str(day(d))), *some(1, stage=3, session_date=str(day(d))))),
            *(s for d in range(4, 8) for s in (*some(9, session_date=str(day(d))), *some(1, stage=3, session_date=str(day(d))))),
            *(s for d in range(4, 8) for s in some(10, device="tablet", session_date=str(day(d)))),
        ]
    )
    tablet = next(row for row in records(con, "from period_split") if row["segment"] == "tablet")
    assert (tablet["sessions"], tablet["previous_sessions"], tablet["previous_rate"], tablet["rate_effect"]) == (40, 0, None, 0)
    device = next(row for row in records(con, "from period_effects") if row["dimension"] == "device")
    assert (device["rate_effect"], device["mix_effect"]) == pytest.approx((0, -0.05))


def test_defaults_are_halves_of_few_days(database):
    con = database([{"session_date": str(day(offset))} for offset in range(9)])
    assert [(row["first_day"], row["last_day"]) for row in records(con, "from compared_days()")] == [(day(5), day(8)), (day(1), day(4))]
    rows = by_metric(records(con, "from period_comparison"))
    assert (rows["sessions"]["delta"], rows["sessions"]["ci_low"]) == (0, None)
    con = database([{"session_date": str(day(offset))} for offset in range(100)])
    assert [(row["first_day"], row["last_day"]) for row in records(con, "from compared_days()")] == [(day(72), day(99)), (day(44), day(71))]


@pytest.mark.parametrize("sessions", [[], [{"session_date": None}], [{"session_date": "2026-01-05"}]])
def test_without_two_days_there_is_nothing_to_compare(database, sessions):
    con = database(sessions)
    for relation in ("period_comparison", "period_split", "period_effects"):
        assert records(con, f"from {relation}") == []


def test_periods_of_unlike_cover_are_compared_by_rates_alone(database):
    con = database([{"session_date": str(day(offset)), "stage": 3 if offset % 3 == 0 else 0} for offset in range(20) if offset != 4])
    rows = by_metric(asked(con, "period_comparison", {"since": day(10), "until": day(19)}))
    assert (rows["sessions"]["days"], rows["sessions"]["previous_days"]) == (10, 9)
    assert (rows["sessions"]["current"], rows["sessions"]["previous"], rows["sessions"]["delta"]) == (10, 9, None)
    assert rows["conversion_rate"]["delta"] == pytest.approx(3 / 10 - 4 / 9)
    rows = by_metric(asked(con, "period_comparison", {"since": day(0), "until": day(9)}))
    assert (rows["sessions"]["previous"], rows["conversion_rate"]["delta"], rows["conversion_rate"]["ci_low"]) == (None, None, None)


def test_unchanged_sites_seldom_seem_changed():
    """Days that differ by more than chance: Newcombe alone would cry wolf, the dispersed interval does not."""
    draw = random.Random(11)
    plain = widened = 0
    runs = 100
    for _ in range(runs):
        groups = []
        for _ in range(2):
            rates = [0.03 * draw.lognormvariate(0, 0.4) for _ in range(28)]
            groups.append([(sum(draw.random() < rate for _ in range(600)), 600) for rate in rates])
        (k1, n1), (k2, n2) = ((sum(k for k, _ in g), sum(n for _, n in g)) for g in groups)
        spread = statistics.dispersion(groups)
        low, high = statistics.newcombe(k1, n1, k2, n2)
        plain += low > 0 or high < 0
        low, high = statistics.newcombe(k1 / spread, n1 / spread, k2 / spread, n2 / spread)
        widened += low > 0 or high < 0
    assert widened <= 0.09 * runs < plain


def test_effects_of_an_unchanged_site_stay_within_their_intervals():
    """Three devices with the same shares and rates in both periods, drawn anew: the intervals of mix and rate hold no change."""
    draw = random.Random(5)
    con = duckdb.connect()
    schema.apply(con)
    runs, missed = 40, {"mix": 0, "rate": 0}
    for _ in range(runs):
        sessions = []
        for offset in range(28):
            for _ in range(60):
                device, rate = draw.choices([("desktop", 0.3), ("mobile", 0.08), ("tablet", 0.02)], (4, 5, 1))[0]
                sessions.append((day(offset), device, 3 if draw.random() < rate else 0))
        con.execute("delete from cubes.days")
        con.execute("create or replace temp table drawn (session_date date, device varchar, stage tinyint)")
        con.execute(
            "insert into drawn select unnest($1::date[]), unnest($2::varchar[]), unnest($3::tinyint[])",
            [list(part) for part in zip(*sessions, strict=True)],
        )
        con.execute(
            "insert into cubes.days by name select session_date, device, '(unknown)' as source, '(unknown)' as country, '(unknown)' as channel, stage, "
            "-1 as bucket, count(*) as sessions, 0 as transactions, 0 as revenue_micros, 0 as pageviews, 0 as pageviews_known, 0 as duration_ms, "
            "0 as duration_known, 0 as bounces, 0 as bounces_known, 0 as visits, 0 as returned, 0 as visits_known from drawn group by all"
        )
        row = next(row for row in records(con, "from period_effects") if row["dimension"] == "device")
        for name in missed:
            missed[name] += not row[f"{name}_low"] <= 0 <= row[f"{name}_high"]
    con.close()
    assert max(missed.values()) <= 3
