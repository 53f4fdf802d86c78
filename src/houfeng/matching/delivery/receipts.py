"""Receipt of a published list: a bank says that it has it. Looking at a page says nothing and changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from houfeng.errors import ConflictError, Text
from houfeng.matching.delivery import chains
from houfeng.matching.tables import PolicyList, PolicyRecipient
from houfeng.office import journal
from houfeng.office.access import Permission, Viewer
from houfeng.office.database import office_of


class Receipt(NamedTuple):
    """A version as it went to one bank; `days` from sending to receipt, nothing while the bank has not said."""

    number: int
    sent: PolicyRecipient

    @property
    def days(self) -> int | None:
        """Calendar days."""
        got = self.sent.received_at
        return None if got is None else (got.date() - self.sent.sent_at.date()).days


def _of(policy: str) -> Select[int, PolicyRecipient]:
    found = select(PolicyList.number, PolicyRecipient).join(PolicyList, PolicyList.id == PolicyRecipient.list_id)
    return found.where(PolicyList.policy == policy)


def receipts(session: Session, viewer: Viewer, policy: str) -> Sequence[Receipt]:
    """To which banks the versions went and when they were received, the newest first; a bank sees its own only.

    How many of a list are a bank's customers is of the whole market: who sees a part of it sees none of this.
    """
    chains.may_see(viewer)
    banks = viewer.scope.institutions
    if banks is None and not viewer.scope.everything:
        return []
    wanted = _of(policy).order_by(PolicyList.number.desc(), PolicyRecipient.institution_id)
    if banks is not None:
        wanted = wanted.where(PolicyRecipient.institution_id.in_(banks))
    return [Receipt(number, sent) for number, sent in session.execute(wanted)]


def waiting(session: Session, viewer: Viewer, policy: str) -> Sequence[Receipt]:
    """What was sent to the viewer's own bank and it has not said to have."""
    if not viewer.scope.institutions or not viewer.may(Permission.ANSWER_NEEDS):
        return []
    return [one for one in receipts(session, viewer, policy) if one.sent.received_at is None]


def receive(session: Session, viewer: Viewer, policy: str) -> Sequence[Receipt]:
    """The bank says that it has what was sent to it; gives which versions.

    Raises:
        ConflictError: nothing waits for this bank.
    """
    viewer.require(Permission.ANSWER_NEEDS)
    found = waiting(session, viewer, policy)
    if not found:
        raise ConflictError(Text("没有待收到的名单", "no list waits to be received"))
    for one in found:
        one.sent.received_at, one.sent.received_by = office_of(session).clock(), viewer.user_id
        told = {"number": one.number, "institution": one.sent.institution_id, "days": one.days}
        journal.write(session, viewer, "delivery.bank_received", f"policy:{policy}", detail=told)
    return found
