"""How the process of a watch keeps house: memory that is let go is kept for the next batch, garbage is rarely sought.

Every batch takes some tens of megabytes and lets them go. Handing them back each time costs more than the work on
them: the machine then gives each page anew, emptied. What the process keeps is bounded by the largest batch.
"""

from __future__ import annotations

import ctypes
import functools
import gc
import importlib.util
import json
import sys

import pyarrow as pa

from houfeng.book.model import Kind, kinds
from houfeng.clock import wall_clock
from houfeng.watch.journal.entries import INSTANT, OFFSET, REJECTED
from houfeng.watch.journal.watermark import Watermark
from houfeng.watch.sources.admission import Admission
from houfeng.watch.sources.parsing import Parser, event_kinds
from houfeng.watch.sources.queue import Incoming

TRIM, TOP, MMAP, ARENAS = -1, -2, -3, -8
"""Settings of the C library's allocator (glibc's malloc.h)."""
LARGE = 32 << 20
"""The largest piece that is kept; greater ones are rare."""
SELDOM = (100_000, 20, 20)
"""Python looks for cycles when so many more objects live than died; steps of alerts are many, and none is a cycle."""


def keep_house() -> None:
    """Set this process so. Where the C library cannot, memory stays as it is."""
    gc.set_threshold(*SELDOM)
    if importlib.util.find_spec("dateutil") is None:
        # Arrow asks for it with every Python value it is given; so that nobody searches the disk for it each time
        sys.modules.setdefault("dateutil", None)  # type: ignore[arg-type]
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return
    for setting, value in ((TRIM, (1 << 31) - 1), (TOP, 2 * LARGE), (MMAP, LARGE), (ARENAS, 1)):
        mallopt(setting, value)
    pa.set_memory_pool(pa.system_memory_pool())


@functools.cache
def load_code(kind: str) -> None:
    """Load what reads and admits events of a kind, compiled: the first events shall not wait for it."""
    if kind not in event_kinds():
        return
    row = _row(kinds()[kind])
    line = json.dumps({name: str(cells[0]) for name, cells in zip(row.column_names, row.columns, strict=True)})
    Parser(kind).lines(line.encode() + b"\n", 1)
    Admission(Watermark(0), wall_clock).admit([Incoming("", kind, row, REJECTED.empty_table(), 1, 1)])


def _row(kind: Kind) -> pa.Table:
    """A row of a kind, of no meaning."""
    schema = pa.schema([*kind.schema(), pa.field(OFFSET, pa.int64()), pa.field(INSTANT, pa.int64())])
    texts = ("1", "2026-01-01", "true")
    return pa.table([_cell(field.type, texts) for field in schema], schema=schema)


def _cell(type_: pa.DataType, texts: tuple[str, ...]) -> pa.Array:
    """The first of the texts that can be of a type."""
    for text in texts[:-1]:
        try:
            return pa.array([text]).cast(type_)
        except pa.ArrowException:
            continue
    return pa.array([texts[-1]]).cast(type_)
