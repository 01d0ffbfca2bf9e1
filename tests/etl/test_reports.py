"""Reports and API answers: all tables, dates and totals are read, what carries rates is stored, the rest refused with advice."""

import json
from datetime import date
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl.errors import InputError
from etl.load import load
from etl.recognise import recognise
from etl.reports import aggregates
from etl.reports import recognise as reports
from etl.reports.terms import term
from tests.conftest import records
from tests.etl.answers import answer, older_answer

PREAMBLE = """\
# ----------------------------------------
# Free form 1
# 20240101-20240131
# ----------------------------------------

"""
EXPLORATION = (
    PREAMBLE
    + """\
Session source,Device category,Country,Sessions,Session key event rate,Total revenue
,,,1010,0.0208,5000.5,Grand total
google,desktop,France,600,0.03,4000
(other),mobile,Germany,400,0.0075,1000.5
"""
)
UNIVERSAL = """\
# ----------------------------------------
# All Web Site Data
# Kanalen
# 20180101-20180103
# ----------------------------------------

Bron/medium,Gebruikers,Sessies,Bouncepercentage,Transacties,Opbrengst
google / organic,"1.000",2.546,"99,88%",14,"US$ 1.234,50"
(direct) / (none),10,449,"73,05%",0,"US$ 0,00"
,1.010,2.995,"95,00%",14,"US$ 1.234,50"

Dagindex,Gebruikers
1-1-18,4
2-1-18,1.000
3-1-18,6
,"1.010"
"""


@pytest.fixture(autouse=True)
def salt(monkeypatch):
    monkeypatch.setenv("LEAKS_SALT", "a salt for tests only")


@pytest.fixture
def db(tmp_path) -> Path:
    return tmp_path / "db" / "leaks.duckdb"


def written(tmp_path, text, name="report.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def read(tmp_path, text, name="report.csv"):
    return reports.read(written(tmp_path, text, name))


def query(db, text):
    with duckdb.connect(str(db), read_only=True) as con:
        return records(con, text)


def refusal(tmp_path, text, name="report.csv") -> str:
    with pytest.raises(InputError) as refused:
        recognise(written(tmp_path, text, name))
    line = str(refused.value)
    assert line.startswith(f"{name}: ") and "\n" not in line and len(line) < 500
    return line


# Headers


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("Session source / medium", "source_medium"),
        ("Sitzung – Quelle/Medium", "source_medium"),
        ("Source/Support de la session", "source_medium"),
        ("Fuente/medio de la sesión", "source_medium"),
        ("Sorgente/mezzo della sessione", "source_medium"),
        ("Origem / mídia da sessão", "source_medium"),
        ("Session primary channel group (Default Channel Group)", "channel"),
        ("Sessions", "sessions"),
        ("Sitzungen", "sessions"),
        ("Sesiones", "sessions"),
        ("セッション", "sessions"),
        ("Gerätekategorie", "device"),
        ("Catégorie d'appareil", "device"),
        ("Categoría de dispositivo", "device"),
        ("Pays", "country"),
        ("Session key event rate", "session_key_event_rate"),
        ("Session conversion rate", "session_key_event_rate"),
        ("Schlüsselereignisse", "key_events"),
        ("Événements clés", "key_events"),
        ("Eventos clave", "key_events"),
        ("keyEvents:purchase", "key_events"),
        ("sessionKeyEventRate:generate_lead", "session_key_event_rate"),
        ("Ecommerce purchases", "transactions"),
        ("Engaged sessions", ""),
        ("Engaged sessions per user", ""),
        ("First user source / medium", ""),
        ("User key event rate", ""),
        ("Average session duration", ""),
        ("Sessions per user", ""),
        ("New sessions", ""),
        ("City", ""),
        ("Landing page", ""),
        ("", ""),
    ],
)
def test_headers(header, field):
    assert term(header).field == field


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("ga:source", "source"),
        ("ga:sourceMedium", "source_medium"),
        ("Source / Medium", "source_medium"),
        ("ga:goal1Completions", "converting_sessions"),
        ("Purchase done (Goal 1 Completions)", "converting_sessions"),
        ("Goal Completions", "key_events"),
        ("ga:goalCompletionsAll", "key_events"),
        ("Ecommerce Conversion Rate", ""),
        ("Goal Conversion Rate", ""),
        ("% New Sessions", ""),
    ],
)
def test_headers_of_universal_analytics(header, field):
    assert term(header, is_universal=True).field == field


