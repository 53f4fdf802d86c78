"""Claims: those of one's scope, one of them to be changed, and its steps. Every change asks for the version seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, and_, false, func, select, true
from sqlalchemy.orm import Session

from houfeng.claims.life import ENDED, MOVES, OUT, STATES, LineState, State
from houfeng.claims.tables import ZERO, Claim, ClaimLine, ClaimStep
from houfeng.errors import AccessError, ConflictError, NotFoundError, Text, UsageError
from houfeng.office import journal
from houfeng.office.access import Permission, Viewer
from houfeng.office.database import office_of
from houfeng.office.scope import in_regions


def visible(viewer: Viewer) -> ColumnElement[bool]:
    """The condition on `Claim` that leaves the claims of the viewer's scope. Enterprises see none: theirs are loans."""
    scope = viewer.scope
    parts = in_regions(scope.regions, Claim.region)
    if scope.institutions is not None:
        parts.append(Claim.institution_id.in_(sorted(scope.institutions)))
    if scope.enterprise is not None:
        parts.append(false())
    return and_(true(), *parts)


def find(session: Session, viewer: Viewer, claim_id: int) -> Claim:
    """The claim of that number.

    Raises:
        AccessError: the viewer may see no claims.
        NotFoundError: there is none in the viewer's scope.
    """
    viewer.require(Permission.SEE_CLAIMS)
    claim = session.scalars(select(Claim).where(Claim.id == claim_id, visible(viewer))).one_or_none()
    if claim is None:
        raise NotFoundError(Text(f"没有申报 {claim_id}", f"there is no claim {claim_id}"))
    return claim


def seen(session: Session, viewer: Viewer, claim_id: int, version: int, move: str) -> Claim:
    """The claim, to be moved by somebody who saw `version` and may make that move; its version grows.

    Raises:
        ConflictError: somebody else changed it since, it waits for a signature, or is not where the move begins.
        AccessError: the move is not the viewer's to make.
    """
    wanted = MOVES[move]
    viewer.require(Permission.MAKE_CLAIMS if wanted.bank else Permission.DECIDE_CLAIMS)
    claim = find(session, viewer, claim_id)
    if claim.version != version:
        raise ConflictError(
            Text(
                f"{claim.number} 已被他人更新（您看到的是第 {version} 版，现为第 {claim.version} 版），请刷新后再办",
                f"{claim.number} was changed by somebody else (you saw version {version}, it is {claim.version} now); "
                "look again, then act",
            )
        )
    if claim.approval_id is not None:
        raise ConflictError(
            Text(f"{claim.number} 正待签批，签批后再办", f"{claim.number} waits for a signature; act after it")
        )
    state = State(claim.state)
    if state not in wanted.start:
        raise ConflictError(
            Text(
                f"{claim.number} 现为“{STATES[state].zh}”，不能{wanted.label.zh}",
                f"{claim.number} is “{STATES[state].en}”: not now: {wanted.label.en}",
            )
        )
    claim.version += 1
    return claim


def bank_only(viewer: Viewer, institution_id: str) -> None:
    """Raise AccessError unless the viewer reports for this bank.

    Only who has the bank in their scope by name claims for it: an officer sees all banks and claims for none.
    """
    viewer.require(Permission.MAKE_CLAIMS)
    own = viewer.scope.institutions
    if own is None or institution_id not in own:
        raise AccessError(Text("您不能为这家机构申报。", "you may not claim for this institution"))


def lines(session: Session, claim_id: int, *states: LineState) -> list[ClaimLine]:
    """The lines of a claim in their order, of these states or of all."""
    wanted = select(ClaimLine).where(ClaimLine.claim_id == claim_id)
    if states:
        wanted = wanted.where(ClaimLine.state.in_(states))
    return list(session.scalars(wanted.order_by(ClaimLine.contract_no, ClaimLine.note_no, ClaimLine.item_no)))


def by_key(found: Iterable[ClaimLine]) -> dict[tuple[str, str, str], ClaimLine]:
    """Lines by what names their loan."""
    return {line.key: line for line in found}


def reason(why: str) -> str:
    """The reason, which must be there."""
    if not why.strip():
        raise UsageError(Text("请写明理由", "say why"))
    return why.strip()


def move_to(
    session: Session,
    claim: Claim,
    move: str,
    to: State,
    who: Viewer | str,
    why: str,
    detail: Mapping[str, Any] | None = None,
    proposed_by: int | None = None,
) -> int:
    """Change the state, write it into the journal and the timeline; gives the entry's number in the journal."""
    start, claim.state = claim.state, to
    told = {"number": claim.number, "from": start, "to": to, "version": claim.version, **(detail or {})}
    entry = journal.write(session, who, f"claim.{move}", f"claim:{claim.id}", why=why, detail=told)
    count = session.scalar(select(func.count()).select_from(ClaimStep).where(ClaimStep.claim_id == claim.id)) or 0
    session.add(
        ClaimStep(
            claim_id=claim.id,
            number=count + 1,
            move=move,
            start=start,
            to=to,
            at=office_of(session).clock(),
            by=who.user_id if isinstance(who, Viewer) else None,
            proposed_by=proposed_by,
            why=why,
            detail={name: str(value) for name, value in (detail or {}).items()},
            journal_seq=entry.seq,
        )
    )
    session.flush()
    return entry.seq


def total(session: Session, claim: Claim) -> None:
    """Set the sums of a claim to those of its lines."""
    session.flush()
    taken = (LineState.ASKED, LineState.ACCEPTED, LineState.FUNDED, LineState.REPAID, LineState.RECALLED)
    claim.asked = _sum(session, claim, ClaimLine.amount, (LineState.DRAWN, LineState.REFUSED, *taken))
    granted = (LineState.ACCEPTED, LineState.FUNDED, LineState.REPAID, LineState.RECALLED)
    claim.granted = _sum(session, claim, ClaimLine.granted, granted)
    claim.outstanding = _sum(session, claim, ClaimLine.outstanding, (LineState.FUNDED,))


def _sum(session: Session, claim: Claim, column: Any, states: Iterable[LineState]) -> Decimal:
    wanted = select(func.sum(column)).where(ClaimLine.claim_id == claim.id, ClaimLine.state.in_(list(states)))
    return session.scalar(wanted) or ZERO


def months_later(day: date, months: int) -> date:
    """The same day so many months on; the month's last where it has no such day."""
    whole = day.year * 12 + day.month - 1 + months
    year, month = divmod(whole, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, min(last, day.day))
        except ValueError:
            continue
    raise AssertionError("every month has a 28th")


def live(claim: Claim) -> bool:
    """Whether something may still happen to it."""
    return State(claim.state) not in ENDED


def out(claim: Claim) -> bool:
    """Whether its money is with the bank."""
    return State(claim.state) in OUT
