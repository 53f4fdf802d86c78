"""Large exports need a second person: the same list, filters and reason, asked for once and decided by another.

From how many rows on is a rule of the house (`large_export_rows`). When it is approved, the file is written as a job
with the rights of who asked; a notice says where to fetch it.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from houfeng.errors import Text
from houfeng.office import approvals
from houfeng.office.access import Viewer
from houfeng.office.house import house
from houfeng.office.identity.people import viewer_of
from houfeng.office.tables import Approval, User
from houfeng_desk.lists import jobs

KIND = "export"


def register() -> None:
    """Let exports be approved: the file is written in the transaction's wake."""
    approvals.register(KIND, _approved)
    jobs.register()


def needs_permit(session: Session, rows: int) -> bool:
    """Whether so many rows need a second person."""
    return rows > house(session).large_export_rows


def waiting(session: Session, viewer: Viewer, question: str) -> Approval | None:
    """The proposal of this person for this very export that waits for a decision, if there is one."""
    return session.scalars(
        select(Approval).where(
            Approval.kind == KIND,
            Approval.about == question[:200],
            Approval.proposer_id == viewer.user_id,
            Approval.state == approvals.State.WAITING,
        )
    ).first()


def ask_permit(session: Session, viewer: Viewer, question: str, asked: jobs.Asked) -> Approval:
    """Ask for it."""
    told = Text(f"导出“{asked.title.zh}”{asked.rows} 行", f"export {asked.rows} rows of {asked.title.en}")
    detail = {"rows": asked.rows, "list": question, "asked": asked.payload()}
    return approvals.propose(session, viewer, KIND, question[:200], told, detail, asked.reason)


def _approved(session: Session, approval: Approval, who: Viewer | str) -> None:
    asked: dict[str, Any] = approval.detail["asked"]
    user = session.get(User, approval.proposer_id)
    assert user is not None
    jobs.enqueue(session, viewer_of(user, via="job"), jobs.Asked.of(asked | {"approval": approval.id}))
