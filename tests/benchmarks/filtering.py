"""A filter change on the overview: the SQL of its six charts, and the whole answer of the server, against reading the CSV each time."""

import http.client
import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from dashapp.charts import rows_of, statements
from dashapp.db import Database
from dashapp.filters import NEEDED, Filters
from dashapp.pages.overview import CHARTS
from dashapp.queries import common
from etl import schema
from etl.publish import publishing
from tests.benchmarks import forgetful
from tests.dashapp.serving import serving

REPEATS, WARM = 40, 6
BARE = (
    "select session_date, {sums} from {days} where {filter} group by all",
    "select device, stage, {sums} from {cells} where {filter} group by all",
    "select bucket, {sums} from {cells} where {filter} group by all",
    "select country, {sums} from {cells} where {filter} group by all",
    "select source, device, {sums} from {cells} where {filter} group by all",
    "select source, device, sum(sessions), sum(p_micros) from {probabilities} where {filter} group by all",
)
"""The sums behind the six charts and nothing else: no interval, no shrinkage, no order, the cube that fits named by hand."""
SUMS = "sum(sessions), sum(sessions) filter (where stage = 3), sum(revenue_micros)"
BUCKETS = ("<10s", "10s–1m", "1–5m", "5–10m", "10–20m", "20–30m", ">30m")


def predict(database: Path) -> None:
    """Add a model run with a probability for every session, so that the charts of the model have all they would have."""
    with publishing(database) as con:
        con.execute("delete from predictions; delete from model_runs")
        con.execute(
            "insert into model_runs values ('bench', now()::timestamp, 'bench', 'bench', 'retrospective', '{}', "
            """'{"cutoff": 0.05, "sessions": 1, "conversions": 1}', 0.5, ''::blob, null)"""
        )
        con.execute(
            """
            insert into predictions
            select session_id, 'bench', now()::timestamp, p, p >= 0.05, p >= 0.5, load_id
            from (select session_id, load_id, 1 / (1 + exp(5.5 - 2 * stage - (hash(session_id) % 1000) / 500.0)) as p from sessions)
            """
        )
        schema.rebuild_probability_cubes(con)


def scenarios(database: Path) -> dict[str, Callable[[np.random.Generator], Filters]]:
    """Kinds of filter change; each draws another filter at every call."""
    reader = Database(database, required=NEEDED)
    with reader.reading() as read:
        values = {
            dimension: [
                row["value"]
                for row in read.rows("select value from filter_options where dimension = $d order by sessions desc", {"d": dimension})
            ]
            for dimension in ("device", "source", "country", "channel")
        }
        (span,) = read.rows("select min(session_date) as first, max(session_date) as last from date_coverage")
    first, days = span["first"], (span["last"] - span["first"]).days

    def some(random: np.random.Generator, dimension: str, count: int, most: int) -> tuple[str, ...]:
        return tuple(str(value) for value in random.choice(values[dimension][:most], count, replace=False))

    def dates(random: np.random.Generator, length: int) -> dict[str, date]:
        since = first + timedelta(days=int(random.integers(0, max(days - length, 1))))
        return {"since": since, "until": since + timedelta(days=length)}

    return {
        "no filter": lambda random: Filters(),
        "device": lambda random: Filters(devices=some(random, "device", 1, 3)),
        "device and 3 sources": lambda random: Filters(devices=some(random, "device", 1, 3), sources=some(random, "source", 3, 20)),
        "country": lambda random: Filters(countries=some(random, "country", 1, 30)),
        "rare source": lambda random: Filters(sources=tuple(values["source"][-3:][:1])),
        "channel and country": lambda random: Filters(channels=some(random, "channel", 1, 8), countries=some(random, "country", 2, 20)),
        "duration": lambda random: Filters(durations=(str(random.choice(BUCKETS)),), countries=some(random, "country", 1, 20)),
        "30 days": lambda random: Filters(**dates(random, 29)),
        "200 days": lambda random: Filters(**dates(random, 199)),
        "30 days, device": lambda random: Filters(devices=some(random, "device", 1, 3), **dates(random, 29)),
    }


