"""Made-up rows for the benchmark: doubles with missing values, some of which move the outcome, written as Parquet."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq


def write(path: Path, rows: int, fields: int, seed: int = 7) -> None:
    """Write `rows` × `fields` and the outcome `bad` (about 8 %)."""
    random = np.random.default_rng(seed)
    columns: dict[str, pa.Array] = {}
    log_odds = np.full(rows, -3.0)
    for number in range(fields):
        values = random.lognormal(size=rows) if number % 3 else random.normal(size=rows)
        if number < fields // 2:
            log_odds += 0.25 * (np.log(values) if number % 3 else values)
        empty = random.random(rows) < (0.1 if number % 4 == 0 else 0.0)
        columns[f"f{number}"] = pa.array(np.where(empty, np.nan, values), from_pandas=True)
    columns["bad"] = pa.array((random.random(rows) < 1 / (1 + np.exp(-log_odds))).astype(float))
    pq.write_table(pa.table(columns), path)


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
