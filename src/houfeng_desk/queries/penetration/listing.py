"""Groups, circles and findings of the month as lists. For who sees a part of the market, its firms and loans only.

Of a scoped viewer the members, amounts and shares are counted anew from what the scope holds; kept figures of whole
groups would tell of firms outside it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from houfeng.book.model import code_lists
from houfeng.errors import Text
from houfeng.penetration.monthly.keeping import GROUP
from houfeng.penetration.monthly.limits import Limits
from houfeng_desk.lists import Choice, Column, Filter, Listing, ListRequest
from houfeng_desk.queries.enterprise import words
from houfeng_desk.queries.enterprise.lending import bank_names
from houfeng_desk.queries.penetration.parties import Parties, group_label
from houfeng_desk.reader import Reader

Row = dict[str, Any]
LIMITS = Limits()
GROUPS, CIRCLES = "penetration_groups", "penetration_circles"

GROUP_COLUMNS = (
    Column("label", Text("集团", "Group"), href="href", sub="basis", sortable=False),
    Column("kind", Text("来源", "Source")),
    Column("members", Text("成员（户）", "Members"), "number"),
    Column("exposure", Text("贷款合计", "Loans"), "money"),
    Column("banks", Text("机构数", "Banks"), "number"),
    Column("share", Text("单家银行最高占一级资本", "Most of a bank's tier 1"), "percent"),
    Column("largest", Text("占比最高的机构", "Bank with the largest part"), sortable=False),
    Column("over", Text("超限银行（家）", "Banks over the limit"), "number"),
    Column("findings", Text("发现（项）", "Findings"), "number"),
)
CIRCLE_COLUMNS = (
    Column("label", Text("担保圈", "Circle"), href="href", sortable=False),
    Column("form", Text("形态", "Form")),
    Column("members", Text("成员（户）", "Members"), "number"),
    Column("exposure", Text("贷款合计", "Loans"), "money"),
    Column("late", Text("其中逾期", "Of them overdue"), "money"),
    Column("banks", Text("机构数", "Banks"), "number"),
    Column("key", Text("关键节点", "Key node"), sortable=False),
)
FINDING_COLUMNS = (
    Column("name", Text("企业", "Enterprise"), href="href", sub="enterprise_id"),
    Column("finding", Text("情形", "Finding")),
    Column("subject", Text("对象", "Subject"), sortable=False),
    Column("occurred_on", Text("发生日期", "Occurred on"), "date"),
    Column("amount", Text("涉及金额", "Amount"), "money"),
    Column("share", Text("占比", "Part"), "percent"),
    Column("days", Text("相隔天数", "Days between"), "number"),
)


def group_filters() -> tuple[Filter, ...]:
    """What groups can be narrowed by."""
    kinds = [Choice("computed", Text("穿透算出", "computed")), Choice("reported", Text("机构报送", "reported"))]
    over = [Choice("over", Text("有银行超过集团限额", "a bank is over the limit")),
            Choice("large", Text("有大额风险暴露", "a bank has a large exposure"))]  # fmt: skip
    return (
        Filter("q", Text("成员名称或代码", "Name or code of a member")),
        Filter("kind", Text("来源", "Source"), kinds),
        Filter("line", Text("限额", "Limits"), over),
    )


def circle_filters() -> tuple[Filter, ...]:
    """What circles can be narrowed by."""
    forms = [Choice(code, text) for code, text in code_lists()["circle_form"].members.items()]
    return (
        Filter("q", Text("成员名称或代码", "Name or code of a member")),
        Filter("form", Text("形态", "Form"), forms),
    )


def finding_filters() -> tuple[Filter, ...]:
    """What findings can be narrowed by."""
    found = [Choice(code, text) for code, text in code_lists()["penetration_finding"].members.items()]
    return (
        Filter("finding", Text("情形", "Finding"), found),
        Filter("q", Text("企业名称或代码", "Name or code of the firm")),
    )


def kept(reader: Reader) -> bool:
    """Whether anything was computed for the book yet."""
    return any(reader.snapshot.submissions(kind) for kind in ("group_member", "circle_member", "penetration_finding"))


def groups(reader: Reader, ask: ListRequest) -> Listing:
    """Groups, those with the largest loans first."""
    reader.keep(GROUPS, _groups_sql())
    where, given = _member(ask, "g.group_id IN (SELECT m.group_id FROM group_member m", "m.enterprise_id")
    if ask["kind"]:
        where.append(f"starts_with(g.group_id, '{GROUP}') = {ask['kind'] == 'computed'}")
    if ask["line"]:
        where.append("g.over > 0" if ask["line"] == "over" else f"g.share >= {LIMITS.large}")
    orders = {name: f"g.{name}" for name in ("members", "exposure", "banks", "share", "over", "findings")}
    rows, total = _asked(reader, ask, GROUPS, where, given, orders | {"kind": "g.computed"},
                         "g.exposure DESC NULLS LAST, g.members DESC, g.group_id")  # fmt: skip
    parties = Parties(reader, [row["head_id"] or "" for row in rows])
    banks = bank_names(reader)

    def told(row: Row) -> Row:
        computed = str(row["group_id"]).startswith(GROUP)
        head = parties.of(row["head_id"] or "")
        first = head.id if head.known else row["first"]
        return {
            "label": group_label(row, parties, GROUP),
            "href": f"/enterprises/{quote(str(first))}?tab=group",
            "basis": "" if computed else row["basis"] or "",
            "kind": Text("穿透算出", "computed") if computed else Text("机构报送", "reported"),
            "largest": banks.get(row["bank"], row["bank"] or ""),
            **{name: row[name] for name in ("members", "exposure", "banks", "share", "over", "findings")},
        }

    return Listing(ask.columns, [told(row) for row in rows], total, ask)


def circles(reader: Reader, ask: ListRequest) -> Listing:
    """Circles, those with the largest loans first."""
    reader.keep(CIRCLES, _circles_sql())
    where, given = _member(ask, "g.circle_id IN (SELECT m.circle_id FROM circle_member m", "m.enterprise_id")
    if ask["form"]:
        where.append("g.form = $form")
        given["form"] = ask["form"]
    orders = {name: f"g.{name}" for name in ("members", "exposure", "late", "banks", "form")}
    rows, total = _asked(
        reader, ask, CIRCLES, where, given, orders, "g.exposure DESC NULLS LAST, g.members DESC, g.circle_id"
    )
    parties = Parties(reader, [row["first"] for row in rows] + [row["key"] or "" for row in rows])

    def told(row: Row) -> Row:
        label = parties.of(row["key"] or row["first"]).label
        return {
            "label": Text(f"{label.zh}所在的担保圈", f"Circle of {label.en}"),
            "href": f"/enterprises/{quote(str(row['key'] or row['first']))}?tab=circle",
            "form": words.label("guarantee_circle", "form", row["form"]),
            "key": parties.of(row["key"]).label if row["key"] else "",
            **{name: row[name] for name in ("members", "exposure", "late", "banks")},
        }

    return Listing(ask.columns, [told(row) for row in rows], total, ask)


def findings(reader: Reader, ask: ListRequest) -> Listing:
    """Findings of the month, by firm."""
    where, given = ["TRUE"], dict[str, Any]()
    if ask["finding"]:
        where.append("f.finding = $finding")
        given["finding"] = ask["finding"]
    if ask["q"]:
        where.append("(contains(e.name, $q) OR f.enterprise_id = upper($q))")
        given["q"] = ask["q"]
    source = (
        "FROM penetration_finding f LEFT JOIN enterprise e ON e.enterprise_id = f.enterprise_id"
        f" WHERE {' AND '.join(where)}"
    )
    total = int(reader.value(f"SELECT count(*) {source}", given) or 0)
    orders = {name: f"f.{name}" for name in ("finding", "occurred_on", "amount", "share", "days")} | {"name": "e.name"}
    tail = ask.tail(orders, "f.occurred_on DESC NULLS LAST, f.amount DESC NULLS LAST, f.enterprise_id, f.finding")
    rows = reader.rows(f"SELECT f.*, e.name {source} {tail}", given)
    parties = Parties(reader, [row["subject"] for row in rows if row["finding"] in NAMING])
    return Listing(ask.columns, [_finding(row, parties) for row in rows], total, ask)


NAMING = frozenset({"ownership_ring", "round_trip", "group_outflow", "controller_moved"})
"""Findings whose subject is somebody."""


def _finding(row: Row, parties: Parties) -> Row:
    subject: Any = row["subject"]
    if row["finding"] in NAMING:
        subject = parties.of(subject).label
    elif row["finding"] in ("person_before_overdue", "capital_before_overdue"):
        subject = words.label("registration_change", "item", subject)
    return {
        "name": row["name"] or row["enterprise_id"],
        "enterprise_id": row["enterprise_id"],
        "href": f"/enterprises/{quote(row['enterprise_id'])}?tab=links",
        "finding": words.label("penetration_finding", "finding", row["finding"]),
        "subject": subject,
        **{name: row[name] for name in ("occurred_on", "amount", "share", "days")},
    }


def _member(ask: ListRequest, begin: str, column: str) -> tuple[list[str], dict[str, Any]]:
    if not ask["q"]:
        return ["TRUE"], {}
    named = f"{begin} JOIN enterprise e ON e.enterprise_id = {column} WHERE contains(e.name, $q)"
    return [f"{named} OR {column} = upper($q))"], {"q": ask["q"]}


def _asked(
    reader: Reader,
    ask: ListRequest,
    table: str,
    where: list[str],
    given: Mapping[str, Any],
    orders: Mapping[str, str],
    otherwise: str,
) -> tuple[list[Row], int]:
    source = f"FROM {table} g WHERE {' AND '.join(where)}"
    total = int(reader.value(f"SELECT count(*) {source}", given) or 0)
    return reader.rows(f"SELECT g.* {source} {ask.tail(orders, otherwise)}", given), total


_OWED = (
    "SELECT borrower_id, institution_id, sum(coalesce(balance_cny, balance)) AS owed,"
    " sum(coalesce(balance_cny, balance)) FILTER (coalesce(overdue_days, 0) > 0) AS late"
    " FROM loan_balance WHERE balance > 0 AND borrower_id IS NOT NULL GROUP BY 1, 2"
)


def _groups_sql() -> str:
    """Each group with what the scope holds of it, counted from loans."""
    return f"""
