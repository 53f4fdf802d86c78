"""Claims for the demo: a quarter of a few banks, by the real functions, in every state a visitor should see.

Nothing here is made up beside the book: amounts and refusals are what the packs give for the synthetic province.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from houfeng.book.snapshot import Snapshot
from houfeng.book.store import Book
from houfeng.claims import audit, files, quota
from houfeng.claims.acts import deciding, drafting, drawing, funding
from houfeng.claims.files import months_later
from houfeng.claims.life import LineState
from houfeng.claims.tables import Claim, Quota
from houfeng.claims.tools import Bank, Tool
from houfeng.clock import Clock
from houfeng.engine.duckdb import Engine
from houfeng.office import approvals
from houfeng.office.access import Role, Scope, Viewer
from houfeng.office.database import Office
from houfeng.office.identity import accounts
from houfeng.office.identity.people import find, viewer_of
from houfeng.packs.loading.load import load_pack
from houfeng.packs.loading.source import find_folder
from houfeng.packs.model import Pack

BANKS = 3
POOL, TOOL = Decimal(300_000_000), Decimal(200_000_000)
WHY = "演示"
FEN = Decimal("0.01")
HALF = "用途证明只覆盖一半金额"


class _Rows:
    def __init__(self, engine: Engine, snapshot: Snapshot) -> None:
        self.engine, self.institutions = engine, snapshot.select("institution")

    def rows(self, sql: str) -> list[dict[str, Any]]:
        return list(self.engine.table(f"WITH institution AS ({self.institutions}) {sql}").to_pylist())


def seed(office: Office, book: Path, clock: Clock) -> int:
    """Fill the pages of claims; `officer` and `approver` must have accounts. Gives how many claims were made."""
    snapshot = Book.open(book, clock).snapshot()
    period = _quarter(snapshot)
    packs = [load_pack(find_folder(name)) for name in drawing.PACKS]
    today = clock().date()
    tools = [(pack, tool) for pack in packs for tool in drawing.tools_of(pack, today, today) if tool.open]
    with office.begin() as session:
        officer, approver = (viewer_of(find(session, login), via="demo") for login in ("officer", "approver"))
        _grant(session, [tool for _, tool in tools])
    made = 0
    for place, (bank, reporter) in enumerate(_banks(office, snapshot)):
        for pack, tool in tools:
            if _one(office, snapshot, pack, tool, bank, period, (reporter, officer, approver), place):
                made += 1
    if made:
        _audit(office, officer, today)
    return made


def _quarter(snapshot: Snapshot) -> tuple[date, date]:
    """The quarter of the newest balances."""
    periods = [entry.period for entry in snapshot.submissions("loan_balance") if entry.period is not None]
    newest = max(periods)
    first = date(newest.year, (newest.month - 1) // 3 * 3 + 1, 1)
    return first, months_later(first, 3) - timedelta(days=1)


def _grant(session: Session, tools: Sequence[Tool]) -> None:
    quota.establish(session, tools)
    for node in session.scalars(select(Quota).where(Quota.ceiling.is_not(None)).order_by(Quota.id)):
        quota.grant(session, "demo", node, POOL if node.kind == "pool" else TOOL, WHY)


def _banks(office: Office, snapshot: Snapshot) -> list[tuple[Bank, Viewer]]:
    """The banks that report balances first by code, each with somebody who claims for it."""
    codes = sorted({entry.reporter for entry in snapshot.submissions("loan_balance")})[:BANKS]
    found = []
    with Engine() as engine:
        banks = [drawing.bank_of(_Rows(engine, snapshot), code) for code in codes]
    with office.begin() as session:
        for number, bank in enumerate(banks, 1):
            scope = Scope(institutions=frozenset({bank.id}))
            user, _ = accounts.create(session, "demo", f"claims{number}", f"{bank.name}经办", [Role.REPORTER], scope)
            user.must_change = False
            session.flush()
            found.append((bank, viewer_of(user, via="demo")))
    return found


def _one(
    office: Office, snapshot: Snapshot, pack: Pack, tool: Tool, bank: Bank, period: tuple[date, date],
    people: tuple[Viewer, Viewer, Viewer], place: int,
) -> bool:  # fmt: skip
    """One claim as far as its place says: the first bank's is paid, the second's waits, the third's is a draft."""
    reporter, officer, approver = people
    with office.read() as session:
        drawn = drawing.draw_for(session, snapshot, pack, tool, bank, *period)
    if not drawn.lines:
        return False
    with office.begin() as session:
        claim = drafting.draw(session, reporter, tool, bank, drawn)
    if place >= BANKS - 1:
        return True
    with office.begin() as session:
        drafting.submit(session, reporter, claim.id, claim.version, WHY)
    if place == 0:
        _pay(office, claim.id, officer, approver)
    return True


def _pay(office: Office, claim_id: int, officer: Viewer, approver: Viewer) -> None:
    with office.begin() as session:
        claim = files.find(session, officer, claim_id)
        asked = files.lines(session, claim_id, LineState.ASKED)
        refusals = {asked[-1].id: "台账材料不全，未附名单编号"} if len(asked) > 2 else {}
        if claim.comes_back and not quota.left(session, claim.instrument, claim.institution_id):
            return
        deciding.decide(session, officer, claim_id, claim.version, refusals, WHY)
    with office.begin() as session:
        waiting = session.get(Claim, claim_id)
        assert waiting is not None
        if waiting.approval_id is not None:
            approvals.decide(session, approver, waiting.approval_id, True, WHY)
    with office.begin() as session:
        claim = files.find(session, officer, claim_id)
        if claim.granted:
            funding.disburse(session, officer, claim_id, claim.version, office.clock().date(), WHY)


def _audit(office: Office, officer: Viewer, today: date) -> None:
    with office.begin() as session:
        made = audit.make(
            session, officer, instrument="", institution_id="", first=today, last=today, method="risk", size=8,
            seed=today.toordinal(), why=WHY,
        )  # fmt: skip
        first = audit.samples(session, made)[0]
        audit.record(
            session,
            officer,
            made.id,
            first[0].id,
            "error",
            (first[1].granted / 2).quantize(FEN),
            "用途证明只覆盖一半金额",
        )
