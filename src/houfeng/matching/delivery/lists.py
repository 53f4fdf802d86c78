"""The eligible list of a policy as of a day, versioned: who joined, who left, and why; and its sending out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, exists, func, insert, or_, select, true
from sqlalchemy.orm import Session, aliased

from houfeng.errors import AccessError, ConflictError, NotFoundError, Text
from houfeng.matching.delivery import chains
from houfeng.matching.delivery.judging import Firm, Judge, Policy, Verdict
from houfeng.matching.tables import PolicyChain, PolicyChainBank, PolicyList, PolicyMember, PolicyRecipient
from houfeng.office import journal, notices
from houfeng.office.access import Permission, Viewer
from houfeng.office.database import office_of
from houfeng.office.identity.people import people_of_bank, people_of_firm
from houfeng.office.outbox import queue as outbox
from houfeng.office.scope import in_regions

TOPIC = "delivery"
WAITING = ("sent", "received", "answered")
FIRST, FACTS, RULE = "first", "facts", "rule"
CAUSES: Mapping[str, Text] = {
    FIRST: Text("首版名单", "First list"),
    FACTS: Text("事实变化", "Facts changed"),
    RULE: Text("规则变化", "The rule changed"),
}


def may_make(who: Viewer | str) -> None:
    """Raise AccessError unless `who` may make and send lists: an officer of the whole book, or the house itself."""
    if isinstance(who, str):
        return
    who.require(Permission.RUN_MATCHING)
    if not who.scope.everything:
        told = "名单按全部企业生成；您只能查看本辖区的部分", "a list is of all enterprises; you see your part of it"
        raise AccessError(Text(*told))


def newest(session: Session, policy: str) -> PolicyList | None:
    """The newest version of a policy's list."""
    found = select(PolicyList).where(PolicyList.policy == policy).order_by(PolicyList.number.desc()).limit(1)
    return session.scalars(found).first()


def version(session: Session, policy: str, number: int) -> PolicyList:
    """A version of a list.

    Raises:
        NotFoundError: there is none.
    """
    found = select(PolicyList).where(PolicyList.policy == policy, PolicyList.number == number)
    row = session.scalars(found).one_or_none()
    if row is None:
        raise NotFoundError(Text(f"没有第 {number} 版名单", f"there is no version {number} of this list"))
    return row


def make(session: Session, who: Viewer | str, judge: Judge, name: str) -> PolicyList:
    """The list of a policy as `judge` sees it, as its next version; the same question again gives the last version.

    Raises:
        NotFoundError: no pack in force has this policy.
    """
    may_make(who)
    policy = judge.policies.get(name)
    if policy is None:
        raise NotFoundError(Text(f"没有政策 {name}", f"there is no policy {name}"))
    last, found = newest(session, name), judge.found(name)
    if last is not None and (last.as_of, last.known_at, last.digest) == (found.as_of, found.known_at, policy.digest):
        return last
    held = select(PolicyMember).where(PolicyMember.policy == name, PolicyMember.left_in.is_(None))
    before = {member.enterprise_id: member for member in session.scalars(held)}
    joined = sorted(set(found.members) - set(before))
    left = sorted(set(before) - set(found.members))
    number = last.number + 1 if last is not None else 1
    joined_why = _joined(judge, policy, last, joined)
    _add(session, name, number, joined, found.members, joined_why)
    left_why = _left(judge, policy, last, left)
    for firm in left:
        before[firm].left_in, before[firm].left_why = number, left_why[firm]
    row = PolicyList(
        policy=name, number=number, label_zh=policy.label.zh, label_en=policy.label.en, document=policy.document,
        document_on=policy.document_on, delivers=policy.delivers, pack=policy.pack, digest=policy.digest,
        as_of=found.as_of, known_at=found.known_at, examined=found.examined, entitled=len(found.members),
        unknown=found.unknown, joined=len(joined), departed=len(left), made_at=office_of(session).clock(),
        made_by=who.login if isinstance(who, Viewer) else who,
    )  # fmt: skip
    session.add(row)
    session.flush()
    told = {"number": number, "entitled": row.entitled, "joined": row.joined, "left": row.departed, "as_of": row.as_of}
    journal.write(session, who, "delivery.list", f"policy:{name}", detail=told | {"pack": row.digest})
    return row


def _add(
    session: Session, policy: str, number: int, joined: Sequence[str], firms: Mapping[str, Firm],
    why: Mapping[str, dict[str, Any]],
) -> None:  # fmt: skip
    rows = [
        {
            "policy": policy, "enterprise_id": firm, "name": firms[firm].name[:200], "region": firms[firm].region,
            "joined_in": number, "joined_why": why[firm], "left_why": {},
        }
        for firm in joined
    ]  # fmt: skip
    if rows:
        session.execute(insert(PolicyMember), rows)