WITH owed AS ({_OWED}),
member AS (SELECT DISTINCT group_id, enterprise_id FROM group_member),
lent AS (SELECT m.group_id, o.institution_id, sum(o.owed) AS owed FROM member m
  JOIN owed o ON o.borrower_id = m.enterprise_id GROUP BY 1, 2),
bank AS (SELECT l.*, 100.0 * l.owed / nullif(i.tier1_capital, 0) AS part FROM lent l
  LEFT JOIN institution i ON i.institution_id = l.institution_id),
sums AS (SELECT group_id, sum(owed) AS exposure, count(*) AS banks,
  CAST(least(99999, max(part)) AS DECIMAL(10,2)) AS share, arg_max(institution_id, part) AS bank,
  count(*) FILTER (part > {LIMITS.group}) AS over FROM bank GROUP BY 1),
sizes AS (SELECT group_id, count(*) AS members, min(enterprise_id) AS first FROM member GROUP BY 1),
told AS (SELECT m.group_id, count(*) AS findings FROM member m
  JOIN penetration_finding f ON f.enterprise_id = m.enterprise_id GROUP BY 1)
SELECT s.group_id, starts_with(s.group_id, '{GROUP}') AS computed, g.name, g.head_id, g.basis, s.members, s.first,
  u.exposure, coalesce(u.banks, 0) AS banks, u.share, u.bank, coalesce(u.over, 0) AS over,
  coalesce(t.findings, 0) AS findings
