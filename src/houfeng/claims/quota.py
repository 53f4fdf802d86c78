"""The quota ledger: ceilings of banks, tools and shared pools; what is frozen, used and returned; what is left.

A quota stands in a tree: a bank's part under its tool, the tool under the pool it shares (支农支小 with 再贴现). A tool
with a quota of its own inside a pool (民营企业再贷款) is held to both. Whatever is taken is taken on every step up to
the root, each by an UPDATE that asks in the same breath whether enough is left; the checks of the table are a second
guard and the queue of writers a third. So two claims racing for the last yuan cannot both win, on either database.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import func, literal, or_, select, update
from sqlalchemy.orm import Session

from houfeng.claims.life import FROZEN, LineState
from houfeng.claims.tables import ZERO, Claim, ClaimLine, Quota, QuotaMove
from houfeng.claims.tools import Bank, Tool
from houfeng.errors import AccessError, ConflictError, NotFoundError, Text, UsageError
from houfeng.office import approvals, journal
from houfeng.office.access import Permission, Viewer
from houfeng.office.database import changed, office_of
from houfeng.office.scope import covers
from houfeng.office.tables import Approval, Money

GRANT = "claim.quota"
"""The kind of proposal by which a ceiling is moved."""

ACTS = {
    "grant": Text("下达", "Granted"),
    "freeze": Text("冻结", "Frozen"),
    "unfreeze": Text("解冻", "Released"),
    "use": Text("使用", "Used"),
    "return": Text("归还", "Returned"),
}


def pool_name(pool: str) -> str:
    """The name of a pool's quota."""
    return f"pool:{pool}"


def tool_name(instrument: str) -> str:
    """The name of a tool's quota."""
    return f"tool:{instrument}"


def bank_name(instrument: str, institution_id: str) -> str:
    """The name of a bank's part of a tool's quota."""
    return f"bank:{instrument}:{institution_id}"


def establish(session: Session, tools: Iterable[Tool]) -> list[Quota]:
    """See that every tool whose money comes back has a quota, and every pool one above them; nothing is granted yet.

    A tool in a pool without a quota of its own is held to the pool's alone.
    """
    made = []
    for tool in tools:
        if not tool.comes_back:
            continue
        parent = None
        if tool.pool:
            label = tool.pool_label if any(tool.pool_label) else Text(tool.pool, tool.pool)
            parent, new = _there(session, pool_name(tool.pool), "pool", label, ceiling=ZERO)
            made += [parent] if new else []
        own = None if parent is not None and tool.quota is None else ZERO
        quota, new = _there(
            session, tool_name(tool.name), "tool", tool.label, parent, instrument=tool.name, ceiling=own
        )
        made += [quota] if new else []
    return made


def bank_part(session: Session, tool: Tool, bank: Bank) -> Quota:
    """The quota of a bank for a tool, made where there is none. A bank without one is held to the tool's alone."""
    establish(session, [tool])
    parent = _named(session, tool_name(tool.name))
    label = Text(bank.name, bank.name)
    quota, new = _there(
        session, bank_name(tool.name, bank.id), "bank", label, parent,
        instrument=tool.name, institution_id=bank.id, region=bank.region, ceiling=ZERO,
    )  # fmt: skip
    if new and session.scalar(_taken_by(tool.name, bank.id)):
        raise ConflictError(
            Text(
                f"{bank.name} 已占用 {tool.label.zh} 的额度；分机构额度须在其首次核准前设立",
                f"{bank.name} has money of {tool.label.en} already; a bank's part is made before its first claim",
            )
        )
    return quota


def _taken_by(instrument: str, institution_id: str) -> Any:
    """How many lines of a bank take of the quota of a tool."""
    states = [*FROZEN, LineState.FUNDED]
    own = (Claim.instrument == instrument, Claim.institution_id == institution_id)
    return (
        select(func.count())
        .select_from(ClaimLine)
        .join(Claim, Claim.id == ClaimLine.claim_id)
        .where(*own, ClaimLine.state.in_(states), ClaimLine.granted > ZERO)
    )


def _there(
    session: Session, name: str, kind: str, label: Text, parent: Quota | None = None, **more: Any
) -> tuple[Quota, bool]:
    found = _named(session, name)
    if found is not None:
        return found, False
    quota = Quota(
        name=name, kind=kind, label_zh=label.zh, label_en=label.en, parent_id=parent.id if parent else None, **more
    )
    session.add(quota)
    session.flush()
    return quota, True


