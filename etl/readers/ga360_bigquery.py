"""Sessions of Google Analytics 360 as BigQuery exports them: `ga_sessions_YYYYMMDD` as Parquet, JSON lines or a JSON array.

Nested records come as Parquet structs with plain lists, with BigQuery's `list.element` wrapping, or as JSON with numbers as text.
All leaves are read as text and cast row by row.
"""

from __future__ import annotations

import duckdb

from etl import labels, stages
from etl.privacy import literal
from etl.readers import Landing
from etl.readers.ga360_hits import event_name_sql
from etl.readers.text_table import Table, landing_sql, read_columns
from etl.recognise import Source, file_pattern

TOP = ("fullVisitorId", "clientId", "visitorId", "visitId", "visitNumber", "visitStartTime", "date", "channelGrouping")
RECORDS = {
    "totals": (
        "visits", "hits", "pageviews", "screenviews", "timeOnSite", "bounces", "transactions", "transactionRevenue", "totalTransactionRevenue",
    ),
    "trafficSource": ("source", "medium", "campaign"),
    "device": ("deviceCategory", "browser", "operatingSystem"),
    "geoNetwork": ("country", "networkDomain"),
}  # fmt: skip
HIT = {
    "": ("time", "type"),
    "page": ("pagePath", "hostname"),
    "appInfo": ("screenName",),
    "eCommerceAction": ("action_type",),
    "transaction": ("transactionRevenue",),
    "eventInfo": ("eventCategory", "eventAction", "eventValue"),
}
ABSENT = "null::varchar"
MAX_OBJECT = 64 << 20  # a session of many hits, each with its products, may be tens of megabytes of JSON


def read(con: duckdb.DuckDBPyConnection, source: Source) -> Landing:
    """Prepare the landing of GA 360 sessions; see `etl.readers`."""
    scan = _parquet_scan(source) if source.container == "parquet" else _json_scan(source)
    record = _Record(con.sql(f"select * from {scan} limit 0"))
    has_hits = record.hits is not None
    anything = record.top("fullVisitorId", "clientId", "visitorId", "visitId", "date")
    columns = {"record_bad": f"{anything} is null"}
    counts = [name for name in ("visits", "hits", "pageviews") if record.leaf("totals", name) != ABSENT]
    if counts:
        columns["totals_bad"] = f"{record.leaf('totals', *counts)} is null"
    fields = _fields(record)
    if not has_hits and fields["transactions"] == fields["revenue"] == ABSENT:
        del fields["transactions"], fields["revenue"]  # nothing tells who converted: unknown, not none
    columns |= read_columns(con, Table(source.name, scan, fields, SAMPLES), [])
    notes: list[str] = []
    told = {}
    if record.has("file_row_number"):
        columns["row_number"] = "file_row_number + 1"
        columns["file"] = "filename"
    if has_hits:
        rules = stages.load_rules()
        columns |= _session_facts(record)
        told["stage"] = rules.event_stage_sql("event_names", "event_pages", "pageviews", "duration_seconds", "transactions")
    else:
        notes.append("The export has no hits: stages are told from counts of page views.")
    return Landing(
        sql=landing_sql(scan, columns, told=told),
        events_sql=_events_sql(record, scan, columns) if has_hits else None,
        rejects_sql=_rejects_sql(landing_sql(scan, columns, _raw(record))),
        stage_basis="events" if has_hits else "thresholds",
        notes=notes,
    )


SAMPLES = {"date": ["20170801"], "start_time": ["1501570398"], "revenue": ["10000000"], "duration": ["31"]}


def _parquet_scan(source: Source) -> str:
    files = ", ".join(literal(file_pattern(path)) for path in (source.path, *source.together))
    return f"read_parquet([{files}], file_row_number = true, filename = true)"


