"""Exports fetched from where they are made, as files that `etl load` takes: so far from BigQuery, day by day."""
