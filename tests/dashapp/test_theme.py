"""Colours that can be told apart and read, and numbers as people write them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashapp import theme

NBSP = theme.NBSP


@pytest.mark.parametrize("name", theme.THEMES)
@pytest.mark.parametrize("text", ["ink", "muted", "accent", "leak"])
@pytest.mark.parametrize("ground", ["surface", "page"])
def test_text_reads_on_its_ground(name, text, ground):
    colours = theme.colours(name)
    assert theme.contrast(colours[text], colours[ground]) >= 4.5


@pytest.mark.parametrize("ground", [*theme.DEVICES.values(), *theme.SEQUENTIAL["light"], *theme.SEQUENTIAL["dark"]])
def test_text_reads_on_marks(ground):
    assert theme.contrast(theme.text_on(ground), ground) >= 4.5


@pytest.mark.parametrize("name", theme.THEMES)
def test_accent_and_too_few_stand_out_from_the_surface(name):
    colours = theme.colours(name)
    assert theme.contrast(colours["accent"], colours["surface"]) >= 3
    assert theme.contrast(colours["too-few"], colours["surface"]) > theme.contrast(colours["land"], colours["surface"])


@pytest.mark.parametrize("name", theme.SEQUENTIAL)
def test_more_is_always_further_from_the_surface(name):
    contrasts = [theme.contrast(step, theme.colours(name)["surface"]) for step in theme.sequential(name)]
    assert contrasts == sorted(contrasts)
    assert len(set(contrasts)) == len(contrasts)


def test_contrast_agrees_with_the_standard():
    assert theme.contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert theme.contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.005)


def test_devices_keep_the_colours_of_okabe_and_ito():
    assert theme.DEVICES == {"desktop": "#0072B2", "mobile": "#E69F00", "tablet": "#009E73", "other": "#999999"}
    assert theme.device_colour("smart tv") == theme.DEVICES["other"]


def test_both_themes_name_the_same_colours():
    assert theme.THEMES["light"].keys() == theme.THEMES["dark"].keys()
    assert "--ink: #1B1D22;" in theme.css_variables("light")
    assert theme.css_variables("light").count(";") == theme.css_variables("dark").count(";")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 %"),
        (0.0183, "1.83 %"),
        (0.107, "10.7 %"),
        (1, "100 %"),
        (0.9999, "99.99 %"),
        (0.99999, "100 %"),
        (0.00034, "0.034 %"),
        (1e-9, "under 0.0001 %"),
        (None, "–"),
        (float("nan"), "–"),
    ],
)
def test_rate(value, text):
    assert theme.rate(value).replace(NBSP, " ") == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(9012, "9,012"), (12_345, "12.3 k"), (999_999, "1.00 M"), (4_560_000, "4.56 M"), (2_000_000_000, "2 bn"), (0, "0"), (None, "–")],
)
def test_count(value, text):
    assert theme.count(value).replace(".00", "") == text.replace(" ", NBSP).replace(".00", "")


@pytest.mark.parametrize(
    ("value", "text"),
    [(8890, "$8,890"), (1_109_386, "$1.11 M"), (133.4, "$133"), (-50.4, "−$50"), (Decimal("8890.00"), "$8,890"), (-0.2, "$0"), (None, "–")],
)
def test_money(value, text):
    assert theme.money(value) == text.replace(" ", NBSP)


def test_money_takes_its_currency():
    assert theme.money(20, "€") == "€20"


@pytest.mark.parametrize(("seconds", "text"), [(45, "45 s"), (1001, "16 min 41 s"), (120, "2 min"), (7500, "2 h 5 min"), (None, "–")])
def test_duration(seconds, text):
    assert theme.duration(seconds).replace(NBSP, " ") == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.1548, "15 %"), (0.082, "8.2 %"), (0.0057, "0.57 %"), (0.00033, "0.03 %"), (0, "0 %"), (1, "100 %")]
)
def test_brief_rate(value, text):
    assert theme.brief_rate(value).replace(NBSP, " ") == text


def test_interval_and_points():
    assert theme.interval(0.0077, 0.0115).replace(NBSP, " ") == "0.77–1.15 %"
    assert theme.interval(-0.01, 0.02).replace(NBSP, " ") == "−1.00 to 2.00 %"
    assert theme.interval(None, 0.1) == "–"
    assert theme.points(-0.012).replace(NBSP, " ") == "1.20 points"


@given(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.decimals(), st.text(), st.lists(st.integers())))
def test_formats_take_whatever_comes(value):
    for write in (theme.rate, theme.count, theme.money, theme.exact, theme.decimal, theme.points, theme.brief_rate, theme.duration):
        text = write(value)
        assert text
        assert "nan" not in text
        assert "inf" not in text
        assert "e+" not in text


@given(st.floats(0, 1))
def test_rate_says_what_it_stands_for(value):
    written = theme.rate(value).removesuffix(f"{NBSP}%")
    if written.startswith("under"):
        assert 0 < value < 1e-6
    else:
        assert float(written) / 100 == pytest.approx(value, rel=0.06, abs=6e-7)


@given(st.integers(0, 10**12))
def test_count_says_what_it_stands_for(value):
    text = theme.count(value).replace(",", "")
    units = {"k": 1e3, "M": 1e6, "bn": 1e9}
    amount, _, unit = text.partition(NBSP)
    assert float(amount) * units.get(unit, 1) == pytest.approx(value, rel=0.006)


@pytest.mark.parametrize(
    ("n", "nouns", "said"),
    [(1, ("session",), "1 session"), (0, ("session",), "0 sessions"), (12_345, ("country", "countries"), "12,345 countries")],
)
def test_counts_with_their_noun(n, nouns, said):
    assert theme.counted(n, *nouns) == said


@pytest.mark.parametrize(
    ("name", "written"),
    [("<10s", "<10 s"), ("10s–1m", "10 s–1 min"), ("10–20m", "10–20 min"), (">30m", ">30 min"), ("3rd mile", "3rd mile")],
)
def test_buckets_of_durations(name, written):
    assert theme.bucket(name).replace(NBSP, " ") == written
