-- Every table, view and column says what it means.
select table_name, column_name
from duckdb_columns()
where database_name = current_database() and not internal and comment is null
union all
select table_name, null
from duckdb_tables()
where database_name = current_database() and not internal and comment is null
union all
select view_name, null
from duckdb_views()
where database_name = current_database() and not internal and comment is null
union all
select function_name, null
from duckdb_functions()
where database_name = current_database() and not internal and comment is null
