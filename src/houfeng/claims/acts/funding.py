"""Money out and back: paying what was accepted, extending it after a re-test, recording that it came back."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from sqlalchemy.orm import Session

from houfeng.claims import ledger, quota
from houfeng.claims.acts import signing
from houfeng.claims.files import lines, months_later, move_to, reason, seen, total
from houfeng.claims.life import LineState, State
from houfeng.claims.tables import ZERO, Claim, ClaimLine
from houfeng.claims.tools import remark
from houfeng.errors import ConflictError, InputError, Text, UsageError
from houfeng.office.access import Viewer
from houfeng.office.database import office_of
from houfeng.office.tables import Approval

FEN = Decimal("0.01")


def disburse(session: Session, viewer: Viewer, claim_id: int, version: int, day: date, why: str) -> Claim:
    """Pay what was accepted: lent for the tool's term, or given."""
    claim = seen(session, viewer, claim_id, version, "disburse")
    today = office_of(session).clock().date()
    if day > today:
        raise UsageError(Text("拨付日不能晚于今天", "the day of payment cannot lie ahead"))
    accepted = lines(session, claim.id, LineState.ACCEPTED)
    for line in accepted:
        line.state, line.outstanding = LineState.FUNDED, line.granted
    amount = sum((line.granted for line in accepted), ZERO)
    claim.disbursed_on = day
    claim.due_on = months_later(day, claim.term_months) if claim.comes_back and claim.term_months else None
    total(session, claim)
    told = {"lines": len(accepted), "amount": amount, "day": day, "due_on": claim.due_on or ""}
    seq = move_to(session, claim, "disburse", State.DISBURSED, viewer, reason(why), told)
    if claim.comes_back:
        quota.use(session, claim, amount, seq)
    ledger.commit(session, claim, -amount, day, seq)
    ledger.pay(session, claim, amount, central_of(accepted), day, seq)
    signing.tell_bank(session, claim, Text(f"已拨付 {amount:,.2f} 元", f"{amount:,.2f} yuan paid"), "claim.disburse")
    return claim


def central_of(found: Sequence[ClaimLine]) -> Decimal:
    """The central share of what was granted, line by line in the proportion of what was asked."""
    return sum(
        ((line.central * line.granted / line.amount).quantize(FEN, ROUND_HALF_UP) for line in found if line.amount),
        ZERO,
    )


def extend(
    session: Session, viewer: Viewer, claim_id: int, version: int, failing: Mapping[int, Text], why: str
) -> Claim:
    """Propose another term for the loans that stand the re-test; those of `failing` (line → why) are to be repaid.

    Raises:
        ConflictError: no extension is left, or no loan stands the re-test.
    """
    claim = seen(session, viewer, claim_id, version, "extend")
    if not claim.comes_back:
        raise ConflictError(Text("贴息不展期", "a subsidy is not extended"))
    if claim.extensions >= claim.extensions_allowed:
        raise ConflictError(
            Text(f"最多展期 {claim.extensions_allowed} 次", f"it may be extended {claim.extensions_allowed} times")
        )
    funded = lines(session, claim.id, LineState.FUNDED)
    if all(line.id in failing for line in funded):
        raise ConflictError(Text("没有贷款通过复核，请登记归还", "no loan stands the re-test; record the repayment"))
    for line in funded:
        if line.id in failing:
            line.reasons = [*line.reasons, remark("retest", failing[line.id])]
    detail = {"failing": sorted(failing), "kept": len(funded) - len(failing)}
    title = Text(f"{detail['kept']} 笔通过复核", f"{detail['kept']} loans stand the re-test")
    signing.propose(session, viewer, claim, "extend", title, detail, why)
    return claim


