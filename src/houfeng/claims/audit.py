"""Audits of funded loans: a sample anybody can draw again, what was found on each loan, and what it says of the whole.

The population is every loan paid in a span of days and known when the sample was drawn; what a loan was granted never
changes afterwards, so the seed gives the same sample for ever. Drawing and projecting are `houfeng.instruments`' own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from houfeng.claims.files import reason, visible
from houfeng.claims.life import LineState
from houfeng.claims.tables import ZERO, Claim, ClaimAudit, ClaimLine, ClaimSample, ClaimStep
from houfeng.errors import ConflictError, InputError, NotFoundError, Text, UsageError, did_you_mean
from houfeng.instruments import projection, sampling
from houfeng.instruments.sampling import Key, MoneySample, Stratum, Unit
from houfeng.office import journal
from houfeng.office.access import Permission, Viewer
from houfeng.office.database import office_of

METHODS = {
    "risk": Text("按风险分层", "By risk"),
    "money": Text("按金额", "By money"),
    "random": Text("随机", "At random"),
}
OUTCOMES = {"todo": Text("待检查", "To be checked"), "clean": Text("无误", "Clean"), "error": Text("有误", "Wrong")}
WEIGHTS = {"changed": Decimal(3), "large": Decimal(2), "plain": Decimal(1)}
CLASSES = {
    "changed": Text("更正过或与账簿有出入", "corrected, or not as the book had it"),
    "large": Text("金额大（高于均值三倍）", "large (above three times the mean)"),
    "plain": Text("一般", "plain"),
    "random": Text("随机抽取", "drawn at random"),
    "money": Text("按金额抽取", "drawn by money"),
}


@dataclass(frozen=True)
class Drawn:
    """A sample with what it was drawn from."""

    units: tuple[Unit, ...]
    lines: dict[str, ClaimLine]
    money: MoneySample | None
    strata: Sequence[Stratum]

    @property
    def chosen(self) -> tuple[Unit, ...]:
        """The units to look at."""
        found = self.money.units if self.money is not None else [u for s in self.strata for u in s.sample]
        return tuple(found)


def make(
    session: Session, viewer: Viewer, *, instrument: str, institution_id: str, first: date, last: date, method: str,
    size: int, seed: int, why: str,
) -> ClaimAudit:  # fmt: skip
    """Draw a sample of the loans of the viewer's scope that were paid from `first` to `last`.

    Raises:
        InputError: nothing was paid then.
    """
    viewer.require(Permission.DECIDE_CLAIMS)
    if method not in METHODS:
        near = did_you_mean(method, METHODS)
        raise UsageError(Text(f"没有抽样方法 {method}。{near.zh}", f"there is no method {method}. {near.en}"))
    if not 1 <= size <= 5000 or last < first:
        raise UsageError(Text("样本量为 1 到 5000；起止日不可颠倒", "a size from 1 to 5000; the first day first"))
    scope, now = viewer.scope, office_of(session).clock()
    audit = ClaimAudit(
        version=1, instrument=instrument, institution_id=institution_id, first=first, last=last, method=method,
        size=size, seed=seed, lines=0, amount=ZERO, made_by=viewer.user_id, made_at=now,
        regions=sorted(scope.regions) if scope.regions is not None else None,
        institutions=sorted(scope.institutions) if scope.institutions is not None else None,
    )  # fmt: skip
    drawn = draw(session, viewer, audit)
    if not drawn.units:
        raise InputError(Text("这段时间没有已拨付的贷款", "no loan was paid in that time"))
    audit.lines, audit.amount = len(drawn.units), sum((unit.amount for unit in drawn.units), ZERO)
    session.add(audit)
    session.flush()
    chance = f"{len(drawn.chosen)}/{len(drawn.units)}"
    for unit in drawn.chosen:
        told = CLASSES[unit.risk if method == "risk" else method]
        session.add(
            ClaimSample(
                audit_id=audit.id, line_id=drawn.lines[unit.key[0]].id, stratum=unit.risk, chance=chance,
                why_zh=told.zh, why_en=told.en, outcome="todo", error=ZERO, note="",
            )
        )  # fmt: skip
    detail = {"method": method, "seed": seed, "size": size, "lines": audit.lines, "amount": audit.amount}
    journal.write(session, viewer, "claim.audit", f"claim_audit:{audit.id}", why=reason(why), detail=detail)
    session.flush()
    return audit


def draw(session: Session, viewer: Viewer, audit: ClaimAudit) -> Drawn:
    """The sample of an audit, drawn (again) from the loans that were known when it was made."""
    found = {str(line.id): line for line in _population(session, viewer, audit, audit.made_at)}
    mean = sum((line.granted for line in found.values()), ZERO) / max(1, len(found))
    units = [Unit((number,), line.granted, _risk(line, mean)) for number, line in found.items()]
    seed, size = str(audit.seed), audit.size
    if not units:
        return Drawn((), {}, None, ())
    if audit.method == "money":
        return Drawn(tuple(units), found, sampling.by_money(units, size, seed), ())
    if audit.method == "random":
        chosen = sampling.at_random(units, max(2, size), seed)
        whole = Stratum("random", len(units), sum((unit.amount for unit in units), ZERO), chosen)
        return Drawn(tuple(units), found, None, [whole])
    sizes = sampling.allocate(units, size, WEIGHTS)
    return Drawn(tuple(units), found, None, sampling.by_risk(units, sizes, seed))


def _population(session: Session, viewer: Viewer, audit: ClaimAudit, known: datetime) -> Sequence[ClaimLine]:
    paid = [LineState.FUNDED, LineState.REPAID, LineState.RECALLED]
    by_then = select(ClaimStep.claim_id).where(ClaimStep.move == "disburse", ClaimStep.at <= known)
    wanted = (
        select(ClaimLine)
        .join(Claim, Claim.id == ClaimLine.claim_id)
        .where(
            visible(viewer),
            ClaimLine.state.in_(paid),
            Claim.disbursed_on >= audit.first,
            Claim.disbursed_on <= audit.last,
            Claim.id.in_(by_then),
        )
    )
    if audit.instrument:
        wanted = wanted.where(Claim.instrument == audit.instrument)
    if audit.institution_id:
        wanted = wanted.where(Claim.institution_id == audit.institution_id)
    return session.scalars(wanted.order_by(ClaimLine.id)).all()


def _risk(line: ClaimLine, mean: Decimal) -> str:
    """The class of risk by what never changes after the payment."""
    if line.round > 1 or any(why["code"] == "less" for why in line.reasons):
        return "changed"
    return "large" if line.granted > 3 * mean else "plain"


def audits(session: Session, viewer: Viewer) -> list[ClaimAudit]:
    """The audits of the viewer's scope, newest first: those drawn over just that scope, or all."""
    _see(viewer)
    rows = session.scalars(select(ClaimAudit).order_by(ClaimAudit.id.desc())).all()
    return [row for row in rows if _sees(viewer, row)]


