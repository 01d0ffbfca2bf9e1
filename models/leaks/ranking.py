"""The whole pipeline: cells in, findings out."""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import date

import numpy as np
from threadpoolctl import threadpool_limits

from models.leaks import blindspots, cause, gap, money, selection, sitewide, told
from models.leaks.cells import Cells, fold, without_functions
from models.leaks.selection import Q

MOST_CELLS = 150_000
DROP_BINS = 8
GAP = "gap"


@dataclass(frozen=True)
class Finding:
    """A leak or a gap as the table leaks holds it; money is None where the cause says that nothing was lost."""

    leak_id: str
    kind: str
    step: str
    from_stage: int
    segment: tuple[tuple[str, str], ...]
    sessions: int
    observed_passes: float
    expected_passes: float
    conversions: tuple[float, float, float] | None
    revenue: tuple[float, float, float] | None
    floor: float
    q_value: float
    started_on: date | None
    started_from: date | None
    started_until: date | None
    cause: str
    evidence: dict = field(default_factory=dict)

    @property
    def observed_rate(self) -> float:
        return self.observed_passes / self.sessions if self.sessions else 0.0

    @property
    def expected_rate(self) -> float:
        return min(self.expected_passes / self.sessions, 1.0) if self.sessions else 0.0


@dataclass(frozen=True)
class Outcome:
    """Findings ranked by the lower bound of revenue, gaps apart, and what else the run has to say."""

    cells: Cells
    leaks: list[Finding]
    gaps: list[Finding]
    changes: list[dict]
    blind_spots: list[dict]
    spreads: dict
    candidates: int
    sentences: list[str]
    trends: dict[str, list[told.Moment]] = field(default_factory=dict)
    intents: list[told.Intent] = field(default_factory=list)


def prepare(cells: Cells, *, most: int = MOST_CELLS) -> Cells:
    """Fold small levels, leave out dimensions that others tell, and raise the floor until the cells are few enough."""
    small = without_functions(fold(cells))
    share = 0.002
    while len(small) > most and share < 0.2:
        share *= 1.5
        small = fold(small, share=share)
    return small


@threadpool_limits.wrap(limits=1, user_api="blas")
def rank(cells: Cells, *, events: list[cause.Event] | None = None, q: float = Q) -> Outcome:
    """Find, date, price and explain.

    Parameters
    ----------
    cells : as counted, with levels folded; see `prepare`.
    events : calendar of known definition changes and the team's own events.
    """
    said = cannot(cells)
    if said:
        return Outcome(cells, [], [], [], [], {}, 0, [*cells.notes, *said])
    ranking = selection.select(cells, q=q)
    priced = money.prices(ranking, q=q)
    exchanged = cause.exchanges(cells)
    leaks = [finding(ranking, one, price, exchanged, events or []) for one, price in zip(ranking.found, priced, strict=True)]
    trends = {leak.leak_id: told.trend(ranking, one, price.effect) for leak, one, price in zip(leaks, ranking.found, priced, strict=True)}
    leaks = sorted(merged(leaks), key=lambda leak: (-leak.floor, leak.q_value, leak.leak_id))
    gaps = [gap_finding(cells, one) for one in gap.gaps(cells, ranking.steps, q=q)]
    rates = [float(step.y.sum() / max(step.n.sum(), 1)) for step in ranking.steps]
    natural = [
        float(np.median([t + one.errors[name] for name, t in one.spreads.items() if len(name) == 2] or [0.0])) for one in ranking.scored
    ]
    spots = blindspots.blind_spots(rates, natural, [float(step.y.sum()) for step in ranking.steps], ranking.candidates, q)
    return Outcome(
        cells=cells,
        leaks=leaks,
        gaps=gaps,
        changes=sitewide.changes(cells) + [exchange_card(cells, one) for one in exchanged],
        blind_spots=[
            {
                "step": cells.steps[spot.step],
                "expected_passes": spot.expected,
                "smallest_loss": spot.share,
                "natural_spread": round(natural[spot.step] ** 0.5, 4),
            }
            for spot in spots
        ],
        spreads={
            cells.steps[number]: {
                "effects": {" x ".join(cells.dimensions[d].name for d in name): round(t**0.5, 4) for name, t in one.spreads.items()},
                "bins": {" x ".join(cells.dimensions[d].name for d in name): round(t**0.5, 4) for name, t in one.noises.items()},
            }
            for number, one in enumerate(ranking.scored)
        },
        candidates=ranking.candidates,
        sentences=[*cells.notes, *remarks(cells)],
        trends=trends,
        intents=told.intents(cells),
    )


def cannot(cells: Cells) -> list[str]:
    """Why nothing can be ranked, in a sentence, if so."""
    if not cells.sessions:
        return ["There are no sessions to rank."]
    if not cells.dimensions:
        return ["No dimension has two levels of 300 sessions: there are no segments to compare."]
    if not cells.reached[1:].sum():
        return ["No session passed the first step: there is nothing to lose between the steps."]
    return []


