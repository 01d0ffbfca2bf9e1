"""Figures as pure functions: plain dicts, harmless labels, honest marks."""

import json
import re
import subprocess
import sys
from datetime import date, timedelta

import plotly.graph_objects as go
import pytest
from hypothesis import HealthCheck, given, settings

from dashapp import figures, theme
from dashapp.figures import labels
from dashapp.figures.rows import rate_of
from dashapp.figures.scales import CLASSES, borders, class_of
from tests.dashapp.sample_rows import HOSTILE, any_rows, hostile, plain, with_rate

NAMES = [name for name in figures.HEIGHTS]
ROWS = plain()
OURS = re.compile(r'<(?:b|/b|br|/span|span style="color:#[0-9A-Fa-f]{6}")>')
CONTROL = re.compile("[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
BUNDLED = {"scatter", "bar", "heatmap", "choropleth"}


def draw(name: str, rows, **options) -> dict:
    return getattr(figures, name)(rows, **options)


def shown_texts(node, key: str = ""):
    """Every text of a figure that Plotly may draw: all but the filter values and the identifiers of places."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name not in ("customdata", "locations"):
                yield from shown_texts(value, name)
    elif isinstance(node, (list, tuple)):
        for value in node:
            yield from shown_texts(value, key)
    elif isinstance(node, str):
        yield node


def hovers(fig: dict) -> list[str]:
    return [text for trace in fig["data"] for text in flat(trace.get("hovertext", []))]


def flat(value) -> list:
    return [x for item in value for x in flat(item)] if isinstance(value, list) else [value]


def assert_harmless(fig: dict) -> None:
    for text in shown_texts(fig):
        assert "<" not in OURS.sub("", text), text
        assert not CONTROL.search(text), text


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("look", theme.THEMES)
def test_plotly_knows_every_property(name, look):
    fig = draw(name, ROWS[name], theme=look)
    assert type(fig) is dict
    assert fig["data"]
    assert {trace["type"] for trace in fig["data"]} <= BUNDLED
    go.Figure(fig)  # raises where Plotly would ignore a property


@pytest.mark.parametrize("name", NAMES)
def test_nothing_moves(name):
    layout = draw(name, ROWS[name])["layout"]
    assert layout["height"] == figures.HEIGHTS[name]
    assert "transition" not in layout
    for key, axis in layout.items():
        if re.fullmatch(r"[xy]axis\d*", key):
            assert axis["fixedrange"] is True
            assert len(axis["range"]) == 2


@pytest.mark.parametrize("name", NAMES)
def test_empty_is_designed(name):
    for rows in ([], None, [{}], [{"sessions": 0}]):
        fig = draw(name, rows)
        assert fig["layout"]["height"] == figures.HEIGHTS[name]
        assert not fig["data"] or all(not trace.get("x") for trace in fig["data"])
        if name != "sparkline":
            assert fig["layout"]["annotations"][-1]["text"].endswith(".")


@pytest.mark.parametrize("name", NAMES)
def test_labels_from_strangers_stay_text(name):
    rows = hostile()[name]
    fig = draw(name, rows)
    json.dumps(fig, allow_nan=False)
    assert_harmless(fig)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=any_rows)
def test_whatever_comes_is_drawn(name, rows):
    for selected in (None, rows[0].get("source") if rows else "x"):
        fig = draw(name, rows, theme="dark", selected=selected)
        json.dumps(fig, allow_nan=False)
        assert_harmless(fig)


def test_filter_values_stay_as_they_are_in_the_data():
    fig = draw("source_device_heatmap", hostile()["source_device_heatmap"])
    values = {tuple(pair) for pair in fig["data"][0]["customdata"]}
    assert {source for source, _ in values} == set(HOSTILE)


def test_cut_labels_stay_two_marks_and_keep_their_whole_text():
    rows = [with_rate({"source": "x" * 100 + end, "device": "desktop", "sessions": 1000, "conversions": 10}) for end in "ab"]
    fig = draw("source_device_heatmap", rows)
    ticks = fig["layout"]["yaxis"]["ticktext"]
    assert ticks[0] == ticks[1]
    assert ticks[0].endswith("…")
    assert fig["layout"]["yaxis"]["tickvals"] == [0, 1]
    assert [("x" * 100 + end in text) for end, text in zip("ab", hovers(fig), strict=True)] == [True, True]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("country_map", "Canada"),
        ("funnel_by_device", "mobile"),
        ("duration_conversion", "5–10m"),
        ("source_device_heatmap", ["google", "mobile"]),
        ("source_probabilities", ["google", "mobile"]),
    ],
)
def test_a_click_finds_its_filter_and_a_selection_stands_out(name, value):
    fig = draw(name, ROWS[name])
    assert any(value in trace["customdata"] for trace in fig["data"])
    selected = tuple(value) if isinstance(value, list) else value
    assert draw(name, ROWS[name], selected=selected) != fig
    assert draw(name, ROWS[name], selected="somewhere else") == fig


def test_selected_device_fades_the_others():
    traces = draw("funnel_by_device", ROWS["funnel_by_device"], selected="mobile")["data"]
    opacity = {trace["customdata"][0]: trace["marker"]["opacity"] for trace in traces}
    assert opacity == {"desktop": theme.FADED, "mobile": 1, "tablet": theme.FADED}


def test_selected_source_keeps_its_row():
    grid = draw("source_device_heatmap", ROWS["source_device_heatmap"], selected=("google", None))["data"][0]
    for (source, _), opacity, outline in zip(grid["customdata"], grid["marker"]["opacity"], grid["marker"]["line"]["width"], strict=True):
        assert (opacity == 1) is (outline > 0) is (source == "google")


def test_rates_of_few_sessions_are_never_coloured():
    fig = draw("source_device_heatmap", ROWS["source_device_heatmap"])
    grid = fig["data"][0]
    hatched = {tuple(pair) for pair, shape in zip(grid["customdata"], grid["marker"]["pattern"]["shape"], strict=True) if shape}
    assert hatched == {("calendar.google.com", "desktop"), ("outlook.live.com", "mobile")}
    for pair, colour, text in zip(grid["customdata"], grid["marker"]["color"], grid["text"], strict=True):
        assert (colour in theme.sequential("light")) is (tuple(pair) not in hatched) is bool(text)
    assert any("too few sessions to tell: 1 of 2" in text for text in grid["hovertext"])
    assert not any("50.0" in text or "25.0" in text for text in shown_texts(fig))


def test_a_colour_asks_for_one_expected_conversion():
    assert rate_of(1, 60).is_thin_for_colour(0.0094)
    assert not rate_of(0, 120).is_thin_for_colour(0.0094)
    assert rate_of(5, 29).is_thin_for_colour(0.5)
    assert not rate_of(5, 30).is_thin_for_colour(0.5)
    assert not rate_of(0, 30).is_thin_for_colour(None)


def test_countries_with_too_few_sessions_are_grey():
    fig = draw("country_map", ROWS["country_map"])
    grey, told = fig["data"]
    assert grey["locations"] == ["ISR"]
    assert {stop[1] for stop in grey["colorscale"]} == {theme.colours("light")["too-few"]}
    assert told["locations"] == ["USA", "IND", "CAN"]
    assert told["z"][0] > told["z"][1]
    assert "95 % interval 1.82–2.72" in told["hovertext"][0].replace("\u00a0", " ")
    assert "92 of 4,136" in told["hovertext"][0]


def test_places_that_are_no_country_codes_are_left_out():
    rows = [with_rate({"country": "A", "iso3": code, "sessions": 900, "conversions": 9}) for code in ("FRA", "fra", "<b>", None, "FRAX")]
    assert draw("country_map", rows)["data"][0]["locations"] == ["FRA"]
    lost = draw("country_map", rows[1:])
    assert lost["data"] == []
    assert "on the<br>map" in lost["layout"]["annotations"][-1]["text"]


@pytest.mark.parametrize("name", ["daily_trend", "duration_conversion", "source_probabilities", "calibration_curve", "lift_by_decile"])
def test_every_rate_has_its_interval(name):
    bars = [trace.get("error_y") or trace.get("error_x") for trace in draw(name, ROWS[name])["data"]]
    found = [bar for bar in bars if bar]
    assert found
    for bar in found:
        assert all(length >= 0 for length in bar["array"] + bar["arrayminus"])
        assert any(length > 0 for length in bar["array"])


def test_a_missing_day_is_a_gap():
    line = next(t for t in draw("daily_trend", ROWS["daily_trend"])["data"] if t["type"] == "scatter")
    assert line["x"][7] is None
    assert line["y"][7] is None
    assert len(line["x"]) == 20


def test_many_days_become_weeks_and_nothing_is_lost():
    rows = [with_rate({"session_date": date(2024, 1, 1) + timedelta(i), "sessions": 100, "conversions": 2}) for i in range(400)]
    bars = next(t for t in draw("daily_trend", rows)["data"] if t["type"] == "bar")
    assert len(bars["x"]) == 58
    assert sum(bars["y"]) == 40_000
    assert all(date.fromisoformat(day).weekday() == 0 for day in bars["x"])


def test_a_day_of_few_sessions_is_not_in_the_line():
    rows = [with_rate({"session_date": date(2026, 1, 1 + i), "sessions": n, "conversions": 1}) for i, n in enumerate((500, 4, 500))]
    bars, line, thin = draw("daily_trend", rows)["data"]
    assert "2026-01-02" not in line["x"]
    assert thin["x"] == ["2026-01-02"]
    assert "too few sessions: 1 of 4" in thin["hovertext"][0]


def test_funnel_bars_are_shares_of_entry_with_what_was_lost():
    desktop = draw("funnel_by_device", ROWS["funnel_by_device"])["data"][0]
    assert desktop["x"] == pytest.approx([1, 1159 / 6111, 473 / 6111, 85 / 6111])
    assert "−4,952" in desktop["text"][1]
    assert "6,026" not in "".join(desktop["text"])
    assert "4,952 went no further" in desktop["hovertext"][0]


def test_the_ceiling_is_never_a_bar():
    unpriced = ROWS["revenue_at_stake"]
    bar = draw("revenue_at_stake", unpriced)["data"][0]
    assert bar["x"] == [8279, 1038]
    priced = [row | {"recoverable_revenue": worth} for row, worth in zip(unpriced, (2200.0, None), strict=True)]
    fig = draw("revenue_at_stake", priced, currency="€")
    assert fig["data"][0]["x"] == [2200.0, 0]
    texts = [note["text"] for note in fig["layout"]["annotations"]]
    assert "<b>€2,200</b>" in texts and any("ceiling €1.2" in text for text in texts)
    bounded = draw("revenue_at_stake", [row | {"recoverable_low": 1149.0, "recoverable_high": 3901.0} for row in priced], currency="€")
    assert any("<b>€2,200</b> (€1,100–€3,900)" in note["text"] for note in bounded["layout"]["annotations"])
    assert any("not estimated" in text for text in texts)


def test_cutoff_is_dashed_and_parts_the_colours():
    fig = draw("probability_histogram", ROWS["probability_histogram"])
    line = fig["layout"]["shapes"][0]
    assert line["line"]["dash"] == "dash"
    assert line["x0"] == pytest.approx(-5.2933, abs=1e-3)
    quiet, accent = theme.colours("light")["neutral"], theme.colours("light")["accent"]
    assert fig["data"][0]["marker"]["color"] == [quiet, quiet, accent]
    assert any("top 10" in note["text"] for note in fig["layout"]["annotations"])


def test_probabilities_of_few_sessions_are_not_drawn():
    fig = draw("source_probabilities", ROWS["source_probabilities"])
    assert not any("60.0" in text for text in shown_texts(fig))
    assert any(note["text"] == "too few sessions" for note in fig["layout"]["annotations"])


def test_classes_have_round_borders_that_hold_every_rate():
    assert borders(0.0222) == pytest.approx([0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05])
    assert borders(1.0)[-1] == 1
    assert borders(0)[-1] < 0.001
    for highest in (0.0, 1e-7, 0.003, 0.05, 0.5, 0.9, 1.0):
        limits = borders(highest)
        assert len(limits) == CLASSES + 1
        assert limits == sorted(limits)
        assert limits[-1] >= highest
        assert 0 <= class_of(highest, limits) < CLASSES
    assert class_of(0, borders(0.02)) == 0


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "(not set)"),
        ("  ", "(not set)"),
        ("a\n b\t\x00c", "a b c"),
        ("\u202eabc\u2066", "abc"),
        ("<b>x</b>", "&lt;b&gt;x&lt;/b&gt;"),
        ("a & b", "a &amp; b"),
        ("&lt;", "&amp;lt;"),
        ("日" * 20, "日" * 13 + "…"),
        (7, "7"),
    ],
)
def test_short_labels(value, text):
    assert labels.short(value) == text


def test_a_cut_never_splits_an_escape():
    assert labels.short("<" * 40) == "&lt;" * 27 + "…"


def test_config_keeps_to_this_server():
    config = figures.config()
    assert config["topojsonURL"] == "/assets/topojson/"
    assert config["showSendToCloud"] is False
    assert config["displaylogo"] is False
    assert config["responsive"] is True


def test_the_map_does_not_follow_the_data():
    geo = draw("country_map", ROWS["country_map"])["layout"]["geo"]
    assert geo["fitbounds"] is False
    assert geo["resolution"] == 50
    assert geo["showland"] is True


def test_empty_shows_a_message_as_text():
    fig = figures.empty("No <b>sessions</b> " + "in this selection " * 5, "dark", name="country_map")
    assert_harmless(fig)
    assert fig["layout"]["height"] == figures.HEIGHTS["country_map"]
    assert "&lt;b&gt;" in fig["layout"]["annotations"][-1]["text"]


def test_figures_need_neither_server_nor_database():
    code = "import sys, dashapp.figures, dashapp.insights; print(sorted({'dash', 'duckdb', 'polars', 'plotly'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def annotations(fig: dict) -> str:
    return " ".join(note["text"] for note in fig["layout"]["annotations"])


def test_nothing_lost_is_not_written_as_minus_nought():
    rows = [
        {"device": "tablet", "stage": i, "stage_name": name, "sessions": n}
        for i, (name, n) in enumerate([("in", 9), ("on", 4), ("out", 4)])
    ]
    texts = draw("funnel_by_device", rows)["data"][0]["text"]
    assert "\u22125" in texts[1]
    assert "\u22120" not in texts[2] and "44.4" in texts[2]


def test_no_leak_found_is_not_a_cost_of_nothing():
    rows = [
        row | {"recoverable_revenue": worth, "recoverable_low": worth / 2, "recoverable_high": worth * 2}
        for row, worth in zip(ROWS["revenue_at_stake"], (2249.0, 0.0), strict=True)
    ]
    fig = draw("revenue_at_stake", rows)
    assert "<b>$2,200</b> ($1,100–$4,500)" in annotations(fig)
    assert "no leak found" in annotations(fig) and "$0" not in annotations(fig)
    assert "$0" not in " ".join(hovers(fig)) and "none was found" in hovers(fig)[1]


def test_a_map_without_any_rate_has_no_scale_of_rates():
    thin = [with_rate({"country": "Israel", "iso3": "ISR", "sessions": 2, "conversions": 0})]
    assert "%" not in annotations(draw("country_map", thin)) and "too few to tell" in annotations(draw("country_map", thin))
    key = annotations(draw("country_map", ROWS["country_map"]))
    assert re.sub(r"<[^>]+>", "", key).replace(theme.NBSP, " ") == "0 ■ 0.1 ■ 0.2 ■ 0.5 ■ 1 ■ 2 ■ 5 %    ■ too few to tell"


@pytest.mark.parametrize("days", [1, 40, 400])
def test_the_bars_of_days_have_a_width_of_their_own(days):
    rows = [with_rate({"session_date": date(2026, 1, 1) + timedelta(i), "sessions": 900, "conversions": 9}) for i in range(days)]
    bars = draw("daily_trend", rows)["data"][0]
    unit = timedelta(days=7 if days > 180 else 1) / timedelta(milliseconds=1)
    assert all(unit / 2 < width < unit for width in bars["width"])


def test_lengths_of_sessions_fit_two_lines():
    rows = [{"bucket": name, "bucket_order": i, "sessions": 500, "conversions": 9} for i, name in enumerate(("<10s", "10s–1m", "10–20m"))]
    assert draw("duration_conversion", rows)["layout"]["xaxis"]["ticktext"] == ["&lt;10<br>s", "10\u00a0s–<br>1\u00a0min", "10–20<br>min"]


def test_names_of_sources_are_short_enough_for_their_margin():
    """Inter sets names like this one at 7.6 px a letter in 13 px; a margin of 150 px cut its first letter off."""
    rows = [with_rate({"source": "shop.googlemerchandisestore.com", "device": "mobile", "sessions": 900, "conversions": 9})]
    fig = draw("source_device_heatmap", rows)
    (label,) = fig["layout"]["yaxis"]["ticktext"]
    assert label.endswith("…") and len(label) * 7.6 < fig["layout"]["margin"]["l"] - 4


@pytest.mark.parametrize("most", [1, 2, 3, 5, 9, 10, 400])
def test_an_axis_of_counts_has_whole_ticks_that_differ(most):
    rows = [{"bin_low": 0.001, "bin_high": 0.01, "sessions": most, "cutoff": None}]
    axis = draw("probability_histogram", rows)["layout"]["yaxis"]
    assert len(set(axis["ticktext"])) == len(axis["ticktext"]) > 1
    assert all(value == int(value) for value in axis["tickvals"]) and axis["range"][1] >= most
