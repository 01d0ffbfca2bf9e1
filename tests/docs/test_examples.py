"""What a reader copies from the pages works: commands, SQL, Python and the notebook."""

import json
import math
import re
import shutil

import pytest

from tests.conftest import records
from tests.docs.conftest import NOT_RUN
from tests.docs.reading import COOKBOOK, PAGES, README, blocks, commands, statements

SQL = [pytest.param(block, id=block.name) for page in PAGES for block in blocks(page, "sql")]
QUESTIONS = [block for block in blocks(COOKBOOK, "sql")]
EMPTY_ON_PURPOSE = "-- returns no rows"


def question(number: int, place: int = 0) -> str:
    """The SQL of a question of the cookbook."""
    text = COOKBOOK.read_text(encoding="utf-8")
    start = text[: text.index(f"\n## {number}. ")].count("\n") + 1
    return [block for block in QUESTIONS if block.line > start][place].text


@pytest.mark.parametrize("command", [command for command in dict.fromkeys(commands(README)) if command not in NOT_RUN])
def test_command_runs(results, command):
    _, outcomes = results
    assert outcomes[command].returncode == 0, outcomes[command].stderr
    assert outcomes[command].stdout.strip()


def test_commands_not_run_are_still_there():
    assert set(NOT_RUN) <= set(commands(README))


def test_commands_do_what_the_readme_says(results):
    checkout, outcomes = results
    said = {command.split("-m ")[-1].split(" --")[0]: outcome.stdout for command, outcome in outcomes.items()}
    assert "truth.json" in {file.name for file in (checkout.folder / "exports").iterdir()}
    again = json.loads(said["etl load exports"])
    exports = {file.name for file in (checkout.folder / "exports").glob("events_*.parquet")}
    assert not again["files"] and set(again["already_loaded"]) == exports
    assert json.loads(said["models train"])["sessions_scored"] > 0
    assert json.loads(said["models score"])["sessions_scored"] == 0
    assert json.loads(said["models leaks"])["sessions"] > 0
    assert (checkout.folder / "data" / ".salt").exists()


@pytest.mark.parametrize(
    "command, status",
    [
        (".venv/bin/python -m etl load README.md", 1),
        (".venv/bin/python -m etl load exports --nonsense", 2),
        ("LEAKS_DB=elsewhere.duckdb .venv/bin/python -m models train", 1),
        ("make load FILES=README.md", 2),
    ],
)
def test_exit_statuses_are_as_the_readme_says(checkout, command, status):
    (checkout.folder / "README.md").write_text("# no export\n")
    before = checkout.database.read_bytes()
    outcome = checkout.run(command)
    assert outcome.returncode == status
    assert outcome.stderr.strip()
    assert checkout.database.read_bytes() == before


