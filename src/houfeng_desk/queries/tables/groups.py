"""The tables of groups, circles of guarantees and falls: members, loans by bank, changes by month, who falls."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from houfeng.errors import Text, UsageError
from houfeng_desk.queries.enterprise.identity import register_row
from houfeng_desk.queries.penetration import fall
from houfeng_desk.queries.penetration.circles import CircleTold, circles_of
from houfeng_desk.queries.penetration.groups import GroupTold, groups_of
from houfeng_desk.queries.penetration.lent import BankLine
from houfeng_desk.queries.penetration.parties import Party
from houfeng_desk.queries.tables.shape import NO, YES, Given, Made, Table, column, party, who

OVER, LARGE = Text("超过限额", "above the limit"), Text("大额", "large exposure")
WITHIN, UNKNOWN = Text("限额以内", "within the limit"), Text("资本未知", "capital not known")
GROUP, CIRCLE = column("of", "集团", "Group"), column("of", "担保圈", "Circle")
OWED = (column("owed", "贷款余额", "Loans", "money"), column("late", "其中逾期", "Overdue", "money"))


def _groups(given: Given) -> Sequence[GroupTold]:
    register_row(given.reader, given.firm)
    return groups_of(given.reader, given.firm.id, None)


def _circles(given: Given) -> Sequence[CircleTold]:
    register_row(given.reader, given.firm)
    return circles_of(given.reader, given.firm.id, None)


def _group_members(given: Given) -> Made:
    columns = (GROUP, *who("企业", "Enterprise"), column("role", "缘由", "Why"), *OWED)
    rows = [
        {"of": one.label, **party(each.party), "role": each.role, "owed": each.owed, "late": each.late}
        for one in _groups(given)
        for each in one.members
    ]
    return columns, rows


def _circle_members(given: Given) -> Made:
    columns = (
        CIRCLE, *who("企业", "Enterprise"), column("key", "关键节点", "Key node"),
        column("given", "圈内担保出", "Guarantees inside", "money"),
        column("received", "圈内被担保", "Guaranteed inside", "money"),
        column("all_given", "全部对外担保", "Guarantees in all", "money"),
        column("ratio", "对外担保占净资产", "Guarantees to net assets", "percent"), *OWED,
    )  # fmt: skip
    names = ("given", "received", "all_given", "ratio", "owed", "late")
    rows = [
        {
            "of": one.form,
            **party(each.party),
            "key": YES if each.key else NO,
            **{name: getattr(each, name) for name in names},
        }
        for one in _circles(given)
        for each in one.members
    ]
    return columns, rows


BANKS = (
    column("bank", "机构", "Institution"), column("amount", "余额", "Balance", "money"),
    column("firms", "户数", "Firms", "number"), column("share", "占一级资本净额", "Of tier 1 capital", "percent"),
    column("limit", "限额", "Limit", "percent"), column("state", "结果", "Result"),
)  # fmt: skip


def _banks(of: Text, lines: Iterable[BankLine]) -> Iterator[Mapping[str, Any]]:
    for one in lines:
        state = UNKNOWN if one.share is None else OVER if one.over else LARGE if one.large else WITHIN
        names = ("bank", "amount", "firms", "share", "limit")
        yield {"of": of, "state": state, **{name: getattr(one, name) for name in names}}


def _group_banks(given: Given) -> Made:
    return (GROUP, *BANKS), [row for one in _groups(given) for row in _banks(one.label, one.lent.banks)]


def _circle_banks(given: Given) -> Made:
    return (CIRCLE, *BANKS), [row for one in _circles(given) for row in _banks(one.form, one.lent.banks)]


def _group_changes(given: Given) -> Made:
    columns = (
        GROUP, column("month", "月份", "Month", "date"), column("members", "户数", "Firms", "number"),
        column("joined", "加入", "Joined"), column("left", "离开", "Left"),
    )  # fmt: skip
    rows = [
        {
            "of": one.label,
            "month": each.month,
            "members": each.members,
            "joined": _names(each.joined),
            "left": _names(each.left),
        }
        for one in _groups(given)
        for each in one.changes
    ]
    return columns, rows


def _names(parties: Sequence[Party]) -> Text:
    return Text("、".join(one.label.zh for one in parties), ", ".join(one.label.en for one in parties))


def _fallen(given: Given) -> Mapping[str, Any]:
    """The answer of the tab, by the same address.

    Raises:
        UsageError: trouble reaches more firms than are read at once; on the tab that is a job.
    """
    register_row(given.reader, given.firm)
    asked = fall.asked_of({name: given.query.get(name, "") for name in fall.DEFAULTS})
    reached = fall.reach(given.reader, given.firm.id, asked)
    if not reached.whole:
        raise UsageError(Text("会波及的企业太多，请放到后台计算", "too many firms are reached; ask for a job"))
    none: dict[str, Any] = {"fallen": [], "banks": [], "breaches": [], "rescue": None}
    return fall.fall(given.reader, given.firm.id, asked, reached, None) or none


def _both(told: Mapping[str, str]) -> Text:
    return Text(told["zh"], told["en"])


def _fall_firms(found: Mapping[str, Any]) -> Made:
    columns = (
        column("round", "轮", "Round", "number"), *who("企业", "Enterprise"),
        column("called", "被要求代偿", "Called upon", "money"),
        column("net_assets", "净资产", "Net assets", "money"), column("debt", "贷款余额", "Loans", "money"),
        column("lost", "银行因此损失", "Lost by banks", "money"),
    )  # fmt: skip
    names = ("round", "called", "net_assets", "debt", "lost")
    rows = [
        {
            "name": _both(one["party"]["label"]),
            "code": one["party"]["id"] or "",
            **{name: one[name] for name in names},
        }
        for one in found["fallen"]
    ]
    return columns, rows


def _fall_banks(found: Mapping[str, Any]) -> Made:
    columns = (
        column("bank", "机构", "Institution"), column("exposed", "对倒下者的余额", "Lent to the fallen", "money"),
        column("lost", "损失", "Lost", "money"), column("by_banks", "同业传染", "Through other banks", "money"),
        column("of_capital", "占一级资本净额", "Of tier 1 capital", "percent"), column("fails", "资本耗尽", "Fails"),
    )  # fmt: skip
    rows = [{**one, "fails": YES if one["fails"] else NO} for one in found["banks"]]
    return columns, rows


def _fall_breaches(found: Mapping[str, Any]) -> Made:
    columns = (
        column("bank", "机构", "Institution"), column("limit", "限额", "Limit"),
        column("percent", "限额（%）", "Limit (%)", "percent"), column("on", "对谁", "On whom"),
        column("before_percent", "倒下前", "Before", "percent"), column("after_percent", "倒下后", "After", "percent"),
        column("before", "此前已超", "Broken before"),
    )  # fmt: skip
    together = Text("一并倒下者", "all that fall together")
    rows = [
        {
            **one,
            "limit": _both(one["limit"]),
            "on": together if one["kind"] == "group" else _both(one["on"]["label"]),
            "before": YES if one["before"] else NO,
        }
        for one in found["breaches"]
    ]
    return columns, rows


def _fall_rescue(found: Mapping[str, Any]) -> Made:
    columns = (
        *who("撑住", "Held up"), column("cost", "累计花费", "Cost so far", "money"),
        column("left", "剩余损失", "Losses left", "money"),
    )  # fmt: skip
    steps = (found["rescue"] or {}).get("steps", ())
    rows = [
        {
            "name": _both(one["party"]["label"]),
            "code": one["party"]["id"] or "",
            "cost": one["cost"],
            "left": one["left"],
        }
        for one in steps
    ]
    return columns, rows


FALLS: Mapping[str, tuple[Text, Callable[[Mapping[str, Any]], Made]]] = {
    "fall-firms": (Text("一起倒下的企业", "Who falls with it"), _fall_firms),
    "fall-banks": (Text("倒下时各银行损失", "Losses by bank in its fall"), _fall_banks),
    "fall-breaches": (Text("突破的限额", "Limits broken in its fall"), _fall_breaches),
    "fall-rescue": (Text("最好撑住谁", "Whom best to hold up"), _fall_rescue),
}
"""The tables of an answer to “if it falls”, from a tab or a job."""


def _of_tab(made: Callable[[Mapping[str, Any]], Made]) -> Callable[[Given], Made]:
    return lambda given: made(_fallen(given))


TABLES: dict[str, Table] = {
    "group-members": Table(Text("集团成员", "Members of its groups"), "group", _group_members),
    "group-banks": Table(Text("集团各银行余额", "Loans to its groups by bank"), "group", _group_banks),
    "group-changes": Table(Text("集团按月变化", "Changes of its groups by month"), "group", _group_changes),
    "circle-members": Table(Text("担保圈成员", "Members of its circles"), "circle", _circle_members),
    "circle-banks": Table(Text("担保圈各银行余额", "Loans to its circles by bank"), "circle", _circle_banks),
    **{name: Table(title, "fall", _of_tab(made)) for name, (title, made) in FALLS.items()},
}
