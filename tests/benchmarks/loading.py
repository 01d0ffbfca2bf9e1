"""Loading a flat CSV, against parsing and sorting the same file in bare DuckDB."""

import os
import sys
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]

FLOOR = """
import sys, duckdb
source, target = sys.argv[1:]
con = duckdb.connect(target)
con.execute("set preserve_insertion_order = false; set memory_limit = '3GB'")
texts = {"fullVisitorId", "date", "deviceCategory", "browser", "operatingSystem", "country", "source", "medium", "campaign",
         "channelGrouping", "landingPage"}
header = open(source).readline().strip().split(",")
columns = "{" + ", ".join(f"'{name}': '{'VARCHAR' if name in texts else 'BIGINT'}'" for name in header) + "}"
scan = f"read_csv('{source}', header = true, auto_detect = false, columns = {columns})"
labels = ["deviceCategory", "country", "source", "channelGrouping"]
for name in labels:
    con.execute(f"create type {name}_level as enum (select distinct {name} from {scan} where {name} is not null)")
casts = ", ".join(f"{name}::{name}_level as {name}" if name in labels else name for name in header)
con.execute(f"create table sessions as select {casts} from {scan} order by date, deviceCategory, source, country")
con.execute("checkpoint")
"""


class Run(NamedTuple):
    """What a process took."""

    seconds: float
    cpu_seconds: float
    peak_gb: float


def measured(command: list[str], **environment: str) -> Run:
    """Run a command to its end; it must succeed."""
    started = time.perf_counter()
    silent = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    process = os.posix_spawn(command[0], command, os.environ | environment, file_actions=silent)
    _, status, used = os.wait4(process, 0)
    if status:
        raise RuntimeError(f"{command} failed")
    return Run(time.perf_counter() - started, used.ru_utime + used.ru_stime, used.ru_maxrss / 1e6)


def clear(*files: Path) -> None:
    for file in files:
        for path in (file, file.with_name(file.name + ".wal"), file.with_name(file.name + ".lock")):
            path.unlink(missing_ok=True)


def floor(source: Path, folder: Path) -> Run:
    """Parse the file and write it sorted with ENUM columns, in bare DuckDB."""
    target = folder / "floor.duckdb"
    clear(target)
    script = folder / "floor.py"
    script.write_text(FLOOR)
    try:
        return measured([sys.executable, str(script), str(source), str(target)])
    finally:
        clear(target)


def load(source: Path, database: Path) -> Run:
    """python -m etl load: parsed, cleaned, anonymised, cubes built, checked, published."""
    clear(database)
    command = [sys.executable, "-m", "etl", "load", str(source), "--db", str(database), "--json"]
    return measured(command, LEAKS_SALT="a salt for benchmarks", PYTHONPATH=str(ROOT))
