"""Conversion by country, on a map."""

import re

from dashapp import theme as look
from dashapp.figures.base import empty, figure, matches, note
from dashapp.figures.labels import full
from dashapp.figures.rows import overall_rate, row_rate
from dashapp.figures.scales import CLASSES, borders, class_of, colorscale
from dashapp.theme import NBSP, exact


def country_map(rows: list[dict], *, theme: str = "light", selected=None, **_) -> dict:
    """Draw countries coloured by conversion rate; those with too few sessions to tell are grey, those without any are land."""
    c = look.colours(theme)
    rates = [(row, row_rate(row)) for row in rows or []]
    overall = overall_rate([r for _, r in rates])
    placed = [(row, r) for row, r in rates if r.n and re.fullmatch("[A-Z]{3}", str(row.get("iso3") or ""))]
    if not placed:
        message = "No sessions in this selection." if not any(r.n for _, r in rates) else "None of these sessions has a country on the map."
        return empty(message, theme, name="country_map")
    told = [pair for pair in placed if not pair[1].is_thin_for_colour(overall)]
    thin = [pair for pair in placed if pair[1].is_thin_for_colour(overall)]
    limits = borders(max((r.value for _, r in told), default=0.0))
    chosen = [row.get("country") for row, _ in placed if selected is not None and matches(row.get("country"), selected)]
    data = []
    # A trace for each look: the opacity of a choropleth is one number for all its countries.
    for group, is_thin in ((thin, True), (told, False)):
        for is_back in (True, False):
            part = [(row, r) for row, r in group if (bool(chosen) and row.get("country") not in chosen) == is_back]
            if part:
                is_chosen = bool(chosen) and not is_back
                data.append(_countries(part, limits, theme, is_thin, look.FADED if is_back else 1, is_chosen))
    return figure(
        "country_map",
        data,
        theme,
        margin={"l": 0, "r": 0, "t": 0, "b": 32},
        geo={
            "scope": "world",
            "resolution": 50,
            "fitbounds": False,
            "projection": {"type": "natural earth"},
            "lonaxis": {"range": [-180, 180]},
            "lataxis": {"range": [-58, 85]},
            "domain": {"x": [0, 1], "y": [0, 1]},
            "bgcolor": "rgba(0,0,0,0)",
            "showframe": False,
            "showcoastlines": False,
            "showcountries": False,
            "showlakes": False,
            "showocean": False,
            "showland": True,
            "landcolor": c["land"],
        },
        annotations=[_key(limits if told else [], theme)],
    )


def _countries(group, limits, theme, is_thin: bool, opacity: float, is_chosen: bool) -> dict:
    c = look.colours(theme)
    words = [f"too few sessions to tell: {exact(r.k)} of {exact(r.n)}" if is_thin else r.evidence for _, r in group]
    line = {"color": c["ink"], "width": 1.5} if is_chosen else {"color": c["surface"], "width": 0.5}
    return {
        "type": "choropleth",
        "locationmode": "ISO-3",
        "locations": [row["iso3"] for row, _ in group],
        "z": [0 if is_thin else class_of(r.value, limits) + 0.5 for _, r in group],
        "zmin": 0,
        "zmax": CLASSES,
        "zauto": False,
        "colorscale": [[0, c["too-few"]], [1, c["too-few"]]] if is_thin else colorscale(theme),
        "showscale": False,
        "customdata": [row.get("country") for row, _ in group],
        "hovertext": [f"{full(row.get('country'))}<br>{text}" for (row, _), text in zip(group, words, strict=True)],
        "hoverinfo": "text",
        "marker": {"line": line, "opacity": opacity},
    }


def _key(limits: list[float], theme: str) -> dict:
    """The colours with the rates between them, if any country has one, in one text: each shape and note apart takes its time at every drawing."""
    c = look.colours(theme)
    parts = [
        part for colour, limit in zip(look.sequential(theme), limits[1:], strict=False) for part in (_swatch(colour), f"{limit * 100:.6g}")
    ]
    key = f"{NBSP.join(['0', *parts])}{NBSP}%{NBSP * 4}" if parts else ""
    too_few = f"{_swatch(c['too-few'])}{NBSP}too few to tell"
    return note(f"{key}{too_few}", theme, x=0, y=0, xshift=-2, yanchor="top", yshift=-8, font={"color": c["muted"], "size": 12})


def _swatch(colour: str) -> str:
    return f'<span style="color:{colour}">■</span>'
