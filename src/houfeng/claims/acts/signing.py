"""Four eyes on a claim: what an officer proposes, an approver of the claim's scope signs, in the office's own manner.

Each signed move registers what happens when it is signed and what when it is not. What is signed is the claim at the
version it had; nothing else moves it while it waits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from houfeng.claims.files import find, reason, visible
from houfeng.claims.life import MOVES
from houfeng.claims.tables import Claim
from houfeng.errors import ConflictError, Text
from houfeng.office import approvals, notices
from houfeng.office.access import Viewer
from houfeng.office.tables import Approval

Signed = Callable[[Session, Claim, Approval, Viewer], None]
Unsigned = Callable[[Session, Claim, Approval, Viewer | str], None]


def kind_of(move: str) -> str:
    """The kind of approval of a signed move."""
    return f"claim.{move}"


def propose(
    session: Session, viewer: Viewer, claim: Claim, move: str, title: Text, detail: Mapping[str, Any], why: str
) -> Approval:
    """Put a move forward; the claim waits."""
    label = MOVES[move].label
    whole = Text(
        f"{label.zh}：{claim.number} {claim.institution_name} {title.zh}",
        f"{label.en}: {claim.number} {claim.institution_name} {title.en}",
    )
    told = {"claim": claim.id, "version": claim.version, "link": f"/claims/{claim.id}", **detail}
    made = approvals.propose(session, viewer, kind_of(move), f"claim:{claim.id}", whole, told, reason(why))
    claim.approval_id = made.id
    session.flush()
    return made


def register(move: str, on_signed: Signed, on_not: Unsigned | None = None) -> None:
    """Say what a signature does, and what is undone where it is refused, withdrawn or too late."""

    def approved(session: Session, approval: Approval, who: Viewer | str) -> None:
        assert isinstance(who, Viewer)
        claim = _free(session, approval, who)
        on_signed(session, claim, approval, who)

    def refused(session: Session, approval: Approval, who: Viewer | str) -> None:
        claim = _free(session, approval, who)
        if on_not is not None:
            on_not(session, claim, approval, who)

    approvals.register(kind_of(move), approved, refused, _sees)


def _free(session: Session, approval: Approval, who: Viewer | str) -> Claim:
    """The claim a decision is about, which no longer waits.

    Raises:
        ConflictError: it does not wait for this.
    """
    claim_id = int(approval.detail["claim"])
    claim = find(session, who, claim_id) if isinstance(who, Viewer) else session.get(Claim, claim_id)
    assert claim is not None
    if claim.approval_id != approval.id:
        raise ConflictError(Text("申报上没有这个待签批事项", "the claim does not wait for this"))
    claim.approval_id = None
    claim.version += 1
    return claim


def _sees(session: Session, approval: Approval, viewer: Viewer) -> bool:
    """Whether the claim lies in the viewer's scope. Who submitted it for the bank does not sign it either."""
    asked = select(Claim).where(Claim.id == int(approval.detail["claim"]), visible(viewer))
    claim = session.scalars(asked).one_or_none()
    return claim is not None and claim.submitted_by != viewer.user_id


def tell_bank(session: Session, claim: Claim, text: Text, kind: str) -> None:
    """Tell who submitted the claim what became of it."""
    if claim.submitted_by is not None:
        title = Text(f"{claim.number}：{text.zh}", f"{claim.number}: {text.en}")
        notices.tell(session, [claim.submitted_by], title, f"/claims/{claim.id}", kind, {"claim": claim.id})
