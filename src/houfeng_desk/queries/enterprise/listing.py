"""The list of enterprises: who they are, what they owe, what is open against them, filtered, sorted, in pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from houfeng.book.model import code_lists
from houfeng.errors import Text, UsageError
from houfeng.office.alerts.reading import visible
from houfeng.office.alerts.tables import Alert
from houfeng.packs.model import TIERS
from houfeng.themes.dimensions import SECTIONS
from houfeng.watch.operations.life import EMITTED
from houfeng_desk.lists import Choice, Column, Filter, Listing, ListRequest, Streamed
from houfeng_desk.queries.enterprise import words
from houfeng_desk.reader import Reader

WAN = Decimal(10_000)
MOST_KEYS = 200_000
COLUMNS = (
    Column("name", Text("企业", "Enterprise"), "link", href="href", sub="enterprise_id"),
    Column("region", Text("地区", "Region")),
    Column("industry", Text("行业", "Industry")),
    Column("size", Text("规模", "Size")),
    Column("statuses", Text("资质", "Statuses"), sortable=False),
    Column("balance", Text("贷款余额", "Loans"), "money"),
    Column("banks", Text("贷款行", "Banks"), "number"),
    Column("quality", Text("最差分类", "Worst class")),
    Column("overdue_days", Text("最长逾期（天）", "Days overdue"), "number"),
    Column("alerts", Text("未解除预警", "Open alerts"), "number"),
    Column("tier", Text("最高级别", "Highest tier"), "tier"),
)
EXPORTED = (Column("enterprise_id", Text("统一社会信用代码", "Credit code"), "code"), *COLUMNS)
"""In a file the code stands in a column of its own."""

ORDERS = {
    "name": "e.name",
    "enterprise_id": "e.enterprise_id",
    "region": "e.region",
    "industry": "e.industry",
    "size": "e.size",
    "balance": "e.balance",
    "banks": "e.banks",
    "quality": "e.quality",
    "overdue_days": "e.overdue_days",
}
ALERTED = {"": "a.rank", "tier": "a.rank", "alerts": "a.alerts"}
"""Orders in which the firms with open alerts stand first, and by what among themselves."""
TIES = "e.balance DESC NULLS LAST, e.enterprise_id"


def filters() -> tuple[Filter, ...]:
    """What the list can be narrowed by."""
    found = choices()

    def select_(name: str, zh: str, en: str) -> Filter:
        return Filter(name, Text(zh, en), [Choice(value, label) for value, label in found[name]])

    return (
        Filter("q", Text("名称或代码", "Name or code")),
        select_("region", "地区", "Region"),
        select_("industry", "行业门类", "Section of industry"),
        select_("scale", "规模", "Size"),
        select_("status", "资质", "Status"),
        select_("alert", "预警", "Alerts"),
        select_("quality", "最差分类", "Worst class"),
        Filter("low", Text("余额不低于（万元）", "Loans from (10,000 yuan)")),
        Filter("high", Text("余额不高于（万元）", "Loans up to (10,000 yuan)")),
    )


def listing(reader: Reader, session: Session, ask: ListRequest) -> Listing:
    """The enterprises that the viewer may see and that fit what is asked.

    Raises:
        UsageError: an amount of the filters is no number.
    """
    reader.keep(LENT, _LENT)
    alerts = open_alerts(session, reader)
    found = _Lent(reader, alerts, ask)

    def told() -> Iterator[dict[str, Any]]:
        return (_told(row, *alerts.get(row["enterprise_id"], (0, 0))) for row in found.rows())

    total = found.total
    return Listing(ask.columns, list(told()) if ask.size is not None else Streamed(total, told), total, ask)


class _Lent:
    """The rows of one question. Firms with open alerts are few: they are looked up once and stand in a table of their
    own, so that no question joins all firms with the alerts. The others stand by balance, as most ask for them."""

    def __init__(self, reader: Reader, alerts: Mapping[str, tuple[int, int]], ask: ListRequest) -> None:
        self.reader, self.ask, self.alerts = reader, ask, alerts
        where, self.given = _conditions(ask.values)
        if text := ask["q"].strip():
            called, asked = _called(reader, text)
            where.append(called)
            self.given |= asked
        self.where = " AND ".join(where) or "TRUE"
        self.tier = ask["alert"]
        reader.gather(ALERTING, LENT, "enterprise_id", alerts)
        self.keys: dict[str, Any] = {"keys": list(alerts)}

    @property
    def total(self) -> int:
        """How many firms there are."""
        if self.tier and self.tier != "none":
            return self.alerted
        every = self.reader.count(f"SELECT count(*) FROM {LENT} e WHERE {self.where}", self.given)
        return every - self.alerted if self.tier == "none" else every

    @cached_property
    def alerted(self) -> int:
        """How many of them have open alerts (of the tier asked for)."""
        return int(self.reader.value(f"SELECT count(*) {self._alerted}", self._parameters))

    def rows(self) -> Iterator[dict[str, Any]]:
        """Those of the page, or all."""
        ask = self.ask
        direction = "DESC" if ask.descending or not ask.sort else "ASC"
        if ask.sort in ORDERS:
            order = f"{ORDERS[ask.sort]} {direction} NULLS LAST, {TIES}"
            if self.tier == "none":
                yield from self._others(order, ask.offset, ask.size)
            elif self.tier:
                yield from self._select(self._alerted, order, self._parameters, ask.offset, ask.size)
            else:
                source = f"FROM {LENT} e WHERE {self.where}"
                yield from self._select(source, order, self.given, ask.offset, ask.size)
            return
        first = 0
        if self.tier != "none":
            order = f"{ALERTED[ask.sort]} {direction}, {TIES}"
            for row in self._select(self._alerted, order, self._parameters, ask.offset, ask.size):
                first += 1
                yield row
        if self.tier in ("", "none") and (ask.size is None or first < ask.size):
            before = 0 if self.tier == "none" else self.alerted
            yield from self._others(TIES, max(0, ask.offset - before), None if ask.size is None else ask.size - first)

    def _others(self, order: str, offset: int, size: int | None) -> Iterator[dict[str, Any]]:
        """Firms without open alerts."""
        calm = "e.enterprise_id NOT IN (SELECT unnest($keys::VARCHAR[]))" if self.alerts else "TRUE"
        given = self.given | (self.keys if self.alerts else {})
        return self._select(f"FROM {LENT} e WHERE {self.where} AND {calm}", order, given, offset, size)

    def _select(
        self, source: str, order: str, given: Mapping[str, Any], offset: int, size: int | None
    ) -> Iterator[dict[str, Any]]:
        limit = "" if size is None else f" LIMIT {size} OFFSET {offset}"
        return self.reader.stream(f"SELECT {_COLUMNS} {source} ORDER BY {order}{limit}", given)

    @property
    def _alerted(self) -> str:
        rank = 1 if self.tier not in TIERS else TIERS.index(self.tier) + 1
        return (
            f"FROM {ALERTING} e JOIN (SELECT unnest($keys::VARCHAR[]) AS key, unnest($counts::INTEGER[]) AS alerts, "
            f"unnest($ranks::INTEGER[]) AS rank) a ON a.key = e.enterprise_id WHERE {self.where} AND a.rank >= {rank}"
        )

    @property
    def _parameters(self) -> dict[str, Any]:
        counts, ranks = [number for number, _ in self.alerts.values()], [rank for _, rank in self.alerts.values()]
        return {**self.given, **self.keys, "counts": counts, "ranks": ranks}


ALERTING = "firm_alerting"
LENT = "firm_lent"
_SIGNS = (
    "list_reduce(list_transform(range(1, length({0})), lambda i: 1::UBIGINT << (hash(substr({0}, i, 2)) % 64)),"
    " lambda a, b: a | b, 0::UBIGINT)"
)
"""The pairs of neighbouring signs of a text as 64 bits: where one text is part of another, its bits are too. They rule
out almost all names before any is looked through."""
_LENT = f"""SELECT e.enterprise_id, e.name, lower(e.name) AS folded, {_SIGNS.format("lower(e.name)")} AS signs,
   e.region, e.industry, e.size,
   o.balance, o.banks, o.quality, o.overdue_days,
   s.statuses FROM enterprise e
 LEFT JOIN (SELECT borrower_id, sum(balance_cny) AS balance, count(DISTINCT institution_id) AS banks,
   max(quality) AS quality, max(overdue_days) AS overdue_days
   FROM loan_balance WHERE balance > 0 GROUP BY borrower_id) o ON o.borrower_id = e.enterprise_id
 LEFT JOIN (SELECT enterprise_id, list(DISTINCT status ORDER BY status) AS statuses FROM enterprise_status
   GROUP BY enterprise_id) s ON s.enterprise_id = e.enterprise_id
 ORDER BY o.balance DESC NULLS LAST, e.enterprise_id"""
_COLUMNS = (
    "e.enterprise_id, e.name, e.region, e.industry, e.size, e.balance, e.banks, e.quality, e.overdue_days, e.statuses"
)


def open_alerts(session: Session, reader: Reader) -> dict[str, tuple[int, int]]:
    """Open alerts the viewer may see, by enterprise: how many, and the highest tier (1 blue to 4 red)."""
    asked = (
        select(Alert.enterprise, func.count(), func.max(Alert.tier_rank))
        .where(Alert.enterprise.is_not(None), Alert.channel == EMITTED, visible(reader.viewer.scope))
        .group_by(Alert.enterprise)
    )
    if reader.asked_known_at:
        still = (Alert.cleared_at.is_(None)) | (Alert.cleared_at > reader.known_at)
        asked = asked.where(Alert.opened_at <= reader.known_at, still)
    else:
        asked = asked.where(Alert.cleared_at.is_(None))
    return {firm: (number, rank) for firm, number, rank in session.execute(asked.limit(MOST_KEYS)) if firm}


def _conditions(filters: Mapping[str, str]) -> tuple[list[str], dict[str, Any]]:
    """SQL conditions on a firm and their parameters; an empty filter asks nothing. Alerts are not the book's."""
    where, given = list[str](), dict[str, Any]()
    if code := filters.get("region"):
        where.append("starts_with(e.region, $region)")
        given["region"] = code[:4] if code.endswith("00") else code
    if code := filters.get("industry"):
        where.append("starts_with(e.industry, $industry)")
        given["industry"] = code
    if code := filters.get("scale"):
        where.append("e.size = $scale")
        given["scale"] = code
    if code := filters.get("status"):
        where.append("list_contains(e.statuses, $status)" if code != "none" else "e.statuses IS NULL")
        given |= {"status": code} if code != "none" else {}
    if code := filters.get("quality"):
        where.append("e.quality = $quality")
        given["quality"] = code
    for name, sign in (("low", ">="), ("high", "<=")):
        if text := filters.get(name, "").strip():
            where.append(f"coalesce(e.balance, 0) {sign} ${name}_balance")
            given[f"{name}_balance"] = _amount(text)
    return where, given