def test_plain_source_is_no_session_source_in_ga4():
    """There it belongs to a key event; in Universal Analytics it is the session's."""
    assert term("source").field == "plain_source"
    assert term("source", is_universal=True).field == "source"


# Tables


def test_snapshot_of_the_interface(real_data):
    report = reports.read(real_data / "ga4_ui_reports_snapshot.csv")
    assert (report.format, len(report.tables), report.rows) == ("ga4-report-csv", 8, 386)
    assert {(table.since, table.until) for table in report.tables} == {(date(2025, 12, 3), date(2026, 3, 2))}
    sources = next(table for table in report.tables if "sessions" in table.fields)
    assert sum(sources.values("sessions")) == 1_301 and len(sources.rows) == 38
    days = next(table for table in report.tables if table.dimension("date") is not None)
    assert (days.rows[0].labels, days.rows[-1].labels) == (("20251203",), ("20260302",))
    assert [len(table.rows) for table in report.tables] == [1, 92, 37, 38, 90, 0, 127, 1]


def test_answer_with_two_date_ranges(real_data):
    report = reports.read(real_data / "ga4_run_report.json")
    assert (report.format, report.currency, report.time_zone) == ("ga4-data-api", "USD", "Etc/UTC")
    first, second = report.tables
    assert (len(first.rows), len(second.rows)) == (37, 37)
    assert (first.total("sessions"), sum(first.values("sessions"))) == (31, 31)
    assert (second.total("sessions"), sum(second.values("sessions"))) == (22, 22)
    assert first.since > second.until


def test_exploration_with_its_totals_row(tmp_path):
    report = read(tmp_path, EXPLORATION)
    (table,) = report.tables
    assert [row.labels for row in table.rows] == [("google", "desktop", "France"), ("(other)", "mobile", "Germany")]
    assert (table.total("sessions"), len(table.totals), table.rejects) == (1010, 1, [])
    assert (table.since, table.until) == (date(2024, 1, 1), date(2024, 1, 31))


@pytest.mark.parametrize(
    "text",
    [
        "Device category,,desktop,,mobile,,Totals,\nCountry,,Sessions,Key events,Sessions,Key events,Sessions,Key events\n"
        ",,60,3,40,1,100,4,Grand total\nFrance,,40,3,30,1,70,4\nSpain,,20,0,10,0,30,0\n",
        "Device category,desktop,desktop,mobile,mobile\nCountry,Sessions,Key events,Sessions,Key events\nFrance,40,3,30,1\nSpain,20,0,10,0\n",
    ],
    ids=["with totals", "repeated labels"],
)
def test_pivots_are_unfolded(tmp_path, text):
    (table,) = read(tmp_path, PREAMBLE + text).tables
    assert [item.field for item in table.dimensions] == ["country", "device"]
    found = {row.labels: row.values for row in table.rows}
    assert found == {
        ("France", "desktop"): (40, 3),
        ("France", "mobile"): (30, 1),
        ("Spain", "desktop"): (20, 0),
        ("Spain", "mobile"): (10, 0),
    }
    assert table.total("sessions") in (100, None)


def test_universal_analytics_in_dutch(tmp_path):
    report = read(tmp_path, UNIVERSAL)
    assert report.format == "ua-report-csv"
    table, days = report.tables
    assert [row.values for row in table.rows] == [(None, 2546, None, 14, 1234.5), (None, 449, None, 0, 0)]
    assert table.total("sessions") == 2995
    assert [row.labels for row in days.rows] == [("20180101",), ("20180102",), ("20180103",)]
    assert (days.since, days.until, len(days.totals)) == (date(2018, 1, 1), date(2018, 1, 3), 1)


def test_universal_analytics_counts_goals_with_thousands(tmp_path):
    text = UNIVERSAL.replace("Transacties", "Behaalde doelen").replace(",14,", ",1.234,")
    (row, *_) = read(tmp_path, text.replace("Behaalde doelen", "Conversies")).tables[0].rows
    assert row.values[3] == 1_234


def test_ga4_is_told_from_universal_analytics(tmp_path):
    """Three decimals are no thousands, and a percent sign in a label is no number."""
    text = PREAMBLE + "Country,Sessions,Key events,Engagement rate\nFrance,8,1,0.125\nsale 20%,8,1,1.125\n"
    report = read(tmp_path, text)
    assert report.format == "ga4-report-csv"
    assert read(tmp_path, text.replace("1.125", "52.10%")).format == "ua-report-csv"


