"""One honest sentence per chart, computed from the rows it shows.

A sentence that picks the best or worst of many groups compares it with all others together, at a confidence adjusted for having
looked at every group (`statistics.for_selected`); where nothing stands apart from chance it says so. Groups that a chart does not
colour or draw are not spoken of either.
"""

from dataclasses import dataclass
from datetime import timedelta

from dashapp.figures import labels
from dashapp.figures.duration import buckets
from dashapp.figures.events import within
from dashapp.figures.funnel import stage_name, stages
from dashapp.figures.leaks import stretches
from dashapp.figures.midfunnel import in_unit, metric_name, pairs
from dashapp.figures.model import calibration_bins, deciles
from dashapp.figures.probabilities import bins, cutoff_of
from dashapp.figures.rows import FEWEST_SESSIONS, Rate, overall_rate, rate_of, row_rate, share, whole
from dashapp.figures.sources import bounds, by_source
from dashapp.figures.trend import periods
from dashapp.findings import missed_words
from dashapp.statistics import dispersion, for_selected, newcombe, wilson, z_value
from dashapp.theme import NBSP, bucket, counted, exact, interval, number, points, rate, rough_money

FEWEST_PERIODS = 7
OTHER_DEVICES = "other devices"
NO_SECOND_DEVICE = "there is no second device with enough sessions to compare"
NO_SESSIONS = "There are no sessions in this selection."
NO_DURATIONS = "There are no sessions with a measured duration in this selection."
UNRANKED = "what could be won back is not estimated yet"
NO_MODEL = "There are no predictions for this selection yet."


@dataclass(frozen=True, slots=True)
class Contrast:
    """A group against all others together: the difference of their rates and its interval, adjusted for the groups looked at."""

    group: object
    rate: Rate
    others: float
    low: float
    high: float
    compared: int

    @property
    def difference(self) -> float:
        """The group's rate minus that of the others."""
        return self.rate.value - self.others

    @property
    def is_clear(self) -> bool:
        """Whether the adjusted interval excludes no difference."""
        return self.low > 0 or self.high < 0

    @property
    def gap(self) -> float:
        """How far the adjusted interval stays from no difference."""
        return max(self.low, -self.high, 0.0)


def clearest(groups: list[tuple[object, Rate]], total: Rate) -> Contrast | None:
    """Return the group that stands apart most clearly from the rest of the total; None without a second one to compare with."""
    able = [(group, r) for group, r in groups if r.n and total.n > r.n]
    confidence = for_selected(1, len(able))
    found = []
    for group, r in able:
        k, n = total.k - r.k, total.n - r.n
        low, high = newcombe(r.k, r.n, k, n, confidence)
        found.append((max(low, -high, 0.0), abs(r.value - k / n), low, high, group, r))
    if not found:
        return None
    _, _, low, high, group, r = max(found, key=lambda item: item[:2])
    return Contrast(group, r, (total.k - r.k) / (total.n - r.n), low, high, len(able))


def daily_trend(rows: list[dict], *, events: list[dict] | None = None, **context) -> str:
    """Say the rate over the whole time and which day or week, if any, stands apart; and what the team marked in that time."""
    shown = periods(rows)
    marked = within(events, shown[0].start, shown[-1].start + timedelta(days=shown[-1].days - 1)) if shown else []
    return " ".join(filter(None, [_over_time(shown), _marked(marked)]))


def _marked(events: list[tuple]) -> str:
    if not events:
        return ""
    told = [f"{labels.shorten(labels.clean(label), 40)} ({when.day} {when:%b})" for when, label, _ in events[:3]]
    more = f" and {len(events) - 3} more" if len(events) > 3 else ""
    return f"Marked: {', '.join(told)}{more}."


def leak_trend(rows: list[dict], *, start=None, bin_days: int = 1, **context) -> str:
    """Say how often the segment passed the step, before the start where there is one, and since."""
    shown = stretches(rows, start, bin_days)
    late = _together(one.rate for one in shown if not start or one.first >= start)
    early = _together(one.rate for one in shown if start and one.first < start)
    if late.is_thin:
        return _too_few(late) if late.n else NO_SESSIONS
    if early.is_thin:
        return f"{rate(late.value)} of {exact(late.n)} sessions passed the step (95 % interval {interval(late.low, late.high)})."
    return (
        f"{rate(early.value)} of {exact(early.n)} sessions passed the step before the start (95 % interval {interval(early.low, early.high)}), "
        f"{rate(late.value)} of {exact(late.n)} since (95 % interval {interval(late.low, late.high)})."
    )


