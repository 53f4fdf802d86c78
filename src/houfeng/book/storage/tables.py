"""A Delta table that only grows, written file by file so that each file is known and durable before it is visible.

We write the Parquet files ourselves and hand Delta the list: that way one file holds whole submissions (so a view of
one month opens only its files), row groups have the size DuckDB likes, and every byte is on the disk before the commit
that shows it. Delta's log gives the atomic commit, and any Delta reader, Spark among them, reads the same table.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable, Schema
from deltalake.transaction import AddAction, PostCommitHookProperties, RemoveAction

from houfeng.book.storage.faults import damaged, faults
from houfeng.errors import EnvironmentFault

SUBMISSION = "_submission"
ROW_GROUP = 122_880
"""Rows per Parquet row group: what DuckDB hands to one thread at a time."""

CHECKPOINT = 50
"""Commits after which the log is summed up."""

NO_HOOKS = PostCommitHookProperties(create_checkpoint=False, cleanup_expired_logs=False)
"""Whatever is done after a commit must not make a commit that stands look like a failure."""


@dataclass(frozen=True, slots=True)
class DataFile:
    """An active Parquet file: its path, how many rows it holds and the span of submission ids in them."""

    path: str
    rows: int
    first: str
    last: str


class Table:
    """One append-only Delta table in a folder of its own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._delta: DeltaTable | None = None
        self._turn = threading.RLock()  # the desk's threads share one table
        self._files: tuple[int, tuple[DataFile, ...]] = (-1, ())

    def exists(self) -> bool:
        """Whether anything has ever been committed here."""
        log = self.path / "_delta_log"
        return (log / f"{0:020}.json").exists() or (log / "_last_checkpoint").exists()

    def open(self) -> DeltaTable:
        """The table at its newest version.

        Raises:
            EnvironmentFault: it is damaged or may not be read.
        """
        with self._turn, faults(self.path):
            if self._delta is None:
                self._delta = DeltaTable(self.path)
            else:
                self._delta.update_incremental()
            return self._delta

    def version(self) -> int:
        """Number of the newest commit; -1 where there is none."""
        return int(self.open().version()) if self.exists() else -1

    def files(self) -> tuple[DataFile, ...]:
        """The active files, oldest submission first."""
        if not self.exists():
            return ()
        with self._turn, faults(self.path):
            delta = self.open()
            if self._files[0] != delta.version():
                self._files = (int(delta.version()), tuple(self._listed(delta)))
            return self._files[1]

    def _listed(self, delta: DeltaTable) -> Iterable[DataFile]:
        actions = pa.table(delta.get_add_actions(flatten=True))
        if not actions.num_rows:
            return []
        wanted = ["path", "num_records", f"min.{SUBMISSION}", f"max.{SUBMISSION}"]
        if missing := [name for name in wanted if name not in actions.column_names]:
            raise damaged(self.path, f"no statistics: {missing}")
        columns = [actions.column(name).to_pylist() for name in wanted]
        rows = zip(*columns, strict=True)
        listed = [DataFile(str(self.path / path), count, first, last) for path, count, first, last in rows]
        return sorted(listed, key=lambda file: (file.first, file.path))

    def write(self, name: str, parts: Sequence[pa.Table]) -> AddAction:
        """Write `parts` (same schema, each with `_submission`) as the durable but not yet visible file `name`.

        Raises:
            EnvironmentFault: disk full or no permission; what was written is removed again.
        """
        target = self.path / name
        with faults(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            try:
                write_parquet(target, parts)
            except BaseException:
                target.unlink(missing_ok=True)
                raise
            sync_folder(self.path)
            ids = sorted({value for part in parts for value in part.column(SUBMISSION).unique().to_pylist()})
            return self.written(name, sum(part.num_rows for part in parts), ids[0], ids[-1])

    def written(self, name: str, rows: int, first: str, last: str) -> AddAction:
        """What makes the durable file `name` known: it holds `rows` of the submissions `first` to `last`."""
        statistics = {
            "numRecords": rows,
            "minValues": {SUBMISSION: first},
            "maxValues": {SUBMISSION: last},
            "nullCount": {SUBMISSION: 0},
        }
        stat = (self.path / name).stat()
        return AddAction(name, stat.st_size, {}, stat.st_mtime_ns // 1_000_000, True, json.dumps(statistics))

    def append(self, actions: Sequence[AddAction], schema: pa.Schema) -> None:
        """Make written files visible in one commit, and wait until the commit is on the disk.

        Creates the table where there is none, and adds columns that `schema` has and the table has not.

        Raises:
            EnvironmentFault: the commit failed; nothing of it is visible.
        """
        with faults(self.path):
            before = self.version()
            if before < 0:
                self.path.mkdir(parents=True, exist_ok=True)
                # By default Delta keeps statistics of the first 32 columns; the one we prune by comes last.
                kept = {"delta.dataSkippingStatsColumns": SUBMISSION}
                DeltaTable.create(self.path, schema=Schema.from_arrow(schema), configuration=kept)
            delta = self.open()
            known = {field.name for field in delta.schema().fields}
            if added := [field for field in Schema.from_arrow(schema).fields if field.name not in known]:
                delta.alter.add_columns(added)
                delta = self.open()
            self._commit(list(actions), before)
        self._checkpoint()

    def replace(self, files: Sequence[DataFile], action: AddAction | None = None) -> None:
        """Let the written file of `action`, or nothing, stand for `files` from now on, in one durable commit.

        Files that another one stands for get its time, so that they are kept a while for who still reads them.
        """
        with faults(self.path):
            moment = action.modification_time if action else 0
            for file in files if action else ():
                with suppress(PermissionError):  # written by another user of the machine; it is kept a shorter while
                    os.utime(file.path, ns=(moment * 1_000_000, moment * 1_000_000))
            gone = [RemoveAction(Path(file.path).name, True, moment, partition_values={}) for file in files]
            self._commit([*gone, *([action] if action else [])], self.version())

    def _commit(self, actions: list[AddAction | RemoveAction], before: int) -> None:
        """Commit, and wait until all commits after the version `before` are on the disk."""
        delta = self.open()
        delta.create_write_transaction(
            actions, mode="append", schema=delta.schema(), post_commithook_properties=NO_HOOKS
        )
        log = self.path / "_delta_log"
        for version in range(before + 1, self.version() + 1):
            sync_file(log / f"{version:020}.json")
        sync_folder(log)
        if before < 0:
            for folder in (self.path, self.path.parent, self.path.parent.parent):
                sync_folder(folder)

    def _checkpoint(self) -> None:
        """Now and then sum up the log, so that opening stays quick. The commit stands, whether or not this works."""
        with suppress(EnvironmentFault), faults(self.path):
            delta = self.open()
            if delta.version() % CHECKPOINT == 0:
                delta.create_checkpoint()


def write_parquet(target: Path, parts: Sequence[pa.Table]) -> None:
    """Write `parts` one after the other as one Parquet file, and wait until it is on the disk."""
    schema = parts[0].schema
    with open(target, "xb") as sink:
        with pq.ParquetWriter(sink, schema, **parquet_options(schema)) as writer:
            for part in parts:
                writer.write_table(part, row_group_size=ROW_GROUP)
        sink.flush()
        os.fsync(sink.fileno())


def parquet_options(schema: pa.Schema) -> dict[str, Any]:
    """How we write Parquet: texts by dictionary, all of it compressed, no Arrow schema that others cannot read."""
    texts = [field.name for field in schema if pa.types.is_string(field.type)]
    return {"compression": "zstd", "store_schema": False, "use_dictionary": texts}


def sync_file(path: Path) -> None:
    """Wait until the bytes of `path` are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_folder(path: Path) -> None:
    """Wait until the names in the folder `path` are on the disk."""
    sync_file(path)
