"""Pages of rows into one Parquet file, whole or not at all, a row group at a time."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from etl.errors import InputError
from etl.pull.days import KEY

GROUP_ROWS = 50_000
GROUP_BYTES = 64 << 20


def write(path: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch], facts: dict[str, str], expected: int | None) -> int:
    """Write batches to a file under another name and give it its own when all have come. Returns the number of rows.

    Holds no more than a row group in memory. `facts` are kept in the file, with the number of rows. Where other rows came than
    `expected`, or anything raises, there is no file.
    """
    draft = path.with_name(f".{path.name}.part")
    rows = 0
    try:
        with pq.ParquetWriter(draft, schema, compression="zstd") as writer:
            waiting: list[pa.RecordBatch] = []
            for batch in batches:
                if batch.num_rows:
                    waiting.append(batch)
                    rows += batch.num_rows
                if sum(part.num_rows for part in waiting) >= GROUP_ROWS or sum(part.nbytes for part in waiting) >= GROUP_BYTES:
                    writer.write_table(pa.Table.from_batches(waiting, schema))
                    waiting = []
            if waiting:
                writer.write_table(pa.Table.from_batches(waiting, schema))
            said = facts | {"rows": str(rows)}
            writer.add_key_value_metadata({KEY: "\n".join(f"{name}={value}" for name, value in said.items())})
        if expected is not None and rows != expected:
            raise InputError(f"{path.name}: {rows:,} of {expected:,} rows came: pull it again")
        with open(draft, "rb") as file:
            os.fsync(file.fileno())
        os.replace(draft, path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror}): check its permissions and the space left") from None
    finally:
        draft.unlink(missing_ok=True)
    return rows
