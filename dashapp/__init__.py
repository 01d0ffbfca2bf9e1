"""The Dash app: charts of one DuckDB file, linked by filters that live in the URL."""