def blind_spot_map(rows: list[dict], **context) -> str:
    """Say what loss a segment of middling size would show at the last step."""
    known = [row for row in rows or [] if row.get("step") is not None and number(row.get("expected_passes"))]
    return missed_words(known) or "There are no figures of what the latest ranking would have missed."


def _over_time(shown: list) -> str:
    total = _together(p.rate for p in shown)
    if not total.n:
        return NO_SESSIONS
    unit = "day" if shown[0].days == 1 else "week"
    start = f"{_known(total)} converted over {counted(sum(1 for p in shown if p.rate.n), unit)}"
    if total.is_thin:
        return _too_few(total)
    able = [(p, p.rate) for p in shown if not p.rate.is_thin]
    if slide := _slide([r for _, r in able], unit):
        return f"{start}; {slide}."
    best = clearest(able, total)
    if best is None:
        return f"{start}; one {unit} alone shows no trend."
    if not best.is_clear:
        return f"{start}; no {unit} differs from the others by more than chance."
    return f"{start}; {best.group.label} was {_by(best, 'the other ' + unit + 's')}."


def _slide(rates: list[Rate], unit: str) -> str:
    """Say that the second half of the time converts otherwise than the first, where that is clear; else nothing.

    Days of one half differ among themselves by more than chance (weekends, campaigns): the interval is widened by their dispersion, and
    allows for the single days being looked at as well.
    """
    half = len(rates) // 2
    if half < FEWEST_PERIODS:
        return ""
    before, after = rates[:half], rates[-half:]
    spread = dispersion([[(r.k, r.n) for r in part] for part in (before, after)])
    was, now = _together(before), _together(after)
    low, high = newcombe(now.k / spread, now.n / spread, was.k / spread, was.n / spread, for_selected(1, 2))
    if low <= 0 <= high:
        return ""
    change = Contrast(None, now, was.value, low, high, 1)
    verb, side = ("rose", "more") if change.difference > 0 else ("fell", "less")
    return (
        f"the rate {verb} from {rate(was.value)} in the first half of the {unit}s to {rate(now.value)} in the second, "
        f"{_difference(change)} {side}, allowing for how much {unit}s differ"
    )


def country_map(rows: list[dict], **context) -> str:
    """Say which country, if any, converts clearly above or below the others."""
    rates = [(row.get("country"), row_rate(row)) for row in rows or []]
    return _picked(rates, "country", "countries", lambda name: labels.shorten(labels.clean(name)), "the rest of the world")


def funnel_by_device(rows: list[dict], **context) -> str:
    """Say at which step a device passes on clearly less than the other devices do."""
    devices = stages(rows)
    if not devices:
        return NO_SESSIONS
    counts = {name: [whole(row.get("sessions")) for row in entries] for name, entries in devices.items()}
    reached = [sum(column) for column in zip(*counts.values(), strict=False)]
    total = rate_of(reached[-1], reached[0])
    names = [stage_name(row, i) for i, row in enumerate(next(iter(devices.values())))]
    # Where the data have no conversions, the last stage is not the end of the way.
    start = f"{_known(total)} " + ("went all the way" if len(reached) > 3 else f"reached {names[-1].lower()}")
    steps = [
        (step, name, rate_of(c[step + 1], c[step]), rate_of(reached[step + 1], reached[step]))
        for step in range(len(reached) - 1)
        for name, c in counts.items()
        if len(c) > step + 1 and c[step] >= FEWEST_SESSIONS and reached[step] > c[step]
    ]
    if total.is_thin:
        return _too_few(total)
    if not steps:
        return f"{start}; {NO_SECOND_DEVICE}."
    confidence = for_selected(1, len(steps))
    worst = None
    for step, name, r, everyone in steps:
        low, high = newcombe(r.k, r.n, everyone.k - r.k, everyone.n - r.n, confidence)
        if high < 0 and (worst is None or high < worst.high):
            worst = Contrast((step, name), r, (everyone.k - r.k) / (everyone.n - r.n), low, high, len(steps))
    if worst is None:
        return f"{start}; no device loses clearly more than the others at any step."
    step, name = worst.group
    return (
        f"{labels.clean(name).capitalize()} falls behind between {names[step].lower()} and {names[step + 1].lower()}: "
        f"{_evidence(worst.rate)} pass against {rate(worst.others)} on the other devices, {_difference(worst)} fewer."
    )