def _called(reader: Reader, text: str) -> tuple[str, dict[str, Any]]:
    """The condition on a firm's name or code, and its parameters. Codes are looked at where any begins so."""
    named, given = "contains(e.folded, lower($q))", {"q": text}
    if len(text) > 1:
        signs = int(reader.value(f"SELECT {_SIGNS.format('lower($q)')}", given))
        named = f"(e.signs & {signs}::UBIGINT) = {signs}::UBIGINT AND {named}"
    coded, code = "starts_with(e.enterprise_id, upper($code))", {"code": text.replace(" ", "")}
    if reader.count(f"SELECT count(*) FROM (SELECT 1 FROM {LENT} e WHERE {coded} LIMIT 1)", code):
        return f"({named} OR {coded})", given | code
    return f"({named})", given


def _amount(text: str) -> Decimal:
    """Money in 万元, as yuan."""
    try:
        amount = Decimal(text.replace(",", "")) * WAN
        return amount.quantize(Decimal("0.01"))
    except InvalidOperation:
        raise UsageError(Text(f"余额应为数字（万元）：{text[:40]}", f"not an amount in 万元: {text[:40]}")) from None


def _told(row: dict[str, Any], alerts: int, rank: int) -> dict[str, Any]:
    names = code_lists()["enterprise_status"].members
    held = [names.get(one, Text(one, one)) for one in row["statuses"] or ()]
    return row | {
        "alerts": alerts,
        "href": f"/enterprises/{row['enterprise_id']}",
        "region": words.region(row["region"]),
        "industry": words.industry(row["industry"]),
        "size": words.label("enterprise", "size", row["size"]),
        "quality": words.label("loan_balance", "quality", row["quality"]),
        "statuses": Text("、".join(t.zh for t in held), ", ".join(t.en for t in held)),
        "tier": TIERS[rank - 1] if rank else "",
    }