def _json_scan(source: Source) -> str:
    shape = "array" if source.container == "json-array" else "newline_delimited"
    columns = {name: "VARCHAR" for name in TOP}
    columns |= {group: f"STRUCT({_texts(names)})" for group, names in RECORDS.items()}
    hit = ", ".join(f'"{group}" STRUCT({_texts(names)})' if group else _texts(names) for group, names in HIT.items())
    if source.has_hits:
        columns["hits"] = f"STRUCT({hit})[]"
    declared = ", ".join(f"'{name}': {literal(kind)}" for name, kind in columns.items())
    return (
        f"read_json({literal(file_pattern(source.path))}, format = '{shape}', compression = '{source.compression}', "
        f"maximum_object_size = {MAX_OBJECT}, columns = {{{declared}}}{', ignore_errors = true' if shape == 'newline_delimited' else ''})"
    )


def _texts(names: tuple[str, ...]) -> str:
    return ", ".join(f'"{name}" VARCHAR' for name in names)


class _Record:
    """The fields a scan really has, as expressions; NULL for those it lacks."""

    def __init__(self, relation: duckdb.DuckDBPyRelation):
        self.types = {name.lower(): kind for name, kind in zip(relation.columns, relation.types, strict=True)}
        self.hits = self.hit_type = None
        self.hit_prefix = "hit"
        kind = self.types.get("hits")
        if kind is None:
            return
        hits = "hits"
        if kind.id == "struct":  # BigQuery's wrapping: hits.list[].element
            hits, kind = 'hits."list"', dict(kind.children).get("list")
        if kind is not None and kind.id == "list":
            element = kind.children[0][1]
            wrapped = _children(element).get("element")
            if wrapped is not None:
                self.hit_prefix, element = 'hit."element"', wrapped
            if element.id == "struct":
                self.hits, self.hit_type = hits, element

    def has(self, name: str) -> bool:
        return name.lower() in self.types

    def top(self, *names: str) -> str:
        """The first of these fields that says something, as text."""
        parts = [f"nullif(scan.\"{name}\"::varchar, '')" for name in names if self.has(name)]
        return f"coalesce({', '.join(parts)})" if parts else ABSENT

    def leaf(self, group: str, *names: str) -> str:
        """The same for fields of a record."""
        known = _children(self.types.get(group.lower()))
        parts = [f'nullif(scan."{group}"."{name}"::varchar, \'\')' for name in names if name.lower() in known]
        return f"coalesce({', '.join(parts)})" if parts else ABSENT

    def hit(self, group: str, name: str) -> str:
        """A field of a hit, as text, for use where `hit` is one."""
        known = _children(self.hit_type)
        if not group:
            return f'{self.hit_prefix}."{name}"::varchar' if name.lower() in known else ABSENT
        if name.lower() not in _children(known.get(group.lower())):
            return ABSENT
        return f'{self.hit_prefix}."{group}"."{name}"::varchar'

    @property
    def event_name(self) -> str:
        return event_name_sql(
            self.hit("eCommerceAction", "action_type"),
            self.hit("", "type"),
            self.hit("eventInfo", "eventCategory"),
            self.hit("eventInfo", "eventAction"),
        )

    @property
    def page(self) -> str:
        """Path or screen of a hit, without query string and fragment but otherwise as in the file."""
        path = f"split_part(split_part({self.hit('page', 'pagePath')}, '?', 1), '#', 1)"
        return f"coalesce(nullif({path}, ''), {self.hit('appInfo', 'screenName')})"


def _children(kind) -> dict:
    """Types of a struct's fields by their names in lower case.

    Without those that are null by type, as writers leave them that met no value: DuckDB 2.0 breaks down on casting one inside a struct.
    """
    if kind is None or kind.id != "struct":
        return {}
    return {name.lower(): child for name, child in kind.children if child.id != "null"}