def revenue_at_stake(rows: list[dict], *, currency: str = "$", is_ranked: bool = False, **context) -> str:
    """Say at which step the leaks found cost most, with its interval, and that the ceiling is none to hope for."""
    steps = [row for row in rows or [] if number(row.get("dropped"))]
    if not steps:
        return "Nothing was lost between the stages in this selection."
    known = [row for row in steps if number(row.get("recoverable_revenue")) is not None]
    priced = [row for row in known if number(row["recoverable_revenue"]) > 0]
    if not priced:
        most = max(steps, key=lambda row: number(row["dropped"]))
        lost = sum(number(row["dropped"]) for row in steps)
        if lost < FEWEST_SESSIONS:
            return f"Only {counted(lost, 'session')} here did not convert: too few to say where sessions end. The ceiling is arithmetic that nobody can reach."
        why = (
            "no leak with a price was found"
            if known
            else "leaks are ranked over all sessions, not for a selection"
            if is_ranked
            else UNRANKED
        )
        return (
            f"Most sessions end at {_step(most)}: {exact(most['dropped'])} of the {exact(lost)} that did not convert; {why}, and the ceiling "
            "is arithmetic that nobody can reach."
        )
    best = max(priced, key=lambda row: number(row["recoverable_revenue"]))
    low, high = number(best.get("recoverable_low")), number(best.get("recoverable_high"))
    bounds = "" if low is None or high is None else f" (from {rough_money(low, currency)} to {rough_money(high, currency)})"
    ceiling = number(best.get("ceiling_revenue"))
    bound = f"; the ceiling of {rough_money(ceiling, currency)} is arithmetic, nobody can reach it" if ceiling is not None else ""
    return (
        f"The leaks found cost most at {_step(best)}: an estimated {rough_money(best['recoverable_revenue'], currency)}{bounds} "
        f"in the period ranked{bound}."
    )


def midfunnel_comparison(rows: list[dict], *, currency: str = "$", **context) -> str:
    """Say where converting sessions differ clearly from engaged ones that did not convert, first where buying is not the cause of it."""
    shown, _, _ = pairs(rows)
    both = [pair for pair in shown if pair.converted is not None and pair.engaged is not None]
    if not both:
        return "There are not both converting and engaged sessions here to compare."
    shares = [
        pair for pair in both if pair.converted_rate and pair.converted_rate.n and pair.engaged_rate and not pair.engaged_rate.is_thin
    ]
    confidence = for_selected(1, len(shares))
    clear = []
    for pair in shares:
        one, other = pair.converted_rate, pair.engaged_rate
        found = Contrast(pair.metric, one, other.value, *newcombe(one.k, one.n, other.k, other.n, confidence), len(shares))
        if found.is_clear:
            clear.append(found)
    if clear:
        best = max(clear, key=lambda c: c.gap)
        return (
            f"{metric_name(best.group)}: {_evidence(best.rate)} of the sessions that converted against {rate(best.others)} of the "
            f"engaged ones that did not, a difference of {_difference(best)}."
        )
    averages = [pair for pair in both if not pair.metric.startswith("share_") and pair.converted > 0 and pair.engaged > 0]
    if not averages:
        return "Sessions that converted and engaged ones that did not do not differ by more than chance here."
    best = max(averages, key=lambda pair: max(pair.converted / pair.engaged, pair.engaged / pair.converted))
    one, other = (in_unit(best.metric, value, currency) for value in (best.converted, best.engaged))
    return (
        f"{metric_name(best.metric)}: {one} in sessions that converted against {other} in engaged ones that did not; "
        "part of it is the purchase itself, so it is no cause."
    )


