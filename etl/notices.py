"""What landed rows give away about their file: signs of damage, truncation and selection, one sentence each."""

from __future__ import annotations

import duckdb

EXCEL_ROWS = 1_048_575
MANY = 1_000
SESSIONS_PER_VISITOR = 20


def notices(con: duckdb.DuckDBPyConnection, rows: str) -> list[str]:
    """Sentences about landed rows, for the notes of their load.

    Parameters
    ----------
    rows : what stands after FROM, with landing columns, raw labels and good rows only, such as
        `(from scratch.landing where load_id = 3 and reject_reason is null)`.
    """
    found = con.execute(
        f"""
        select
            count(*) as sessions,
            approx_count_distinct(visitor_key) as visitors,
            count(*) filter (length(visitor_key) >= 16) as long_ids,
            count(*) filter (length(visitor_key) >= 16 and ends_with(visitor_key, '000')) as rounded_ids,
            count(*) filter (transactions > 0) as converting,
            count(*) filter (channel = 'Organic Search') as organic,
            count(*) filter (channel = 'Organic Search' and source = '(direct)') as organic_direct
        from {rows}
        """
    )
    sessions, visitors, long_ids, rounded_ids, converting, organic, organic_direct = found.fetchone()
    sentences = []
    if sessions == EXCEL_ROWS:
        sentences.append(f"The file has {EXCEL_ROWS:,} rows, where Excel cuts: later rows may be missing.")
    if sessions >= MANY and visitors and sessions > SESSIONS_PER_VISITOR * visitors:
        sentences.append(f"{sessions:,} sessions fold into about {visitors:,} visitors: their ids may be damaged.")
    if long_ids >= MANY and rounded_ids > long_ids / 2:
        sentences.append(f"{rounded_ids:,} of {long_ids:,} long visitor ids end in 000: a spreadsheet rounded them, visitors run together.")
    if sessions >= 100 and converting > sessions / 2:
        sentences.append(f"{converting:,} of {sessions:,} sessions convert: the file seems to hold buyers only, so its rates mean nothing.")
    if organic_direct > organic / 2:
        sentences.append(
            f"The source says (direct) for {organic_direct:,} of {organic:,} sessions whose channel is Organic Search: "
            "trust the channel there, not the source."
        )
    return sentences
