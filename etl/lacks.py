"""What a file cannot tell, by the names that the view data_lacks has sentences for."""

from __future__ import annotations

from etl.recognise import JSON_COLUMNS, Source

CAPABILITIES = ("dates", "country", "device", "source", "duration", "visitors", "revenue", "conversions", "events")

# The fields of a table of sessions of which one must be there.
NEEDED = {
    "dates": {"date", "start_time"},
    "country": {"country"},
    "device": {"device"},
    "source": {"source", "source_medium"},
    "duration": {"duration"},
    "visitors": {"visitor"},
    "revenue": {"revenue"},
    "conversions": {"transactions", "revenue", "key_events", "converted"},
}
# What a column of JSON tells in the flattened form of Google Analytics 360.
NESTED = {"device": ("device",), "geoNetwork": ("country",), "totals": ("duration", "revenue", "conversions"), "trafficSource": ("source",)}


def lacks(source: Source, stage_basis: str) -> list[str]:
    """Capabilities that no row of a file has, in the order of CAPABILITIES.

    Parameters
    ----------
    source : the file as recognised.
    stage_basis : events or thresholds, as its reader tells.
    """
    missing = set() if stage_basis == "events" else {"events"}
    if source.mapping:
        missing |= _of_fields({name for name, column in source.mapping.columns.items() if not column.is_partial})
    elif source.container == "csv-json":
        present = {name.strip() for name in source.columns}
        missing |= {told for name in JSON_COLUMNS if name not in present for told in NESTED[name]}
    elif source.fields:
        missing |= _of_fields(set(source.fields))
    return [name for name in CAPABILITIES if name in missing]


def _of_fields(fields: set[str]) -> set[str]:
    have = fields | ({"visitor"} if "session" in fields else set())
    return {name for name, needed in NEEDED.items() if not have & needed}