def duration_conversion(rows: list[dict], **context) -> str:
    """Say which duration converts most often and which others cannot be told apart from it."""
    shown = [(str(row["bucket"]), row_rate(row)) for row in buckets(rows)]
    total = _together(r for _, r in shown)
    if not total.n:
        return NO_DURATIONS
    if total.is_thin:
        return _too_few(total)
    able = [(name, r) for name, r in shown if not r.is_thin]
    if not total.k:
        return _none_converted(total)
    if len(able) < 2:
        return f"{_known(total)} converted; only one length of session has enough of them to say more."
    name, best = max(able, key=lambda pair: (pair[1].value, pair[1].n))
    confidence = for_selected(1, len(able) - 1)
    ties = [other for other, r in able if other != name and newcombe(best.k, best.n, r.k, r.n, confidence)[0] <= 0]
    start = f"Sessions of {_bucket(name)} convert most often, {_with_interval(best)}"
    if len(ties) == len(able) - 1:
        return f"{_known(total)} converted; the data cannot tell any length of session apart from the others."
    if not ties:
        return f"{start}, clearly more than any other length."
    return f"{start}, though {_listed([_bucket(t) for t in ties])} cannot be told apart from it."


def source_device_heatmap(rows: list[dict], **context) -> str:
    """Say which source on which device, if any, converts clearly above or below the others."""
    _, _, cells = by_source(rows)
    rates = [(pair, row_rate(row)) for pair, row in cells.items()]
    return _picked(rates, "pair of source and device", "pairs of source and device", _pair, "the other sources shown")


def source_probabilities(rows: list[dict], **context) -> str:
    """Say from where the model expects most conversions per session."""
    _, _, cells = by_source([row for row in rows or [] if share(row.get("avg_probability")) is not None])
    if not cells:
        return NO_MODEL
    able = [
        (share(row["avg_probability"]), *bounds(row), pair, whole(row["sessions"]))
        for pair, row in cells.items()
        if whole(row["sessions"]) >= FEWEST_SESSIONS and None not in (share(row.get("ci_low")), share(row.get("ci_high")))
    ]
    if len(able) < 2:
        return "There are too few sessions by source and device to compare what the model expects of them."
    widen = z_value(for_selected(1, len(able))) / z_value()
    value, low, high, pair, n = max(able)
    floor = value - (value - low) * widen
    rivals = [other for other in able if other[3] != pair and other[0] + (other[2] - other[0]) * widen >= floor]
    start = f"The model expects most of {_pair(pair)}: {rate(value)} on average ({interval(low, high)}, {counted(n, 'session')})"
    if rivals:
        return f"{start}, but {counted(len(rivals), 'other pair')} of source and device could be as high."
    return f"{start}, clearly more than of any other of the {len(able)} with enough sessions."


def probability_histogram(rows: list[dict], **context) -> str:
    """Say where the top tenth begins and how sure the model is of the most."""
    shown, cutoff = bins(rows), cutoff_of(rows)
    total = sum(n for _, _, n in shown)
    if not total:
        return NO_MODEL
    seen, middle = 0, None
    for low, high, n in shown:
        seen += n
        if seen * 2 >= total:
            middle = (low, high)
            break
    if total == 1:
        return f"The only session has less than {rate(middle[1])} by the model's estimate."
    half = f"half of the {exact(total)} sessions have less than {rate(middle[1])}"
    if cutoff is None:
        return f"{half[:1].upper()}{half[1:]} by the model's estimate."
    return f"The top 10{NBSP}% begin at a probability of {rate(cutoff)}, while {half}; these are the model's estimates, not outcomes."