def _see(viewer: Viewer) -> None:
    """Audits are for who decides or signs; a bank learns of them when they are done."""
    if not viewer.may(Permission.APPROVE):
        viewer.require(Permission.DECIDE_CLAIMS)


def _sees(viewer: Viewer, audit: ClaimAudit) -> bool:
    scope = viewer.scope
    if scope.everything:
        return True
    regions = sorted(scope.regions) if scope.regions is not None else None
    banks = sorted(scope.institutions) if scope.institutions is not None else None
    return (regions, banks) == (audit.regions, audit.institutions) and scope.enterprise is None


def find(session: Session, viewer: Viewer, audit_id: int) -> ClaimAudit:
    """The audit of that number.

    Raises:
        NotFoundError: there is none in the viewer's scope.
    """
    _see(viewer)
    audit = session.get(ClaimAudit, audit_id)
    if audit is None or not _sees(viewer, audit):
        raise NotFoundError(Text(f"没有审计 {audit_id}", f"there is no audit {audit_id}"))
    return audit


def samples(session: Session, audit: ClaimAudit) -> list[tuple[ClaimSample, ClaimLine, Claim]]:
    """The loans to look at, with what was found so far."""
    rows = session.execute(
        select(ClaimSample, ClaimLine, Claim)
        .join(ClaimLine, ClaimLine.id == ClaimSample.line_id)
        .join(Claim, Claim.id == ClaimLine.claim_id)
        .where(ClaimSample.audit_id == audit.id)
        .order_by(ClaimSample.id)
    )
    return [(sample, line, claim) for sample, line, claim in rows]


