"""How banks answer, by bank, policy, region: how fast, how often they lend, to how many firms for the first time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from statistics import median
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from houfeng.errors import Text, UsageError
from houfeng.matching.delivery import chains
from houfeng.matching.needs import filing
from houfeng.matching.tables import NeedFile, NeedOffer, NeedStep
from houfeng.office.access import Viewer
from houfeng.office.database import office_of

ZERO = Decimal(0)


BY: Mapping[str, Text] = {
    "bank": Text("机构", "Institution"),
    "policy": Text("政策", "Policy"),
    "region": Text("地区", "Region"),
}
GROUPS: Mapping[str, Callable[[NeedOffer, NeedFile], str]] = {
    "bank": lambda offer, need: offer.institution_id,
    "policy": lambda offer, need: need.policy,
    "region": lambda offer, need: f"{need.region[:4]}00" if need.region else "",
}


class Answers(NamedTuple):
    """The answers to the needs of the viewer's scope, of one bank, policy or region. Days are calendar days; late ones
    count as late. `name` is the bank's; others are known by their `key`, which is empty where there is none."""

    key: str
    name: str
    sent: int
    answered: int
    late: int
    answer_days: float | None
    decided: int
    approved: int
    disbursed: int
    days_to_money: float | None
    amount: Decimal
    first_time: int

    @property
    def success(self) -> float | None:
        """The share of the decided ones that were approved."""
        return self.approved / self.decided if self.decided else None


class Whole(NamedTuple):
    """All needs of the viewer's scope. `first_time`: of those that were lent to, for the first time ever."""

    needs: int
    open: int
    disbursed: int
    amount: Decimal
    first_time: int
    unmet: int


def answers(session: Session, viewer: Viewer, by: str = "bank") -> list[Answers]:
    """The banks the viewer's needs went to (or the policies, or regions, they were of), those that lent most first; of
    a bank, its own answers only.

    Raises:
        UsageError: no such group.
    """
    chains.may_see(viewer)
    if by not in GROUPS:
        raise UsageError(Text("没有这种口径", "there is no such figure"))
    wanted = select(NeedOffer, NeedFile).join(NeedFile, NeedFile.id == NeedOffer.need_id)
    wanted = wanted.where(filing.visible(viewer), filing.offers_visible(viewer))
    groups: dict[str, list[tuple[NeedOffer, NeedFile]]] = defaultdict(list)
    for offer, need in session.execute(wanted):
        groups[GROUPS[by](offer, need)].append((offer, need))
    late = _late(session, [offer.id for pairs in groups.values() for offer, _ in pairs])
    today = office_of(session).clock().date()
    found = []
    for key, pairs in groups.items():
        offers = [offer for offer, _ in pairs]
        overdue = {o.id for o in offers if o.state == "sent" and o.due_on is not None and o.due_on < today}
        waits = [(o.answered_at.date() - o.sent_at.date()).days for o in offers if o.answered_at is not None]
        money = [(o.disbursed_at.date() - o.sent_at.date()).days for o in offers if o.disbursed_at is not None]
        found.append(
            Answers(
                key=key,
                name=offers[-1].institution_name or key if by == "bank" else key,
                sent=len(offers),
                answered=len(waits),
                late=len(overdue | (late & {o.id for o in offers})),
                answer_days=median(waits) if waits else None,
                decided=sum(1 for o in offers if o.decided_at is not None),
                approved=sum(1 for o in offers if o.state in ("approved", "disbursed")),
                disbursed=len(money),
                days_to_money=median(money) if money else None,
                amount=sum((o.amount or ZERO for o in offers if o.disbursed_at is not None), ZERO),
                first_time=sum(1 for o, need in pairs if o.disbursed_at is not None and need.first_time),
            )
        )
    return sorted(found, key=lambda row: (-row.amount, -row.sent, row.key))


def _late(session: Session, offers: Sequence[int]) -> set[int]:
    """Of these offers, those that were late for a step and escalated."""
    found = select(NeedStep.offer_id).where(NeedStep.act == "escalate", NeedStep.offer_id.in_(offers))
    return {number for number in session.scalars(found) if number is not None}


def whole(session: Session, viewer: Viewer) -> Whole:
    """The needs of the viewer's scope in six figures; of a bank, what it lent itself."""
    needs = session.scalars(select(NeedFile).where(filing.visible(viewer))).all()
    lent = [row for row in answers(session, viewer) if row.disbursed]
    return Whole(
        needs=len(needs),
        open=sum(1 for need in needs if need.state not in (*filing.ENDED, "unmet")),
        disbursed=sum(row.disbursed for row in lent),
        amount=sum((row.amount for row in lent), ZERO),
        first_time=sum(row.first_time for row in lent),
        unmet=sum(1 for need in needs if need.state == "unmet"),
    )