def test_tab_separated_utf_16(tmp_path):
    text = EXPLORATION.replace(",", "\t").encode("utf-16")
    (table,) = read(tmp_path, text).tables
    assert table.total("sessions") == 1010


def test_several_tables_keep_their_own_dates(tmp_path):
    text = (
        "# ----\n# Reports snapshot\n# ----\n#  \n# Start date: 20240101\n# End date: 20240131\nCountry,Sessions\nFrance,4\n\n"
        "#  \n# Start date: 20240201\n# End date: 20240229\nCountry,Sessions\nFrance,5\n"
    )
    first, second = read(tmp_path, text).tables
    assert (first.until, second.since, second.until) == (date(2024, 1, 31), date(2024, 2, 1), date(2024, 2, 29))


def test_a_label_that_starts_like_a_comment_is_a_row(tmp_path):
    (table,) = read(tmp_path, PREAMBLE + "Session source,Sessions,Key events\n#hashtag,4,1\ngoogle,5,1\n").tables
    assert [row.labels for row in table.rows] == [("#hashtag",), ("google",)]


def test_batches_and_pivots_of_the_api(tmp_path):
    one = answer(["country"], ["sessions", "keyEvents"], [("France", 5, 1)])
    pivot = one | {
        "pivotHeaders": [],
        "aggregates": [{"dimensionValues": [{"value": "RESERVED_TOTAL"}], "metricValues": [{"value": "5"}, {"value": "1"}]}],
    }
    batch = read(tmp_path, json.dumps({"reports": [one, one], "kind": "analyticsData#batchRunReports"}), "batch.json")
    assert [len(table.rows) for table in batch.tables] == [1, 1]
    (table,) = read(tmp_path, json.dumps(pivot), "pivot.json").tables
    assert (len(table.rows), table.total("sessions")) == (1, 5)


def test_what_an_answer_says_about_itself(tmp_path):
    metadata = {
        "subjectToThresholding": True,
        "dataLossFromOtherRow": True,
        "samplingMetadatas": [{"samplesReadCount": "10", "samplingSpaceSize": "40"}],
    }
    text = json.dumps(answer(["country"], ["sessions", "keyEvents"], [("France", 5, 1)], rowCount=90, metadata=metadata))
    report = read(tmp_path, text, "answer.json")
    assert (report.is_thresholded, report.has_other_row, report.sampled_share) == (True, True, 0.25)
    notes = aggregates.convert(report).notes
    for part in ("1 of 90 rows", "10 of 40", "withheld", "(other)"):
        assert any(part in note for note in notes), part


def test_answers_of_universal_analytics(tmp_path):
    report = read(tmp_path, json.dumps(older_answer()), "v3.json")
    (table,) = report.tables
    assert (report.format, table.since, table.total("sessions")) == ("ua-report-api", date(2018, 1, 1), 150)
    assert aggregates.numerator_of(table) == "converting_sessions"
    version_4 = {
        "reports": [
            {
                "columnHeader": {
                    "dimensions": ["ga:source", "ga:date"],
                    "metricHeader": {"metricHeaderEntries": [{"name": "ga:sessions"}, {"name": "ga:transactions"}]},
                },
                "data": {
                    "rows": [{"dimensions": ["google", "20180102"], "metrics": [{"values": ["9", "1"]}, {"values": ["7", "2"]}]}],
                    "totals": [{"values": ["9", "1"]}, {"values": ["7", "2"]}],
                    "rowCount": 1,
                },
            }
        ]
    }
    first, second = read(tmp_path, json.dumps(version_4), "v4.json").tables
    assert (first.total("sessions"), second.total("sessions"), second.range_number) == (9, 7, 1)
    assert [item.field for item in first.dimensions] == ["source", "date"]


# Loading


