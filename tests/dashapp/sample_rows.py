"""Rows as the metric relations give them, plain and hostile."""

from datetime import date, timedelta

from hypothesis import strategies as st

from dashapp.statistics import wilson

HOSTILE = [
    '<a href="https://example.com">free money</a>',
    "<i>italic</i>",
    "<script>alert(1)</script> & co",
    "\u202egnp.exe",
    "line\nbreak\ttab\x00null",
    "%{customdata} $x^2$",
    "a" * 300,
    "",
    None,
]


def with_rate(row: dict) -> dict:
    n, k = row["sessions"], row["conversions"]
    low, high = wilson(k, n) or (None, None)
    return row | {"conversion_rate": k / n if n else None, "ci_low": low, "ci_high": high}


def plain() -> dict[str, list[dict]]:
    """Rows for every figure, with groups large, small and without conversions."""
    start = date(2026, 3, 1)
    days = [with_rate({"session_date": start + timedelta(i), "sessions": 900 + i, "conversions": 9 + i % 5}) for i in range(20) if i != 7]
    counts = {"desktop": (6111, 1159, 473, 85), "mobile": (3437, 489, 184, 7), "tablet": (452, 73, 26, 2)}
    names = ("browsed", "engaged", "deep engagement", "converted")
    return {
        "daily_trend": [row | {"revenue": 120.5} for row in days],
        "country_map": [
            with_rate({"country": name, "iso3": iso3, "sessions": n, "conversions": k, "transactions": k})
            for name, iso3, n, k in (
                ("United States", "USA", 4136, 92),
                ("India", "IND", 5000, 0),
                ("Canada", "CAN", 308, 1),
                ("Israel", "ISR", 60, 1),
            )
        ],
        "funnel_by_device": [
            {"device": device, "stage": i, "stage_name": names[i], "sessions": n, "share_of_entry": n / steps[0]}
            for device, steps in counts.items()
            for i, n in enumerate(steps)
        ],
        "revenue_at_stake": [
            {"step": "browsed → engaged", "dropped": 8279, "avg_revenue_per_conversion": 142.4, "ceiling_revenue": 1_178_930.0},
            {"step": "engaged → deep engagement", "dropped": 1038, "avg_revenue_per_conversion": 142.4, "ceiling_revenue": 147_811.0},
        ],
        "midfunnel_comparison": [
            {"metric": "sessions", "converted": 94.0, "engaged_not_converted": 1627.0},
            {"metric": "avg_pageviews", "converted": 24.4, "engaged_not_converted": 10.2},
            {"metric": "avg_duration_seconds", "converted": 1001.0, "engaged_not_converted": 434.0},
            {"metric": "share_mobile", "converted": 7 / 94, "engaged_not_converted": 482 / 1627},
        ],
        "duration_conversion": [
            with_rate({"bucket": bucket, "bucket_order": i, "sessions": n, "conversions": k})
            for i, (bucket, n, k) in enumerate(
                (("<10s", 5960, 0), ("10s–1m", 1477, 0), ("1–5m", 1591, 9), ("5–10m", 448, 28), ("10–20m", 318, 34), (">30m", 12, 3))
            )
        ],
        "source_device_heatmap": [
            with_rate({"source": source, "device": device, "sessions": n, "conversions": k, "shrunk_rate": None})
            for source, device, n, k in (
                ("(direct)", "desktop", 2264, 66),
                ("(direct)", "mobile", 731, 1),
                ("google", "desktop", 2300, 15),
                ("google", "mobile", 1960, 7),
                ("calendar.google.com", "desktop", 2, 1),
                ("outlook.live.com", "mobile", 4, 1),
            )
        ],
        "source_probabilities": [
            {"source": "google", "device": "desktop", "sessions": 2300, "avg_probability": 0.0033, "ci_low": 0.0029, "ci_high": 0.0037},
            {"source": "google", "device": "mobile", "sessions": 1960, "avg_probability": 0.001, "ci_low": 0.0008, "ci_high": 0.0012},
            {"source": "dfa", "device": "desktop", "sessions": 1, "avg_probability": 0.6, "ci_low": None, "ci_high": None},
        ],
        "probability_histogram": [
            {"bin_low": 0.0001, "bin_high": 0.001, "sessions": 8000, "cutoff": 0.005},
            {"bin_low": 0.001, "bin_high": 0.005, "sessions": 1000, "cutoff": 0.005},
            {"bin_low": 0.005, "bin_high": 0.1, "sessions": 1000, "cutoff": 0.005},
        ],
        "calibration_curve": [
            {"p_mean": 0.001, "observed": 0.0, "sessions": 5000, "conversions": 4},
            {"p_mean": 0.02, "observed": 0.02, "sessions": 5000, "conversions": 90},
        ],
        "lift_by_decile": [{"decile": i, "sessions": 1000, "conversions": max(95 - 30 * i, 0)} for i in range(1, 11)],
        "sparkline": days,
        "leak_trend": [
            {
                "leak_id": "a",
                "bin_start": start + timedelta(7 * i),
                "entrants": 200 + i,
                "passes": 110 - 40 * (i > 5),
                "expected_rate": 0.55,
            }
            for i in range(12)
        ],
        "blind_spot_map": [
            {"step": step, "expected_passes": size, "smallest_loss": loss}
            for step in ("Browsed → Engaged", "Checkout → Converted")
            for size, loss in ((20, None), (50, 0.59), (200, 0.31), (1000, 0.18))
        ],
    }


