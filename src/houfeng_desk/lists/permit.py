"""Large exports need a second person: the same list, filters and reason, asked for once and decided by another.

From how many rows on is a rule of the house (`large_export_rows`). What was approved may be fetched for a day by who
asked for it, as long as the question is the same.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from houfeng.errors import Text
from houfeng.office import approvals
from houfeng.office.access import Viewer
from houfeng.office.database import office_of
from houfeng.office.house import house
from houfeng.office.tables import Approval

KIND = "export"
HOLDS = timedelta(days=1)


def register() -> None:
    """Let exports be approved: the approval itself is the permit."""
    approvals.register(KIND, lambda session, approval, who: None)


def needs_permit(session: Session, rows: int) -> bool:
    """Whether so many rows need a second person."""
    return rows > house(session).large_export_rows


def permit(session: Session, viewer: Viewer, question: str) -> Approval | None:
    """What allows this person this very export now, if anything does."""
    since = office_of(session).clock() - HOLDS
    return session.scalars(
        select(Approval)
        .where(
            Approval.kind == KIND,
            Approval.about == question[:200],
            Approval.proposer_id == viewer.user_id,
            Approval.state == approvals.State.APPROVED,
            Approval.decided_at >= since,
        )
        .order_by(Approval.id.desc())
    ).first()


def ask_permit(session: Session, viewer: Viewer, question: str, title: Text, rows: int, reason: str) -> Approval:
    """Ask for it."""
    told = Text(f"导出“{title.zh}”{rows} 行", f"export {rows} rows of {title.en}")
    return approvals.propose(session, viewer, KIND, question[:200], told, {"rows": rows, "list": question}, reason)
