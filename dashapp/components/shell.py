"""What stands around every page: navigation, filter bar, and the stores that carry the state."""

from collections.abc import Mapping

from dash import dcc, html

from dashapp.components.filterbar import filter_bar

SKELETON = (
    '<div class="app is-skeleton" aria-hidden="true"><div class="nav"></div><div class="main"><div class="filterbar"></div>'
    '<div class="body"><div class="ghost ghost-title"></div><div class="tiles">' + '<div class="card ghost"></div>' * 4 + "</div>"
    '<div class="card ghost ghost-chart"></div></div></div></div>'
)


def shell(
    names: Mapping[str, str], options: dict[str, list[dict]], days: tuple[str | None, str | None], version: str, *, can_sign_out: bool
) -> html.Div:
    """The layout of the app; `names` are the pages' names by path, `days` the first and last with data."""
    links = [dcc.Link(name, href=path, id={"nav": path}, className="nav-link") for path, name in names.items()]
    return html.Div(
        [
            dcc.Location(id="url", refresh=False),
            dcc.Store(id="filter-options", data={**options, "days": list(days)}),
            dcc.Store(id="action"),
            dcc.Store(id="answer"),
            dcc.Store(id="shown"),
            dcc.Store(id="look", data=0),
            dcc.Store(id="data-version", data=version),
            html.A("Skip to content", href="#page", className="skip"),
            html.Nav(
                [
                    dcc.Link(
                        [html.Span(className="mark", **{"aria-hidden": "true"}), "Silent Leak Detector"],
                        href="/",
                        id={"nav": "home"},
                        className="brand",
                    ),
                    html.Div(links, className="nav-links"),
                    html.Div(
                        [
                            html.Button(
                                html.Span("Light or dark", className="label"),
                                type="button",
                                className="look",
                                title="Switch between light and dark",
                                **{"data-look": "toggle"},
                            ),
                            html.Form(html.Button("Sign out", type="submit", className="link"), action="/logout", method="post")
                            if can_sign_out
                            else None,
                        ],
                        className="nav-foot",
                    ),
                ],
                className="nav",
                **{"aria-label": "Pages"},
            ),
            html.Main(
                [
                    filter_bar(options, *days),
                    html.Div(id="banner", role="alert"),
                    html.Div(id="page", tabIndex=-1),
                ],
                className="main",
            ),
        ],
        className="app",
    )