def calibration_curve(rows: list[dict], **context) -> str:
    """Say whether predicted and observed rates agree within their intervals."""
    shown = calibration_bins(rows)
    if not shown:
        return "No model has been evaluated yet."
    total = _together(r for _, r in shown)
    if total.k < 10:
        words = f"Only {counted(total.k, 'conversion')} among {exact(total.n)} sessions"
        return f"{words}: too few to say whether the probabilities are right."
    confidence = for_selected(1, len(shown))
    off = []
    for p, r in shown:
        low, high = wilson(r.k, r.n, confidence)
        if p < low or p > high:
            off.append((max(low - p, p - high), p, r, (low, high)))
    if not off:
        return f"In all {counted(len(shown), 'group')} the observed rate agrees with the predicted one within its interval."
    _, p, r, (low, high) = max(off, key=lambda item: item[0])
    side = "too high" if p > r.value else "too low"
    agree = f"{len(shown) - len(off)} of {len(shown)} groups agree"
    seen = f"{rate(r.value)} ({interval(low, high)}, allowing for {len(shown)} groups)"
    return f"Predictions near {rate(p)} are {side}: {seen} converted; {agree}."


def lift_by_decile(rows: list[dict], **context) -> str:
    """Say how many of all conversions the most probable tenth holds."""
    shown = deciles(rows)
    total = _together(r for _, r in shown)
    if not total.n:
        return "No model has been evaluated yet."
    if not total.k:
        return _none_converted(total)
    first = shown[0][1]
    held = rate_of(first.k, total.k)
    words = f"{exact(first.k)} of {counted(total.k, 'conversion')}"
    if total.k < 10:
        return f"The most probable tenth holds {words}; that is too few conversions to judge the model by."
    return f"The most probable tenth of the sessions holds {words}: {_with_interval(held)}."


def _picked(rates, one: str, many: str, name, others: str) -> str:
    """The sentence for a chart that colours groups: the clearest one against the rest, or that none stands apart."""
    total = _together(r for _, r in rates)
    if not total.n:
        return NO_SESSIONS
    if total.is_thin:
        return _too_few(total)
    if not total.k:
        return _none_converted(total)
    overall = overall_rate([r for _, r in rates])
    able = [(group, r) for group, r in rates if not r.is_thin_for_colour(overall)]
    small = sum(1 for _, r in rates if r.n) - len(able)
    rest = f"; {counted(small, one, many)} {'has' if small == 1 else 'have'} too few sessions to tell." if small else "."
    best = clearest(able, total)
    if best is None:
        return f"{_known(total)} converted; there is no second {one} to compare{rest}"
    if not best.is_clear:
        looked = counted(len(able), one, many)
        return f"{_known(total)} converted; none of {looked} stands apart by more than chance{rest}"
    return f"{name(best.group)} is {_by(best, others)}{rest}"


def _by(c: Contrast, others: str) -> str:
    side = "above" if c.difference > 0 else "below"
    adjusted = f", allowing for {c.compared} comparisons" if c.compared > 1 else ""
    return f"clearly {side} {others}: {_evidence(c.rate)} against {rate(c.others)}, a difference of {_difference(c)}{adjusted}"


def _difference(c: Contrast) -> str:
    low, high = sorted((abs(c.low), abs(c.high)))
    return f"{points(c.difference)} ({points(low).removesuffix(NBSP + 'points').removesuffix(NBSP + 'point')}–{points(high)})"


def _known(r: Rate) -> str:
    return f"{_with_interval(r)} of {counted(r.n, 'session')}"


def _with_interval(r: Rate) -> str:
    return f"{rate(r.value)} (95{NBSP}% interval {interval(r.low, r.high)})"


def _evidence(r: Rate) -> str:
    return f"{rate(r.value)} ({exact(r.k)} of {exact(r.n)})"


def _too_few(r: Rate) -> str:
    return f"Only {counted(r.n, 'session')} here: too few to say anything about conversion."


def _none_converted(r: Rate) -> str:
    return f"None of {counted(r.n, 'session')} converted, so the rate is below {rate(r.high)} (95{NBSP}% interval)."


def _together(rates) -> Rate:
    found = list(rates)
    return rate_of(sum(r.k for r in found), sum(r.n for r in found))


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _step(row: dict) -> str:
    return labels.shorten(labels.clean(row.get("step")), 44)


def _bucket(name: str) -> str:
    """A bucket within a sentence: over 30 min for >30m."""
    text = bucket(labels.shorten(labels.clean(name)))
    return text.replace("<", "under ", 1).replace(">", "over ", 1)


def _pair(pair) -> str:
    source, device = pair
    return f"{labels.shorten(labels.clean(source))} on {OTHER_DEVICES if device == 'other' else labels.clean(device)}"
