"""The cards and notes of a comparison: what changed, mix and rate, a line in each tile, a column in tables."""

from collections.abc import Mapping, Sequence
from typing import Any

from dash import html

from dashapp import changes, theme
from dashapp.charts import DAILY_TREND, HEATMAP, Answer, Chart, rows_of
from dashapp.compare import Comparison
from dashapp.components.card import table_card
from dashapp.components.table import Column, table
from dashapp.db import Reading, Row
from dashapp.filters import Filters
from dashapp.queries import periods

CARD, SPLIT = "changes", "changes-split"
TILES = {"kpi-sessions": "sessions", "kpi-conversions": "conversions", "kpi-rate": "conversion_rate", "kpi-revenue": "revenue"}
SPLIT_COLUMNS = (
    Column("Split by", lambda row: row["dimension"].capitalize(), is_number=False),
    Column("Mix", lambda row: _effect(row, "mix")),
    Column("Rate within", lambda row: _effect(row, "rate")),
)
SPLIT_SAYS = (
    "The change of the conversion rate, in points: what a different mix of sessions brought, and what other rates within the groups did. "
    "Each line adds up to the whole change."
)


def cards(says: Mapping[str, str]) -> list[html.Section]:
    """Two cards that show nothing until a comparison is asked for."""
    found = [
        table_card(CARD, "What changed", wide=7, relation="period_comparison", definition=says.get("period_comparison", "")),
        table_card(SPLIT, "Mix and rate", wide=5, relation="period_effects", definition=says.get("period_effects", "")),
    ]
    for card, identity in zip(found, (CARD, SPLIT), strict=True):
        card.id = f"{identity}-card"
        card.style = _style(card.style, is_shown=False)
    return found


def answer(read: Reading, comparison: Comparison | None, filters: Filters, currency: str) -> Answer:
    """The parts of the cards and of the tiles; empty ones without a comparison, so that what stood there goes."""
    if comparison is None or comparison.problem:
        blank = {f"{tile}-change": {"children": ""} for tile in TILES}
        return blank | {f"{identity}-card": {"style": _style(_wide(identity), is_shown=False)} for identity in (CARD, SPLIT)}
    metrics, effects = periods.metrics(read, comparison), periods.effects(read, comparison)
    segments = periods.segments(read, comparison, changes.mover_dimension(effects))
    said = changes.said(metrics, comparison) if "conversion_rate" in metrics else []
    told = changes.told(effects, segments)
    query = filters.query()
    has_split = bool(effects) and effects[0]["delta"] is not None
    result: Answer = {
        f"{CARD}-card": {"style": _style(_wide(CARD, has_split=has_split), is_shown=True)},
        f"{SPLIT}-card": {"style": _style(_wide(SPLIT), is_shown=has_split)},
        f"{CARD}-insight": {"children": [html.Span(sentence, className="sentence") for sentence in (*said, told) if sentence]},
        CARD: {"children": table([metrics[name] for name in changes.NAMES if name in metrics], _metric_columns(comparison, currency))},
        f"{SPLIT}-insight": {"children": SPLIT_SAYS},
        SPLIT: {"children": table(sorted(effects, key=lambda row: list(changes.DIMENSIONS).index(row["dimension"])), SPLIT_COLUMNS)},
    }
    for identity, relation in ((CARD, "period_comparison"), (SPLIT, "period_effects")):
        result[f"{identity}-sql"] = {"children": comparison.sql(relation)}
        result[f"{identity}-csv"] = {"href": f"/download/{relation}.csv?{query}"}
        result[f"{identity}-count"] = {"children": f"compared with {comparison.earlier}"}
    for tile, metric in TILES.items():
        result[f"{tile}-change"] = {"children": _tile(metrics[metric], currency) if metric in metrics else ""}
    return result