def test_converting_sessions_have_an_interval(tmp_path, db):
    (loaded,) = load([written(tmp_path, EXPLORATION)], db)["files"]
    assert {name: loaded[name] for name in ("rows_read", "aggregated", "set_aside", "rejected", "sessions_new")} == {
        "rows_read": 3, "aggregated": 2, "set_aside": 1, "rejected": 0, "sessions_new": 0,
    }  # fmt: skip
    rates = {row["value"]: row for row in query(db, "from aggregate_rates where dimension = 'country'")}
    assert (rates["France"]["conversions"], rates["France"]["sessions"], rates["France"]["iso3"]) == (18, 600, "FRA")
    assert rates["France"]["ci_low"] < 0.03 < rates["France"]["ci_high"]
    assert [row["value"] for row in query(db, "from aggregate_rates where dimension = 'source'")] == ["google", "(other)"]
    assert query(db, "select sessions from kpis") == [{"sessions": 0}]
    assert query(db, "select count(*) as n from events") == query(db, "select count(*) as n from bots") == [{"n": 0}]
    assert any("1,000 of 1,010 sessions" in note for note in loaded["notes"])
    assert any("400 sessions" in note and "(other)" in note for note in loaded["notes"])


@pytest.mark.parametrize(("header", "counts"), [("Key events", "key events"), ("Ecommerce purchases", "transactions")])
def test_other_counts_have_no_interval(tmp_path, db, header, counts):
    """Five key events in four sessions are no share of sessions."""
    load([written(tmp_path, PREAMBLE + f"Country,Sessions,{header}\nFrance,4,5\n")], db)
    (row,) = query(db, "from aggregate_rates")
    assert (row["counts"], row["counts_sessions"], row["conversions"], row["conversion_rate"]) == (counts, False, 5, 1.25)
    assert row["ci_low"] is None and row["ci_high"] is None


def test_two_reports_of_the_same_days_never_double(tmp_path, db):
    first = written(tmp_path, EXPLORATION, "first.csv")
    later = written(tmp_path, EXPLORATION.replace("600,0.03", "620,0.05"), "later.csv")
    february = written(tmp_path, EXPLORATION.replace("20240101-20240131", "20240201-20240229"), "february.csv")
    load([first], db)
    load([later], db)
    assert query(db, "select sum(sessions)::int as n from aggregate_rates where dimension = 'device'") == [{"n": 1_020}]
    load([february], db)
    assert query(db, "select sum(sessions)::int as n from aggregate_rates where dimension = 'device'") == [{"n": 2_020}]
    states = {row["file"]: row["state"] for row in query(db, "from aggregate_reports")}
    assert states == {"first.csv": "replaced by a newer report", "later.csv": "shown", "february.csv": "shown"}
    # Key events and converting sessions are not added up either.
    counted = EXPLORATION.replace("20240101-20240131", "20240301-20240331").replace("Session key event rate", "Key events")
    load([written(tmp_path, counted.replace("0.0208", "9").replace("0.0075", "3").replace("0.03", "6"), "march.csv")], db)
    assert query(db, "select distinct counts from aggregate_rates") == [{"counts": "key events"}]


def test_a_comparison_in_one_file_counts_once(tmp_path, db):
    """Of two tables of one grain and the same days, as for two segments, the first counts."""
    table = "#  \n# Start date: 20240101\n# End date: 20240131\nCountry,Sessions,Key events\nFrance,{},1\n\n"
    load([written(tmp_path, "# ----\n# Countries\n" + table.format(50) + table.format(20))], db)
    assert query(db, "select sessions from aggregate_rates") == [{"sessions": 50}]


def test_sessions_loaded_for_the_days_hide_the_report(tmp_path, db):
    from tests.etl.exports import visits, write_flat

    load([written(tmp_path, EXPLORATION.replace("20240101-20240131", "20170704-20170704"))], db)
    assert query(db, "select count(*) as n from aggregate_rates") != [{"n": 0}]
    load([write_flat(tmp_path / "sessions.csv", visits(5))], db)
    assert query(db, "select count(*) as n from aggregate_rates") == [{"n": 0}]
    assert query(db, "select state from aggregate_reports") == [{"state": "sessions of these days are loaded"}]
    assert query(db, "select sessions from kpis") == [{"sessions": 5}]


def test_reports_and_sessions_load_together(tmp_path, db):
    from tests.etl.exports import visits, write_flat

    result = load([write_flat(tmp_path / "sessions.csv", visits(5)), written(tmp_path, EXPLORATION)], db)
    assert [(file["sessions_new"], file["aggregated"]) for file in result["files"]] == [(5, 0), (0, 2)]
    assert load([written(tmp_path, EXPLORATION)], db)["files"] == []
    assert not any("stages" in row["topic"] and "others" in row["message"] for row in query(db, "from data_warnings"))


