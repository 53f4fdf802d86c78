"""Files of the simulated submissions: written in pieces, listed in the order in which they would arrive."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from houfeng.book.model import Time, kind, kinds

ROW_GROUP = 120_000  # rows at most
COMPRESSION = "zstd"
# Within one moment the registers arrive before what points at them.
_ORDER = ("institution", "person", "enterprise", "enterprise_status", "holding", "loan")


@dataclass(frozen=True, slots=True)
class Part:
    """One submission: a file about one kind from one reporter. `period` is the as-of day, nothing for events."""

    kind: str
    reporter: str
    period: date | None
    received_at: datetime

    @property
    def path(self) -> str:
        """Where the file lies, under the folder of the simulation."""
        return f"{self.received_at:%Y-%m-%d}/{self.kind}/{self.reporter}.parquet"


def part(name: str, reporter: str, day: date, received_at: datetime) -> Part:
    """A part about `day`; events have no period."""
    return Part(name, reporter, None if kind(name).time is Time.EVENT else day, received_at)


@dataclass(slots=True)
class _Open:
    file: Any
    waiting: list[Any] = field(default_factory=list)
    rows: int = 0


class Files:
    """The Parquet files being written: tables are appended to a path and reach the disk `flush` rows at a time."""

    def __init__(self, folder: Path, *, flush: int) -> None:
        self.folder, self.flush = folder, flush
        self._open: dict[str, _Open] = {}

    def append(self, path: str, table: Any) -> None:
        """Add rows to the file at `path` (under the folder); an empty table opens no file."""
        if not len(table):
            return
        if path not in self._open:
            target = self.folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            self._open[path] = _Open(pq.ParquetWriter(target, table.schema, compression=COMPRESSION))
        entry = self._open[path]
        entry.waiting.append(table)
        if sum(map(len, entry.waiting)) >= self.flush:
            self._flush(entry)

    def _flush(self, entry: _Open) -> None:
        if entry.waiting:
            whole = pa.concat_tables(entry.waiting)
            entry.file.write_table(whole, row_group_size=ROW_GROUP)
            entry.rows += len(whole)
            entry.waiting = []

    def close(self) -> dict[str, int]:
        """Finish all files; gives the rows of each path."""
        for entry in self._open.values():
            self._flush(entry)
            entry.file.close()
        rows = {path: entry.rows for path, entry in self._open.items()}
        self._open = {}
        return rows


def write_manifest(path: Path, facts: dict[str, object], parts: dict[str, Part], rows: dict[str, int]) -> list[Part]:
    """Write manifest.json: what was simulated, and the files in order of receipt. Gives the parts in that order."""
    names = [*_ORDER, *(name for name in kinds() if name not in _ORDER)]
    ordered = sorted(
        (parts[p] for p in rows if p in parts),
        key=lambda part: (part.received_at, names.index(part.kind), part.reporter),
    )
    listed = [
        {
            "file": one.path,
            "kind": one.kind,
            "reporter": one.reporter,
            "period": one.period.isoformat() if one.period else None,
            "received_at": one.received_at.isoformat(),
            "rows": rows[one.path],
        }
        for one in ordered
    ]
    path.write_text(json.dumps(facts | {"files": listed}, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return ordered