def _fields(record: _Record) -> dict[str, str]:
    """Fields of a table of sessions as text expressions over the nested record."""
    return {
        "visitor": record.top("fullVisitorId", "clientId", "visitorId"),
        "visit": record.top("visitId"),
        "visit_number": record.top("visitNumber"),
        "start_time": record.top("visitStartTime", "visitId"),
        "date": record.top("date"),
        "channel": record.top("channelGrouping"),
        "device": record.leaf("device", "deviceCategory"),
        "browser": record.leaf("device", "browser"),
        "operating_system": record.leaf("device", "operatingSystem"),
        "country": record.leaf("geoNetwork", "country"),
        "network_domain": record.leaf("geoNetwork", "networkDomain"),
        "source": record.leaf("trafficSource", "source"),
        "medium": record.leaf("trafficSource", "medium"),
        "campaign": record.leaf("trafficSource", "campaign"),
        "pageviews": record.leaf("totals", "pageviews", "screenviews"),
        "hits": record.leaf("totals", "hits"),
        "duration": record.leaf("totals", "timeOnSite"),
        "bounces": record.leaf("totals", "bounces"),
        "transactions": record.leaf("totals", "transactions"),
        # With tax and shipping, as the interface shows it; older exports have only the other.
        "revenue": record.leaf("totals", "totalTransactionRevenue", "transactionRevenue"),
    }


def _session_facts(record: _Record) -> dict[str, str]:
    """What a session's hits tell, by list functions: unnesting and joining takes several times the time and memory."""

    def each(expression: str) -> str:
        return f"list_transform({record.hits}, lambda hit: {expression})"

    def first(expression: str) -> str:
        return f"list_filter({each(expression)}, lambda value: value is not null)[1]"

    return {
        "landing_page": first(record.page),
        "hostname": first(record.hit("page", "hostname")),
        "event_names": each(record.event_name),
        "event_pages": each(record.page),
    }


def _events_sql(record: _Record, scan: str, columns: dict[str, str]) -> str:
    """One row a hit. Pages are cleaned once each, not once a hit."""
    revenue = f"try_cast({record.hit('transaction', 'transactionRevenue')} as double) / 1000000"
    value = f"try_cast({record.hit('eventInfo', 'eventValue')} as double)"
    session = ", ".join(f"{columns[name]} as {name}" for name in ("visitor_key", "visit_key", "session_date", "started_at"))
    session += f", {columns.get('file', ABSENT)} as file"
    return f"""
with hits as materialized (
    select
        visitor_key,
        visit_key,
        session_date,
        event_index,
        started_at + to_milliseconds(coalesce(try_cast({record.hit("", "time")} as bigint), 0)) as occurred_at,
        {record.event_name} as event_name,
        {record.page} as raw_page,
        case when {record.event_name} = 'purchase' then {revenue} else {value} end as value,
        file
    from (
        select
            {session},
            unnest({record.hits}) as hit,
            unnest(range(1, len({record.hits}) + 1))::integer as event_index
        from {scan} as scan
    )
    where visitor_key is not null and visit_key is not null and session_date is not null
),
pages as (
    select raw_page, {labels.landing_page_sql(labels.plain_sql("raw_page", limit=2000))} as page
    from (select distinct raw_page from hits where raw_page is not null)
)
select visitor_key, visit_key, session_date, event_index, occurred_at, event_name, page, value, file
from hits
left join pages on pages.raw_page = hits.raw_page
"""


def _raw(record: _Record) -> str:
    """What a rejected row says, without its ids."""
    said = {
        "date": record.top("date"),
        "visitNumber": record.top("visitNumber"),
        "device": record.leaf("device", "deviceCategory"),
        "country": record.leaf("geoNetwork", "country"),
        "source": record.leaf("trafficSource", "source"),
        "pageviews": record.leaf("totals", "pageviews"),
        "timeOnSite": record.leaf("totals", "timeOnSite"),
        "transactions": record.leaf("totals", "transactions"),
    }
    parts = ", ".join(f"'{name}: ' || {expression}" for name, expression in said.items())
    return f"concat_ws(', ', {parts})"


def _rejects_sql(landing: str) -> str:
    return f"""
select coalesce(row_number, place) as row_number, reject_reason as reason, raw
from (select *, row_number() over () as place from ({landing}))
where reject_reason is not null
"""