def test_a_coarser_and_a_finer_report_are_not_added(tmp_path, db):
    coarse = PREAMBLE + "Country,Sessions,Session key event rate\nFrance,700,0.03\nGermany,410,0.01\n"
    load([written(tmp_path, coarse, "coarse.csv"), written(tmp_path, EXPLORATION, "fine.csv")], db)
    assert query(db, "select value, sessions from aggregate_rates where dimension = 'country'") == [
        {"value": "France", "sessions": 700},
        {"value": "Germany", "sessions": 410},
    ]


def test_days_of_a_report_add_up(tmp_path, db):
    text = PREAMBLE + "Date,Device category,Sessions,Session key event rate\n20240101,desktop,10,0.1\n20240102,desktop,20,0.1\n"
    load([written(tmp_path, text)], db)
    assert query(db, "select value, sessions, conversions from aggregate_rates") == [{"value": "desktop", "sessions": 30, "conversions": 3}]


def test_labels_are_cleaned_as_those_of_sessions(tmp_path, db):
    text = PREAMBLE + (
        "Session source / medium,Country,Sessions,Key events\n"
        '"Google / organic",(not set),4,1\n"direct / (none)",united states,3,0\n"jo@example.com / email",Atlantis,2,0\n'
    )
    load([written(tmp_path, text)], db)
    rows = query(db, "select source, medium, country, iso3 from aggregates order by row_number")
    assert [tuple(row.values()) for row in rows] == [
        ("google", "organic", "(unknown)", None),
        ("(direct)", "(none)", "United States", "USA"),
        ("(e-mail)", "email", "Atlantis", None),
    ]


def test_loads_of_reports(tmp_path, db):
    load([written(tmp_path, EXPLORATION)], db)
    load([written(tmp_path, UNIVERSAL, "old.csv")], db)
    loads = query(db, "select format, stage_basis, last_date from loads order by load_id")
    assert [row["format"] for row in loads] == ["ga4-report-csv", "ua-report-csv"]
    assert {row["stage_basis"] for row in loads} == {"none"} and loads[1]["last_date"] == date(2018, 1, 3)


def test_a_report_takes_the_place_of_the_demo(tmp_path, db):
    from etl.demo.writing import write_demo

    write_demo(tmp_path / "demo", format="flat", sessions=300, days=3)
    load([tmp_path / "demo"], db)
    assert query(db, "select count(*) > 0 as some from sessions") == [{"some": True}]
    result = load([written(tmp_path, EXPLORATION)], db)
    assert result["warnings"] == ["The generated demo data were removed: the database now holds what you loaded."]
    assert query(db, "select sessions from kpis") == [{"sessions": 0}]
    load([written(tmp_path, EXPLORATION.replace("600", "601"), "again.csv")], db)


# What goes wrong


def test_the_snapshot_is_refused_with_the_export_to_make(real_data):
    with pytest.raises(InputError, match=r"sessions but no key events.*Session source, Device category and Country.*events_YYYYMMDD"):
        recognise(real_data / "ga4_ui_reports_snapshot.csv")
    with pytest.raises(InputError, match=r"\(ga4-data-api\).*sessionSource, deviceCategory, country.*sessionKeyEventRate"):
        recognise(real_data / "ga4_run_report.json")


