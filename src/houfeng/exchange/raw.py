"""What a file turns into before anybody knows what it means: a table of texts with places, and what its title said.

A `RawTable` is read lazily, batch by batch, so that a file of a million rows needs the memory of one batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pyarrow as pa

from houfeng.errors import InputError, Level, Problem, Text, Where

ROW = "_row"
"""The last column of each batch: the row's number in its source, counted from 1 as Excel and editors show it."""

BATCH_ROWS = 65_536
MAX_REJECTED = 100_000

Known = Callable[[str], bool]
"""Says whether a text is a header somebody knows. Handed in, because this room knows no record kinds."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one file may ask of the machine."""

    unpacked: int = 8 << 30  # bytes, all members of an archive together
    in_memory: int = 2 << 30  # bytes of a packed file that has to be held whole (a workbook in a zip)
    ratio: int = 300  # unpacked to packed, once more than `ratio_from` bytes came out
    ratio_from: int = 16 << 20
    line: int = 1 << 20  # bytes of one line of text
    members: int = 500  # files in one zip
    cells: int = 80_000_000  # of the rectangle one sheet spans


@dataclass
class RawTable:
    """One table of one file: headers as written, rows as Arrow batches.

    Each batch has the columns `c0`, `c1`, … (one per header, in order) and `_row` (int64). Text files and workbooks
    give string columns; Parquet keeps its types. `stated` holds what the title rows said about the whole table:
    `reporter`, `period`, `version`, `sent_at`, `unit`, `currency`, and `title_period` where a title only mentions one.
    `notes` grows while the batches are read.
    """

    file: str
    sheet: str
    headers: tuple[str, ...]
    header_row: int
    content_hash: str
    read: Callable[[], Iterator[pa.RecordBatch]]
    stated: dict[str, str] = field(default_factory=dict)
    notes: list[Problem] = field(default_factory=list)
    rejected: dict[int, Text] = field(default_factory=dict)  # rows that cannot be told into columns, and why
    recognised: int = 0  # how many headers `known` recognised

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows, at most `BATCH_ROWS` at a time. May be read more than once while the file stands."""
        return self.read()

    def reject(self, row: int, zh: str, en: str) -> None:
        """Mark a row whose cells do not fit the columns. Its batch still carries what was found.

        Raises:
            InputError: so many rows do not fit that the file is not the table it seems.
        """
        self.rejected[row] = Text(zh, en)
        if len(self.rejected) > MAX_REJECTED:
            why = Text(
                f"{self.file}：太多行（超过 {MAX_REJECTED:,}）与表头列数不合",
                f"{self.file}: too many rows (over {MAX_REJECTED:,}) do not fit the header",
            )
            where = Where(self.file, sheet=self.sheet, row=row)
            hint = Text("检查分隔符和引号", "look at the delimiter and the quotes")
            raise InputError(why, (Problem("exchange.row_width", why, where, suggestion=hint),))

    def note(self, code: str, zh: str, en: str, *, row: int = 0, value: str = "", level: Level = Level.NOTE) -> None:
        """Say what was guessed or left out, once: a second reading of the batches does not say it again."""
        problem = Problem(code, Text(zh, en), Where(self.file, sheet=self.sheet, row=row), level, value)
        if problem not in self.notes:
            self.notes.append(problem)


def column_name(index: int) -> str:
    """The name of the column at `index` (from 0) in a batch."""
    return f"c{index}"


def batch_of(columns: list[pa.Array], rows: pa.Array) -> pa.RecordBatch:
    """A batch from columns in header order and the row numbers."""
    names = [*(column_name(i) for i in range(len(columns))), ROW]
    return pa.RecordBatch.from_arrays([*columns, rows], names=names)
