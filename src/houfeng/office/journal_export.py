"""The journal as a file for auditors: xlsx, CSV or JSON lines, with the head of the chain.

The export itself is an entry, written first, so that the head in the file covers it. JSON lines hold each entry's
fields as they are hashed, so that the chain can be checked without Houfeng.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import xlsxwriter
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from houfeng.errors import Text, UsageError
from houfeng.office import journal
from houfeng.office.access import Permission, Viewer
from houfeng.office.journal import Entry, Head
from houfeng.office.tables import JournalEntry

FORMATS = ("xlsx", "csv", "jsonl")
SHEET_ROWS = 1_000_000  # a sheet of Excel holds a few more

COLUMNS = {
    "seq": Text("序号", "No."),
    "at": Text("时间", "At"),
    "who": Text("操作人", "Who"),
    "via": Text("登录方式", "Via"),
    "act": Text("操作", "Act"),
    "about": Text("对象", "About"),
    "why": Text("事由", "Why"),
    "detail": Text("详情", "Detail"),
    "algorithm": Text("算法", "Algorithm"),
    "previous": Text("前一条哈希", "Previous hash"),
    "hash": Text("哈希", "Hash"),
}


class Chosen(NamedTuple):
    """Which entries; empty means all. A part of the chain cannot be checked by itself, only the whole."""

    since: datetime | None = None
    until: datetime | None = None
    who: str = ""
    act: str = ""  # `case.close`, or `case.` for all of a noun
    about: str = ""

    def narrow(self, query: Select[Entry]) -> Select[Entry]:
        """`query` with these conditions."""
        if self.since is not None:
            query = query.where(JournalEntry.at >= self.since)
        if self.until is not None:
            query = query.where(JournalEntry.at <= self.until)
        if self.who:
            query = query.where(JournalEntry.who == self.who)
        if self.act:
            whole = JournalEntry.act.startswith(self.act, autoescape=True)
            query = query.where(whole if self.act.endswith(".") else JournalEntry.act == self.act)
        if self.about:
            query = query.where(JournalEntry.about == self.about)
        return query


EVERY = Chosen()


def export(
    session: Session, who: Viewer | str, path: Path, format_: str, why: str, chosen: Chosen = EVERY, lang: str = "zh"
) -> Head:
    """Write the chosen entries to `path`; gives the head of the chain that the file tells.

    Raises:
        AccessError: `who` may not export the journal.
        UsageError: no such format, or no reason.
    """
    if isinstance(who, Viewer):
        who.require(Permission.EXPORT_JOURNAL)
    if format_ not in FORMATS or not why.strip():
        raise UsageError(Text("请选 xlsx、csv 或 jsonl，并写明导出事由", "choose xlsx, csv or jsonl, and say why"))
    detail = {"format": format_} | {name: value for name, value in chosen._asdict().items() if value}
    entry = journal.write(session, who, "journal.export", "journal", why=why.strip(), detail=detail)
    head = Head(entry.seq, entry.hash)
    by = who.login if isinstance(who, Viewer) else who
    about = [
        (Text("链尾序号", "Head of the chain, no."), str(head.seq)),
        (Text("链尾哈希", "Head of the chain, hash"), head.hash),
        (Text("算法", "Algorithm"), entry.algorithm),
        (Text("导出时间", "Exported at"), f"{entry.at:%Y-%m-%d %H:%M:%S}"),
        (Text("导出人", "Exported by"), by),
        (Text("导出事由", "Reason"), why.strip()),
        (Text("筛选条件", "Filters"), "; ".join(f"{n}={v}" for n, v in detail.items() if n != "format")),
    ]
    {"xlsx": _xlsx, "csv": _csv, "jsonl": _jsonl}[format_](_chosen(session, chosen), path, about, lang)
    return head


def _chosen(session: Session, chosen: Chosen) -> Iterator[Entry]:
    """The entries in order, a page at a time."""
    after = 0
    while True:
        query = chosen.narrow(select(JournalEntry).where(JournalEntry.seq > after))
        page = session.scalars(query.order_by(JournalEntry.seq).limit(1000)).all()
        if not page:
            return
        yield from page
        after = page[-1].seq


About = list[tuple[Text, str]]


def _jsonl(entries: Iterator[Entry], path: Path, about: About, lang: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        for entry in entries:
            fields = json.loads(journal.canonical(entry)) | {"hash": entry.hash}
            file.write(json.dumps(fields, ensure_ascii=False, sort_keys=True) + "\n")
        told = {label.en: value for label, value in about}
        file.write(json.dumps({"head": told}, ensure_ascii=False) + "\n")


def _csv(entries: Iterator[Entry], path: Path, about: About, lang: str) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([label.get(lang) for label in COLUMNS.values()])
        for entry in entries:
            writer.writerow([_defused(cell) for cell in _cells(entry)])
        for label, value in about:
            writer.writerow(["#", label.get(lang), _defused(value)])


def _xlsx(entries: Iterator[Entry], path: Path, about: About, lang: str) -> None:
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(path, options) as book:
        bold = book.add_format({"bold": True})
        number, row = 0, SHEET_ROWS
        for entry in entries:
            if row >= SHEET_ROWS:
                number, row = number + 1, 0
                sheet = book.add_worksheet(f"{Text('审计日志', 'Journal').get(lang)}{number}")
                sheet.write_row(0, 0, [label.get(lang) for label in COLUMNS.values()], bold)
                sheet.freeze_panes(1, 0)
                sheet.set_column(1, len(COLUMNS) - 1, 22)
            row += 1
            for column, cell in enumerate(_cells(entry)):
                sheet.write_string(row, column, cell)
        notes = book.add_worksheet(Text("说明", "About").get(lang))
        notes.set_column(0, 1, 40)
        for line, (label, value) in enumerate(about):
            notes.write_string(line, 0, label.get(lang), bold)
            notes.write_string(line, 1, value)


def _cells(entry: Entry) -> list[str]:
    told = {"seq": str(entry.seq), "at": entry.at.isoformat(" ", timespec="microseconds")}
    return [told.get(name) or str(getattr(entry, name)) for name in COLUMNS]


def _defused(cell: str) -> str:
    """A cell that a spreadsheet will not run."""
    return "'" + cell if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
