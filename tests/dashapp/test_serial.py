"""Answers written out are what Dash would have written."""

import json
from datetime import date

import orjson
import pytest
from dash import dcc, html
from plotly.io.json import to_json_plotly

from dashapp.db import Database
from dashapp.filters import Filters
from dashapp.pages import PAGES
from dashapp.serial import jsonable, written
from tests.dashapp.building import build


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    with Database(build(tmp_path_factory.mktemp("serial") / "leaks.duckdb", sessions=900)).reading() as read:
        yield read


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("filters", [Filters(), Filters(devices=("mobile",), since=date(2024, 3, 2)), Filters(sources=("nowhere",))])
def test_answers_are_written_as_dash_writes_them(read, path, filters):
    answer = PAGES[path].answer(read, filters, ["a note"], "light")
    plain = jsonable(answer)
    assert json.loads(to_json_plotly(plain)) == json.loads(to_json_plotly(answer, engine="json"))
    assert orjson.dumps(plain)  # nothing is left that would send Plotly's writer over every value in Python


def test_components():
    link = dcc.Link([html.B("<b>"), None, 3], href="/x", id={"nav": "x"}, className="")
    whole = html.Div([link, (html.Hr(), "text")], **{"data-x": "1", "aria-label": "y"}, style={"width": "3%"})
    assert written(whole) == json.loads(to_json_plotly(whole, engine="json"))