def _joined(judge: Judge, policy: Policy, last: PolicyList | None, firms: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Why firms joined: what did not hold, or was not known, when the last list was made and holds now."""
    if last is None or not firms:
        return {firm: {"cause": FIRST} for firm in firms}
    then = judge.earlier(last.as_of, last.known_at).why(policy.name, firms)
    return {firm: _cause(then.get(firm), RULE if policy.digest != last.digest else FACTS) for firm in firms}


def _left(judge: Judge, policy: Policy, last: PolicyList | None, firms: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Why firms left: what does not hold now; by the rule where today's pack would not have had them then either."""
    if last is None or not firms:
        return {}
    now = judge.why(policy.name, firms)
    cause = dict.fromkeys(firms, FACTS)
    if policy.digest != last.digest:
        then = judge.earlier(last.as_of, last.known_at).why(policy.name, firms)
        cause = {firm: FACTS if firm in then and then[firm].state == "yes" else RULE for firm in firms}
    return {firm: _cause(now.get(firm), FACTS) | {"cause": cause[firm]} for firm in firms}


def _cause(verdict: Verdict | None, otherwise: str) -> dict[str, Any]:
    """Conditions that stood in the way; none of them where only the rule made the difference."""
    if verdict is None or not verdict.missing:
        return {"cause": otherwise, "missing": []}
    return {"cause": FACTS, "missing": [each.plain() for each in verdict.missing]}


def visible(viewer: Viewer) -> ColumnElement[bool]:
    """The condition on `PolicyMember` that leaves the members of the viewer's scope."""
    scope = viewer.scope
    parts = in_regions(scope.regions, PolicyMember.region)
    if scope.institutions is not None:
        of_bank = exists().where(
            PolicyChain.policy == PolicyMember.policy,
            PolicyChain.subject == PolicyMember.enterprise_id,
            PolicyChain.person.is_(False),
            PolicyChainBank.chain_id == PolicyChain.id,
            PolicyChainBank.institution_id.in_(scope.institutions),
        )
        parts.append(of_bank)
    if scope.enterprise is not None:
        parts.append(PolicyMember.enterprise_id == scope.enterprise)
    return and_(true(), *parts)


def at(policy: str, number: int) -> ColumnElement[bool]:
    """The condition on `PolicyMember` that leaves the members of one version."""
    stays = or_(PolicyMember.left_in.is_(None), PolicyMember.left_in > number)
    return and_(PolicyMember.policy == policy, PolicyMember.joined_in <= number, stays)


def members(session: Session, viewer: Viewer, policy: str, number: int) -> Sequence[PolicyMember]:
    """The members of a version that the viewer may see, by name."""
    chains.may_see(viewer)
    wanted = select(PolicyMember).where(at(policy, number), visible(viewer)).order_by(PolicyMember.name)
    return session.scalars(wanted).all()


def firms(session: Session, policy: str, number: int) -> frozenset[str]:
    """Everybody on a version, for the house itself."""
    version(session, policy, number)
    return frozenset(session.scalars(select(PolicyMember.enterprise_id).where(at(policy, number))))


def changes(
    session: Session, viewer: Viewer, policy: str, number: int, most: int = 500
) -> tuple[Sequence[PolicyMember], Sequence[PolicyMember]]:
    """Who joined and who left in a version, of the viewer's scope."""
    chains.may_see(viewer)
    version(session, policy, number)
    base = select(PolicyMember).where(PolicyMember.policy == policy, visible(viewer)).order_by(PolicyMember.name)
    joined = session.scalars(base.where(PolicyMember.joined_in == number).limit(most)).all()
    left = session.scalars(base.where(PolicyMember.left_in == number).limit(most)).all()
    return joined, left


class Counts(NamedTuple):
    """A version in figures, of what the viewer may see. Who was examined and who is not known is kept of all only."""

    entitled: int
    joined: int
    departed: int
    examined: int | None = None
    unknown: int | None = None


def counted(session: Session, viewer: Viewer, row: PolicyList) -> Counts:
    """How many firms a version has in the viewer's scope, and how many of them joined and left with it."""
    chains.may_see(viewer)
    if viewer.scope.everything:
        return Counts(row.entitled, row.joined, row.departed, row.examined, row.unknown)
    which = (at(row.policy, row.number), PolicyMember.joined_in == row.number, PolicyMember.left_in == row.number)
    wanted = select(*(func.count().filter(one) for one in which))
    found = session.execute(wanted.where(PolicyMember.policy == row.policy, visible(viewer))).one()
    entitled, joined, departed = map(int, found)
    return Counts(entitled, joined, departed)


def publish(
    session: Session, who: Viewer | str, policy: str, number: int, customers: Mapping[str, Collection[str]]
) -> int:
    """Send the newest list out: to each firm's page and people, and to the banks it is a customer of.

    `customers` says which banks lend to whom. Gives how many chains began. Firms that left and had not applied yet are
    told that it is over.

    Raises:
        ConflictError: it is not the newest version, or was sent already.
    """
    may_make(who)
    row = version(session, policy, number)
    last = newest(session, policy)
    if last is None or last.number != number:
        raise ConflictError(Text("只能发布最新一版名单", "only the newest version can be published"))
    if row.published_at is not None:
        raise ConflictError(Text("这一版已经发布", "this version is published already"))
    row.published_at = office_of(session).clock()
    row.published_by = who.login if isinstance(who, Viewer) else who
    _end_left(session, who, policy, number)
    begun = _begin(session, row)
    banks = _to_banks(session, row, customers)
    told = {"number": number, "begun": len(begun), "banks": len(banks)}
    journal.write(session, who, "delivery.publish", f"policy:{policy}", detail=told)
    _tell(session, row, banks, begun)
    return len(begun)


def _end_left(session: Session, who: Viewer | str, policy: str, number: int) -> None:
    """End the chains of who is no longer on the list and has not applied."""
    on = select(PolicyMember.enterprise_id).where(at(policy, number))
    gone = select(PolicyChain).where(
        PolicyChain.policy == policy, PolicyChain.person.is_(False), PolicyChain.state.in_(WAITING),
        PolicyChain.subject.not_in(on),
    )  # fmt: skip
    for chain in session.scalars(gone).all():
        chains.end(session, who, chain, "left")


def _begin(session: Session, row: PolicyList) -> list[str]:
    """A chain for every member who has none that goes on; gives whose."""
    going = aliased(PolicyChain)
    has = exists().where(
        going.policy == row.policy, going.subject == PolicyMember.enterprise_id, going.person.is_(False),
        going.state.not_in(("left",)),
    )  # fmt: skip
    wanted = select(PolicyMember).where(at(row.policy, row.number), ~has).order_by(PolicyMember.id)
    new = session.scalars(wanted).all()
    rows = [
        {
            "version": 1, "policy": row.policy, "subject": member.enterprise_id, "person": False, "name": member.name,
            "region": member.region, "list_number": row.number, "document_on": row.document_on, "state": "sent",
            "institution_id": "", "contract_no": "", "note_no": "", "reason": "", "sent_at": row.published_at,
        }
        for member in new
    ]  # fmt: skip
    if rows:
        session.execute(insert(PolicyChain), rows)
    return [member.enterprise_id for member in new]


def _to_banks(session: Session, row: PolicyList, customers: Mapping[str, Collection[str]]) -> dict[str, int]:
    """Let banks see their own customers on the list; gives how many each."""
    open_chains = select(PolicyChain.id, PolicyChain.subject).where(
        PolicyChain.policy == row.policy, PolicyChain.person.is_(False), PolicyChain.ended_at.is_(None)
    )
    known = select(PolicyChainBank.chain_id, PolicyChainBank.institution_id).join(
        PolicyChain, and_(PolicyChain.id == PolicyChainBank.chain_id, PolicyChain.policy == row.policy)
    )
    there = {(each.chain_id, each.institution_id) for each in session.execute(known)}
    counts: dict[str, int] = {}
    rows = []
    for chain_id, subject in session.execute(open_chains):
        for bank in sorted(set(customers.get(subject, ()))):
            counts[bank] = counts.get(bank, 0) + 1
            if (chain_id, bank) not in there:
                rows.append({"chain_id": chain_id, "institution_id": bank})
    if rows:
        session.execute(insert(PolicyChainBank), rows)
    for bank, count in sorted(counts.items()):
        session.add(PolicyRecipient(list_id=row.id, institution_id=bank, members=count, sent_at=row.published_at))
    session.flush()
    return counts


def _tell(session: Session, row: PolicyList, banks: Mapping[str, int], firms: Iterable[str]) -> None:
    """The inboxes of banks and firms, and the outbox; no message outside names a firm."""
    told = Text(
        f"《{row.label_zh}》第 {row.number} 版名单已送达", f"“{row.label_en}”: version {row.number} has arrived"
    )
    for bank in banks:
        notices.tell(session, people_of_bank(session, bank), told, f"/policies/{row.policy}", "delivery.list")
    mine = Text(f"您可享受《{row.label_zh}》", f"you are entitled to “{row.label_en}”")
    for firm in firms:
        notices.tell(session, people_of_firm(session, firm), mine, "/mine", "delivery.mine")
    outbox.announce(session, TOPIC, outbox.Message(told.zh, link=f"/policies/{row.policy}"))
