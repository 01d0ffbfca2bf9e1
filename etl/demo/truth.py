"""What is true of the simulated traffic: totals, what each leak cost, and every session's probability."""

from collections import Counter
from datetime import date

import numpy as np
import pyarrow as pa

from . import audience, shop
from .columns import Labels, integers
from .events import WITHOUT_CONSENT
from .funnel import ASSISTANT_SINCE, Sessions
from .leaks import Leak, Renamed
from .visitors import BOT_KINDS, HUMAN

PROBABILITIES = "true_probabilities.parquet"
TRUTH = "truth.json"
PROBABILITY_SCHEMA = pa.schema(
    {
        "full_visitor_id": pa.string(),
        "user_pseudo_id": pa.string(),
        "visit_id": pa.int64(),
        "session_date": pa.date32(),
        "p_conversion": pa.float32(),
        "p_engaged": pa.float32(),
        "p_deep": pa.float32(),
        "p_converted": pa.float32(),
        "is_converted": pa.bool_(),
    }
)


class Tally:
    """Adds up days into the truth."""

    def __init__(self) -> None:
        self.totals: Counter[str] = Counter()
        self.bots: Counter[str] = Counter()
        self.stages: Counter[int] = Counter()
        self.devices = {device: Counter() for device in audience.DEVICES}
        self.leaks: dict[str, Counter[str]] = {}
        self.together: Counter[str] = Counter()
        self.probability = np.zeros(1001, np.int64)
        self.probability_sum = 0.0

    def add(self, day: Sessions) -> None:
        human = day.arrivals.bot == HUMAN
        self.totals.update(
            sessions=int(human.sum()),
            bots=int((~human).sum()),
            conversions=int(day.converted.sum()),
            transactions=int(day.transactions.sum()),
            cents=int(day.revenue_cents.sum()),
            pageviews=int(day.pageviews[human].sum()),
            hits=int(day.hits.sum()),
            visitors=int((human & (day.arrivals.visit_number == 1)).sum()),
            without_consent=int((day.start % WITHOUT_CONSENT == 0).sum()),
        )
        for kind, name in enumerate(BOT_KINDS):
            if kind != HUMAN:
                self.bots[name] += int((day.arrivals.bot == kind).sum())
        for stage, count in enumerate(np.bincount(day.stage[human], minlength=4)):
            for reached in range(stage + 1):
                self.stages[reached] += int(count)
        for code, device in enumerate(audience.DEVICES):
            on = human & (day.codes["device"] == code)
            self.devices[device].update(
                sessions=int(on.sum()),
                conversions=int(day.converted[on].sum()),
                transactions=int(day.transactions[on].sum()),
                cents=int(day.revenue_cents[on].sum()),
            )
        for name, row in day.losses["leaks"].items():
            self.leaks.setdefault(name, Counter()).update(row)
        self.together.update(day.losses["together"])
        # Counted in 1,000 equal bins, so that quantiles need no second pass.
        self.probability += np.bincount((day.probability[human] * 1000).astype(np.int64), minlength=1001)
        self.probability_sum += float(day.probability[human].sum())

    def merge(self, other: "Tally") -> None:
        """Take in the days of another tally."""
        for name in ("totals", "bots", "stages", "together"):
            getattr(self, name).update(getattr(other, name))
        for device, row in other.devices.items():
            self.devices[device].update(row)
        for name, row in other.leaks.items():
            self.leaks.setdefault(name, Counter()).update(row)
        self.probability += other.probability
        self.probability_sum += other.probability_sum

    def summary(self, first_day: date, days: int, leaks: tuple[Leak, ...], renamed: Renamed | None) -> dict:
        """The truth as one JSON-ready dictionary."""
        sessions = self.totals["sessions"]
        below = np.cumsum(self.probability) / max(sessions, 1)
        return {
            "totals": {
                "days": days,
                "rows": sessions + self.totals["bots"],
                "sessions": sessions,
                "bots": self.totals["bots"],
                "bots_by_kind": dict(self.bots),
                "new_visitors": self.totals["visitors"],
                "pageviews": self.totals["pageviews"],
                "hits": self.totals["hits"],
                "ga4_events_without_consent": self.totals["without_consent"],
                **money(self.totals),
                "conversion_rate": round(self.totals["conversions"] / max(sessions, 1), 6),
            },
            "stages": [self.stages[stage] for stage in range(4)],
            "devices": {device: {"sessions": row["sessions"], **money(row)} for device, row in self.devices.items()},
            "true_probability": {
                "mean": round(self.probability_sum / max(sessions, 1), 6),
                "expected_conversions": round(self.probability_sum, 2),
                "quantiles": {f"p{share:g}": int(np.searchsorted(below, share / 100)) / 1000 for share in (10, 25, 50, 75, 90, 99)},
            },
            "leaks": [self.leak(leak, first_day, days) for leak in leaks if leak.kind != "tracking_break"],
            "tracking_breaks": [self.leak(leak, first_day, days) for leak in leaks if leak.kind == "tracking_break"],
            "definition_changes": definition_changes(first_day, days, renamed),
            "all_faults_together": money(self.together, "missing_"),
        }

    def leak(self, leak: Leak, first_day: date, days: int) -> dict:
        row = self.leaks.get(leak.name, Counter())
        since = leak.started_on(first_day, days)
        lost = "unrecorded_" if leak.kind == "tracking_break" else "lost_"
        return {
            "name": leak.name,
            "kind": leak.kind,
            "segment": dict(leak.segment),
            "step": shop.STEPS[leak.step],
            "from_stage": leak.step,
            "to_stage": leak.step + 1,
            "strength": leak.multiplier,
            "started_on": since.isoformat() if since else None,
            "story": leak.story,
            "sessions_affected": row["sessions"],
            "entrants": row["entrants"],
            "passes": row["passes"],
            "passes_without_leak": row["passes_without"],
            "lost_passes": row["passes_without"] - row["passes"],
            **money(row, lost),
        }


def money(row: Counter, prefix: str = "") -> dict:
    """Conversions, transactions and revenue in currency units."""
    return {
        f"{prefix}conversions": row["conversions"],
        f"{prefix}transactions": row["transactions"],
        f"{prefix}revenue": row["cents"] / 100,
    }


def definition_changes(first_day: date, days: int, renamed: Renamed | None) -> list[dict]:
    changes = []
    if first_day < ASSISTANT_SINCE <= date.fromordinal(first_day.toordinal() + days - 1):
        changes.append({"dimension": "channel", "before": "Referral", "after": "AI Assistant", "changed_on": ASSISTANT_SINCE.isoformat()})
    if renamed:
        changed_on = date.fromordinal(first_day.toordinal() + round(days * renamed.starts)).isoformat()
        changes.append({"dimension": "landing_page", "before": renamed.before, "after": renamed.after, "changed_on": changed_on})
    return changes


def probabilities(seed: int, day: Sessions) -> pa.Table:
    """One row per human session: its keys in both exports, and how likely it was to convert before it began."""
    labels = Labels(seed, day)
    steps = day.step_probability
    return pa.table(
        [
            labels.full_visitor_id,
            labels.client_id,
            integers(day.start),
            pa.array(np.full(len(day), np.datetime64(day.arrivals.day)), pa.date32()),
            *(pa.array(chance.astype(np.float32)) for chance in (day.probability, steps[:, 0], steps[:, 1], steps[:, 2])),
            pa.array(day.converted),
        ],
        schema=PROBABILITY_SCHEMA,
    ).filter(pa.array(day.arrivals.bot == HUMAN))
