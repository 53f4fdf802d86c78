"""A version of a policy's list as a list of its own, and to which banks the versions went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from houfeng.errors import Text
from houfeng.matching.delivery import chains, lists, receipts
from houfeng.matching.tables import PolicyList, PolicyMember
from houfeng.office.access import Viewer
from houfeng_desk.lists import Choice, Column, Filter, Listing, ListRequest
from houfeng_desk.queries.enterprise.words import region

MEMBERS = (
    Column("name", Text("企业", "Enterprise"), sub="enterprise_id"),
    Column("city", Text("地区", "Region")),
    Column("change", Text("本版变动", "In this version"), sortable=False),
    Column("joined_in", Text("进入版本", "Joined in version"), "number"),
    Column("left_in", Text("退出版本", "Left in version"), "number"),
    Column("why", Text("为什么", "Why"), sortable=False),
)
CHANGES = {
    "on": Text("在册", "On the list"),
    "joined": Text("新进", "Joined"),
    "left": Text("退出", "Left"),
}
WHICH = (
    Filter("change", Text("本版变动", "In this version"), [Choice(key, text) for key, text in CHANGES.items()]),
    Filter("text", Text("企业名称或代码", "Name or code of the enterprise")),
)
VERSIONS = (
    Column("number", Text("版本", "Version"), "number", sortable=False),
    Column("as_of", Text("口径时点", "As of"), "date", sortable=False),
    Column("examined", Text("审核（户）", "Examined (firms)"), "number", sortable=False),
    Column("entitled", Text("符合", "Entitled"), "number", sortable=False),
    Column("unknown", Text("不明", "Not known"), "number", sortable=False),
    Column("joined", Text("新进", "Joined"), "number", sortable=False),
    Column("departed", Text("退出名单", "Left"), "number", sortable=False),
    Column("published_at", Text("发布", "Published"), "moment", sortable=False),
)
RECEIPTS = (
    Column("bank", Text("银行", "Bank"), sortable=False, sub="institution_id"),
    Column("number", Text("版本", "Version"), "number", sortable=False),
    Column("members", Text("客户（户）", "Customers"), "number", sortable=False),
    Column("sent_at", Text("送达", "Sent"), "moment", sortable=False),
    Column("received_at", Text("收到", "Received"), "moment", sortable=False),
    Column("days", Text("送达至收到（天）", "Sent to received (days)"), "number", sortable=False),
)
_ORDERS: Mapping[str, Any] = {
    "name": PolicyMember.name, "city": PolicyMember.region, "joined_in": PolicyMember.joined_in,
    "left_in": PolicyMember.left_in,
}  # fmt: skip


def members(session: Session, viewer: Viewer, policy: str, number: int, ask: ListRequest) -> Listing:
    """Who stands on a version and who left in it, of the viewer's scope, by name.

    Raises:
        NotFoundError: there is no such version.
    """
    chains.may_see(viewer)
    lists.version(session, policy, number)
    on, left = lists.at(policy, number), (PolicyMember.policy == policy) & (PolicyMember.left_in == number)
    which = {"on": on, "joined": on & (PolicyMember.joined_in == number), "left": left}
    wanted = select(PolicyMember).where(lists.visible(viewer), which.get(ask["change"], on | left))
    if text := ask["text"]:
        wanted = wanted.where(PolicyMember.name.contains(text, autoescape=True) | (PolicyMember.enterprise_id == text))
    total = session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    if ask.sort in _ORDERS:
        column = _ORDERS[ask.sort]
        wanted = wanted.order_by(column.desc() if ask.descending else column.asc())
    wanted = wanted.order_by(PolicyMember.name, PolicyMember.id)
    if ask.size is not None:
        wanted = wanted.limit(ask.size).offset(ask.offset)
    return Listing(ask.columns, [_member(one, number) for one in session.scalars(wanted)], total, ask)


def _member(one: PolicyMember, number: int) -> dict[str, Any]:
    change = "left" if one.left_in == number else "joined" if one.joined_in == number else "on"
    return {
        "name": one.name,
        "enterprise_id": one.enterprise_id,
        "city": region(one.region),
        "change": CHANGES[change],
        "joined_in": one.joined_in,
        "left_in": one.left_in if one.left_in is not None and one.left_in <= number else None,
        "why": _why(one.left_why if change == "left" else one.joined_why),
    }


def _why(told: Mapping[str, Any]) -> Text:
    """Why somebody joined or left: the cause, and each condition that made it."""
    cause = lists.CAUSES.get(str(told.get("cause")), Text("", ""))
    missing = told.get("missing", ())
    zh = "、".join(each["zh"] + ("（情况不明）" if each["state"] == "unknown" else "") for each in missing)
    en = ", ".join(
        (each["en"] or each["zh"]) + (" (not known)" if each["state"] == "unknown" else "") for each in missing
    )
    return Text(f"{cause.zh}：{zh}", f"{cause.en}: {en}") if missing else cause


def sent_to(session: Session, viewer: Viewer, policy: str, ask: ListRequest, banks: Mapping[str, str]) -> Listing:
    """To which banks the versions of a list went, and when each said to have it."""
    rows = [
        {
            "bank": banks.get(one.sent.institution_id, one.sent.institution_id),
            "institution_id": one.sent.institution_id,
            "number": one.number,
            "members": one.sent.members,
            "sent_at": one.sent.sent_at,
            "received_at": one.sent.received_at,
            "days": one.days,
        }
        for one in receipts.receipts(session, viewer, policy)
    ]
    return Listing(RECEIPTS, ask.cut(rows), len(rows), ask)


def of_versions(session: Session, viewer: Viewer, versions: Sequence[PolicyList], ask: ListRequest) -> Listing:
    """The versions of a list, newest first, with the figures of the viewer's scope, as the policy's page has them."""
    rows = [
        {"number": one.number, "as_of": one.as_of, "published_at": one.published_at}
        | lists.counted(session, viewer, one)._asdict()
        for one in versions
    ]
    return Listing(VERSIONS, rows, len(rows), ask)
