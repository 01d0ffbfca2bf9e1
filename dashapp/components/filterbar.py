"""The filter bar: one for all pages, its state in the URL (assets/filters.js keeps both in step)."""

from dash import dcc, html

LABELS = {
    "select_all": "All shown",
    "deselect_all": "None",
    "search": "Search",
    "selected_count": "{num_selected}",
    "no_options_found": "Nothing found",
}
COMPARE = {"none": "Nothing", "previous": "The days before", "year": "Same days last year"}
PLACEHOLDERS = {"device": "All devices", "source": "All sources", "country": "All countries", "channel": "All channels"}


def filter_bar(options: dict[str, list[dict]], first: str | None, last: str | None) -> html.Div:
    """The bar, with the options of each dimension and the days that have data."""
    fields = [
        html.Div(
            [
                html.Label(dimension.capitalize(), htmlFor=f"filter-{dimension}"),
                dcc.Dropdown(
                    id=f"filter-{dimension}",
                    options=options.get(dimension, []),
                    multi=True,
                    placeholder=placeholder,
                    labels=LABELS,
                    optionHeight=34,
                    maxHeight=320,
                ),
            ],
            className="field",
        )
        for dimension, placeholder in PLACEHOLDERS.items()
    ]
    dates = html.Div(
        [
            html.Label("Dates", htmlFor="filter-dates"),
            dcc.DatePickerRange(
                id="filter-dates",
                min_date_allowed=first,
                max_date_allowed=last,
                initial_visible_month=last,
                display_format="D MMM YYYY",
                start_date_placeholder_text="From",
                end_date_placeholder_text="To",
                first_day_of_week=1,
                clearable=True,
                minimum_nights=0,
            ),
        ],
        className="field field-dates",
    )
    compare = html.Div(
        [
            html.Label("Compare with", htmlFor="filter-compare"),
            dcc.Dropdown(
                id="filter-compare",
                options=[{"label": label, "value": value} for value, label in COMPARE.items()],
                value="none",
                clearable=False,
                searchable=False,
                optionHeight=34,
            ),
        ],
        className="field",
    )
    return html.Div(
        [
            html.Button(
                ["Filters", html.Span(id="filter-count")],
                id="filter-toggle",
                type="button",
                className="button",
                **{"data-toggle": "filters-open", "aria-controls": "filter-fields"},
            ),
            html.Div([*fields, dates, compare], id="filter-fields", className="fields"),
            html.Div(id="chips", className="chips", **{"aria-label": "Active filters"}),
        ],
        className="filterbar",
        role="search",
    )