def _named(session: Session, name: str) -> Quota | None:
    return session.scalars(select(Quota).where(Quota.name == name)).one_or_none()


def path(session: Session, instrument: str, institution_id: str) -> list[Quota]:
    """The ceilings a claim stands under, the root first; empty where the tool has none."""
    node = _named(session, bank_name(instrument, institution_id)) or _named(session, tool_name(instrument))
    found: list[Quota] = []
    while node is not None:
        session.refresh(node)
        found.append(node)
        node = session.get(Quota, node.parent_id) if node.parent_id is not None else None
    return found[::-1]


def left(session: Session, instrument: str, institution_id: str) -> Decimal | None:
    """What a bank may still have of a tool: the least that is left on its path. None where nothing bounds it."""
    each = (quota.left for quota in path(session, instrument, institution_id))
    return min((amount for amount in each if amount is not None), default=None)


def freeze(session: Session, claim: Claim, amount: Decimal, seq: int) -> None:
    """Hold back `amount` for a claim on every step of its path.

    Raises:
        ConflictError: less is left; nothing is held back then, because the transaction is undone.
    """
    free = or_(Quota.ceiling.is_(None), Quota.ceiling - Quota.used - Quota.frozen >= amount)
    _take(session, claim, "freeze", amount, seq, {"frozen": Quota.frozen + amount}, free)


def unfreeze(session: Session, claim: Claim, amount: Decimal, seq: int) -> None:
    """Let go of what was held back."""
    _take(session, claim, "unfreeze", amount, seq, {"frozen": Quota.frozen - amount}, Quota.frozen >= amount)


def use(session: Session, claim: Claim, amount: Decimal, seq: int) -> None:
    """What was held back is paid out."""
    changes = {"frozen": Quota.frozen - amount, "used": Quota.used + amount}
    _take(session, claim, "use", amount, seq, changes, Quota.frozen >= amount)


def give_back(session: Session, claim: Claim, amount: Decimal, seq: int) -> None:
    """Money came back: a revolving quota may be used again, one of a year's flow may not."""
    for quota in path(session, claim.instrument, claim.institution_id):
        changes: dict[str, Any] = {"returned": Quota.returned + amount}
        if quota.revolving:
            changes["used"] = Quota.used - amount
        _change(session, quota, claim, "return", amount, seq, changes, Quota.used >= amount)


def _take(
    session: Session, claim: Claim, act: str, amount: Decimal, seq: int, changes: dict[str, Any], condition: Any
) -> None:
    if amount <= 0:
        return
    for quota in path(session, claim.instrument, claim.institution_id):
        _change(session, quota, claim, act, amount, seq, changes, condition)


def _change(
    session: Session, quota: Quota, claim: Claim, act: str, amount: Decimal, seq: int, changes: dict[str, Any],
    condition: Any,
) -> None:  # fmt: skip
    """One conditional update: it meets the row only while enough is left."""
    if not changed(session, update(Quota).where(Quota.id == quota.id, condition).values(**changes)):
        session.refresh(quota)
        raise ConflictError(
            Text(
                f"“{quota.label_zh}”额度不足：剩余 {quota.left or ZERO:,.2f} 元，需要 {amount:,.2f} 元",
                f"the quota of “{quota.label_en}” is short: {quota.left or ZERO:,.2f} yuan left, {amount:,.2f} needed",
            )
        )
    _note(session, quota, act, amount, seq, claim.id)
    session.refresh(quota)


def _note(session: Session, quota: Quota, act: str, amount: Decimal, seq: int, claim_id: int | None) -> None:
    now = office_of(session).clock()
    session.add(
        QuotaMove(quota_id=quota.id, at=now, day=now.date(), act=act, amount=amount, claim_id=claim_id, journal_seq=seq)
    )


def find(session: Session, viewer: Viewer, quota_id: int) -> Quota:
    """A quota in the viewer's scope.

    Raises:
        NotFoundError: there is none.
    """
    viewer.require(Permission.SEE_CLAIMS)
    quota = session.get(Quota, quota_id)
    if quota is None or not sees(viewer, quota):
        raise NotFoundError(Text(f"没有额度 {quota_id}", f"there is no quota {quota_id}"))
    return quota


