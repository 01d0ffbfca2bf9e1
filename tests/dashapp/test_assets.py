"""The files that stand in the repository for other projects: the right version, whole, small, licensed, and calling nobody."""

import json
import re
from functools import cache
from math import atan2, cos, pi, radians, sin
from pathlib import Path

import pytest
from plotly.offline import get_plotlyjs_version

from dashapp import figures

ROOT = Path(__file__).resolve().parents[2]
ASSETS = ROOT / "dashapp" / "assets"
SCRIPT = (ROOT / "bin" / "vendor-assets.mjs").read_text(encoding="utf-8")
LARGEST_COUNTRY = 6.2


@cache
def world() -> dict:
    return json.loads((ASSETS / "topojson" / "world_50m.json").read_text(encoding="utf-8"))


@cache
def arcs() -> list[list[tuple[float, float]]]:
    """The arcs as longitudes and latitudes: they are stored as differences on a grid."""
    (kx, ky), (dx, dy) = world()["transform"]["scale"], world()["transform"]["translate"]
    found = []
    for arc in world()["arcs"]:
        x = y = 0
        points = []
        for step in arc:
            x, y = x + step[0], y + step[1]
            points.append((x * kx + dx, y * ky + dy))
        found.append(points)
    return found


def ring(indices: list[int]) -> list[tuple[float, float]]:
    points: list[tuple[float, float]] = []
    for index in indices:
        arc = arcs()[index] if index >= 0 else arcs()[~index][::-1]
        points += arc[1:] if points else arc
    return points


def area(points: list[tuple[float, float]]) -> float:
    """Steradians to the right of a closed line, the side Plotly fills: nearly the whole sphere if it runs the wrong way round.

    The sum of signed spherical triangles with the pole, as d3-geo computes it.
    """
    total = 0.0
    for (lon0, lat0), (lon1, lat1) in zip(points, points[1:], strict=False):
        width = radians(lon1 - lon0)
        side = 1 if width >= 0 else -1
        half0, half1 = radians(lat0) / 2 + pi / 4, radians(lat1) / 2 + pi / 4
        k = sin(half0) * sin(half1)
        total += atan2(k * side * sin(abs(width)), cos(half0) * cos(half1) + k * cos(width))
    return 2 * total if total >= 0 else 2 * total + 4 * pi


def polygons(geometry: dict) -> list[list[list[int]]]:
    return [geometry["arcs"]] if geometry["type"] == "Polygon" else geometry["arcs"]


def covered(geometry: dict) -> float:
    return sum(area(ring(rings[0])) - sum(4 * pi - area(ring(hole)) for hole in rings[1:]) for rings in polygons(geometry))


def test_area_of_known_shapes():
    octant = [(0, 0), (0, 90), (90, 0), (0, 0)]
    assert area(octant) == pytest.approx(pi / 2)
    assert area(octant[::-1]) == pytest.approx(4 * pi - pi / 2)


def test_all_countries_and_the_land_are_kept():
    countries = world()["objects"]["countries"]["geometries"]
    assert len(countries) == 258
    assert {"SGP", "HKG", "MLT", "BHR", "MCO", "MDV", "USA", "RUS"} <= {country["id"] for country in countries}
    assert len(world()["objects"]["land"]["geometries"]) == 1


def test_no_outline_collapsed_and_fills_the_globe():
    for country in world()["objects"]["countries"]["geometries"]:
        for rings in polygons(country):
            points = ring(rings[0])
            assert points[0] == points[-1], country["id"]
            assert len(set(points)) >= 3, country["id"]
            assert 0 < area(points) < LARGEST_COUNTRY, country["id"]


def test_land_covers_what_land_covers():
    """The continents and Antarctica are 29 % of the sphere; the sum of the countries is the land."""
    land = covered(world()["objects"]["land"]["geometries"][0])
    assert 0.27 * 4 * pi < land < 0.30 * 4 * pi
    assert sum(covered(country) for country in world()["objects"]["countries"]["geometries"]) == pytest.approx(land, rel=0.005)


@pytest.mark.parametrize(
    ("country", "square_kilometres"), [("USA", 9_525_000), ("BRA", 8_516_000), ("FRA", 547_000), ("DEU", 357_600), ("LUX", 2_590)]
)
def test_countries_kept_their_size(country, square_kilometres):
    found = sum(covered(shape) for shape in world()["objects"]["countries"]["geometries"] if shape["id"] == country)
    assert found * 6371**2 == pytest.approx(square_kilometres, rel=0.1)


def test_plotly_is_the_version_the_figures_are_made_for():
    head = (ASSETS / "plotly.min.js").read_text(encoding="utf-8")[:200]
    assert f"plotly.js v{get_plotlyjs_version()}," in head
    assert f"'plotly.js': '{get_plotlyjs_version()}'" in SCRIPT
    assert {"bar", "heatmap", "choropleth"} == set(re.search(r"TRACES = \[(.*?)\]", SCRIPT)[1].replace("'", "").split(", "))


def test_the_map_stands_where_the_figures_look_for_it():
    assert (ASSETS.parent / figures.config()["topojsonURL"].strip("/") / "world_50m.json").is_file()


@pytest.mark.parametrize("path", sorted(ASSETS.glob("*.css")), ids=lambda path: path.name)
def test_style_sheets_fetch_nothing_from_elsewhere(path):
    text = path.read_text(encoding="utf-8")
    assert "sourceMappingURL" not in text
    assert "@import" not in text
    for address in re.findall(r"url\(\s*[\"']?([^\"')]+)", text):
        assert address.startswith("data:") or (ASSETS / address).is_file(), address


def test_assets_are_small_and_licensed():
    files = [path for path in ASSETS.rglob("*") if path.is_file()]
    assert all(path.stat().st_size < 2_000_000 for path in files)
    assert (ASSETS / "topojson" / "world_50m.json").stat().st_size < 350_000
    licences = {path.stem for path in (ASSETS / "licences").iterdir()}
    assert {"inter", "plotly.js"} <= licences
    told = (ASSETS / "README.md").read_text(encoding="utf-8")
    for path in files:
        if path.stat().st_size > 10_000:
            name = path.relative_to(ASSETS).as_posix()
            assert name in told or f"`{name.partition('/')[0]}/`" in told, f"{name} is not in the README of the assets"
