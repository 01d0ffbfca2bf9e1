"""Every candidate of a step with its p-value: interactions and drops, with what is natural in the null."""

from dataclasses import dataclass, field

import numpy as np

from models.leaks import drop, interaction, nested, weekly
from models.leaks.design import Step
from models.leaks.interaction import Segments, Sums
from models.leaks.natural import Departures, absorb


@dataclass
class Scored:
    """Candidates of one step: arrays run parallel. `start` is -1 for interactions."""

    p: np.ndarray
    z: np.ndarray
    effect: np.ndarray
    information: np.ndarray
    family: np.ndarray
    segment: np.ndarray
    start: np.ndarray
    earliest: np.ndarray
    latest: np.ndarray
    spreads: dict[tuple[int, ...], float] = field(default_factory=dict)
    errors: dict[tuple[int, ...], float] = field(default_factory=dict)
    noises: dict[tuple[int, ...], float] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.p)


def score(step: Step, segments: Segments, *, dated: bool, natural: bool = True) -> Scored:
    """Refit a step with the leaks it has, re-estimate what is natural, and score every segment.

    Without `natural` the null has no spread beyond chance: the additive model alone, as the benchmark's naive peer uses it.
    """
    departed = absorb(step, segments) if natural else {}
    if not natural:
        step.fit()
    if len(segments.taken) < len(step.leaks):
        segments.give_way(step)
    sums = [interaction.segment_sums(step, segments, number) for number in range(len(segments.families))]
    uneven = [
        nested.inherited(step, segments, number, one.information_by_bin) if natural else np.zeros_like(one.information_by_bin)
        for number, one in enumerate(sums)
    ]
    out = Scored(*[np.zeros(0)] * 4, *[np.zeros(0, int)] * 5)
    parts = interactions(out, segments, sums, uneven, departed, natural=natural)
    if dated and step.bins >= drop.LEAST_BINS:
        parts += drops(out, step, segments, sums, uneven, natural=natural)
    if parts:
        columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
        out.p, out.z, out.effect, out.information, out.family, out.segment, out.start, out.earliest, out.latest = columns
    return out


def interactions(
    out: Scored,
    segments: Segments,
    sums: list[Sums],
    uneven: list[np.ndarray],
    departed: dict[tuple[int, ...], Departures],
    *,
    natural: bool,
) -> list[tuple]:
    """Rows of Scored of the segments that do worse than their parts, by family; `out` takes the spreads and their errors."""
    known, parts = segments.families, []
    for order in (2, 3):
        chosen = [i for i, family in enumerate(known) if family.order == order and len(family)]
        if order == 2 and natural:
            own = [departed[known[i].dimensions] for i in chosen]
            usable, variances, effects = [x.segments for x in own], [x.variance for x in own], [x.effect for x in own]
        else:
            usable = [np.flatnonzero(interaction.eligible(sums[i])) for i in chosen]
            variances = [1 / sums[i].information[use] for i, use in zip(chosen, usable, strict=True)]
            effects = [sums[i].score[use] * variance for i, use, variance in zip(chosen, usable, variances, strict=True)]
        spreads, errors = interaction.natural_spreads(effects, variances) if natural else ([0.0] * len(chosen),) * 2
        for i, use, variance, effect, spread, error in zip(chosen, usable, variances, effects, spreads, errors, strict=True):
            out.spreads[known[i].dimensions], out.errors[known[i].dimensions] = spread, error
            whole = variance + spread + uneven[i][use, 0]
            z = interaction.doubted(effect / np.sqrt(whole), whole, error)
            # Chance alone is skewed, and only the share of it that the model's parameters leave to the segment.
            own_information = np.maximum(sums[i].information[use], 1 / variance)
            skew = sums[i].third[use] / np.maximum(sums[i].total[use], own_information) / own_information**2 / whole**1.5
            p = interaction.small_counts(interaction.lower_tail(z, skew), sums[i], use)
            parts.append((p, z, effect, 1 / variance, np.full(len(use), i), use, *([np.full(len(use), -1)] * 3)))
    return parts


def drops(out: Scored, step: Step, segments: Segments, sums: list[Sums], uneven: list[np.ndarray], *, natural: bool) -> list[tuple]:
    """Rows of Scored of the segments that do worse than their past, by family; `out` takes the noises of their bins."""
    known, parts = segments.families, []
    bins, residual = None, None
    if natural:
        bins = weekly.fit(step, segments.noise)
        segments.noise, residual = bins.noise, bins.residual(step)
    for order in (1, 2, 3):
        chosen = [i for i, family in enumerate(known) if family.order == order and len(family)]
        if bins is None:
            beside = [(sums[i].score_by_bin, sums[i].information_by_bin) for i in chosen]
            noises = [0.0] * len(chosen)
        elif order == 1:
            beside = [tuple(x[known[i].levels[:, 0]] for x in bins.levels(known[i].dimensions[0])) for i in chosen]
            beside = [(effect * information, information) for effect, information in beside]
            noises = [float(bins.noise[known[i].dimensions[0]]) for i in chosen]
        else:
            beside = [
                (segments.by_bin(step, i, residual), bins.informations(step, known[i], segments.timed[i], sums[i].information_by_bin))
                for i in chosen
            ]
            scatter = [drop.weekly_noise(*one, sums[i].expected_by_bin) for i, one in zip(chosen, beside, strict=True)]
            noises = drop.noises(scatter, [len(known[i]) for i in chosen])
        for i, (score_by_bin, information), noise in zip(chosen, beside, noises, strict=True):
            out.noises[known[i].dimensions] = noise
            tried = drop.scan(score_by_bin, information, sums[i].expected_by_bin, noise)
            use = np.flatnonzero(np.isfinite(tried.z))
            if step.leaks and natural:
                tried.weaken(uneven[i])
            columns = (tried.p, tried.z, tried.effect, tried.information)
            times = (tried.start, tried.earliest, tried.latest)
            parts.append((*(x[use] for x in columns), np.full(len(use), i), use, *(x[use] for x in times)))
    return parts