REFUSED = {
    "headers alone": (PREAMBLE + "Country,Sessions,Key events\n", "without any row below its headers"),
    "two header rows and no data": (PREAMBLE + "Device category,desktop,mobile\nCountry,Sessions,Sessions\n", "without any row"),
    "a preamble alone": (PREAMBLE, "holds no table of one"),
    "a text with a heading": ("# Notes\nSome text, of mine\n", "holds no table of one"),
    "unknown language": (PREAMBLE + "Krajina,Návštevy,Udalosti\nFrancúzsko,5,1\n", "set the language of Analytics to English"),
    "users alone": (PREAMBLE + "Country,Active users\nFrance,5\n", "without a column of sessions"),
    "sessions alone": (PREAMBLE + "Country,Sessions\nFrance,5\n", "with sessions but no key events"),
    "by city": (PREAMBLE + "City,Sessions,Key events\nParis,5,1\n", "not by country, device, source or channel"),
    "first user source": (PREAMBLE + "First user source,Sessions,Key events\ngoogle,5,1\n", "not by country, device, source"),
    "by day alone": (PREAMBLE + "Date,Sessions,Key events\n20240101,5,1\n", "not by country"),
    "half a row": (PREAMBLE + "Country,Sessions,Key events\nFrance,5\nSpain\n", "none of its 2 rows can be read (row 1: it has 2 fields"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_refused_in_one_line(tmp_path, kind):
    text, expected = REFUSED[kind]
    assert expected in refusal(tmp_path, text)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"metricHeaders": [{"name": "sessions"}, {"name": "keyEvents"}], "rows": []}, "without any row"),
        ({"dimensionHeaders": [{"name": "country"}], "rows": []}, "lacks metricHeaders"),
        ({"dimensionHeaders": [{}], "metricHeaders": [{"name": "sessions"}], "rows": []}, "lacks name"),
        ({"dimensionHeaders": 5, "metricHeaders": [{"name": "sessions"}], "rows": []}, "is not built as one"),
        ({"metricHeaders": [{"name": "sessions"}], "rows": [5]}, "is not built as one"),
        ({"rows": [{"dimensionValues": [], "metricValues": []}]}, "lacks metricHeaders"),
        ({"columnHeaders": [{"columnType": "METRIC"}], "profileInfo": {}}, "lacks name"),
    ],
)
def test_answers_with_missing_keys_are_refused_in_one_line(tmp_path, value, expected):
    assert expected in refusal(tmp_path, json.dumps(value), "answer.json")


def test_an_answer_cut_off(tmp_path):
    text = json.dumps(answer(["country"], ["sessions", "keyEvents"], [("France", 5, 1)]))
    assert "not valid JSON" in refusal(tmp_path, text[:-20], "answer.json")


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ("-5,1", "sessions are no count"),
        ("5.5,1", "sessions are no count"),
        ("nan,1", "Sessions is no number"),
        ("inf,1", "Sessions is no number"),
        ("1e300,1", "Sessions is no number"),
        ("99999999999999999999,1", "Sessions is no number"),
        ("five,1", "Sessions is no number"),
        (",1", "no number of sessions"),
        ("5,-1", "key events are negative"),
        ("5,1,7,8", "fields where the header has 3"),
        ("5", "fields where the header has 3"),
    ],
)
def test_absurd_rows_are_rejected_with_their_reason(tmp_path, db, cells, reason):
    good = "".join(f"{name},5,1\n" for name in ("Spain", "Italy", "Japan"))
    (loaded,) = load([written(tmp_path, PREAMBLE + f"Country,Sessions,Key events\n{good}France,{cells}\n")], db)["files"]
    assert (loaded["aggregated"], loaded["rejected"], loaded["rows_read"]) == (3, 1, 4)
    (row,) = query(db, "from rejects")
    assert reason in row["reason"] and row["row_number"] == 4


@pytest.mark.parametrize("rate", ["1.01", "-0.1"])
def test_rates_beyond_one_are_rejected(tmp_path, db, rate):
    text = PREAMBLE + f"Country,Sessions,Session key event rate\nSpain,5,0.2\nItaly,5,0.2\nFrance,5,{rate}\n"
    (loaded,) = load([written(tmp_path, text)], db)["files"]
    assert (loaded["aggregated"], loaded["rejected"]) == (2, 1)


def test_giant_cells_take_no_time_of_their_square(tmp_path, db):
    """Scrubbing a text takes the square of its length: what is stored of a row that is not loaded is cut before."""
    load([written(tmp_path, f"{EXPLORATION}{'x' * 120_000},desktop,France,many,0.03,4000\n{'y' * 3_000_000}\n")], db)
    stored = query(db, "select reason, raw from rejects order by row_number")
    assert [len(row["raw"]) for row in stored] == [500, 0]
    many = [("x" * 2_000_000, "many"), *[("France", 5)] * 3]
    load([written(tmp_path, json.dumps(answer(["country"], ["sessions", "keyEvents"], [(*row, 1) for row in many])), "answer.json")], db)
    assert [len(row["raw"]) for row in query(db, "select raw from rejects where load_id = 2")] == [500]


def test_halves_of_characters_in_answers_are_stored_as_question_marks(tmp_path, db):
    rows = [("Fr\ud800nce", 5, 1), ("Peru", 5, 1), ("\udfff", "many", 1)]
    load([written(tmp_path, json.dumps(answer(["country"], ["sessions", "keyEvents"], rows)))], db)
    assert {row["country"] for row in query(db, "select country from aggregates")} == {"Fr?nce", "Peru"}
    assert query(db, "select raw from rejects") == [{"raw": "?, many, 1"}]


