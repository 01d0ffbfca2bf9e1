import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.designs import RETROSPECTIVE
from models.features import RARE_BELOW, Encoder, Sessions
from tests.models.worlds import examples, replaced, world

FEATURES, LABELS, NUMBERS = RETROSPECTIVE.features, RETROSPECTIVE.labels, RETROSPECTIVE.numbers
LABEL_VALUES = st.none() | st.sampled_from(["desktop", "mobile", "google", "Canada"]) | st.text(max_size=12)
NUMBER_VALUES = st.none() | st.floats(width=32) | st.integers(0, 5000).map(float)


def sessions(*rows: dict) -> Sessions:
    plain = dict.fromkeys(NUMBERS, 1.0) | dict.fromkeys(LABELS, "x")
    filled = [plain | row for row in rows]
    return Sessions.from_arrow(
        pa.table(
            {name: pa.array([row[name] for row in filled], pa.float32()) for name in NUMBERS}
            | {name: pa.array([row[name] for row in filled], pa.string()) for name in LABELS}
        )
    )


def column(matrix: np.ndarray, name: str) -> np.ndarray:
    return matrix[:, FEATURES.index(name)]


def test_measures():
    found = sessions(*({"pageviews": 6.0, "duration_seconds": seconds} for seconds in (None, 0.0, 9.0, 10.0, 120.0, 1800.0))).measures()
    np.testing.assert_array_equal(found["pageviews_per_minute"], np.float32([np.nan, np.nan, 40, 36, 3, 0.2]))
    np.testing.assert_array_equal(found["is_under_10_seconds"], [np.nan, 1, 1, 0, 0, 0])
    np.testing.assert_array_equal(found["duration_bucket"], [np.nan, 0, 0, 1, 2, 6])


@pytest.mark.parametrize("poison", [-1.0, float("inf"), float("-inf"), float("nan"), None])
def test_impossible_numbers_are_unknown(poison):
    found = sessions({name: poison for name in NUMBERS}).measures()
    assert all(np.isnan(values).all() for values in found.values())


@given(st.fixed_dictionaries({name: NUMBER_VALUES for name in NUMBERS} | {name: LABEL_VALUES for name in LABELS}))
def test_any_session_is_encoded_as_in_a_batch(row):
    data = examples(world(500)[0])
    encoder = Encoder.fit(data.sessions, data.converted)
    alone = encoder.transform(sessions(row))
    np.testing.assert_array_equal(alone[0], encoder.transform(sessions({}, row, row))[2])
    assert alone.dtype == np.float32
    assert not np.isinf(alone).any()


def test_rare_and_unknown_levels_share_a_code():
    rows = [{"country": "Canada"}] * 50 + [{"country": "Chad"}] * (RARE_BELOW - 1) + [{"country": None}] * 30
    encoder = Encoder.fit(sessions(*rows), np.zeros(len(rows), dtype=bool))
    assert encoder.levels["country"] == ["Canada", None]
    codes = column(encoder.transform(sessions(*({"country": name} for name in ("Canada", None, "Chad", "Atlantis")))), "country")
    assert codes.tolist() == [0, 1, 2, 2]


def test_devices_are_crossed_with_sources():
    rows = [{"device": device, "source": source} for device in "ab" for source in "xy" for _ in range(RARE_BELOW)]
    matrix = Encoder.fit(sessions(*rows), np.zeros(len(rows), dtype=bool)).transform(sessions(*rows))
    assert sorted(set(column(matrix, "device_source").tolist())) == [0, 1, 2, 3]


def test_order_of_rows_does_not_show_in_encodings():
    data = examples(world(3000)[0])
    shuffled = np.random.default_rng(1).permutation(3000)
    assert Encoder.fit(data.sessions, data.converted) == Encoder.fit(data.sessions.take(shuffled), data.converted[shuffled])


def test_high_value_regions_convert_better_beyond_chance():
    rows = [{"country": "A"}] * 2000 + [{"country": "B"}] * 2000 + [{"country": "C"}] * 4
    converted = np.zeros(4004, dtype=bool)
    converted[:60] = converted[2000:2010] = converted[4000:] = True
    encoder = Encoder.fit(sessions(*rows), converted)
    assert encoder.regions == ["A"], "C has four conversions of four sessions, which is too few to learn from"
    flags = column(encoder.transform(sessions(*({"country": name} for name in "ABCD"))), "is_high_value_region")
    assert flags.tolist() == [1, 0, 0, 0]


def test_own_outcome_does_not_show_in_own_region():
    """The region of a training session is the same whatever came of the sessions of its fold."""
    table, _ = world(4000)
    draw = np.random.default_rng(0)
    table = replaced(table, country=[f"country {number}" for number in draw.integers(0, 40, 4000)])
    data, folds = examples(table), draw.integers(0, 5, 4000)
    flipped = np.where(folds == 2, ~data.converted, data.converted)
    _, before = Encoder.fit_transform(data.sessions, data.converted, folds)
    _, after = Encoder.fit_transform(data.sessions, flipped, folds)
    own = folds == 2
    assert (column(before, "is_high_value_region")[own] == column(after, "is_high_value_region")[own]).all()
    assert (column(before, "is_high_value_region")[~own] != column(after, "is_high_value_region")[~own]).any()
