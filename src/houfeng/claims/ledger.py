"""The books of claims by double entry: every entry adds up to nothing, so every tool, bank and day does.

Debits are above zero, credits below. `verify` holds the books against the claims, the quotas and the holds: three
records of the same facts, written by different code in one transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from houfeng.claims.life import FROZEN, HELD, LineState
from houfeng.claims.tables import (
    ZERO,
    Claim,
    ClaimHold,
    ClaimLine,
    LedgerEntry,
    LedgerPosting,
    Quota,
    QuotaMove,
)
from houfeng.errors import Problem, Text, Where
from houfeng.office.database import office_of

ACCOUNTS: Mapping[str, Text] = {
    "committed": Text("已核准待拨付", "Accepted, to be paid"),
    "commitment": Text("核准承诺", "Commitment"),
    "lent": Text("再贷款余额", "Lent to the bank"),
    "central_funds": Text("中央银行资金", "Central-bank money"),
    "subsidy_central": Text("中央贴息支出", "Subsidy, central share"),
    "subsidy_province": Text("省级贴息支出", "Subsidy, province's share"),
    "treasury_central": Text("中央财政资金", "Central treasury"),
    "treasury_province": Text("省级财政资金", "Provincial treasury"),
    "penalty_due": Text("应收加收利息", "Penalty due"),
    "penalty": Text("加收利息", "Penalty"),
}


def post(session: Session, claim: Claim, act: str, day: date, seq: int, **amounts: Decimal) -> None:
    """Write an entry: `amounts` by account, debit above zero. Accounts with nothing are left out.

    Raises:
        ValueError: it does not add up to nothing, which is a bug.
    """
    moved = {account: amount for account, amount in amounts.items() if amount}
    if sum(moved.values(), ZERO) != ZERO or not set(moved) <= set(ACCOUNTS):
        raise ValueError(f"an entry must balance: {moved}")
    if not moved:
        return
    entry = LedgerEntry(
        at=office_of(session).clock(),
        day=day,
        instrument=claim.instrument,
        institution_id=claim.institution_id,
        claim_id=claim.id,
        act=act,
        journal_seq=seq,
    )
    session.add(entry)
    session.flush()
    session.add_all(LedgerPosting(entry_id=entry.id, account=name, amount=moved[name]) for name in moved)
    session.flush()


def commit(session: Session, claim: Claim, amount: Decimal, day: date, seq: int) -> None:
    """Money was promised; below zero: the promise is gone."""
    post(session, claim, "commit", day, seq, committed=amount, commitment=-amount)


def pay(session: Session, claim: Claim, amount: Decimal, central: Decimal, day: date, seq: int) -> None:
    """Money went out: lent, or given by the two treasuries. Below zero: it came back."""
    if claim.comes_back:
        post(session, claim, "pay" if amount > 0 else "return", day, seq, lent=amount, central_funds=-amount)
        return
    province = amount - central
    post(
        session,
        claim,
        "pay" if amount > 0 else "return",
        day,
        seq,
        subsidy_central=central,
        subsidy_province=province,
        treasury_central=-central,
        treasury_province=-province,
    )


def penalise(session: Session, claim: Claim, amount: Decimal, day: date, seq: int) -> None:
    """A penalty is due."""
    post(session, claim, "penalty", day, seq, penalty_due=amount, penalty=-amount)


def balances(session: Session, instrument: str = "", institution_id: str = "") -> dict[tuple[str, str, str], Decimal]:
    """The balance of each account by tool and bank."""
    wanted = (
        select(
            LedgerEntry.instrument, LedgerEntry.institution_id, LedgerPosting.account, func.sum(LedgerPosting.amount)
        )
        .join(LedgerEntry, LedgerEntry.id == LedgerPosting.entry_id)
        .group_by(LedgerEntry.instrument, LedgerEntry.institution_id, LedgerPosting.account)
    )
    if instrument:
        wanted = wanted.where(LedgerEntry.instrument == instrument)
    if institution_id:
        wanted = wanted.where(LedgerEntry.institution_id == institution_id)
    return {(tool, bank, account): amount for tool, bank, account, amount in session.execute(wanted)}


def verify(session: Session) -> list[Problem]:
    """Everything that does not agree; empty where the books are whole."""
    return [
        *_unbalanced(session),
        *_against_claims(session),
        *_quotas_against_claims(session),
        *_quotas_against_moves(session),
        *_holds(session),
    ]


def _fault(code: str, place: str, zh: str, en: str, value: Any = "") -> Problem:
    advice = Text(
        "请停止拨付，保全数据库，并报告系统与审计管理员。",
        "stop paying out, keep the database, and tell the system and audit administrators",
    )
    return Problem(f"ledger.{code}", Text(zh, en), Where(field=place), value=str(value), suggestion=advice)


def _unbalanced(session: Session) -> list[Problem]:
    """Entries, and days of a tool and bank, that do not add up to nothing."""
    total = func.sum(LedgerPosting.amount)
    entries = session.execute(
        select(LedgerPosting.entry_id, total).group_by(LedgerPosting.entry_id).having(total != ZERO)
    )
    found = [
        _fault("entry", f"entry {entry}", "分录借贷不平", "an entry does not balance", off) for entry, off in entries
    ]
    days = session.execute(
        select(LedgerEntry.instrument, LedgerEntry.institution_id, LedgerEntry.day, total)
        .join(LedgerPosting, LedgerPosting.entry_id == LedgerEntry.id)
        .group_by(LedgerEntry.instrument, LedgerEntry.institution_id, LedgerEntry.day)
        .having(total != ZERO)
    )
    return found + [
        _fault("day", f"{tool} {bank} {day}", "当日借贷不平", "a day does not balance", off)
        for tool, bank, day, off in days
    ]


def _lines(session: Session, column: Any, *conditions: Any) -> dict[tuple[str, str], Decimal]:
    """Sums over the lines of claims by tool and bank."""
    rows = session.execute(
        select(Claim.instrument, Claim.institution_id, func.sum(column))
        .join(ClaimLine, ClaimLine.claim_id == Claim.id)
        .where(*conditions)
        .group_by(Claim.instrument, Claim.institution_id)
    )
    return {(tool, bank): amount or ZERO for tool, bank, amount in rows}


def _against_claims(session: Session) -> list[Problem]:
    """What the books say is out and promised, against what the lines of the claims say."""
    booked = balances(session)
    funded = _lines(session, ClaimLine.outstanding, ClaimLine.state == LineState.FUNDED)
    accepted = _lines(session, ClaimLine.granted, ClaimLine.state == LineState.ACCEPTED)
    found = []
    for pair in sorted({key[:2] for key in booked} | set(funded) | set(accepted)):
        out = sum((booked.get((*pair, a), ZERO) for a in ("lent", "subsidy_central", "subsidy_province")), ZERO)
        for name, books, claims in (
            ("paid", out, funded.get(pair, ZERO)),
            ("promised", booked.get((*pair, "committed"), ZERO), accepted.get(pair, ZERO)),
        ):
            if books != claims:
                place = f"{pair[0]} {pair[1]} {name}"
                found.append(
                    _fault("claims", place, "账簿与申报不一致", "books and claims differ", f"{books} ≠ {claims}")
                )
    return found


def _quotas_against_claims(session: Session) -> list[Problem]:
    """What every quota says is used and frozen, against the lines below it."""
    used = _lines(session, ClaimLine.outstanding, ClaimLine.state == LineState.FUNDED, Claim.comes_back)
    frozen = _lines(session, ClaimLine.granted, ClaimLine.state.in_(list(FROZEN)), Claim.comes_back)
    rows = list(session.scalars(select(Quota).order_by(Quota.id)))
    tops = {row.instrument: row for row in rows if row.kind == "tool"}
    parts = {(row.instrument, row.institution_id): row for row in rows if row.kind == "bank"}
    by_id = {row.id: row for row in rows}
    want: dict[int, list[Decimal]] = {row.id: [ZERO, ZERO] for row in rows}
    for at, sums in enumerate((used, frozen)):
        for (tool, bank), amount in sums.items():
            node = parts.get((tool, bank)) or tops.get(tool)
            while node is not None:
                want[node.id][at] += amount
                node = by_id.get(node.parent_id) if node.parent_id is not None else None
    found = []
    for row in rows:
        has = [row.used - (ZERO if row.revolving else row.returned), row.frozen]
        if has != want[row.id]:
            told = f"{has[0]}/{has[1]} ≠ {want[row.id][0]}/{want[row.id][1]}"
            found.append(_fault("quota", row.name, "额度与申报不一致", "quota and claims differ", told))
        if row.left is not None and row.left < 0:
            found.append(_fault("ceiling", row.name, "超出额度", "more is taken than granted", row.left))
    return found


def _quotas_against_moves(session: Session) -> list[Problem]:
    """What every quota says, against the sum of its moves."""

    sums: dict[int, dict[str, Decimal]] = {}
    rows = session.execute(
        select(QuotaMove.quota_id, QuotaMove.act, func.sum(QuotaMove.amount)).group_by(
            QuotaMove.quota_id, QuotaMove.act
        )
    )
    for quota_id, act, amount in rows:
        sums.setdefault(quota_id, {})[act] = amount
    found = []
    for quota in session.scalars(select(Quota).order_by(Quota.id)):
        of = sums.get(quota.id, {})
        granted, used, returned = (of.get(act, ZERO) for act in ("grant", "use", "return"))
        frozen = of.get("freeze", ZERO) - of.get("unfreeze", ZERO) - used
        net = used - returned if quota.revolving else used
        if (quota.ceiling or ZERO, quota.used, quota.frozen, quota.returned) != (granted, net, frozen, returned):
            found.append(_fault("moves", quota.name, "额度与其变动不一致", "a quota is not the sum of its moves"))
    return found


def _holds(session: Session) -> list[Problem]:
    """Live lines without a hold, and holds of lines that are not live."""
    rows = session.execute(
        select(ClaimLine.id, ClaimLine.state, ClaimHold.line_id)
        .outerjoin(ClaimHold, ClaimHold.line_id == ClaimLine.id)
        .where(ClaimLine.state.in_(list(HELD)) != ClaimHold.line_id.is_not(None))
    )
    return [
        _fault("hold", f"line {line}", "贷款占用登记与申报不一致", "a hold does not agree with its line", state)
        for line, state, _ in rows
    ]