def context(read: Reading, chart: Chart, comparison: Comparison | None) -> dict[str, Any]:
    """What a chart needs to show the earlier period as well, for dashapp.charts.answer: nothing for most."""
    if comparison is None or comparison.problem or chart not in (DAILY_TREND, HEATMAP):
        return {}
    rows = periods.earlier_rows(read, chart, comparison)
    if chart is DAILY_TREND:
        return {"earlier": periods.shifted(rows, comparison.shift), "shift": comparison.shift}
    now = rows_of(chart, read, comparison.now)
    before = {(row["source"], row["device"]): row for row in rows}
    return {"changes": {pair: _since(row, before.get(pair)) for row in now if (pair := (row["source"], row["device"]))}}


def trend_says(result: Answer, comparison: Comparison | None) -> None:
    """Say after the sentence of the daily trend what its dotted line is."""
    if comparison is not None and not comparison.problem:
        insight = result[f"{DAILY_TREND.id}-insight"]
        insight["children"] = f"{insight['children']} The dotted line is {comparison.earlier}."


def with_change(
    columns: Sequence[Column], place: int, read: Reading, chart: Chart, comparison: Comparison | None, key: str
) -> Sequence[Column]:
    """The columns with the change of each row's rate at a place among them; without a comparison as they are."""
    if comparison is None or comparison.problem:
        return columns
    return with_column(columns, place, periods.earlier_rows(read, chart, comparison), key)


def with_column(columns: Sequence[Column], place: int, earlier: Sequence[Row], key: str) -> Sequence[Column]:
    """The columns and one with the change of each row's rate since the earlier rows."""
    before = {row[key]: row for row in earlier}

    def show(row: Row) -> list[Any]:
        change, interval = changes.of_group(row, before.get(row[key]))
        return [change, html.Small(interval)]

    return (*columns[:place], Column("Change", show), *columns[place:])


def caution(comparison: Comparison | None) -> str:
    """What to know of a column of changes, to stand after a sentence."""
    if comparison is None or comparison.problem:
        return ""
    return f" Changes are those since {comparison.earlier}, each with a 95 % interval of its own that does not allow for how many rows one looks through."


def _since(row: Row, earlier: Row | None) -> str:
    change, interval = changes.of_group(row, earlier)
    return f"since the earlier period: {change} ({interval})"


def _tile(row: Row, currency: str) -> list[Any]:
    metric = row["metric"]
    change = changes.difference(metric, row["delta"], currency)
    share = f" ({changes.relative(row)})" if metric in changes.TOTALS and changes.relative(row) else ""
    details = html.Small(_details(row, currency))
    return [html.B(f"{change}{share}"), details] if row["delta"] is not None else [details]


def _details(row: Row, currency: str) -> str:
    """The interval of a difference, and that it says nothing where it does."""
    interval = changes.bounds(row["metric"], row["ci_low"], row["ci_high"], currency)
    return " · ".join(filter(None, [interval, changes.doubt(row)]))


def _metric_columns(comparison: Comparison, currency: str) -> tuple[Column, ...]:
    return (
        Column("Figure", lambda row: changes.NAMES[row["metric"]], is_number=False),
        Column("Now", lambda row: changes.shown(row["metric"], row["current"], currency)),
        Column(
            "Difference",
            lambda row: [changes.difference(row["metric"], row["delta"], currency), html.Small(_details(row, currency))],
        ),
        Column("Before", lambda row: changes.shown(row["metric"], row["previous"], currency)),
    )


def _effect(row: Row, name: str) -> list[Any]:
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    if high - low < changes.SMALLEST:
        return [changes.difference("conversion_rate", 0, "").rsplit(theme.NBSP, 1)[0], html.Small("nothing to mix")]
    return [
        changes.difference("conversion_rate", row[f"{name}_effect"], "").rsplit(theme.NBSP, 1)[0],
        html.Small(changes.bounds("conversion_rate", low, high, "").rsplit(theme.NBSP, 1)[0]),
    ]


def _wide(identity: str, *, has_split: bool = True) -> dict[str, str]:
    return {"gridColumn": f"span {(7 if has_split else 12) if identity == CARD else 5}"}


def _style(style: Mapping[str, str], *, is_shown: bool) -> dict[str, str]:
    return {**{name: value for name, value in style.items() if name != "display"}, **({} if is_shown else {"display": "none"})}
