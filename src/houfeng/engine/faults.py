"""What DuckDB refuses while it computes, as one clear sentence each: memory, disk, a number too large."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa

from houfeng.errors import EnvironmentFault, InputError, Text


@contextmanager
def telling(out: Path | None = None) -> Iterator[None]:
    """Turn what the engine refuses into a HoufengError. `out` is the file being written, if any.

    Raises:
        EnvironmentFault: not enough memory or disk, or a file that cannot be read or written.
        InputError: a figure does not fit its type; nothing was rounded.
    """
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise EnvironmentFault(
            Text(
                "内存不够（或临时文件夹的磁盘已满）；请调大 HOUFENG_MEMORY，或腾出磁盘空间",
                "not enough memory, or the disk of the temporary folder is full: raise HOUFENG_MEMORY or free space",
            )
        ) from error
    except (duckdb.OutOfRangeException, duckdb.ConversionException) as error:
        short = " ".join(str(error).split())[:300]
        raise InputError(Text(f"数太大，装不下：{short}", f"a number too large to hold: {short}")) from error
    except (duckdb.IOException, OSError) as error:
        short = " ".join(str(error).split())[:300]
        what = Text(f"写不进 {out}：{short}", f"cannot write {out}: {short}")
        if out is None:
            what = Text(f"读不了账簿的文件：{short}", f"a file of the book cannot be read: {short}")
        raise EnvironmentFault(what) from error


_NAMES = {
    "Out of Memory Error": duckdb.OutOfMemoryException,
    "Out of Range Error": duckdb.OutOfRangeException,
    "Conversion Error": duckdb.ConversionException,
}


def streamed(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """`batches` of a running query. Arrow tells of all that DuckDB meets as `OSError`s: told apart again.

    Raises:
        duckdb.Error: the query failed.
        OSError: a file could not be read.
    """
    try:
        yield from batches
    except OSError as error:
        kind = _NAMES.get(str(error).partition(":")[0])
        if kind is None:
            raise
        raise kind(str(error)) from error
