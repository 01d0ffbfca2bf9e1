"""The levels of the ENUM columns of sessions, which grow with the data."""

import duckdb

TYPES = {"device": "device_name", "country": "country_name", "source": "source_name", "channel": "channel_name"}
"""ENUM columns of sessions and the names of their types."""


def extend(con: duckdb.DuckDBPyConnection, column: str, relation: str) -> int:
    """Add the values a relation has in a column, and sessions has not met yet, to the column's type, in sessions and in the cubes.

    Known levels keep their order, so that what is stored stays as it is. Returns the number of new levels.

    Parameters
    ----------
    column : a key of TYPES.
    relation : relation with a text column of that name.
    """
    name = TYPES[column]
    con.execute(f"create or replace temp table known_levels as select unnest(enum_range(null::{name}))::varchar as level")
    con.execute(
        f"""
        create or replace temp table new_levels as
        select distinct cast({column} as varchar) as level
        from {relation}
        where {column} is not null and cast({column} as varchar) not in (select level from known_levels)
        order by level
        """
    )
    (count,) = con.execute("select count(*) from new_levels").fetchone()
    if count:
        con.execute(f"drop type {name}")
        con.execute(f"create type {name} as enum (select level from known_levels union all select level from new_levels)")
        for schema, table in con.execute(
            """
            select columns.schema_name, columns.table_name
            from duckdb_columns() as columns
            inner join duckdb_tables() as tables using (database_name, schema_name, table_name)
            where columns.database_name = current_database() and columns.column_name = ? and columns.data_type like 'ENUM(%'
            """,
            [column],
        ).fetchall():
            con.execute(f"alter table {schema}.{table} alter {column} type {name}")
    con.execute("drop table known_levels; drop table new_levels")
    return count