def test_reasons_hold_no_ids(tmp_path, db):
    header = PREAMBLE + "Country,Sessions,Key events,Key events:712300000.1499200000\n"
    load([written(tmp_path, header + "France,5,1,1\nPeru,6,1,1\nChile,7,1,many\n")], db)
    assert [row["reason"] for row in query(db, "select reason from rejects")] == ["its Key events:(id) is no number"]


def test_mostly_unreadable_reports_change_nothing(tmp_path, db):
    text = PREAMBLE + "Country,Sessions,Key events\nSpain,5,1\nFrance,-5,1\nItaly,-5,1\n"
    with pytest.raises(InputError, match=r"^report\.csv: 2 of 3 rows cannot be loaded \(row 2: its sessions are no count\)"):
        load([written(tmp_path, text)], db)
    assert not db.exists()


def test_reports_cut_by_the_interface(tmp_path):
    rows = "".join(f"c{n},5,1\n" for n in range(100_000))
    (table,) = read(tmp_path, PREAMBLE + "Country,Sessions,Key events\n" + rows).tables
    assert any("exactly 100,000 rows" in note for note in table.notes)
    with pytest.raises(InputError, match=r"has a table of 100,\d+ rows.*at most 100,000"):
        read(tmp_path, PREAMBLE + "Country,Sessions,Key events\n" + rows + rows[:200])


def test_files_larger_than_any_report_are_refused_before_they_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr(reports, "LARGEST", 1_000)
    with pytest.raises(InputError, match="larger than 64 MB"):
        read(tmp_path, PREAMBLE + "Country,Sessions\n" + "France,5\n" * 500)


def test_more_lines_or_parts_than_any_report_are_refused(tmp_path):
    with pytest.raises(InputError, match="more than 400,000 lines"):
        read(tmp_path, "# x\n" + ",\n" * 400_001)
    with pytest.raises(InputError, match="more parts than an answer"):
        read(tmp_path, '{"metricHeaders": [' + "[]," * 2_500_001 + "[]]}", "answer.json")


PIECES = st.sampled_from(
    ['"', ",", "\n", "\n\n", "#", "# 20249999", "Grand total", "\0", "é", "1e999", "-", "%", "Sessions", ",,,,", "{", "[", ";"]
)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from([EXPLORATION, UNIVERSAL]),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 30), PIECES | st.text(max_size=4)), min_size=1, max_size=5),
)
def test_mutated_downloads_are_read_or_refused(tmp_path, text, mutations):
    for place, cut, piece in mutations:
        text = text[:place] + piece + text[place + cut :]
    text = text.encode("utf-8", "replace").decode()
    try:
        report = read(tmp_path, "# x\n" + text)
        aggregates.check(report, "report.csv")
    except InputError as refused:
        assert str(refused).startswith("report.csv: ") and "\n" not in str(refused)
        return
    found = aggregates.convert(report)
    assert report.rows == len(found.rows) + len(found.rejects) + found.set_aside
    for row in found.rows:
        assert row.sessions >= 0 and (row.converting_sessions is None or row.converting_sessions <= row.sessions)


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=6)
    | st.sampled_from(["RESERVED_TOTAL", "date_range_1", "sessions", "1e999"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["value", "name", "rows", "metrics", "values"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(
        ["rows", "dimensionHeaders", "metricHeaders", "metadata", "rowCount", "totals", "columnHeaders", "columnHeader", "reports"]
    ),
    values,
    st.booleans(),
)
def test_mutated_answers_are_read_or_refused(tmp_path, key, value, is_inside):
    whole = answer(["country", "dateRange"], ["sessions", "keyEvents"], [("France", "date_range_0", 5, 1)], totals=[], rowCount=1)
    if is_inside and key in ("rows", "dimensionHeaders", "metricHeaders"):
        whole[key].append(value)
    else:
        whole[key] = value
    try:
        report = read(tmp_path, json.dumps(whole), "answer.json")
        aggregates.check(report, "answer.json")
    except InputError as refused:
        assert str(refused).startswith("answer.json: ") and "\n" not in str(refused)
        return
    found = aggregates.convert(report)
    assert report.rows == len(found.rows) + len(found.rejects) + found.set_aside
