"""The application: one Dash app over one database, its routes and its three callbacks."""

from collections.abc import Mapping
from typing import Any

from dash import ALL, ClientsideFunction, Dash, Input, Output, State, no_update
from dash.development.base_component import Component
from flask import request

from dashapp import auth, charts, download, http, lacking, plain, theme
from dashapp.api import routes
from dashapp.components.empty import nothing
from dashapp.components.shell import SKELETON, shell
from dashapp.db import Database, DatabaseUnavailable
from dashapp.filters import LISTED, NEEDED, Filters
from dashapp.pages import PAGES
from dashapp.queries import candidates, common
from dashapp.serial import jsonable
from dashapp.settings import Settings

LOOKS = ("light", "dark")
FILTER_VALUES = [
    ("filter-device", "value"),
    ("filter-source", "value"),
    ("filter-country", "value"),
    ("filter-channel", "value"),
    ("filter-dates", "start_date"),
    ("filter-dates", "end_date"),
    ("filter-compare", "value"),
]
INDEX = """<!DOCTYPE html>
<html lang="en"{look}>
<head>
{metas}
<title>Silent Leak Detector</title>
<link rel="icon" type="image/svg+xml" href="/assets/favicon.svg">
<link rel="preload" as="font" type="font/woff2" crossorigin href="/assets/fonts/inter-latin-wght-normal.woff2">
<style>{style}</style>
{css}
</head>
<body>
<div id="react-entry-point">{skeleton}</div>
<noscript><p>This page draws its charts with JavaScript: please switch it on.</p></noscript>
<footer>{config}{scripts}{renderer}</footer>
</body>
</html>"""


class App(Dash):
    """Dash with a first paint of its own: the look the reader chose, and a skeleton instead of a blank page."""

    def interpolate_index(self, **parts: str) -> str:
        chosen = request.cookies.get("look")
        return INDEX.format(
            look=f' data-theme="{chosen}"' if chosen in LOOKS else "",
            style=plain.STYLE,
            skeleton=SKELETON,
            **{name: parts[name] for name in ("metas", "css", "config", "scripts", "renderer")},
        )


def create(settings: Settings) -> App:
    """The app over the settings' database. The database is opened by the first request, so a fork may come between."""
    database = Database(settings.database, required=NEEDED)
    app = App(
        "dashapp",
        title="Silent Leak Detector",
        update_title=None,
        compress=True,
        suppress_callback_exceptions=True,
        assets_ignore="plain",
        meta_tags=[
            {"name": "viewport", "content": "width=device-width, initial-scale=1"},
            {"name": "color-scheme", "content": "light dark"},
        ],
    )
    app.server.config.update(
        COMPRESS_ALGORITHM=["zstd", "br", "gzip"], COMPRESS_LEVEL=4, COMPRESS_MIN_SIZE=800, MAX_CONTENT_LENGTH=4_000_000
    )
    app.layout = lambda: _layout(database, settings)
    _callbacks(app, database)
    auth.install(app.server, settings)
    http.install(app, database, settings, frozenset(PAGES))
    download.install(app.server, database)
    routes.install(app.server, database, settings)
    # Dash learns which files of its components it may serve while it writes the first page: without this, a worker that has not
    # written one refuses the scripts of a page that another worker wrote.
    with app.server.test_request_context("/"):
        app.index()
    return app


def _layout(database: Database, settings: Settings) -> Component:
    names = {path: page.NAME for path, page in PAGES.items()}
    try:
        with database.reading() as read:
            covered = common.coverage(read)
            options = {dimension: common.options(read, dimension) for dimension in LISTED}
            days = tuple(str(covered[end]) if covered[end] else None for end in ("first", "last"))
            return lacking.veil_filters(read, shell(names, options, days, read.tag, can_sign_out=settings.auth != "none"))
    except DatabaseUnavailable:
        return shell(names, {}, (None, None), "", can_sign_out=settings.auth != "none")


