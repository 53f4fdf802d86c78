"""Filing a dispute about a line, finding disputes, and the marks their lines carry."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from houfeng.conduct.disputes.life import MOVES, OPEN, OUTCOMES, STATES, Outcome, State
from houfeng.conduct.portrait import Line, Mark
from houfeng.conduct.steps import all_of, of_firm, reason, same_version, serial, step
from houfeng.conduct.tables import Dispute
from houfeng.conduct.terms import Terms, terms_on
from houfeng.errors import AccessError, ConflictError, NotFoundError, Text, UsageError
from houfeng.office import notices
from houfeng.office.access import Permission, Role, Viewer
from houfeng.office.database import office_of
from houfeng.office.identity.people import own_firm, people_of_bank
from houfeng.office.scope import in_regions


@dataclass(frozen=True)
class Firm:
    """Who disputes: the enterprise as the book knows it."""

    id: str
    name: str
    region: str = ""


def visible(viewer: Viewer) -> ColumnElement[bool]:
    """The condition on disputes: a firm's own, those about a bank's own facts, those of one's regions."""
    parts = [*in_regions(viewer.scope.regions, Dispute.region), *of_firm(viewer, Dispute.enterprise_id)]
    if viewer.scope.institutions is not None:
        parts.append(Dispute.institution_id.in_(sorted(viewer.scope.institutions)))
    return all_of(parts)


def may_see(viewer: Viewer) -> None:
    """Raise AccessError unless the viewer may see disputes, or speaks for a firm, whose own they are."""
    if viewer.scope.enterprise is None or not viewer.may(Permission.SEE_OWN_FIRM):
        viewer.require(Permission.SEE_CONDUCT)


def find(session: Session, viewer: Viewer, dispute_id: int) -> Dispute:
    """The dispute of that number.

    Raises:
        NotFoundError: there is none in the viewer's scope.
    """
    may_see(viewer)
    found = session.scalars(select(Dispute).where(Dispute.id == dispute_id, visible(viewer))).one_or_none()
    if found is None:
        raise NotFoundError(Text(f"没有异议 {dispute_id}", f"there is no dispute {dispute_id}"))
    return found


def seen(session: Session, viewer: Viewer, dispute_id: int, version: int, move: str) -> Dispute:
    """The dispute, to be moved by somebody who saw `version` and may make that move; its version grows.

    Raises:
        AccessError: the move is another side's.
        ConflictError: it is not where the move begins, or has changed.
    """
    dispute, wanted = find(session, viewer, dispute_id), MOVES[move]
    if not may_move(viewer, dispute, move):
        raise AccessError(Text(f"您不能办理“{wanted.label.zh}”", f"this is not yours to do: {wanted.label.en}"))
    if State(dispute.state) not in wanted.start:
        state = STATES[State(dispute.state)]
        raise ConflictError(
            Text(f"{dispute.number} 现为“{state.zh}”，不能{wanted.label.zh}", f"{dispute.number} is “{state.en}”")
        )
    same_version(dispute, version)
    return dispute


def may_move(viewer: Viewer, dispute: Dispute, move: str) -> bool:
    """Whether the move is the viewer's side's: the firm's, the reporter's, the office's.

    The office answers for reporters that are no bank (courts, registries): nobody of theirs has an account here.
    """
    scope, by = viewer.scope, MOVES[move].by
    if by == "firm":
        return viewer.may(Permission.SEE_OWN_FIRM) and scope.enterprise == dispute.enterprise_id
    if by == "reporter" and dispute.institution_id:
        own = scope.institutions
        return viewer.may(Permission.ANSWER_DISPUTES) and own is not None and dispute.institution_id in own
    return viewer.may(Permission.WORK_CONDUCT) and scope.institutions is None and scope.enterprise is None


def file(
    session: Session, viewer: Viewer, firm: Firm, line: Line, bank: str, asked: str, why: str,
    terms: Terms | None = None,
) -> Dispute:  # fmt: skip
    """Dispute a line of one's own portrait. `bank` is the reporter's code where a bank reported it.

    Raises:
        AccessError: the viewer does not speak for the firm.
        UsageError: the line sums rows up, or something is missing.
        ConflictError: a dispute about this line is open.
    """
    if own_firm(viewer) != firm.id:
        raise AccessError(Text("只能对本企业的记录提出异议", "only the firm itself may dispute its record"))
    if not line.corrects:
        raise UsageError(
            Text(
                "汇总行不能直接提出异议，请向报送单位指明具体哪一笔",
                "a line that sums rows up cannot be disputed; tell the reporter which row is meant",
            )
        )
    asked = reason(asked, "请写明应为什么", "say what it should be")
    why = reason(why)
    same = select(Dispute.id).where(
        Dispute.enterprise_id == firm.id, Dispute.kind == line.kind, Dispute.key == line.key,
        Dispute.field == line.field, Dispute.reporter == line.source.reporter, Dispute.state.in_(list(OPEN)),
    )  # fmt: skip
    if session.scalars(same).first() is not None:
        raise ConflictError(Text("这条记录的异议正在办理", "a dispute about this line is open"))
    now = office_of(session).clock()
    days = (terms or terms_on(now.date())).number("dispute_answer_days")
    dispute = Dispute(
        year=now.year, serial=serial(session, Dispute, now.year), enterprise_id=firm.id, enterprise_name=firm.name,
        region=firm.region, kind=line.kind, key=line.key, field=line.field, label_zh=line.label.zh,
        label_en=line.label.en, value_zh=line.value.zh, value_en=line.value.en, submission_id=line.source.submission,
        row_no=line.source.row, reporter=line.source.reporter, institution_id=bank, asked=asked, why=why,
        state=State.FILED, due_on=now.date() + timedelta(days=days), filed_at=now, filed_by=viewer.user_id,
    )  # fmt: skip
    session.add(dispute)
    session.flush()
    told = {"line": line.ref, "submission": line.source.submission, "row": line.source.row, "asked": asked}
    step(session, viewer, dispute, "file", State.FILED, why, told)
    title = Text(f"{dispute.number}：{firm.name} 对“{line.label.zh}”提出异议", f"{dispute.number}: {line.label.en}")
    to = people_of_bank(session, bank) if bank else Role.OFFICER
    notices.tell(session, to, title, f"/disputes/{dispute.id}", "dispute.file")
    return dispute


def marks(session: Session, enterprise_id: str) -> dict[str, Mark]:
    """The marks of a firm's lines, by what names the line and its reporter: the newest dispute stands."""
    found: dict[str, Mark] = {}
    wanted = select(Dispute).where(Dispute.enterprise_id == enterprise_id).order_by(Dispute.id)
    for one in session.scalars(wanted):
        key = f"{one.ref}|{one.reporter}"
        if one.outcome == Outcome.WITHDRAWN:
            found.pop(key, None)
            continue
        pending = State(one.state) in OPEN
        text = Text("异议处理中", "disputed") if pending else OUTCOMES[Outcome(one.outcome)]
        admitted = one.state == State.ADMITTED or one.outcome == Outcome.CORRECTED
        disputed = Text(one.value_zh, one.value_en)
        found[key] = Mark(one.id, one.number, text, disputed, one.statement, pending, admitted)
    return found
