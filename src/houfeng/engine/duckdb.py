"""Run compiled SQL over the Parquet files of a snapshot, within a stated memory, and bring the answer out whole or not
at all.

Packs compile to SQL text; this is the one place that runs it for statistics. A query that needs more than its memory
spills to a temporary folder that goes away with the engine. Files take their name only when they are complete.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from houfeng.book.connection import connect, quoted
from houfeng.engine.faults import streamed, telling
from houfeng.errors import Text, UsageError
from houfeng.settings import Settings, load

ROW_GROUP = 65_536
"""Rows of a Parquet row group: wide tagged rows in small groups keep the memory of a writer low."""
LEVEL = 1
"""Of zstd: a third less to write than by the usual 3, and files no larger."""


class Engine:
    """One DuckDB for one piece of work. Use it as a context; its temporary files go when the context ends."""

    def __init__(self, settings: Settings | None = None) -> None:
        """`settings` gives memory and threads; without it they are read from the environment."""
        settings = settings or load()
        self._folder = tempfile.TemporaryDirectory(prefix="houfeng-")
        self.scratch = Path(self._folder.name)
        self.connection = connect(memory=settings.memory, threads=settings.threads, spill=str(self.scratch / "spill"))

    @classmethod
    def over(cls, connection: duckdb.DuckDBPyConnection) -> Self:
        """An engine for a few questions over a connection that another looks after; it has no scratch folder."""
        made = cls.__new__(cls)
        made.connection = connection
        return made

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.connection.close()
        self._folder.cleanup()

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """All rows of `sql`, as Python values.

        Raises:
            EnvironmentFault: not enough memory or disk, or a file that cannot be read.
        """
        with telling():
            return self.connection.execute(sql).fetchall()

    def table(self, sql: str) -> pa.Table:
        """All rows of `sql` as an Arrow table; raises as `rows` does."""
        with telling():
            return self.connection.sql(sql).to_arrow_table()

    def keep(self, name: str, sql: str) -> None:
        """Hold the rows of `sql` as the temporary table `name`; raises as `rows` does."""
        with telling():
            self.connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {sql}")

    def write(self, sql: str, out: Path, about: Mapping[str, str] | None = None) -> int:
        """Write the rows of `sql` to the Parquet file `out`, streaming, with `about` as its key-value metadata.

        Returns:
            The number of rows written.

        Raises:
            UsageError: there is no such folder.
            EnvironmentFault: as `rows`, or `out` cannot be written. A file that stood there before is still there.
        """
        pairs = ", ".join(f"{_quote(key)}: '{quoted(value)}'" for key, value in (about or {}).items())
        told = f", KV_METADATA {{{pairs}}}" if pairs else ""
        how = f"FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL {LEVEL}, ROW_GROUP_SIZE {ROW_GROUP}{told}"
        with _whole(out) as part:
            found = self.connection.execute(f"COPY ({sql}) TO '{quoted(str(part))}' ({how})").fetchone()
        return int(found[0]) if found else 0

    def write_all(self, queries: Sequence[str], out: Path, about: Mapping[str, str] | None = None) -> int:
        """As `write`, of the rows of several queries of the same columns, run one after the other.

        Each has the memory to itself. What has been computed streams into the one file.
        """
        if len(queries) == 1:
            return self.write(queries[0], out, about)
        rows = 0
        with ExitStack() as stack:
            part = stack.enter_context(_whole(out))
            writer = None
            for sql in queries:
                batches = self.connection.sql(sql).to_arrow_reader(ROW_GROUP)
                if writer is None:
                    texts = [field.name for field in batches.schema if pa.types.is_string(field.type)]
                    options = {"compression": "zstd", "compression_level": LEVEL, "use_dictionary": texts}
                    writer = stack.enter_context(pq.ParquetWriter(part, batches.schema, store_schema=False, **options))
                    writer.add_key_value_metadata(dict(about or {}))
                for batch in streamed(batches):
                    writer.write_batch(batch)
                    rows += len(batch)
        return rows


@contextmanager
def _whole(out: Path) -> Iterator[Path]:
    """A file to write that takes the name `out` once it is complete, and is gone where it is not."""
    if not out.parent.is_dir():
        raise UsageError(Text(f"没有文件夹 {out.parent}", f"there is no folder {out.parent}"))
    part = out.with_name(f".{out.name}.part")
    try:
        with telling(out):
            yield part
            part.replace(out)
    finally:
        part.unlink(missing_ok=True)


def _quote(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'
