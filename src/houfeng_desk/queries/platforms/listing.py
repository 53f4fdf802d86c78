"""The list of platforms: what each owes, how far it has resolved, what is wrong, how far its exit has come."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from houfeng.book.model import code_lists
from houfeng.errors import Text
from houfeng.platforms.exit import STAGES
from houfeng.platforms.indicators import GRAVITY
from houfeng.platforms.ledger import NONE, weighted_cost
from houfeng.platforms.plan import together
from houfeng_desk.lists import Choice, Column, Filter, Listing, ListRequest
from houfeng_desk.queries.enterprise import words
from houfeng_desk.queries.platforms.book import Platforms

COLUMNS = (
    Column("name", Text("平台", "Platform"), "link", href="href", sub="enterprise_id"),
    Column("region", Text("地区", "Region"), sub="level"),
    Column("list_class", Text("名单", "List")),
    Column("total", Text("债务余额", "Debt"), "money"),
    Column("hidden", Text("隐性债务", "Hidden"), "money"),
    Column("resolved", Text("已化解", "Resolved"), "share"),
    Column("behind", Text("落后计划（百分点）", "Behind (points)"), "number"),
    Column("cost", Text("综合成本", "Cost"), "percent"),
    Column("red", Text("红线项", "Red"), "number"),
    Column("alerts", Text("预警项", "Alerts"), "number"),
    Column("barred", Text("受限新增（笔）", "Barred"), "number"),
    Column("stage", Text("退出", "Exit")),
)
EXPORTED = (
    *(column._replace(sub="", href="", kind="text" if column.kind == "link" else column.kind) for column in COLUMNS),
    Column("enterprise_id", Text("统一社会信用代码", "Credit code"), "code"),
    Column("level", Text("层级", "Level")),
    Column("nonstandard", Text("非标占比", "Non-standard"), "share"),
    Column("due", Text("同期计划", "Planned by then"), "share"),
)
"""The same with what a file has room for."""


def filters() -> tuple[Filter, ...]:
    """What the list can be narrowed by."""
    lists = code_lists()

    def of(name: str) -> list[Choice]:
        return [Choice(code, text) for code, text in lists[name].members.items()]

    return (
        Filter("q", Text("名称或代码", "Name or code")),
        Filter("region", Text("地区", "Region"), [Choice(code, text) for code, text in words.regions()]),
        Filter("list_class", Text("名单", "List"), of("platform_class")),
        Filter("stage", Text("退出", "Exit"), [Choice(one.value, text) for one, text in STAGES.items()]),
        Filter("level", Text("层级", "Level"), of("platform_level")),
        Filter("wrong", Text("问题", "What is wrong"), [Choice(key, text) for key, text in WRONG.items()]),
    )


WRONG = {
    "red": Text("有红线项", "a red line is passed"),
    "behind": Text("落后计划", "behind plan"),
    "barred": Text("有受限新增融资", "barred new debt"),
    "breach": Text("退出后违规", "against the terms of its exit"),
}


def listing(platforms: Platforms, ask: ListRequest) -> Listing:
    """The list as it is asked for; without an order the largest debt first."""
    rows = [row for row in (_row(platforms, one.enterprise_id) for one in platforms.all) if _fits(row, ask)]
    rows.sort(key=lambda row: (-row["total"], row["enterprise_id"]))
    return arranged(ask, rows)


def arranged(ask: ListRequest, rows: Sequence[Mapping[str, Any]]) -> Listing:
    """Rows held in memory, in the order asked for (what is not known last), of the page asked for."""
    if ask.sort:
        known = [row for row in rows if row[ask.sort] is not None]
        known.sort(key=lambda row: _key(row[ask.sort]), reverse=ask.descending)
        rows = [*known, *(row for row in rows if row[ask.sort] is None)]
    return Listing(ask.columns, ask.cut(rows), len(rows), ask)


def _key(value: Any) -> Any:
    if isinstance(value, Text):
        return value.zh
    return GRAVITY.index(value) if isinstance(value, str) and value in GRAVITY else value


def _row(platforms: Platforms, enterprise_id: str) -> dict[str, Any]:
    one, done = platforms.by_id[enterprise_id], platforms.progress[enterprise_id]
    levels = [found.level for found in platforms.indicators[enterprise_id]]
    found = platforms.exits[enterprise_id]
    resolution = next(i for i in platforms.indicators[enterprise_id] if i.name == "resolution")
    return {
        "enterprise_id": enterprise_id,
        "name": one.name,
        "href": f"/platforms/{enterprise_id}",
        "region": words.region(one.region),
        "level": words.label("platform", "level", one.level),
        "list_class": words.label("platform", "list_class", one.list_class),
        "total": one.total,
        "hidden": one.hidden if one.period is not None else None,
        "resolved": done.done,
        "due": done.due,
        "behind": None if done.behind is None else done.behind.quantize(Decimal("0.01")),
        "nonstandard": one.nonstandard / one.total if one.total else None,
        "cost": weighted_cost(one.debts),
        "red": levels.count("red"),
        "alerts": levels.count("orange"),
        "barred": len(platforms.barred.of(enterprise_id)),
        "stage": STAGES[found.stage],
        "codes": {"region": one.region, "level": one.level, "list_class": one.list_class, "stage": found.stage.value},
        "wrong": {
            "red": "red" in levels,
            "behind": resolution.level == "orange",
            "barred": bool(platforms.barred.of(enterprise_id)),
            "breach": bool(found.breaches),
        },
    }


def _fits(row: Mapping[str, Any], ask: ListRequest) -> bool:
    codes, text = row["codes"], ask["q"].lower()
    region = ask["region"]
    if region and not str(codes["region"]).startswith(region[:4] if region.endswith("00") else region):
        return False
    if any(ask[name] and ask[name] != codes[name] for name in ("level", "list_class", "stage")):
        return False
    if ask["wrong"] and not row["wrong"][ask["wrong"]]:
        return False
    return text in row["name"].lower() or row["enterprise_id"].lower().startswith(text)


@dataclass(frozen=True)
class Totals:
    """All platforms together."""

    number: int
    debt: Decimal
    hidden: Decimal
    baseline: Decimal
    planned: Decimal
    resolved: Decimal
    nonstandard: Decimal
    red: int
    barred: int
    left: int

    @property
    def done(self) -> Decimal | None:
        """The resolved part of the baseline."""
        return self.resolved / self.baseline if self.baseline else None

    @property
    def due(self) -> Decimal | None:
        """The planned part of the baseline."""
        return self.planned / self.baseline if self.baseline else None


def totals(platforms: Platforms) -> Totals:
    """The figures at the top of the list."""
    every = platforms.all
    baseline, planned, resolved = together(platforms.progress.values())

    def whole(amounts: Iterable[Decimal]) -> Decimal:
        return sum(amounts, NONE)

    return Totals(
        number=len(every),
        debt=whole(one.total for one in every),
        hidden=whole(one.hidden for one in every),
        baseline=baseline,
        planned=planned,
        resolved=resolved,
        nonstandard=whole(one.nonstandard for one in every),
        red=sum(any(i.level == "red" for i in found) for found in platforms.indicators.values()),
        barred=len({firm for firm, _ in platforms.barred.debts}),
        left=sum(found.exited_on is not None for found in platforms.exits.values()),
    )