def _extended(session: Session, claim: Claim, approval: Approval, who: Viewer) -> None:
    failing = set(approval.detail["failing"])
    today = office_of(session).clock().date()
    gone = [line for line in lines(session, claim.id, LineState.FUNDED) if line.id in failing]
    amount = _back(gone, LineState.REPAID)
    claim.extensions += 1
    assert claim.due_on is not None
    claim.due_on = months_later(claim.due_on, claim.term_months)
    total(session, claim)
    told = {"extension": claim.extensions, "due_on": claim.due_on, "repaid": amount, "loans_repaid": len(gone)}
    seq = move_to(session, claim, "extend", State.EXTENDED, who, approval.decision, told, approval.proposer_id)
    returned(session, claim, amount, ZERO, today, seq)
    signing.tell_bank(session, claim, Text(f"展期至 {claim.due_on}", f"extended to {claim.due_on}"), "claim.extend")


def _not_extended(session: Session, claim: Claim, approval: Approval, who: Viewer | str) -> None:
    """The findings of the re-test are taken off again; a later proposal makes its own."""
    for line in lines(session, claim.id, LineState.FUNDED):
        if line.id in set(approval.detail["failing"]):
            line.reasons = [why for why in line.reasons if why["code"] != "retest"]
    why = approval.decision or "逾期未批 / not decided in time"
    move_to(session, claim, "extend", State(claim.state), who, why, {"signed": "no"}, approval.proposer_id)


signing.register("extend", _extended, _not_extended)


def repay(
    session: Session, viewer: Viewer, claim_id: int, version: int, day: date, why: str,
    line_ids: Collection[int] | None = None,
) -> Claim:  # fmt: skip
    """Record that money came back: all of it, or that of single loans before their day."""
    claim = seen(session, viewer, claim_id, version, "repay")
    if not claim.comes_back:
        raise ConflictError(Text("贴息不归还；违规的请收回", "a subsidy is not repaid; recall it where it was wrong"))
    if claim.disbursed_on is None or not claim.disbursed_on <= day <= office_of(session).clock().date():
        raise UsageError(Text("归还日须在拨付日与今天之间", "the day lies between the payment and today"))
    gone = chosen(session, claim, line_ids)
    amount = _back(gone, LineState.REPAID)
    session.flush()
    rest = lines(session, claim.id, LineState.FUNDED)
    total(session, claim)
    told = {"lines": len(gone), "amount": amount, "day": day, "left": claim.outstanding}
    to = State(claim.state) if rest else State.MATURED
    seq = move_to(session, claim, "repay", to, viewer, reason(why), told)
    returned(session, claim, amount, ZERO, day, seq)
    return claim


def chosen(session: Session, claim: Claim, line_ids: Collection[int] | None) -> list[ClaimLine]:
    """The funded lines of those numbers, or all.

    Raises:
        InputError: some of them are not funded lines of this claim.
    """
    funded = lines(session, claim.id, LineState.FUNDED)
    wanted = set(line_ids) if line_ids is not None else {line.id for line in funded}
    if not wanted or wanted - {line.id for line in funded}:
        raise InputError(Text("请选择本申报中已拨付的贷款", "choose loans of this claim that are funded"))
    return [line for line in funded if line.id in wanted]


def _back(gone: Sequence[ClaimLine], state: LineState) -> Decimal:
    amount = sum((line.outstanding for line in gone), ZERO)
    for line in gone:
        line.outstanding, line.state = ZERO, state
    return amount


def take_back(session: Session, claim: Claim, gone: Sequence[ClaimLine]) -> tuple[Decimal, Decimal]:
    """Lines are recalled; gives the money and its central share. The caller books them with `returned`."""
    central = central_of(gone)
    return _back(gone, LineState.RECALLED), central


def returned(session: Session, claim: Claim, amount: Decimal, central: Decimal, day: date, seq: int) -> None:
    """Book money that came back: on the quota where it was lent, and in the ledger."""
    if not amount:
        return
    if claim.comes_back:
        quota.give_back(session, claim, amount, seq)
    ledger.pay(session, claim, -amount, -central, day, seq)