FROM sizes s LEFT JOIN (SELECT group_id, any_value(name) AS name, any_value(head_id) AS head_id,
  any_value(basis) AS basis FROM connected_group GROUP BY 1) g USING (group_id)
LEFT JOIN sums u USING (group_id) LEFT JOIN told t USING (group_id)"""


def _circles_sql() -> str:
    return f"""
WITH owed AS ({_OWED}),
member AS (SELECT circle_id, enterprise_id, bool_or(is_key) AS is_key FROM circle_member GROUP BY 1, 2),
sums AS (SELECT m.circle_id, sum(o.owed) AS exposure, sum(o.late) AS late, count(DISTINCT o.institution_id) AS banks
  FROM member m JOIN owed o ON o.borrower_id = m.enterprise_id GROUP BY 1)
SELECT m.circle_id, count(*) AS members, min(m.enterprise_id) AS first,
  min(m.enterprise_id) FILTER (m.is_key) AS key, any_value(c.form) AS form, any_value(s.exposure) AS exposure,
  any_value(s.late) AS late, coalesce(any_value(s.banks), 0) AS banks
FROM member m LEFT JOIN guarantee_circle c USING (circle_id) LEFT JOIN sums s USING (circle_id) GROUP BY 1"""


Kind = tuple[Text, tuple[Column, ...], Callable[[], tuple[Filter, ...]], Callable[[Reader, ListRequest], Listing]]
LISTS: Mapping[str, Kind] = {
    "groups": (Text("关联集团", "Connected groups"), GROUP_COLUMNS, group_filters, groups),
    "circles": (Text("担保圈", "Guarantee circles"), CIRCLE_COLUMNS, circle_filters, circles),
    "findings": (Text("穿透发现", "Findings"), FINDING_COLUMNS, finding_filters, findings),
}
