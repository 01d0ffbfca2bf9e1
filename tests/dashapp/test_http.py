"""The real server, two workers: headers, health, downloads, callbacks, and what it says without a database."""

import csv
import io
import json
import threading
import urllib.error
import urllib.request

import duckdb
import pytest

from tests.dashapp.building import build
from tests.dashapp.serving import serving

HOSTILE = ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\tx", "plain"]


class Answer:
    def __init__(self, response) -> None:
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()
        self.text = self.body.decode(errors="replace")


def get(server, path: str, data: bytes | None = None, **headers: str) -> Answer:
    request = urllib.request.Request(  # noqa: S310 - always the test's own server
        server.url + path,
        data,
        {name.replace("_", "-"): value for name, value in headers.items()},
    )
    opener = urllib.request.build_opener(NoRedirect)
    try:
        with opener.open(request, timeout=20) as response:
            return Answer(response)
    except urllib.error.HTTPError as error:
        return Answer(error)


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def show(server, path: str, search: str = "", shown: str | None = None) -> dict:
    """The page callback's answer, as the browser asks for it."""
    outputs = [{"id": "page", "property": "children"}, {"id": "answer", "property": "data"}, {"id": "shown", "property": "data"}]
    body = {
        "output": "..page.children...answer.data...shown.data..",
        "outputs": outputs,
        "inputs": [
            {"id": "url", "property": "pathname", "value": path},
            {"id": "url", "property": "search", "value": search},
            {"id": "data-version", "property": "data", "value": ""},
            {"id": "look", "property": "data", "value": 0},
        ],
        "state": [{"id": "shown", "property": "data", "value": shown}],
        "changedPropIds": ["url.search"],
    }
    answer = get(server, "/_dash-update-component", json.dumps(body).encode(), Content_Type="application/json")
    assert answer.status == 200, answer.text
    return json.loads(answer.text)["response"]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    labels = ", ".join("'" + label.replace("'", "''") + "'" for label in HOSTILE)
    database = build(
        tmp_path_factory.mktemp("http") / "leaks.duckdb",
        sessions=1_200,
        source=f"[{labels}][1 + n % {len(HOSTILE)}]",
        landing_page="'=1+1'",
    )
    with serving(database) as server:
        yield server


def test_health(server):
    assert get(server, "/healthz").text == "ok\n"
    ready = json.loads(get(server, "/readyz").text)
    assert ready["status"] == "ready"
    assert ready["model_run"] == "run-1"
    assert ready["last_day"] == "2024-03-10"
    assert ready["age_seconds"] > 0


@pytest.mark.parametrize("path", ["/", "/readyz", "/download/kpis.csv", "/nowhere", "/assets/leaks.css"])
def test_headers(server, path):
    headers = get(server, path).headers
    policy = headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-eval" not in policy
    assert "script-src 'self' 'sha256-" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


def test_nothing_in_the_page_points_elsewhere(server):
    text = get(server, "/").text
    assert "http://" not in text.replace("http://www.w3.org", "") and "https://" not in text


def test_assets_are_fingerprinted_and_kept(server):
    text = get(server, "/").text
    address = text.split('href="/assets/leaks.css')[1].split('"')[0]
    kept = get(server, f"/assets/leaks.css{address}")
    assert "immutable" in kept.headers["Cache-Control"]
    again = get(server, f"/assets/leaks.css{address}", If_None_Match=kept.headers["ETag"])
    assert again.status == 304
    assert get(server, "/").headers["Cache-Control"] == "no-store"


def test_the_font_is_loaded_ahead_once(server):
    """The address of the preload is the one that the style sheet asks for, else the browser would fetch the font twice."""
    (preload,) = [tag for tag in get(server, "/").text.split("<link ")[1:] if 'rel="preload"' in tag]
    address = preload.split('href="')[1].split('"')[0]
    assert 'as="font"' in preload and "crossorigin" in preload
    assert address.removeprefix("/assets/") in get(server, "/assets/01-inter.css").text
    font = get(server, address)
    assert font.status == 200
    assert "immutable" in font.headers["Cache-Control"]


def test_answers_are_compressed(server):
    for encoding in ("br", "zstd"):
        for path in ("/assets/leaks.css", "/assets/plotly.min.js", "/assets/topojson/world_50m.json", "/"):
            assert get(server, path, Accept_Encoding=encoding).headers["Content-Encoding"] == encoding


def test_any_worker_serves_any_script(server):
    """Dash registers its files while it writes the first page: a worker that wrote none must serve them too."""
    text = get(server, "/").text
    scripts = [part.split('"')[0] for part in text.split('src="')[1:]]
    assert len(scripts) > 5
    for script in scripts * 3:
        assert get(server, script).status == 200


@pytest.mark.parametrize(
    "path, status",
    [("/nowhere", 404), ("/download/sessions.csv", 404), ("/download/current_run.csv", 404), ("/download/kpis;drop.csv", 404)],
)
def test_unknown_addresses(server, path, status):
    answer = get(server, path)
    assert answer.status == status
    assert "Traceback" not in answer.text


