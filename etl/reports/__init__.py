"""Reports of the Analytics interface and answers of its APIs: totals over many sessions, never sessions.

`recognise` tells one from a session export, `tables` and `api` read its tables into the model of `model`, `aggregates` decides which of them
carry a rate by country, device, source or channel, and `storing` brings those into the table aggregates.
"""

FORMATS = ("ga4-report-csv", "ga4-data-api", "ua-report-csv", "ua-report-api")
