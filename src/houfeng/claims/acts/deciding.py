"""Deciding on a claim loan by loan, and correcting what was refused.

An officer says which loans are refused and why; the rest is accepted as far as the quota goes, and the quota is frozen
at that moment, before anybody signs: so what an approver signs can be paid. Without the signature all of it is undone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from sqlalchemy.orm import Session

from houfeng.claims import holds, ledger, quota
from houfeng.claims.acts import signing
from houfeng.claims.acts.checking import Correction, Given, check
from houfeng.claims.files import bank_only, lines, move_to, reason, seen, total
from houfeng.claims.life import LineState, State
from houfeng.claims.tables import ZERO, Claim, ClaimLine
from houfeng.claims.terms import terms_on
from houfeng.claims.tools import Drawn, remark
from houfeng.errors import ConflictError, InputError, Problem, Text, Where
from houfeng.office import journal
from houfeng.office.access import Viewer
from houfeng.office.database import office_of
from houfeng.office.tables import Approval

OFFICER, QUOTA = "officer", "quota"


def decide(
    session: Session, viewer: Viewer, claim_id: int, version: int, refusals: Mapping[int, str], why: str
) -> Claim:
    """Accept the loans that are asked for, but those of `refusals` (line → reason); another person signs.

    Raises:
        ConflictError: the quota is used up, or less is left and the rule says all or nothing.
        InputError: a refusal has no reason, or is about a line that is not asked for; all of them are told.
    """
    claim = seen(session, viewer, claim_id, version, "accept")
    why = reason(why)
    asked = lines(session, claim.id, LineState.ASKED)
    if not asked:
        raise ConflictError(Text("没有待审核的贷款", "no loan waits for a decision"))
    _check_refusals(asked, refusals)
    now = office_of(session).clock()
    for line in asked:
        line.granted = ZERO if line.id in refusals else line.amount
        line.decided_by, line.decided_at = viewer.user_id, now
        if line.id in refusals:
            told = refusals[line.id].strip()
            line.reasons = [*line.reasons, remark("officer", Text(told, told), OFFICER)]
    terms = terms_on(now.date())
    _fit(session, claim, asked, terms.last_claim)
    accepted = sum((line.granted for line in asked), ZERO)
    good = [line for line in asked if line.granted]
    told_of = {"lines": len(good), "refused": len(asked) - len(good), "amount": accepted}
    entry = journal.write(session, viewer, "claim.decide", f"claim:{claim.id}", why=why, detail=told_of)
    if claim.comes_back:
        quota.freeze(session, claim, accepted, entry.seq)
    session.flush()
    if not good or accepted <= terms.sign_above:
        _settle(session, claim, viewer, why)
        return claim
    title = Text(f"{len(good)} 笔 {accepted:,.2f} 元", f"{len(good)} loans, {accepted:,.2f} yuan")
    signing.propose(session, viewer, claim, "accept", title, {"amount": str(accepted), **told_of}, why)
    return claim


def _check_refusals(asked: Sequence[ClaimLine], refusals: Mapping[int, str]) -> None:
    known = {line.id for line in asked}
    problems = [
        Problem("claim.refusal", Text("不是待审核的贷款", "not a loan that waits for a decision"), Where(field=str(n)))
        for n in refusals
        if n not in known
    ]
    problems += [
        Problem("claim.refusal", Text("请写明不予核准的理由", "say why this loan is refused"), Where(field=str(n)))
        for n, why in refusals.items()
        if n in known and not why.strip()
    ]
    if problems:
        raise InputError(Text("审核意见不完整", "the decision is not complete"), problems)


def _fit(session: Session, claim: Claim, asked: Sequence[ClaimLine], rule: str) -> None:
    """Cut what would be granted down to what is left, oldest loan first; a loan that gets nothing says why."""
    bound = quota.left(session, claim.instrument, claim.institution_id) if claim.comes_back else None
    if claim.comes_back and not quota.path(session, claim.instrument, claim.institution_id):
        raise ConflictError(Text("该工具尚未下达额度", "no quota was granted for this tool yet"))
    wanted = sum((line.granted for line in asked), ZERO)
    if bound is None or wanted <= bound:
        return
    if rule == "none" or bound <= 0:
        raise ConflictError(
            Text(
                f"额度不足：剩余 {bound:,.2f} 元，申报 {wanted:,.2f} 元",
                f"the quota is short: {bound:,.2f} yuan are left, {wanted:,.2f} are asked",
            )
        )
    _share(asked, bound)


def _share(asked: Sequence[ClaimLine], bound: Decimal) -> None:
    for line in sorted(asked, key=lambda one: (one.counted_from, one.key)):
        given = min(line.granted, bound)
        if given < line.granted:
            told = Text(
                f"额度用完：核准 {given:,.2f} 元，申报 {line.granted:,.2f} 元",
                f"the quota is used up: {given:,.2f} granted of {line.granted:,.2f}",
            )
            line.reasons = [*line.reasons, {**remark("quota", told, QUOTA), "state": "failed" if not given else "note"}]
        line.granted = given
        bound -= given


def _settle(session: Session, claim: Claim, who: Viewer, why: str, proposed_by: int | None = None) -> None:
    """What was decided stands: loans are accepted or refused, what is refused is let go."""
    asked = lines(session, claim.id, LineState.ASKED)
    good = [line for line in asked if line.granted]
    bad = [line for line in asked if not line.granted]
    for line in asked:
        line.state = LineState.ACCEPTED if line.granted else LineState.REFUSED
    session.flush()
    holds.release(session, bad)
    amount = sum((line.granted for line in good), ZERO)
    total(session, claim)
    accepted = lines(session, claim.id, LineState.ACCEPTED)
    refused = lines(session, claim.id, LineState.REFUSED)
    to = State.REFUSED if not accepted else State.PARTLY_ACCEPTED if refused else State.ACCEPTED
    told = {"lines": len(good), "refused": len(bad), "amount": amount}
    seq = move_to(session, claim, "accept", to, who, why, told, proposed_by)
    ledger.commit(session, claim, amount, office_of(session).clock().date(), seq)
    text = Text(f"核准 {len(good)} 笔，未通过 {len(bad)} 笔", f"{len(good)} accepted, {len(bad)} refused")
    signing.tell_bank(session, claim, text, "claim.accept")


def _signed(session: Session, claim: Claim, approval: Approval, who: Viewer) -> None:
    _settle(session, claim, who, approval.decision, approval.proposer_id)


def _not_signed(session: Session, claim: Claim, approval: Approval, who: Viewer | str) -> None:
    """As if nothing had been decided: the quota is free again, the loans wait."""
    asked = lines(session, claim.id, LineState.ASKED)
    amount = sum((line.granted for line in asked), ZERO)
    for line in asked:
        line.granted, line.decided_by, line.decided_at = ZERO, None, None
        line.reasons = [why for why in line.reasons if why.get("by") not in (OFFICER, QUOTA)]
    session.flush()
    why = approval.decision or "逾期未批 / not decided in time"
    seq = move_to(session, claim, "accept", State(claim.state), who, why, {"undone": amount}, approval.proposer_id)
    if claim.comes_back:
        quota.unfreeze(session, claim, amount, seq)


signing.register("accept", _signed, _not_signed)


def correct(
    session: Session, viewer: Viewer, claim_id: int, version: int, corrections: Mapping[int, Correction],
    drawn: Drawn, why: str,
) -> Claim:  # fmt: skip
    """The bank puts refused loans right and asks again; each is held against the book as it is now.

    Raises:
        InputError: a loan still deviates, or is not a refused one; nothing is changed, all of it is told.
    """
    claim = seen(session, viewer, claim_id, version, "correct")
    bank_only(viewer, claim.institution_id)
    why = reason(why)
    refused = {line.id: line for line in lines(session, claim.id, LineState.REFUSED)}
    given = Given.of(drawn)
    problems: list[Problem] = []
    for number, fix in corrections.items():
        line = refused.get(number)
        if line is None:
            what = Text("不是未通过的贷款", "not a refused loan")
            problems.append(Problem("claim.correction", what, Where(field=str(number))))
            continue
        problems += _correct_one(line, fix, given, why)
    again = [refused[number] for number in corrections if number in refused]
    session.flush()
    for key, other in holds.taken(session, claim, again).items():
        problems.append(Problem("claim.taken", other.text, Where(field=" ".join(part for part in key if part))))
    if problems or not again:
        raise InputError(Text("更正后仍不符合账簿", "after the correction it still differs from the book"), problems)
    holds.take(session, claim, again)
    total(session, claim)
    to = State.SUBMITTED if State(claim.state) is State.SUBMITTED else State.CORRECTED
    told = {"lines": len(again), "amount": sum((line.amount for line in again), ZERO)}
    move_to(session, claim, "correct", to, viewer, why, told)
    return claim


def _correct_one(line: ClaimLine, fix: Correction, given: Given, why: str) -> list[Problem]:
    """Write the new values onto the line, the old ones into its history; gives what is still wrong."""
    place = " ".join(part for part in line.key if part)
    if (fix.contract_no, fix.note_no, fix.item_no) != line.key:
        return [Problem("claim.correction", Text("更正的不是这笔贷款", "another loan"), Where(field=place))]
    found = check(fix, given)
    if not found.good:
        told = [one for one in found.reasons if one["state"] == "failed"]
        return [Problem(f"claim.{one['code']}", Text(one["zh"], one["en"]), Where(field=place)) for one in told]
    line.history = [
        *line.history,
        {
            "round": line.round,
            "amount": str(line.amount),
            "base": str(line.base),
            "counted_from": line.counted_from.isoformat(),
            "counted_to": line.counted_to.isoformat(),
            "reasons": line.reasons,
            "why": why,
        },
    ]
    line.round += 1
    line.borrower_id, line.base, line.amount, line.central = fix.borrower_id, fix.base, fix.amount, found.central
    line.counted_from, line.counted_to = fix.counted_from, fix.counted_to
    line.drawn = found.drawn.amount if found.drawn is not None else None
    line.reasons, line.state = found.reasons, LineState.ASKED
    line.granted, line.decided_by, line.decided_at = ZERO, None, None
    return []