@pytest.mark.parametrize("block", SQL)
def test_sql_runs_and_returns_rows(con, block, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for statement in statements(block):
        rows = con.execute(statement).fetchall()
        assert bool(rows) is (EMPTY_ON_PURPOSE not in block.text), statement


@pytest.mark.parametrize("block", [pytest.param(block, id=block.name) for page in PAGES for block in blocks(page, "python")])
def test_python_runs(checkout, block):
    outcome = checkout.run(block.text, python=True)
    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stdout.strip()


def test_cookbook_asks_ten_questions():
    headings = re.findall(r"^## (\d+)\. .+\?$", COOKBOOK.read_text(encoding="utf-8"), re.MULTILINE)
    assert headings == [str(number) for number in range(1, 11)]


@pytest.mark.parametrize("number", range(1, 11))
def test_intervals_hold_their_rates(con, number):
    """Wherever a question shows a rate with bounds, they enclose it and lie where they can."""
    pairs = {
        "rate": ("low", "high"), "rate_of_engaged": ("low", "high"), "share_left": ("low", "high"), "observed_rate": ("low", "high"),
        "step_rate": ("ci_low", "ci_high"), "returning_rate": ("returning_low", "returning_high"), "new_rate": ("new_low", "new_high"),
        "share_bought_again": ("share_low", "share_high"),
    }  # fmt: skip
    differences = {"change": ("change_low", "change_high"), "difference": ("difference_low", "difference_high")}
    checked = 0
    for row in records(con, question(number)):
        for names, floor in ((pairs, 0), (differences, -1)):
            for value, bounds in names.items():
                low, high = (row.get(bound, row.get(f"ci_{bound}")) for bound in bounds)
                if row.get(value) is not None and low is not None:
                    assert floor <= low <= row[value] <= high <= 1
                    assert low < high
                    checked += 1
    assert checked or number in (3, 6)


def test_sources_add_up(con):
    found = records(con, question(1).replace("limit 20", ""))
    sessions, engaged = con.execute("select count(*) filter (is_engaged), sum(is_converted::int) from sessions").fetchone()
    assert (sum(row["engaged"] for row in found), sum(row["converted"] for row in found)) == (sessions, engaged)
    google = next(row for row in found if row["source"] == "google")
    assert google["others_rate"] == pytest.approx((engaged - google["converted"]) / (sessions - google["engaged"]))


def test_weeks_are_whole_and_compared_with_the_one_before(con):
    found = records(con, question(2))
    assert len(found) >= 2
    for row in found:
        expected = con.execute(
            "select count(*), sum(is_converted::int) from sessions where session_date between $week and $week::date + 6",
            {"week": row["week"]},
        ).fetchone()
        assert (row["sessions"], row["conversions"]) == expected
    assert found[0]["change"] is None
    assert found[1]["change"] == pytest.approx(found[1]["rate"] - found[0]["rate"])


def test_zero_says_little_where_few_sessions_are(con):
    found = records(con, question(3))
    for row in found:
        assert (row["sessions"] < row["sessions_until_a_zero_speaks"]) is (row["if_as_elsewhere"] > 0.05) or math.isclose(
            row["if_as_elsewhere"], 0.05, rel_tol=0.05
        )


def test_standardised_rates_are_means_over_devices(con):
    (found,) = records(con, question(4))
    devices = con.execute(
        """
        select device, count(*), avg(is_converted::int) filter (visit_number > 1), avg(is_converted::int) filter (visit_number = 1)
        from sessions where visit_number is not null group by device
        """
    ).fetchall()
    total = sum(n for _, n, _, _ in devices)
    assert found["returning_rate"] == pytest.approx(sum(n / total * rate for _, n, rate, _ in devices))
    assert found["new_rate"] == pytest.approx(sum(n / total * rate for _, n, _, rate in devices))


def test_landing_pages_with_a_planted_leak_come_first(checkout, con):
    truth = json.loads((checkout.folder / "exports" / "truth.json").read_text())
    planted = {leak["segment"]["landing_page"] for leak in truth["leaks"] if leak["from_stage"] == 0 and "landing_page" in leak["segment"]}
    found = records(con, question(5))
    assert planted and planted <= {row["landing_page"] for row in found[:3]}
    for row in found:
        left, silent = con.execute(
            "select count(*), count(*) filter (session_id in (select session_id from events group by all having count(*) = 1)) "
            "from sessions where landing_page = ? and stage = 0",
            [row["landing_page"]],
        ).fetchone()
        assert (row["left_at_once"], row["one_event_only"]) == (left, silent)


def test_what_was_left_out_is_all_that_was_left_out(con):
    bots, rejected = con.execute("select sum(bots), sum(rejected) from loads").fetchone()
    assert sum(row["bots"] for row in records(con, question(6))) == bots
    reasons = records(con, question(6, 1))
    assert sum(row["rejected"] for row in reasons) == rejected == 3
    assert {row["file"] for row in reasons} == {"damaged.csv"}
    assert {row["rows_read"] for row in reasons} == {63}


def test_the_run_keeps_its_promise_overall(con):
    found = records(con, question(7))
    expected, observed = sum(row["expected"] for row in found), sum(row["observed"] for row in found)
    scored = "select session_id from predictions inner join current_run on current_run.run_id = predictions.run_id"
    assert (observed,) == con.execute(f"select count(*) from sessions where is_converted and session_id in ({scored})").fetchone()
    assert expected == pytest.approx(observed, rel=0.2)


def test_purchases_per_session_follow_from_the_totals(con):
    found = records(con, question(8))
    conversions, transactions = con.execute("select conversions, transactions from kpis").fetchone()
    assert sum(row["converting_sessions"] for row in found) == conversions
    assert sum(row["transactions"] for row in found) == transactions
    assert all(row["purchases_per_session"] >= 1 for row in found)


def test_steps_follow_from_each_other(con):
    found = records(con, question(9))
    by_source = {}
    for row in found:
        by_source.setdefault(row["source"], []).append(row)
    assert len(by_source) == 8
    for steps in by_source.values():
        assert [step["entered"] for step in steps[1:]] == [step["passed"] for step in steps[:-1]]
    everyone = con.execute(
        "select sum(sessions) from funnel_by_device(devices := ['mobile'], sources := $sources) where stage = 3",
        {"sources": list(by_source)},
    )
    assert sum(steps[-1]["passed"] for steps in by_source.values()) == everyone.fetchone()[0]


def test_weekdays_add_up_and_widen_with_the_spread(con):
    found = records(con, question(10))
    assert [row["weekday"] for row in found] == ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
    assert sum(row["sessions"] for row in found) == con.execute("select sessions from kpis").fetchone()[0]
    for row in found:
        plain = con.execute("select wilson_high(?, ?)", [row["conversions"], row["sessions"]]).fetchone()[0]
        assert row["ci_high"] >= plain - 1e-12
        assert (row["ci_high"] > plain + 1e-9) is (row["spread"] > 1)


def test_the_notebook_tells_what_the_commands_loaded(tell, con, checkout, tmp_path):
    sentences, figures = tell(shutil.copy(checkout.database, tmp_path / "leaks.duckdb"))
    told = "\n".join(sentences)
    (totals,) = records(con, "from kpis")
    assert f"{totals['conversion_rate']:.2%} of {totals['sessions']:,} sessions converted".replace("%", " %", 1) in told
    (read,) = con.execute("select sum(rows_read) from loads").fetchone()
    assert f"3 rows ({3 / read:.2%}) could not be loaded".replace("%)", " %)") in told
    assert "it ranks a converting session above another with probability 0." in told
    assert [bool(figure["data"]) for figure in figures] == [True] * 8