def _callbacks(app: App, database: Database) -> None:
    @app.callback(
        Output("page", "children"),
        Output("answer", "data"),
        Output("shown", "data"),
        Input("url", "pathname"),
        Input("url", "search"),
        Input("data-version", "data"),
        Input("look", "data"),
        State("shown", "data"),
    )
    def show(path: str, search: str | None, _version: str, _look: int, shown: str | None) -> tuple[Any, Any, Any]:
        page = PAGES.get(path)
        if page is None:
            return nothing("No such page", "The address leads nowhere."), no_update, path
        filters, notes = Filters.read(search)
        try:
            with database.reading() as read:
                answer = lacking.said(read, page.answer(read, filters, notes, _chosen_look()))
                now = f"{path}@{read.tag}"
                # The cards stay as they are while only filters change: their parts are filled anew.
                layout = None if now == shown else lacking.veil(read, page.layout(read))
        except DatabaseUnavailable as problem:
            return nothing(problem.summary, problem.advice), no_update, None
        if layout is None:
            return no_update, jsonable(answer), no_update
        return fill(layout, answer), no_update, now

    @app.callback(
        Output("filter-source", "options"),
        Input("filter-source", "search_value"),
        State("filter-source", "value"),
        prevent_initial_call=True,
    )
    def find_sources(search: str | None, chosen: list[str] | None) -> list[dict]:
        with database.reading() as read:
            return common.options(read, "source", (search or "")[:100], tuple(chosen or ()))

    @app.callback(
        Output("candidates-grid", "getRowsResponse"),
        Output("candidates-count", "children"),
        Output("candidates-csv", "href"),
        Input("candidates-grid", "getRowsRequest"),
        State("url", "search"),
        State("candidates-quick", "value"),
        prevent_initial_call=True,
    )
    def list_candidates(wanted: Mapping[str, Any] | None, search: str | None, quick: list[str] | None) -> tuple[Any, Any, Any]:
        filters, _ = Filters.read(search)
        with database.reading() as read:
            rows, total = candidates.window(read, filters, quick or [], wanted or {})
        shown = "&".join(
            filter(
                None,
                [filters.query(), *(f"show={name}" for name in quick or [] if name in candidates.QUICK or name == candidates.BY_VISITOR)],
            )
        )
        href = "/download/top_candidates.csv" + (f"?{shown}" if shown else "")
        return {"rowData": rows, "rowCount": total}, f"{theme.counted(total, 'session')} listed", href

    _clientside(app)


def _clientside(app: App) -> None:
    """What the browser does by itself; the functions stand in assets/leaks.js."""
    app.clientside_callback(
        ClientsideFunction("leaks", "reduce"),
        Output("url", "search"),
        *(Output(identity, prop) for identity, prop in FILTER_VALUES),
        *(Output(f"filter-{dimension}", "options", allow_duplicate=dimension == "source") for dimension in LISTED),
        Output("chips", "children"),
        Output("filter-count", "children"),
        Output({"nav": ALL}, "href"),
        Input("url", "search"),
        *(Input(identity, prop) for identity, prop in FILTER_VALUES),
        Input("action", "data"),
        State("filter-options", "data"),
        prevent_initial_call="initial_duplicate",
    )
    app.clientside_callback(ClientsideFunction("leaks", "spread"), Input("answer", "data"), prevent_initial_call=True)
    app.clientside_callback(
        ClientsideFunction("leaks", "arrive"), Output({"nav": ALL}, "className"), Input("url", "pathname"), Input("url", "search")
    )
    app.clientside_callback(ClientsideFunction("leaks", "land"), Input("url", "hash"), Input("page", "children"))
    app.clientside_callback(ClientsideFunction("leaks", "refetch"), Input("candidates-quick", "value"), prevent_initial_call=True)
    for chart in charts.CHARTS.values():
        if chart.clicks:
            app.clientside_callback(
                ClientsideFunction("leaks", "click"),
                Output(chart.id, "clickData"),
                Input(chart.id, "clickData"),
                State(chart.id, "id"),
                prevent_initial_call=True,
            )


def fill(layout: Component, answer: charts.Answer) -> Component:
    """Set the properties of an answer on the components of a layout, so that it is right when first drawn."""
    for component in (layout, *layout._traverse()):
        for name, value in answer.get(getattr(component, "id", None) if isinstance(component, Component) else None, {}).items():
            setattr(component, name, value)
    return layout


def _chosen_look() -> str:
    look = request.cookies.get("look")
    return look if look in LOOKS else "light"
