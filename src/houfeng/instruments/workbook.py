"""The workbook a bank hands in: its claim line by line, and reading it back to the row and column.

The first sheet holds the lines, the second what was refused and why, the third what the claim is. Whoever corrects a
workbook changes the first sheet; the others are for people.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from houfeng.book.intake.exact import Unreadable, date_of, number_of
from houfeng.errors import Level, Problem, Text, Where
from houfeng.exchange.raw import RawTable, column_name
from houfeng.exchange.tables import read_tables
from houfeng.exchange.workbook import write_sheets
from houfeng.instruments.claims import ClaimLine, Draft, ItemKey
from houfeng.packs.model import Pack

LINES, REFUSED, ABOUT = "申领明细", "不予申领", "说明"
_WIDE = Decimal(10) ** 18


class Column(NamedTuple):
    """A column of the sheet of lines: its field, its header in both languages, and whether a line needs it."""

    field: str
    label: Text
    needed: bool = True


COLUMNS = (
    Column("institution_id", Text("金融机构代码", "Institution")),
    Column("contract_no", Text("贷款合同编码", "Contract no.")),
    Column("note_no", Text("贷款借据编码", "Note no.")),
    Column("item_no", Text("消费交易编号", "Purchase no."), needed=False),
    Column("borrower_id", Text("借款人证件代码", "Borrower"), needed=False),
    Column("disbursed_on", Text("发放（消费）日期", "Disbursed (bought) on"), needed=False),
    Column("counted_from", Text("计算起日", "Counted from"), needed=False),
    Column("counted_to", Text("计算止日（不含）", "Counted to (exclusive)"), needed=False),
    Column("base", Text("计算本金", "Principal counted"), needed=False),
    Column("amount", Text("申领金额", "Amount claimed")),
    Column("central", Text("其中中央", "Central part"), needed=False),
)
_BY_HEADER: Mapping[str, Column] = {label: column for column in COLUMNS for label in column.label}
_DATES = frozenset(("disbursed_on", "counted_from", "counted_to"))
_MONEY = frozenset(("base", "amount", "central"))


@dataclass(frozen=True, slots=True)
class SubmittedLine:
    """A line as a bank handed it in, with the row it stands in. What it left out is nothing."""

    row: int
    key: ItemKey
    amount: Decimal
    borrower_id: str = ""
    disbursed_on: date | None = None
    counted_from: date | None = None
    counted_to: date | None = None
    base: Decimal | None = None
    central: Decimal | None = None


@dataclass(frozen=True)
class Submitted:
    """A workbook as read: the lines that can be taken, and every problem, each with its row and column."""

    lines: tuple[SubmittedLine, ...]
    problems: tuple[Problem, ...]

    @property
    def amount(self) -> Decimal:
        """The sum of the lines that can be taken."""
        return sum((line.amount for line in self.lines), Decimal("0.00"))


def workbook(draft: Draft, pack: Pack | None = None, *, lang: str = "zh") -> bytes:
    """The workbook of a draft, as xlsx. With `pack`, the instrument is called by its label.

    Raises:
        UsageError: more lines than a sheet holds.
        EnvironmentFault: the temporary file cannot be written.
    """
    headers = [column.label.get(lang) for column in COLUMNS]
    lines = ([getattr(line, column.field) for column in COLUMNS] for line in draft.lines)
    with tempfile.TemporaryDirectory(prefix="houfeng-") as folder:
        path = Path(folder) / "claim.xlsx"
        write_sheets(
            path,
            [
                (LINES, headers, lines),
                (REFUSED, _refused_headers(lang), _refused(draft.refused, lang)),
                (ABOUT, _said(("项目", "Item"), ("内容", "Content"), lang=lang), _about(draft, pack, lang)),
            ],
        )
        return path.read_bytes()


def _said(*texts: tuple[str, str] | Text, lang: str) -> list[str]:
    return [Text(*text).get(lang) for text in texts]


def _refused_headers(lang: str) -> list[str]:
    named = [column.label for column in COLUMNS[:6]]
    return _said(
        *named,
        ("条件", "Condition"),
        ("原因", "Reason"),
        ("依据", "Clause"),
        ("怎样改变", "What changes it"),
        lang=lang,
    )


def _refused(lines: Iterable[ClaimLine], lang: str) -> Iterable[Sequence[Any]]:
    for line in lines:
        for why in line.reasons:
            yield [
                *line.key, line.borrower_id, line.disbursed_on, why.condition, why.label.get(lang), why.reference,
                why.changes.get(lang),
            ]  # fmt: skip


def _about(draft: Draft, pack: Pack | None, lang: str) -> list[list[str]]:
    label = pack.instruments[draft.instrument].label.get(lang) if pack is not None else draft.instrument
    first, last = draft.period
    rows = [
        (("工具", "Instrument"), f"{label} ({draft.instrument})"),
        (("金融机构代码", "Institution"), draft.institution_id),
        (("期间", "Period"), f"{first} – {last}"),
        (("账簿截至", "Book as known at"), draft.known_at.isoformat(sep=" ")),
        (("政策包", "Pack"), draft.pack_digest),
        (("笔数", "Lines"), str(len(draft.lines))),
        (("合计", "Total"), f"{draft.amount:f}"),
        (("其中中央", "Central part"), f"{draft.central:f}"),
        (("校验", "Fingerprint"), draft.digest),
    ]
    return [[Text(*item).get(lang), told] for item, told in rows]


def read_workbook(data: bytes, *, name: str = "claim.xlsx") -> Submitted:
    """Read a claim workbook back. Every problem is told at once; a line with an error is left out.

    Raises:
        InputError: the file is no workbook or table, or is hostile.
        EnvironmentFault: the temporary file cannot be written.
    """
    suffix = Path(name).suffix or ".xlsx"
    with tempfile.TemporaryDirectory(prefix="houfeng-") as folder:
        path = Path(folder) / f"claim{suffix}"
        path.write_bytes(data)
        for table in read_tables(path, known=lambda header: header in _BY_HEADER):
            if table.sheet in ("", LINES) or table.recognised >= len(COLUMNS) - 1:
                return _Reader(table, name).read()
    text = Text(f"没有“{LINES}”工作表", f"there is no sheet “{LINES}”")
    hint = Text("用下载的申领工作簿填报", "fill in the claim workbook that was downloaded")
    return Submitted((), (Problem("claim.sheet", text, Where(name), suggestion=hint),))


class _Reader:
    """Reads one sheet of lines."""

    def __init__(self, table: RawTable, file: str) -> None:
        self.table, self.file = table, file
        self.problems: list[Problem] = []
        self.at = {_BY_HEADER[h].field: n for n, h in enumerate(table.headers) if h in _BY_HEADER}
        self.headers = {_BY_HEADER[h].field: h for h in table.headers if h in _BY_HEADER}

    def read(self) -> Submitted:
        missing = [column for column in COLUMNS if column.needed and column.field not in self.at]
        for column in missing:
            said = Text(f"缺少列“{column.label.zh}”", f"the column “{column.label.en}” is missing")
            where = Where(self.file, sheet=self.table.sheet, row=self.table.header_row, field=column.label.zh)
            self.problems.append(Problem("claim.column", said, where))
        lines: dict[ItemKey, SubmittedLine] = {}
        for batch in () if missing else self.table.batches():
            cells = {field: batch.column(column_name(n)).cast("string").to_pylist() for field, n in self.at.items()}
            for at, row in enumerate(batch.column("_row").to_pylist()):
                line = self._line(row, {field: (values[at] or "").strip() for field, values in cells.items()})
                if line is not None and self._first(line, lines):
                    lines[line.key] = line
        for row, why in self.table.rejected.items():
            self.problems.append(Problem("claim.row", why, Where(self.file, sheet=self.table.sheet, row=row)))
        return Submitted(tuple(lines.values()), tuple(self.problems))

    def _line(self, row: int, cells: Mapping[str, str]) -> SubmittedLine | None:
        before = len(self.problems)
        for column in COLUMNS:
            if column.needed and not cells.get(column.field):
                self._tell("claim.empty", row, column.field, "", Text("不能为空", "is empty"))
        days = {f: self._cell(row, f, cells.get(f, ""), lambda text: date_of(text).value) for f in _DATES}
        money = {f: self._cell(row, f, cells.get(f, ""), _money) for f in _MONEY}
        if len(self.problems) > before:
            return None
        key = ItemKey(*(cells.get(field, "") for field in ItemKey._fields))
        amount = money.pop("amount")
        assert amount is not None
        return SubmittedLine(row, key, amount, cells.get("borrower_id", ""), **days, **money)

    def _cell(self, row: int, field: str, text: str, read: Callable[[str], Any]) -> Any:
        if not text:
            return None
        try:
            return read(text)
        except Unreadable as error:
            self._tell("claim.cell", row, field, text, error.reason)
            return None

    def _first(self, line: SubmittedLine, seen: Mapping[ItemKey, SubmittedLine]) -> bool:
        if line.key not in seen:
            return True
        before = seen[line.key].row
        said = Text(f"与第 {before} 行是同一笔", f"is the same loan as row {before}")
        self._tell("claim.twice", line.row, "note_no", " ".join(line.key[1:]).strip(), said)
        return False

    def _tell(self, code: str, row: int, field: str, value: str, said: Text) -> None:
        header = self.headers.get(field, field)
        where = Where(self.file, column=self.at.get(field, -1) + 1, sheet=self.table.sheet, row=row, field=header)
        text = Text(f"“{header}”{said.zh}", f"“{header}” {said.en}")
        hint = Text("改正该单元格后重新上传", "correct the cell and hand the file in again")
        self.problems.append(Problem(code, text, where, Level.ERROR, value, hint))


def _money(text: str) -> Decimal:
    value = number_of(text)
    if value != value.quantize(Decimal("0.01")) or abs(value) >= _WIDE:
        raise Unreadable("应为元，至多两位小数", "should be yuan with at most two decimal places")
    if value < 0:
        raise Unreadable("不能为负", "cannot be below zero")
    return value.quantize(Decimal("0.01"))
