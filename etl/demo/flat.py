"""The demo as one CSV file, one row a session, with Universal Analytics' names and micros."""

import io

import numpy as np
import polars as pl
import pyarrow as pa

from .columns import Labels, constant, integers, micros
from .funnel import Sessions

NAME = "sessions.csv"


def table(seed: int, day: Sessions) -> pa.Table:
    """The rows of one day."""
    labels = Labels(seed, day)
    bought = day.converted
    revenue = integers(micros(day.revenue_cents), bought)
    return pa.table(
        {
            "fullVisitorId": labels.full_visitor_id,
            "visitId": integers(day.start),
            "visitNumber": integers(day.arrivals.visit_number),
            "visitStartTime": integers(day.start),
            "date": constant(labels.date_text, labels.size),
            "deviceCategory": labels.level("device"),
            "browser": labels.level("browser"),
            "operatingSystem": labels.level("operating_system"),
            "country": labels.level("country"),
            "source": labels.level("source"),
            "medium": labels.level("medium"),
            "campaign": labels.of_line("campaign"),
            "channelGrouping": labels.channel,
            "landingPage": labels.landing_path,
            "hits": integers(day.hits),
            "pageviews": integers(day.pageviews),
            "timeOnSite": integers(day.duration, day.hits > 1),
            "bounces": integers(np.ones(labels.size), day.hits == 1),
            "transactions": integers(day.transactions, bought),
            "transactionRevenue": revenue,
        }
    )


def text(seed: int, day: Sessions, header: bool) -> bytes:
    """One day as CSV."""
    out = io.BytesIO()
    pl.from_arrow(table(seed, day)).write_csv(out, include_header=header)
    return out.getvalue()
