"""What a bank may claim for: its tools, periods and banks, and the drawing of one claim from the book."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy.orm import Session

from houfeng.book.snapshot import Snapshot
from houfeng.claims.acts import drawing
from houfeng.claims.acts.checking import Correction, key_of
from houfeng.claims.files import months_later
from houfeng.claims.tables import Claim, ClaimLine
from houfeng.claims.tools import Bank, Tool
from houfeng.clock import parse_day
from houfeng.engine.duckdb import Engine
from houfeng.errors import AccessError, InputError, Problem, Text, UsageError, Where
from houfeng.instruments.claims import Draft
from houfeng.instruments.workbook import SubmittedLine
from houfeng.office.access import Viewer
from houfeng.packs.model import Pack
from houfeng_desk.desk import Desk
from houfeng_desk.queries.packs import pack_in_force
from houfeng_desk.reader import Reader

QUARTERS = 6
"""Quarters before this one that may be claimed for on the form."""


def packs(desk: Desk) -> list[Pack]:
    """The packs of tools in force."""
    return [pack_in_force(desk, name) for name in drawing.PACKS]


def tools(desk: Desk) -> list[Tool]:
    """The tools that may be claimed from today."""
    today = desk.clock().date()
    return [tool for pack in packs(desk) for tool in drawing.tools_of(pack, today, today) if tool.open]


def tool(desk: Desk, name: str) -> tuple[Pack, Tool]:
    """The tool of that name and its pack.

    Raises:
        NotFoundError: there is none.
    """
    today = desk.clock().date()
    return drawing.tool_of(packs(desk), name, today, today)


def banks(reader: Reader, viewer: Viewer) -> list[Bank]:
    """The banks the viewer claims for."""
    own = viewer.scope.institutions or frozenset()
    return [drawing.bank_of(reader, one) for one in sorted(own)]


def bank(reader: Reader, viewer: Viewer, institution_id: str) -> Bank:
    """One of them.

    Raises:
        AccessError: it is not theirs.
    """
    if institution_id not in (viewer.scope.institutions or frozenset()):
        raise AccessError(Text("您不能为这家机构申报。", "you may not claim for this institution"))
    return drawing.bank_of(reader, institution_id)


def quarters(today: date) -> list[tuple[date, date]]:
    """The last quarters, the newest that has ended first, then this one, then earlier ones."""
    begin = date(today.year, (today.month - 1) // 3 * 3 + 1, 1)
    starts = [months_later(begin, -3 * n) for n in range(QUARTERS + 1)]
    found = [(first, months_later(first, 3) - timedelta(days=1)) for first in starts]
    return [found[1], found[0], *found[2:]]


def period_of(text: str, today: date) -> tuple[date, date]:
    """The quarter that begins on the day `text`; not one that lies ahead.

    Raises:
        UsageError: no quarter begins on that day.
    """
    first = parse_day(text)
    if first.day != 1 or first.month % 3 != 1 or first > today:
        raise UsageError(Text("请选择已开始的季度", "choose a quarter that has begun"))
    return first, months_later(first, 3) - timedelta(days=1)


def draw(
    session: Session, desk: Desk, found: tuple[Pack, Tool], whose: Bank, period: tuple[date, date], *,
    asked: Collection[tuple[str, str, str]] | None = None, claim_id: int | None = None,
) -> Draft:  # fmt: skip
    """What the book gives the bank now.

    The whole book is looked at: ceilings of a firm run over all banks. Only the bank's own loans come out.
    """
    snapshot = desk.book.snapshot()
    pack, chosen = found
    return drawing.draw_for(session, snapshot, pack, chosen, whose, *period, asked=asked, claim_id=claim_id)


def as_asked(lines: Sequence[SubmittedLine], institution_id: str, drawn: Draft) -> list[Correction]:
    """The rows of a workbook as what is asked for; what the bank left out is as the book has it.

    Raises:
        InputError: rows of another bank; all of them are told.
    """
    strange = [
        Problem(
            "claim.other_bank",
            Text("不是本机构的贷款", "a loan of another institution"),
            Where(row=line.row, field=line.key.contract_no),
            value=line.key.institution_id,
        )
        for line in lines
        if line.key.institution_id != institution_id
    ]
    if strange:
        raise InputError(Text("申报表里有别家机构的贷款", "the workbook has loans of other institutions"), strange)
    given = {key_of(one): one for one in (*drawn.refused, *drawn.lines)}
    found = []
    for line in lines:
        key = line.key.contract_no, line.key.note_no, line.key.item_no
        book = given.get(key)
        found.append(
            Correction(
                *key,
                line.borrower_id or (book.borrower_id if book else ""),
                line.counted_from or (book.counted_from if book else drawn.period[0]),
                line.counted_to or (book.counted_to if book else drawn.period[1]),
                line.base if line.base is not None else (book.base if book else line.amount),
                line.amount,
            )
        )
    return found


def draw_again(
    session: Session, desk: Desk, claim: Claim, asked: Collection[tuple[str, str, str]] | None = None
) -> Draft:
    """What the book gives for a claim that was begun, as it is now."""
    whose = Bank(claim.institution_id, claim.institution_name, claim.region)
    found = tool(desk, claim.instrument)
    return draw(session, desk, found, whose, (claim.first, claim.last), asked=asked, claim_id=claim.id)


class _Rows:
    """Rows by column name from an engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """The rows of `sql`."""
        return list(self.engine.table(sql).to_pylist())


def retest(desk: Desk, claim: Claim, lines: Sequence[ClaimLine], day: date) -> Mapping[int, Text]:
    """The funded loans of a claim that do not stand the re-test on `day`."""
    snapshot: Snapshot = desk.book.snapshot()
    pack, _ = tool(desk, claim.instrument)
    with Engine() as engine:
        return drawing.retest(
            snapshot, _Rows(engine), pack, claim.instrument, claim.institution_id, lines, day, snapshot.known_at
        )


def names_of(reader: Reader, firms: Iterable[str]) -> dict[str, str]:
    """The names of those that are enterprises of the viewer's scope."""
    wanted = sorted(set(firms))
    if not wanted:
        return {}
    marks = ", ".join("?" for _ in wanted)
    rows = reader.rows(f"SELECT enterprise_id, name FROM enterprise WHERE enterprise_id IN ({marks})", wanted)
    return {row["enterprise_id"]: row["name"] for row in rows if row["name"]}
