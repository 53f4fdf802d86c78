"""Rows that are no data: blank ones, totals, signatures under the table. They are left out and it is said.

Also carries values down vertically merged cells, and reports cells that a spreadsheet itself marked as errors.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.compute as pc

from houfeng.errors import Level
from houfeng.exchange.layout import FOOTER, TOTAL, is_footer
from houfeng.exchange.raw import RawTable, batch_of

_SHOWN = 20


class Sieve:
    """Takes numbered columns, lets data rows through as batches, and notes on the table what it left out."""

    def __init__(self, table: RawTable) -> None:
        self._table = table
        self._left_out: dict[str, list[tuple[int, str]]] = {"total": [], "footer": []}
        self._counts = {"total": 0, "footer": 0, "blank": 0}

    def run(self, parts: Iterable[tuple[list[pa.Array], pa.Array]]) -> Iterator[pa.RecordBatch]:
        """Batches of data rows; the notes are complete when the last one is out."""
        seen = False
        for columns, rows in parts:
            batch = self._one(batch_of(list(columns), rows))
            if batch.num_rows:
                seen = True
                yield batch
        if not seen:
            self._table.note(
                "exchange.no_rows", "表头下面没有数据行", "there is no row under the header", level=Level.WARNING
            )
        self._say()

    def _one(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        columns = batch.columns[:-1]
        filled: pa.Array | None = None
        texts = [c for c in columns if pa.types.is_string(c.type)]
        if len(texts) < len(columns):
            return batch  # typed columns come from machines, which sign nothing and total nothing
        for column in columns:
            part = pc.cast(pc.greater(pc.binary_length(column), 0), pa.int16())
            filled = part if filled is None else pc.add(filled, part)
        if filled is None:
            return batch
        suspects = pc.less(filled, len(columns))
        drop = self._odd(columns, filled, suspects)
        keep = pc.invert(drop["any"])
        if pc.all(keep).as_py():
            return batch
        for why in ("total", "footer", "blank"):
            gone = batch.filter(drop[why])
            self._counts[why] += gone.num_rows
            if why != "blank":
                self._left_out[why].extend(_lines(gone, _SHOWN - len(self._left_out[why])))
        return batch.filter(keep)

    def _odd(self, columns: list[pa.Array], filled: pa.Array, suspects: pa.Array) -> dict[str, pa.Array]:
        blank = pc.equal(filled, 0)
        doubtful = pc.and_(pc.invert(blank), pc.less_equal(filled, 2))
        if pc.any(doubtful).as_py():  # cells of blanks only
            blank = pc.or_(blank, _all_blank(columns, doubtful))
        total = pa.repeat(False, len(filled))
        for column in columns[1:4]:
            total = pc.or_(total, pc.match_substring_regex(column, TOTAL))
        total = pc.or_(pc.and_(total, suspects), pc.match_substring_regex(columns[0], TOTAL))
        footer = pa.repeat(False, len(filled))
        for column in columns[:2]:
            footer = pc.or_(footer, pc.match_substring_regex(column, FOOTER))
        footer = pc.and_(footer, pc.less_equal(filled, 6))
        footer = _confirm(columns, footer)
        footer = pc.and_(footer, pc.invert(total))
        return {"blank": blank, "total": total, "footer": footer, "any": pc.or_(blank, pc.or_(total, footer))}

    def _say(self) -> None:
        names = {"total": ("合计行", "row(s) of totals"), "footer": ("签章、备注行", "row(s) of signatures or remarks")}
        for why, (zh, en) in names.items():
            count = self._counts[why]
            if count:
                shown = self._left_out[why]
                rows = ", ".join(str(row) for row, _ in shown) + ("…" if count > len(shown) else "")
                self._table.note(
                    f"exchange.{why}_rows",
                    f"{count} 个{zh}不作为数据（第 {rows} 行）",
                    f"{count} {en} left out (row {rows})",
                    row=shown[0][0] if shown else 0,
                    value=shown[0][1] if shown else "",
                )
        if self._counts["blank"]:
            count = self._counts["blank"]
            self._table.note("exchange.blank_rows", f"{count} 个空行略过", f"{count} blank row(s) passed over")


def _all_blank(columns: list[pa.Array], among: pa.Array) -> pa.Array:
    result = among
    for column in columns:
        result = pc.and_(result, pc.equal(pc.binary_length(pc.utf8_trim_whitespace(column)), 0))
    return result


def _confirm(columns: list[pa.Array], mask: pa.Array) -> pa.Array:
    """Look at the few suspected footers one by one."""
    at = pc.indices_nonzero(mask).to_pylist()
    if not at:
        return mask
    yes = {i for i in at if is_footer([column[i].as_py() or "" for column in columns])}
    return pa.array([i in yes for i in range(len(mask))], pa.bool_())


def _lines(batch: pa.RecordBatch, most: int) -> list[tuple[int, str]]:
    lines = []
    for row in batch.slice(0, max(most, 0)).to_pylist():
        number = row.pop("_row")
        lines.append((number, " | ".join(str(v) for v in row.values() if v)[:200]))
    return lines
