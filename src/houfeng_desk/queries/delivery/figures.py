"""The figures of needs and policies as lists: how banks answer, and how many days policies take, by group."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from houfeng.errors import Text
from houfeng.matching.delivery import statistics as arriving
from houfeng.matching.delivery.chains import DOCUMENT
from houfeng.matching.delivery.judging import Policy
from houfeng.matching.delivery.statistics import FIRMS, PERSONS, Days
from houfeng.matching.needs import statistics as answering
from houfeng.office.access import Viewer
from houfeng_desk.lists import Choice, Column, Filter, Listing, ListRequest
from houfeng_desk.queries.enterprise.words import region

ANSWERS = (
    Column("label", Text("分组", "Group")),
    Column("sent", Text("收到", "Received"), "number"),
    Column("answered", Text("已答复", "Answered"), "number"),
    Column("late", Text("超期", "Late"), "number"),
    Column("answer_days", Text("答复（天，中位）", "Days to answer (median)"), "number"),
    Column("decided", Text("已审批", "Decided"), "number"),
    Column("success", Text("通过率", "Approved"), "share"),
    Column("disbursed", Text("放款（件）", "Disbursed"), "number"),
    Column("amount", Text("放款", "Lent"), "money"),
    Column("days_to_money", Text("收到至放款（天，中位）", "Days to money (median)"), "number"),
    Column("first_time", Text("首贷户", "First-time borrowers"), "number"),
)
BY = Filter("by", Text("分组", "By"), [Choice(key, text) for key, text in answering.BY.items()], usual="bank")
NO_POLICY = Text("未指明政策", "No policy named")

DAYS = (
    Column("label", Text("分组", "Group"), sortable=False),
    Column("chains", Text("办结", "Completed"), "number", sortable=False),
    Column("median", Text("中位数（天）", "Median (days)"), "number", sortable=False),
    Column("ninth", Text("九成不超过（天）", "Nine tenths within (days)"), "number", sortable=False),
)
WHO = {FIRMS: Text("企业", "Enterprises"), PERSONS: Text("个人（消费贷款）", "Persons (consumer loans)")}
STARTS = (DOCUMENT, "sent")

Names = Callable[[str, str], Text]
"""Says what a group is called: what it is by, and its key."""


def names(banks: Mapping[str, str], known: Mapping[str, Policy]) -> Names:
    """Names of banks, policies and regions."""

    def said(by: str, key: str) -> Text:
        if by == "region":
            return region(key)
        if by == "policy":
            return known[key].label if key in known else Text(key, key) if key else NO_POLICY
        return Text(banks.get(key, key), banks.get(key, key))

    return said


def answers(session: Session, viewer: Viewer, ask: ListRequest, said: Names) -> Listing:
    """How banks answer, by bank (without another word), policy or region."""
    by = ask["by"] or BY.usual
    found = answering.answers(session, viewer, by)
    rows = [one._asdict() | {"label": said(by, one.key), "success": one.success} for one in found]
    if ask.sort:
        held = [row for row in rows if row[ask.sort] is not None]
        held.sort(key=lambda row: _plain(row[ask.sort]), reverse=ask.descending)
        rows = held + [row for row in rows if row[ask.sort] is None]
    return Listing(ANSWERS, ask.cut(rows), len(rows), ask)


def _plain(value: Any) -> Any:
    return value.zh if isinstance(value, Text) else value


def day_filters(known: Mapping[str, Policy]) -> tuple[Filter, ...]:
    """What the days can be told by and of. Firms and persons never stand together, or one could be told from both."""
    points = [Choice(start, arriving.POINTS[start]) for start in STARTS]
    return (
        Filter("by", Text("分组", "By"), [Choice(key, text) for key, text in arriving.BY.items()], usual="policy"),
        Filter("policy", Text("政策", "Policy"), [Choice(one.name, one.label) for one in known.values()]),
        Filter("who", Text("对象", "Of whom"), [Choice(key, text) for key, text in WHO.items()], usual=FIRMS),
        Filter("start", Text("起点", "From"), points, usual=DOCUMENT),
    )


def days(session: Session, viewer: Viewer, ask: ListRequest, said: Names) -> Listing:
    """The days to money by group, the total last; what is about few is not told, here as on every page."""
    by = ask["by"] or "policy"
    found = arriving.days(session, viewer, by, ask["start"] or DOCUMENT, policy=ask["policy"], who=ask["who"] or FIRMS)
    rows = [_days(one, said(by, one.key)) for one in found.rows]
    if rows:
        rows.append(_days(found.total, Text("合计", "Total")))
    return Listing(DAYS, ask.cut(rows), len(rows), ask)


def _days(one: Days, label: Text) -> dict[str, Any]:
    return {"label": label, "chains": one.chains, "median": one.median, "ninth": one.ninth}
