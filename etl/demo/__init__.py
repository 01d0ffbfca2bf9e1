"""Demo exports: one invented shop's traffic in the shapes Google Analytics exports, with leaks planted and the truth beside."""

from datetime import date

FORMATS = {"ga4": "ga4-bigquery", "ga360": "ga360-bigquery", "flat": "flat-csv"}
LAST_DAY = date(2026, 10, 31)