def hostile() -> dict[str, list[dict]]:
    """The plain rows with labels from strangers in every column of text."""
    texts = ("country", "source", "bucket", "step", "metric", "stage_name")
    out = {}
    for name, rows in plain().items():
        out[name] = [
            {column: HOSTILE[i % len(HOSTILE)] if column in texts else value for column, value in row.items()} for i, row in enumerate(rows)
        ]
    out["source_device_heatmap"] = [
        with_rate({"source": label, "device": device, "sessions": n, "conversions": 2})
        for label in HOSTILE
        for device, n in (("desktop", 4000), ("<i>tv</i>", 5))
    ]
    return out


labels = st.one_of(st.none(), st.sampled_from(HOSTILE), st.text(max_size=60), st.text(alphabet='<>&/ab"=\n\u202e', max_size=40))
devices = st.one_of(st.sampled_from(["desktop", "mobile", "tablet", "other"]), labels)
numbers = st.one_of(st.none(), st.integers(0, 10**7), st.floats(allow_nan=True, allow_infinity=True), st.integers(-5, 40))
shares = st.one_of(st.none(), st.floats(0, 1), st.floats())
dates = st.one_of(st.none(), st.dates(date(2015, 1, 1), date(2030, 1, 1)), st.text(max_size=10))

COLUMNS = {
    "session_date": dates,
    "country": labels,
    "iso3": st.one_of(st.sampled_from(["USA", "FRA", "SGP"]), labels),
    "device": devices,
    "source": labels,
    "bucket": labels,
    "step": labels,
    "metric": st.one_of(st.sampled_from(["sessions", "avg_pageviews", "share_mobile", "share_returned"]), labels),
    "stage_name": labels,
    "stage": st.one_of(st.none(), st.integers(0, 3)),
    "bucket_order": numbers,
    "sessions": numbers,
    "conversions": numbers,
    "decile": numbers,
    "revenue": numbers,
    "dropped": numbers,
    "ceiling_revenue": numbers,
    "recoverable_revenue": numbers,
    "converted": numbers,
    "engaged_not_converted": numbers,
    "avg_probability": shares,
    "ci_low": shares,
    "ci_high": shares,
    "bin_low": shares,
    "bin_high": shares,
    "cutoff": shares,
    "p_mean": shares,
    "bin_start": dates,
    "entrants": numbers,
    "passes": numbers,
    "expected_rate": shares,
    "expected_passes": numbers,
    "smallest_loss": shares,
}
any_rows = st.lists(st.fixed_dictionaries({}, optional=COLUMNS), max_size=8)