def sees(viewer: Viewer, quota: Quota) -> bool:
    """Pools and tools are for those who see everything; a bank sees its own part, a region those of its banks."""
    scope = viewer.scope
    if scope.enterprise is not None:
        return False
    if scope.institutions is not None and quota.institution_id not in scope.institutions:
        return False
    return scope.regions is None or (quota.kind == "bank" and covers(scope.regions, quota.region))


def seen(session: Session, viewer: Viewer) -> list[Quota]:
    """The quotas of the viewer's scope: pools first, below each its tools, below those their banks."""
    viewer.require(Permission.SEE_CLAIMS)
    rows = list(session.scalars(select(Quota).order_by(Quota.kind.desc(), Quota.name)))
    below: dict[int | None, list[Quota]] = {}
    for row in rows:
        below.setdefault(row.parent_id, []).append(row)

    def walk(parent: int | None) -> Iterable[Quota]:
        for row in below.get(parent, ()):
            yield row
            yield from walk(row.id)

    return [row for row in walk(None) if sees(viewer, row)]


def moves(session: Session, quota: Quota) -> Sequence[QuotaMove]:
    """All changes of a quota in their order."""
    return session.scalars(select(QuotaMove).where(QuotaMove.quota_id == quota.id).order_by(QuotaMove.id)).all()


def grant(session: Session, who: Viewer | str, quota: Quota, amount: Decimal, why: str) -> None:
    """Move a ceiling by `amount`, up or down; never below what is taken. Called when the proposal is signed.

    Raises:
        ConflictError: more is taken than would remain.
    """
    told = {"quota": quota.name, "amount": amount, "before": quota.ceiling}
    entry = journal.write(session, who, "quota.grant", f"quota:{quota.name}", why=why, detail=told)
    raised = func.coalesce(Quota.ceiling, literal(ZERO, Money)) + literal(amount, Money)
    free = raised >= Quota.used + Quota.frozen
    done = update(Quota).where(Quota.id == quota.id, free).values(ceiling=raised)
    if not changed(session, done):
        raise ConflictError(
            Text(
                f"“{quota.label_zh}”已占用 {quota.used + quota.frozen:,.2f} 元，不能收回到其下",
                f"“{quota.label_en}” has {quota.used + quota.frozen:,.2f} yuan taken; it cannot go below that",
            )
        )
    _note(session, quota, "grant", amount, entry.seq, None)
    session.refresh(quota)


def may_grant(viewer: Viewer) -> None:
    """Raise AccessError unless the viewer decides on claims and sees everything."""
    viewer.require(Permission.DECIDE_CLAIMS)
    if not viewer.scope.everything:
        raise AccessError(Text("额度由看得到全部的人下达", "quotas are granted by those who see everything"))


def ask_grant(session: Session, viewer: Viewer, quota_id: int, amount: Decimal, why: str) -> Approval:
    """Propose to move a ceiling; another person signs it."""
    viewer.require(Permission.DECIDE_CLAIMS)
    quota = find(session, viewer, quota_id)
    may_grant(viewer)
    if amount == ZERO:
        raise UsageError(Text("请填写额度变动金额", "say by how much"))
    verb = Text("下达额度", "Grant quota") if amount > 0 else Text("收回额度", "Take back quota")
    title = Text(
        f"{verb.zh} {abs(amount):,.2f} 元：{quota.label_zh}", f"{verb.en} of {abs(amount):,.2f} yuan: {quota.label_en}"
    )
    detail = {"quota": quota.id, "amount": str(amount), "ceiling": _told(quota.ceiling), "link": "/quota"}
    return approvals.propose(session, viewer, GRANT, f"quota:{quota.name}", title, detail, why)


def _granted(session: Session, approval: Approval, who: Viewer | str) -> None:
    quota = session.get(Quota, int(approval.detail["quota"]))
    assert quota is not None
    if _told(quota.ceiling) != approval.detail["ceiling"]:
        raise ConflictError(Text("额度在送签后已变动，请重新提出", "the quota has moved since; propose it anew"))
    grant(session, who, quota, Decimal(approval.detail["amount"]), approval.decision)


def _told(ceiling: Decimal | None) -> str:
    return "" if ceiling is None else f"{ceiling:.2f}"


approvals.register(GRANT, _granted)