def record(
    session: Session, viewer: Viewer, audit_id: int, sample_id: int, outcome: str, error: Decimal, note: str
) -> ClaimSample:
    """Write down what was found on one loan: nothing wrong, or so much too much.

    Raises:
        ConflictError: the audit is closed.
    """
    viewer.require(Permission.DECIDE_CLAIMS)
    audit = find(session, viewer, audit_id)
    sample = session.get(ClaimSample, sample_id)
    if sample is None or sample.audit_id != audit.id:
        raise NotFoundError(Text("没有这笔样本", "there is no such sample"))
    if audit.closed_at is not None:
        raise ConflictError(Text("审计已结束", "the audit is closed"))
    line = session.get(ClaimLine, sample.line_id)
    assert line is not None
    if outcome not in ("clean", "error") or (outcome == "error") != (error > 0) or error > line.granted:
        raise UsageError(
            Text(
                "有误须填写多领金额（不超过核准金额），无误则不填",
                "a wrong loan has an amount, a clean one has none",
            )
        )
    sample.outcome, sample.error, sample.note = outcome, error, reason(note) if outcome == "error" else note.strip()
    sample.found_by, sample.found_at = viewer.user_id, office_of(session).clock()
    audit.version += 1
    told = {"line": line.id, "outcome": outcome, "error": error}
    journal.write(session, viewer, "claim.finding", f"claim_audit:{audit.id}", why=note, detail=told)
    return sample


def close(session: Session, viewer: Viewer, audit_id: int, why: str) -> ClaimAudit:
    """Project what was found to the whole, with its interval.

    Raises:
        ConflictError: loans are still to be looked at, or it is closed already.
    """
    viewer.require(Permission.DECIDE_CLAIMS)
    audit = find(session, viewer, audit_id)
    rows = samples(session, audit)
    left = sum(sample.outcome == "todo" for sample, _, _ in rows)
    if audit.closed_at is not None or left:
        told = Text(f"还有 {left} 笔未检查", f"{left} loans are still to be looked at")
        raise ConflictError(told if left else Text("审计已结束", "the audit is closed"))
    drawn = draw(session, viewer, audit)
    if {sample.line_id for sample, _, _ in rows} != {int(unit.key[0]) for unit in drawn.chosen}:
        raise ConflictError(Text("总体已变，样本不能重现", "the population has changed; the sample cannot be redrawn"))
    due: dict[Key, Decimal] = {(str(line.id),): line.granted - sample.error for sample, line, _ in rows}
    found = (
        projection.project_money(drawn.money, due)
        if drawn.money is not None
        else projection.project_strata(drawn.strata, due)
    )
    wrong = sum(sample.outcome == "error" for sample, _, _ in rows)
    low, high = projection.wrong_rate(wrong, len(rows))
    audit.projection = _told(found, wrong, len(rows), low, high)
    audit.closed_at = office_of(session).clock()
    audit.version += 1
    journal.write(
        session, viewer, "claim.audit_close", f"claim_audit:{audit.id}", why=reason(why), detail=audit.projection
    )
    return audit


def _told(found: projection.Projection, wrong: int, size: int, low: float, high: float) -> dict[str, Any]:
    return {
        "method": found.method,
        "confidence": found.confidence,
        "found": str(found.found),
        "error": str(found.error),
        "low": str(found.low),
        "high": str(found.high),
        "wrong": wrong,
        "size": size,
        "rate_low": f"{low:.4f}",
        "rate_high": f"{high:.4f}",
    }
