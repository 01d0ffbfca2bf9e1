"""Answers of the reporting APIs, as their clients save them."""


def answer(dimensions, metrics, rows, **more) -> dict:
    """An answer of runReport."""
    size = len(dimensions)
    return {
        "dimensionHeaders": [{"name": name} for name in dimensions],
        "metricHeaders": [{"name": name, "type": "TYPE_INTEGER"} for name in metrics],
        "rows": [
            {
                "dimensionValues": [{"value": str(cell)} for cell in row[:size]],
                "metricValues": [{"value": str(cell)} for cell in row[size:]],
            }
            for row in rows
        ],
        **more,
    }


def older_answer() -> dict:
    """An answer of Universal Analytics' first API, version 3."""
    return {
        "kind": "analytics#gaData",
        "query": {"start-date": "2018-01-01", "end-date": "2018-01-31"},
        "profileInfo": {"profileName": "All Web Site Data"},
        "columnHeaders": [
            {"name": "ga:deviceCategory", "columnType": "DIMENSION"},
            {"name": "ga:sessions", "columnType": "METRIC"},
            {"name": "ga:goal1Completions", "columnType": "METRIC"},
        ],
        "rows": [["desktop", "100", "3"], ["mobile", "50", "1"]],
        "totalsForAllResults": {"ga:sessions": "150", "ga:goal1Completions": "4"},
        "totalResults": 2,
    }