def rows(answer: Answer) -> list[dict]:
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_download_has_the_same_filters(server):
    answer = get(server, "/download/kpis.csv?device=mobile&since=2024-03-02")
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert 'filename="kpis.csv"' in answer.headers["Content-Disposition"]
    with duckdb.connect(str(server.database), read_only=True) as con:
        truth = con.execute("select sessions from kpis(devices := ['mobile'], since := date '2024-03-02')").fetchone()[0]
    assert rows(answer)[0]["sessions"] == str(truth)


@pytest.mark.parametrize("query", ["since=yesterday", "until=2024-13-01"])
def test_download_with_a_filter_that_cannot_be_used_gives_no_rows(server, query):
    answer = get(server, f"/download/kpis.csv?{query}")
    assert answer.status == 400
    assert answer.text.endswith("dates are written YYYY-MM-DD.\n")


def test_download_runs_no_formula(server):
    sources = {row["source"] for row in rows(get(server, "/download/source_device_rates.csv"))}
    assert sources == {label if label == "plain" else f"'{label}" for label in HOSTILE}
    candidates = rows(get(server, "/download/top_candidates.csv"))
    assert {row["landing_page"] for row in candidates} == {"'=1+1"}


def test_candidates_download_takes_quick_filters(server):
    every = rows(get(server, "/download/top_candidates.csv"))
    deep = rows(get(server, "/download/top_candidates.csv?show=deep&show=nonsense"))
    assert {row["stage"] for row in deep} == {"2"} < {row["stage"] for row in every}


def test_the_model_card_is_downloaded_by_its_run(server):
    answer = get(server, "/download/model-card.md?run=run-1")
    assert (answer.status, answer.text) == (200, "# Model card")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="model-card.md"'
    assert get(server, "/download/model-card.md?run=%27--").status == 404


def test_download_with_a_hostile_filter(server):
    answer = get(server, "/download/kpis.csv?source=%27%29%3B+drop+table+sessions%3B+--")
    assert rows(answer)[0]["sessions"] == "0"


def test_page_callback(server):
    first = show(server, "/", "?device=mobile")
    assert "mobile" in json.dumps(first["page"])
    shown = first["shown"]["data"]
    later = show(server, "/", "?device=tablet", shown)
    assert "page" not in later
    with duckdb.connect(str(server.database), read_only=True) as con:
        truth = con.execute("select sessions from kpis(devices := ['tablet'])").fetchone()[0]
    assert later["answer"]["data"]["kpi-sessions-value"]["children"] == f"{truth:,}"


@pytest.mark.parametrize(
    "search", ["?source=%00", "?since=x&until=y", "?" + "a" * 5000, "?device=" + "b" * 400, "?%FF%FE", "?device=%ED%A0%80"]
)
@pytest.mark.parametrize("path", ["/", "/leaks", "/countries", "/funnel", "/duration", "/sources", "/candidates", "/model", "/data"])
def test_garbage_in_the_url_is_answered(server, path, search):
    assert show(server, path, search)["page"]


def test_other_sites_may_not_post(server):
    assert get(server, "/_dash-update-component", b"{}", Content_Type="application/json", Origin="https://evil.example").status == 403
    assert get(server, "/_dash-update-component", b"{}", Content_Type="application/json", Sec_Fetch_Site="cross-site").status == 403


def test_without_a_database(tmp_path):
    with serving(tmp_path / "none.duckdb") as server:
        page = get(server, "/")
        assert page.status == 503
        assert "There is no database yet" in page.text and "Traceback" not in page.text
        ready = get(server, "/readyz")
        assert ready.status == 503
        assert json.loads(ready.text) == {"status": "unavailable", "reason": "There is no database yet."}
        assert get(server, "/healthz").status == 200
        assert get(server, "/download/kpis.csv").status == 503
        build(server.database, sessions=50)
        assert get(server, "/").status == 200


def test_no_model_is_said(tmp_path):
    with serving(build(tmp_path / "leaks.duckdb", sessions=3_000, model=False)) as server:
        for path in ("/", "/model", "/candidates"):
            assert "python -m models train" in json.dumps(show(server, path))


def test_replaced_while_serving(tmp_path):
    """Two workers under load: every answer is of one version, none fails, and both arrive at the newest."""
    sizes = [400 + 10 * version for version in range(8)]
    versions = [build(tmp_path / f"{size}.building", sessions=size) for size in sizes]
    database = tmp_path / "leaks.duckdb"
    versions[0].replace(database)
    with serving(database) as server:
        seen, failures, done = [], [], threading.Event()

        def hammer() -> None:
            try:
                while not done.is_set():
                    answer = show(server, "/")["page"]["children"]
                    text = json.dumps(answer)
                    seen.append(next(size for size in sizes if f'"{size}"' in text))
                    assert f"n = {seen[-1]:,} sessions" in text
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=hammer) for _ in range(3)]
        for thread in threads:
            thread.start()
        for version in versions[1:]:
            done.wait(0.4)
            version.replace(database)
        done.wait(0.5)
        done.set()
        for thread in threads:
            thread.join()
        assert failures == []
        assert len(set(seen)) > 2
        for _ in range(6):
            assert json.loads(get(server, "/readyz").text)["status"] == "ready"
            assert f"n = {sizes[-1]:,} sessions" in json.dumps(show(server, "/"))