def changes(database: Path) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
    """For each scenario the milliseconds of filter changes, each filter taken by all ways in turn so that they meet the same machine.

    "sql": the statements of the page, its totals and six charts, fetched to the last row as the app reads them, two at a time;
    "in turn": the same one after the other; "post": the whole answer of a gunicorn worker, with its figures and sentences, over loopback;
    nothing of a metric relation is kept from before for these three. "again": the answer of a worker that knows the rows. "bare": the
    baseline, BARE one after the other.
    """
    forgetful.install()
    reader = Database(database, required=NEEDED)
    with serving(database, app="tests.benchmarks.wsgi:server") as first, serving(database) as knowing:
        output = next(item["output"] for item in _get(f"{first.url}/_dash-dependencies") if "answer.data" in item["output"])
        first_line, knowing_line = (http.client.HTTPConnection("127.0.0.1", server.port) for server in (first, knowing))
        shown = json.loads(_send(first_line, json.dumps(_body(output, "", None)), "identity"))["response"]["shown"]["data"]
        for name, draw in scenarios(database).items():
            random = np.random.default_rng(1)
            usual = json.dumps(_body(output, draw(random).query(), shown))
            times: dict[str, list[float]] = {}
            for _ in range(WARM + REPEATS):
                filters = draw(random)
                ways = {
                    "bare": partial(_bare, reader, filters),
                    "sql": partial(_together, reader, filters),
                    "in turn": partial(_in_turn, reader, filters),
                    "post": partial(_send, first_line, json.dumps(_body(output, filters.query(), shown))),
                    "again": partial(_send, knowing_line, usual),
                }
                for way, run in ways.items():
                    started = time.perf_counter()
                    run()
                    times.setdefault(way, []).append(1e3 * (time.perf_counter() - started))
            yield name, {way: np.array(taken[WARM:]) for way, taken in times.items()}


def _together(reader: Database, filters: Filters) -> None:
    with reader.reading() as read:
        read.together(statements(CHARTS, filters))


def _in_turn(reader: Database, filters: Filters) -> None:
    with reader.reading() as read:
        common.kpis(read, filters)
        for chart in CHARTS:
            rows_of(chart, read, filters)


def _bare(reader: Database, filters: Filters) -> None:
    params = filters.params()
    tests = [
        f"list_contains(${name}, cast({column} as varchar))"
        for name, column in (("devices", "device"), ("sources", "source"), ("countries", "country"), ("channels", "channel"))
        if name in params
    ]
    tests += ["list_contains($durations, duration_bucket_name(bucket))"] if "durations" in params else []
    tests += ["session_date between $since and $until"] if "since" in params else []
    is_rare = bool(filters.sources) and len(filters.sources) == 1
    cells, days, probabilities = "cubes.totals", "cubes.days", "cubes.probability_totals"
    if filters.since:
        cells, probabilities = "cubes.days", "cubes.probability_days"
    elif is_rare:
        cells = days = "cubes.rare_days"
        probabilities = "cubes.probability_rare_days"
    with reader.reading() as read:
        for statement in BARE:
            text = statement.format(sums=SUMS, cells=cells, days=days, probabilities=probabilities, filter=" and ".join(tests) or "true")
            read.rows(text, params)


def earlier(source: Path) -> float:
    """Seconds of the earlier dashboard's way: read the CSV with pandas, mask, group by for each of six charts."""
    started = time.perf_counter()
    frame = pd.read_csv(source, dtype={"fullVisitorId": str})
    frame = frame[frame["deviceCategory"] == "mobile"]
    frame["converted"] = frame["transactions"].fillna(0) > 0
    buckets = pd.cut(frame["timeOnSite"].fillna(0), [-1, 10, 60, 300, 600, 1200, 1800, 1e9])
    for keys in ("date", "country", "deviceCategory", buckets, ["source", "deviceCategory"], "source"):
        frame.groupby(keys, observed=True)["converted"].agg(["size", "sum"])
    return time.perf_counter() - started


def _get(url: str) -> list:
    with urllib.request.urlopen(url) as response:  # noqa: S310 - a server of this run, on loopback
        return json.load(response)


def _send(line: http.client.HTTPConnection, body: str, encodings: str = "gzip, deflate, br, zstd") -> bytes:
    """The answer to a POST, on a connection that is kept open and in an encoding of those that browsers accept."""
    line.request("POST", "/_dash-update-component", body, {"Content-Type": "application/json", "Accept-Encoding": encodings})
    response = line.getresponse()
    answer = response.read()
    if response.status != 200:
        raise RuntimeError(f"the server answered {response.status}")
    return answer


def _body(output: str, query: str, shown: str | None) -> dict:
    """What the browser sends when the address changes."""
    outputs = [dict(zip(("id", "property"), part.rsplit(".", 1), strict=True)) for part in output.strip(".").split("...")]
    inputs = {"url.pathname": "/", "url.search": f"?{query}" if query else "", "data-version.data": "", "look.data": 0}
    return {
        "output": output,
        "outputs": outputs,
        "inputs": [dict(zip(("id", "property"), key.split("."), strict=True)) | {"value": value} for key, value in inputs.items()],
        "changedPropIds": ["url.search"],
        "state": [{"id": "shown", "property": "data", "value": shown}],
    }
