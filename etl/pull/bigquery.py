"""Pulling the daily tables of a Google Analytics export from BigQuery into Parquet files, with Google's own client."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from etl.errors import InputError
from etl.headers import shorten
from etl.pull import days, writing
from etl.pull.days import Day
from etl.pull.statements import statement

PAGE_ROWS = 2_000  # nested events are large as JSON and larger as Python objects: about 30 kB each
LEAST_BILLED = 10 << 20
RETRY_SECONDS = {"initial": 1.0, "maximum": 30.0, "multiplier": 2.0, "timeout": 300.0}
EMULATOR = "BIGQUERY_EMULATOR_HOST"
INSTALL = "pulling from BigQuery needs Google's client, which is not installed: run make setup-bigquery"


@dataclass
class Pulled:
    """What became of the days asked for."""

    folder: Path
    files: list[Path] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)
    kept: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    bytes: int = 0
    is_dry: bool = False

    def summary(self) -> dict[str, Any]:
        """For machines."""
        return {
            "folder": str(self.folder),
            "pulled": self.rows,
            "kept": self.kept,
            "empty": self.empty,
            "bytes": self.bytes,
            "dry_run": self.is_dry,
        }


def connect(project: str):
    """A client for a project that pays, with the credentials of the machine.

    The client sends its credentials to whatever host the variable BIGQUERY_EMULATOR_HOST names: here that may only be this machine, and
    it gets none.
    """
    try:
        from google.auth.credentials import AnonymousCredentials
        from google.auth.exceptions import DefaultCredentialsError
        from google.cloud import bigquery
    except ImportError:
        raise InputError(INSTALL) from None
    emulator = os.environ.get(EMULATOR)
    if emulator:
        parts = urlsplit(emulator if "//" in emulator else f"//{emulator}")
        if parts.hostname not in ("127.0.0.1", "localhost", "::1"):
            raise InputError(f"{EMULATOR}: names {shorten(parts.hostname or emulator)}, not this machine: unset it to pull from Google")
        return bigquery.Client(project, credentials=AnonymousCredentials(), client_options={"api_endpoint": emulator})
    try:
        return bigquery.Client(project)
    except DefaultCredentialsError:
        raise InputError(
            "No Google credentials were found: run 'gcloud auth application-default login', or set GOOGLE_APPLICATION_CREDENTIALS to the "
            "key file of a service account"
        ) from None


def pull(
    project: str,
    dataset: str,
    since: date,
    until: date,
    folder: Path,
    *,
    billing_project: str | None = None,
    intraday: bool = False,
    max_bytes: int,
    dry_run: bool = False,
    report: Callable[[str], None] = lambda text: None,
) -> Pulled:
    """Pull the days from `since` to `until` that the folder lacks, or that have changed since they were pulled.

    Parameters
    ----------
    project, dataset : where the export lands.
    folder : where a Parquet file a day is kept.
    billing_project : the project that pays for the queries, where it is another.
    intraday : also the tables of days that are not over yet.
    max_bytes : refuse to read more than this in all, by BigQuery's own estimate.
    dry_run : say what would be read and stop.

    Raises
    ------
    InputError : BigQuery refuses, there are no such tables, or they are too large. Days pulled before stay; there is never half a day.
    """
    days.checked("project", days.PROJECT, project)
    days.checked("dataset", days.DATASET, dataset)
    client = connect(days.checked("billing-project", days.PROJECT, billing_project or project))
    where = f"{project}.{dataset}"
    with speaking(where):
        report(f"Listing the tables of {where}")
        names = [table.table_id for table in client.list_tables(where, retry=retry())]
        wanted = days.daily(names, since, until, intraday=intraday)
        if not wanted:
            raise InputError(_none_found(where, names, since, until))
        result = Pulled(folder, is_dry=dry_run)
        _prepare(folder, dry_run)
        due = _due(client, where, wanted, folder, result, report)
        estimates = {day: _estimate(client, sql, report, day) for day, (_, sql) in due.items()}
        result.bytes = sum(estimates.values())
        if result.bytes > max_bytes:
            raise InputError(
                f"{where}: {len(due):,} days would read {size(result.bytes)}, more than --max-bytes {size(max_bytes)}: "
                "ask for fewer days, or allow more"
            )
        if dry_run:
            result.rows = {day.table: table.num_rows for day, (table, _) in due.items()}
            return result
        for number, (day, (table, sql)) in enumerate(due.items(), start=1):
            report(f"Pulling {day.table} ({number} of {len(due)}, {size(estimates[day])})")
            result.rows[day.table] = _pull_day(client, where, day, table, sql, estimates[day], folder)
            result.files.append(day.file(folder))
    return result


def _prepare(folder: Path, dry_run: bool) -> None:
    try:
        if not dry_run:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # raw visitor ids
            days.clear_drafts(folder)
    except OSError as error:
        raise InputError(f"{folder}: cannot be created ({error.strerror}): choose another place with --out") from None


def _none_found(where: str, names: list[str], since: date, until: date) -> str:
    daily = days.daily(names, date.min, date.max, intraday=True)
    if not daily:
        return f"{where}: has no tables events_YYYYMMDD or ga_sessions_YYYYMMDD: name the dataset that Analytics exports to"
    whole = [day for day in daily if not day.is_intraday] or daily
    return f"{where}: has no day from {since} to {until}: its days go from {whole[0].day} to {whole[-1].day}"


def _due(client, where: str, wanted: list[Day], folder: Path, result: Pulled, report: Callable[[str], None]) -> dict[Day, tuple[Any, str]]:
    """The days to pull, each with its table and statement: those not kept, and those whose table changed since."""
    due = {}
    for day in wanted:
        said = days.kept(day, folder)
        if said and days.is_settled(day, folder):
            result.kept.append(day.table)
            continue
        report(f"Looking at {day.table}")
        table = client.get_table(f"{where}.{day.table}", retry=retry())
        if said and said.get("modified") == _modified(table):
            days.touch(day, folder)
            result.kept.append(day.table)
        elif not table.num_rows:
            result.empty.append(day.table)
        else:
            sql = statement(day.query, f"{where}.{day.table}", table.schema)
            if sql is None:
                raise InputError(f"{where}.{day.table}: has none of the columns of a Google Analytics export")
            due[day] = (table, sql)
    return due


def _modified(table) -> str:
    return table.modified.isoformat() if table.modified else ""


def _estimate(client, sql: str, report: Callable[[str], None], day: Day) -> int:
    from google.cloud import bigquery

    report(f"Estimating {day.table}")
    job = client.query(sql, bigquery.QueryJobConfig(dry_run=True, use_query_cache=False), retry=retry())
    return max(int(job.total_bytes_processed or 0), LEAST_BILLED)


def _pull_day(client, where: str, day: Day, table, sql: str, estimate: int, folder: Path) -> int:
    from google.cloud import bigquery
    from google.cloud.bigquery._pandas_helpers import bq_to_arrow_schema

    config = bigquery.QueryJobConfig(maximum_bytes_billed=estimate + estimate // 10 + LEAST_BILLED)
    rows = client.query(sql, config, retry=retry()).result(page_size=PAGE_ROWS, retry=retry())
    facts = {"table": f"{where}.{day.table}", "modified": _modified(table)}
    count = writing.write(day.file(folder), bq_to_arrow_schema(rows.schema), rows.to_arrow_iterable(), facts, rows.total_rows)
    days.clear_intraday(day, folder)
    return count


def retry():
    """How calls that fail for a while are repeated: with growing pauses, for five minutes."""
    from google.cloud.bigquery.retry import DEFAULT_RETRY

    pauses = {name: seconds for name, seconds in RETRY_SECONDS.items() if name != "timeout"}
    return DEFAULT_RETRY.with_delay(**pauses).with_timeout(RETRY_SECONDS["timeout"])


@contextmanager
def speaking(where: str) -> Iterator[None]:
    """Turn what the client raises into one line that says what to do."""
    import requests
    from google.api_core import exceptions as api
    from google.auth import exceptions as auth

    def said(error: Exception) -> str:
        told = [item["message"] for item in getattr(error, "errors", None) or [] if isinstance(item, dict) and item.get("message")]
        return shorten(str(told[0] if told else getattr(error, "message", "") or error).split("\n")[0], 160)

    try:
        yield
    except (api.Unauthorized, auth.RefreshError, auth.InvalidOperation):
        raise InputError(f"{where}: Google does not accept the credentials: run 'gcloud auth application-default login' again") from None
    except (api.Forbidden, api.TooManyRequests) as error:
        reasons = {item.get("reason") for item in getattr(error, "errors", None) or [] if isinstance(item, dict)}
        if reasons & {"quotaExceeded", "rateLimitExceeded"} or isinstance(error, api.TooManyRequests):
            raise InputError(f"{where}: a quota is used up ({said(error)}): try again later, or ask for fewer days") from None
        if "bytesBilledLimitExceeded" in reasons:
            raise InputError(f"{where}: would read more than its estimate ({said(error)}): try again") from None
        raise InputError(
            f"{where}: access is denied ({said(error)}): the account needs the roles BigQuery Data Viewer on the dataset and "
            "BigQuery Job User on the project that pays (--billing-project)"
        ) from None
    except api.NotFound as error:
        raise InputError(f"{where}: was not found ({said(error)}): check --project and --dataset") from None
    except api.RetryError as error:
        raise InputError(f"{where}: Google's service did not answer well for five minutes ({said(error)}): try again later") from None
    except api.GoogleAPICallError as error:
        raise InputError(f"{where}: BigQuery refuses ({said(error)})") from None
    except (requests.exceptions.RequestException, auth.TransportError, ConnectionError, TimeoutError) as error:
        raise InputError(f"{where}: Google cannot be reached ({type(error).__name__}): check the network and proxy") from None


def size(count: int) -> str:
    """A number of bytes for people: 1.5 GB."""
    value = float(count)
    for unit in ("bytes", "KB", "MB", "GB", "TB"):
        if value < 1024 or unit == "TB":
            break
        value /= 1024
    return f"{value:,.0f} {unit}" if unit == "bytes" or value >= 100 else f"{value:,.1f} {unit}"
