"""Policies and how far each has arrived: lists, funnels, days, chains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from houfeng.errors import NotFoundError, Text
from houfeng.matching.delivery import chains, lists, statistics
from houfeng.matching.delivery.chains import STATES
from houfeng.matching.delivery.judging import Policy
from houfeng.matching.delivery.statistics import FIRMS, PERSONS, Days, Reached
from houfeng.matching.tables import PolicyChain, PolicyList
from houfeng.matching.terms import shipped
from houfeng.office.access import Viewer
from houfeng_desk.lists import Choice, Column, Filter, Listing, ListRequest
from houfeng_desk.queries.enterprise.words import region

COLUMNS = (
    Column("name", Text("企业", "Enterprise"), sub="subject"),
    Column("city", Text("地区", "Region")),
    Column("state_text", Text("进展", "State"), sub="reason"),
    Column("bank", Text("银行", "Bank")),
    Column("sent_at", Text("送达", "Sent"), "date"),
    Column("applied_at", Text("申请", "Applied"), "date"),
    Column("lent_at", Text("放款", "Lent"), "date"),
    Column("lent", Text("放款金额", "Amount"), "money"),
    Column("paid_at", Text("资金到位", "Arrived"), "date"),
    Column("days", Text("文件到资金（天）", "Days to money"), "number", sortable=False),
)
_ORDERS: Mapping[str, Any] = {
    "name": PolicyChain.name, "city": PolicyChain.region, "state_text": PolicyChain.state,
    "bank": PolicyChain.institution_id, "sent_at": PolicyChain.sent_at, "applied_at": PolicyChain.applied_at,
    "lent_at": PolicyChain.lent_at, "lent": PolicyChain.lent, "paid_at": PolicyChain.paid_at,
}  # fmt: skip


class Line(NamedTuple):
    """A policy on the list of policies."""

    name: str
    label: Text
    document: str
    newest: PolicyList | None
    counts: lists.Counts | None
    funnel: tuple[Reached, ...]
    days: Days | None
    in_force: bool

    @property
    def begun(self) -> bool:
        """Whether there is something to tell: a list, or purchases of persons."""
        return self.newest is not None or any(row.chains != 0 for row in self.funnel)


def filters() -> Sequence[Filter]:
    """What the chains of a policy can be narrowed by."""
    return (
        Filter("state", Text("进展", "State"), [Choice(key, text) for key, text in STATES.items()]),
        Filter("text", Text("企业名称或代码", "Name or code of the enterprise")),
    )


def lines(session: Session, viewer: Viewer, known: Mapping[str, Policy], today: Any) -> list[Line]:
    """All policies that a pack has or a list was made for; those with a list first."""
    newest = {row.policy: row for row in newest_lists(session)}
    days = {row.key: row for row in statistics.days(session, viewer, "policy").rows}
    found = []
    for name in dict.fromkeys([*known, *newest]):
        row, policy = newest.get(name), known.get(name)
        persons = policy is not None and policy.persons
        label = policy.label if policy is not None else Text(row.label_zh, row.label_en) if row else Text(name, name)
        found.append(
            Line(
                name=name,
                label=label,
                document=policy.document if policy is not None else row.document if row else "",
                newest=row,
                counts=lists.counted(session, viewer, row) if row is not None else None,
                funnel=statistics.funnel(session, viewer, name, PERSONS if persons else FIRMS)
                if row or persons
                else (),
                days=days.get(name),
                in_force=policy is not None and policy.in_force(today),
            )
        )
    return sorted(found, key=lambda line: (not line.begun, not line.in_force))


def newest_lists(session: Session) -> list[PolicyList]:
    """The newest version of every list, by policy."""
    found = {row.policy: row for row in session.scalars(select(PolicyList).order_by(PolicyList.number))}
    return [found[name] for name in sorted(found)]


def versions(session: Session, policy: str) -> Sequence[PolicyList]:
    """The versions of a list, newest first."""
    wanted = select(PolicyList).where(PolicyList.policy == policy).order_by(PolicyList.number.desc())
    return session.scalars(wanted).all()


def find(
    session: Session, known: Mapping[str, Policy], name: str
) -> tuple[Policy | None, Sequence[PolicyList]]:  # fmt: skip
    """A policy in force, or one that was: what is known of it and the versions of its list.

    Raises:
        NotFoundError: nobody knows it.
    """
    found = versions(session, name)
    if name not in known and not found:
        raise NotFoundError(Text(f"没有政策 {name[:80]}", f"there is no policy {name[:80]}"))
    return known.get(name), found


def listing(session: Session, viewer: Viewer, policy: str, ask: ListRequest, banks: Mapping[str, str]) -> Listing:
    """The chains of a policy in the viewer's scope, the furthest first."""
    chains.may_see(viewer)
    conditions = [PolicyChain.policy == policy, chains.visible(viewer)]
    if ask["state"]:
        conditions.append(PolicyChain.state == ask["state"])
    if ask["text"]:
        like = PolicyChain.name.contains(ask["text"], autoescape=True)
        conditions.append(like | (PolicyChain.subject == ask["text"]))
    total = session.scalar(select(func.count()).select_from(PolicyChain).where(*conditions)) or 0
    wanted = select(PolicyChain).where(*conditions)
    if ask.sort in _ORDERS:
        column = _ORDERS[ask.sort]
        wanted = wanted.order_by(column.desc() if ask.descending else column.asc())
    wanted = wanted.order_by(PolicyChain.version.desc(), PolicyChain.id)
    if ask.size is not None:
        wanted = wanted.limit(ask.size).offset(ask.offset)
    return Listing(ask.columns, [_row(chain, banks) for chain in session.scalars(wanted)], total, ask)


def _row(chain: PolicyChain, banks: Mapping[str, str]) -> dict[str, Any]:
    return {
        "id": chain.id,
        "name": chain.name,
        "subject": chain.subject,
        "city": region(chain.region),
        "state_text": STATES.get(chain.state, Text(chain.state, chain.state)),
        "reason": shipped().reasons[chain.reason].label if chain.reason in shipped().reasons else None,
        "bank": banks.get(chain.institution_id, chain.institution_id),
        "days": statistics.own_days(chain),
        **{name: getattr(chain, name) for name in ("sent_at", "applied_at", "lent_at", "lent", "paid_at")},
    }
