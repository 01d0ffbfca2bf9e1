"""The ranking in words."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from models.leaks.ranking import Finding, Outcome
from models.percent import percent


def described(outcome: Outcome) -> str:
    """What was found, for people at a terminal."""
    cells = outcome.cells
    lines = [
        f"{cells.sessions:,} sessions, {cells.conversions:,} of them converting; {outcome.candidates:,} segments compared over {len(cells.steps)} steps."
    ]
    lines += outcome.sentences
    if outcome.leaks:
        lines.append(f"{len(outcome.leaks)} leak{'s' * (len(outcome.leaks) > 1)}, the surest money first:")
        lines += [f"  {sentence(one)}" for one in outcome.leaks]
    elif outcome.candidates:
        lines.append("Nothing stands out beyond natural differences.")
    if outcome.gaps:
        lines.append("Lasting differences between levels, as upper bounds and no discoveries:")
        lines += [f"  {sentence(one)}" for one in outcome.gaps]
    for one in outcome.changes:
        lines.append(change(one))
    lines += blind(outcome)
    return "\n".join(lines)


def sentence(one: Finding) -> str:
    """One finding in a sentence or two."""
    segment = segment_words(one.segment)
    since = f" since about {one.started_on} (between {one.started_from} and {one.started_until})" if one.started_on else ""
    rates = f"{percent(one.observed_rate, 2)} of {one.sessions:,} sessions pass, {percent(one.expected_rate, 2)} expected"
    return f"{segment}: {one.step}{since}: {rates}; {amounts(one.conversions, one.revenue)}; {one.kind}, {one.cause}."


def segment_words(segment: Iterable[tuple[str, str]]) -> str:
    """A segment's traits: country Canada, browser Safari."""
    return ", ".join(f"{name.replace('_', ' ')} {level}" for name, level in segment)


def amounts(conversions: Sequence[float] | None, revenue: Sequence[float] | None, per: str = "") -> str:
    """What a finding costs, each estimate with its interval."""
    if conversions is None:
        return "not priced"
    said = f"about {figure(conversions[0])} conversions{per} [{figure(conversions[1])}, {figure(conversions[2])}]"
    if revenue and revenue[0] > 0:
        said += f", {revenue[0]:,.0f} [{revenue[1]:,.0f}, {revenue[2]:,.0f}] in revenue"
    return said


def figure(value: float) -> str:
    return f"{value:.1f}" if value < 10 else f"{value:,.0f}"


def change(one: dict) -> str:
    """A change of the whole site, or of its labels, in a sentence."""
    if one["kind"] == "definition change":
        return f"A change of definition is likely: {exchange(one)}, {percent(one['share_of_sessions'], 1)} of all sessions."
    return (
        f"The whole site since {one['on']}: {one['step']} from {percent(one['rate_before'], 2)} to {percent(one['rate_after'], 2)} "
        f"(in logarithms {one['log_change']:+.3f}: {one['log_mix']:+.3f} by who came, {one['log_rate']:+.3f} by how they did)."
    )


def exchange(one: Mapping[str, Any]) -> str:
    """Two levels that exchanged their sessions."""
    return f"{one['dimension'].replace('_', ' ')} {one['from']} lost as many sessions as {one['to']} gained about {one['on']}"


def blind(outcome: Outcome) -> list[str]:
    """What size of leak each step could have shown."""
    steps: dict[str, list[str]] = {}
    for spot in outcome.blind_spots:
        loss = "not even a total loss" if spot["smallest_loss"] is None else percent(spot["smallest_loss"])
        steps.setdefault(spot["step"], []).append(f"{spot['expected_passes']:,}: {loss}")
    lines = [f"  {step}: {', '.join(told)}" for step, told in steps.items()]
    return ["Smallest loss that would have been seen four times in five, by expected passes of the segment:", *lines] if lines else []