def remarks(cells: Cells) -> list[str]:
    """What a reader has to know about what could not be looked for."""
    out = []
    if not cells.calendar.is_dated:
        out.append("There are no two whole weeks of sessions with dates: leaks cannot be dated, and drops cannot be seen.")
    elif len(cells.calendar) < DROP_BINS:
        unit = "days" if cells.calendar.days == 1 else "weeks"
        out.append(f"Only {len(cells.calendar)} whole {unit}: drops need {DROP_BINS}, so only lasting differences were looked for.")
    if len(cells.dimensions) == 1:
        out.append(f"Only one dimension ({cells.dimensions[0].name}): combinations cannot be compared with their parts.")
    if not cells.conversions:
        out.append("No session converted: leaks cannot be priced.")
    elif not cells.revenue.sum():
        out.append("The conversions carry no revenue: leaks are priced in conversions alone.")
    return out


def finding(ranking: selection.Ranking, one: selection.Found, price: money.Price, exchanged: list, events: list[cause.Event]) -> Finding:
    cells = ranking.cells
    family = ranking.families[one.family]
    levels = tuple(
        (cells.dimensions[d].name, cells.dimensions[d].labels[code])
        for d, code in zip(family.dimensions, family.levels[one.segment].tolist(), strict=True)
    )
    is_drop = one.kind == selection.DROP
    label = cause.label(
        cells,
        ranking.steps[one.step],
        family.inside(one.segment),
        max(one.start, 0),
        float(ranking.steps[one.step].leak_effects()[0][one.number]),
        levels=levels,
        exchanged=exchanged,
        events=events,
        span=(one.earliest, one.latest) if is_drop else None,
    )
    worth = label.label not in cause.NOT_PRICED
    calendar = cells.calendar
    evidence = label.evidence | {
        "effect": round(price.effect, 4),
        "sd": round(price.sd, 4),
        "natural_sd": round(one.spread**0.5, 4),
        "lost_passes": [round(x, 2) for x in price.passes],
        "revenue_floor": round(price.floor, 2) if worth else 0,
        "from_stage": one.step,
        "p": one.p,
    }
    if is_drop:
        evidence["bin_days"] = calendar.days
    return Finding(
        leak_id=identity(one.kind, cells.steps[one.step], levels),
        kind=one.kind,
        step=cells.steps[one.step],
        from_stage=one.step,
        segment=levels,
        sessions=round(price.entrants),
        observed_passes=price.observed,
        expected_passes=price.expected,
        conversions=price.conversions if worth else None,
        revenue=price.revenue if worth else None,
        floor=price.floor if worth else 0.0,
        q_value=one.q,
        started_on=calendar.start_of(one.start) if is_drop else None,
        started_from=calendar.start_of(one.earliest) if is_drop else None,
        started_until=calendar.start_of(one.latest) if is_drop else None,
        cause=label.label,
        evidence=evidence,
    )


def gap_finding(cells: Cells, one: gap.Gap) -> Finding:
    levels = ((cells.dimensions[one.dimension].name, cells.dimensions[one.dimension].labels[one.level]),)
    step = f"{cells.stages[0]} → {cells.stages[-1]}"
    return Finding(
        leak_id=identity(GAP, step, levels),
        kind=GAP,
        step=step,
        from_stage=0,
        segment=levels,
        sessions=round(one.sessions),
        observed_passes=one.observed,
        expected_passes=one.expected,
        conversions=one.conversions,
        revenue=one.revenue,
        floor=one.revenue[1],
        q_value=min(one.q, 1.0),
        started_on=None,
        started_from=None,
        started_until=None,
        cause="structural difference",
        evidence={
            "contrast": round(one.contrast, 4),
            "sd": round(one.sd, 4),
            "contrast_by_step": {step: round(value, 4) for step, value in zip(cells.steps, one.by_step, strict=True)},
            "note": "an upper bound: at equal mix, as if every difference from the other levels could be mended",
        },
    )


def exchange_card(cells: Cells, one: tuple[int, int, int, int, float]) -> dict:
    d, loser, winner, b, moved = one
    return {
        "kind": "definition change",
        "on": cells.calendar.start_of(b).isoformat(),
        "dimension": cells.dimensions[d].name,
        "from": cells.dimensions[d].labels[loser],
        "to": cells.dimensions[d].labels[winner],
        "share_of_sessions": round(moved, 4),
    }


def merged(leaks: list[Finding]) -> list[Finding]:
    """Findings of one definition change are one card: the others are listed in its evidence."""
    out: list[Finding] = []
    cards: dict[tuple, Finding] = {}
    for leak in leaks:
        if leak.cause != cause.DEFINITION:
            out.append(leak)
            continue
        name = (
            leak.evidence.get("dimension"),
            leak.evidence.get("from"),
            leak.evidence.get("to"),
            leak.evidence.get("event"),
            leak.evidence.get("on"),
        )
        if name in cards:
            cards[name].evidence.setdefault("also", []).append({"step": leak.step, "segment": dict(leak.segment)})
        else:
            cards[name] = leak
            out.append(leak)
    return out


def identity(kind: str, step: str, levels: tuple[tuple[str, str], ...]) -> str:
    """The same leak has the same id in every run."""
    text = json.dumps([kind, step, sorted(levels)], ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