def choices() -> dict[str, list[tuple[str, Text]]]:
    """What each filter can be."""
    lists = code_lists()
    tiers = {"red": Text("红色", "red"), "orange": Text("橙色及以上", "orange or worse")}
    tiers |= {"yellow": Text("黄色及以上", "yellow or worse"), "any": Text("有未解除预警", "any open alert")}
    return {
        "region": words.regions(),
        "industry": [
            (code, Text(f"{code} {t.zh}", f"{code} {t.en}")) for code, t in SECTIONS.items() if len(code) == 1
        ],
        "scale": list(lists["enterprise_size"].members.items()),
        "status": [*lists["enterprise_status"].members.items(), ("none", Text("无资质", "none"))],
        "alert": [*tiers.items(), ("none", Text("无未解除预警", "no open alert"))],
        "quality": list(lists["loan_quality"].members.items()),
    }


def search(reader: Reader, text: str, limit: int = 10) -> list[dict[str, Any]]:
    """Firms for the search box: by the beginning of the code or any part of the name."""
    wanted = text.strip()
    if len(wanted) < 2:
        return []
    return reader.rows(
        "SELECT enterprise_id, name, region FROM enterprise"
        " WHERE contains(lower(name), lower($q)) OR starts_with(enterprise_id, upper($code))"
        f" ORDER BY enterprise_id <> upper($code), length(name), name LIMIT {int(limit)}",
        {"q": wanted, "code": wanted.replace(" ", "")},
    )
