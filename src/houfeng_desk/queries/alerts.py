"""The list of alerts: filters, order and pages over the office's index, inside the viewer's scope. No HTML here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, time
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from houfeng.errors import Text, UsageError
from houfeng.office.access import Viewer
from houfeng.office.alerts.reading import visible
from houfeng.office.alerts.tables import Alert
from houfeng.office.scope import stem
from houfeng.packs.model import TIERS, Pack
from houfeng.watch.operations.life import CHANNELS, EMITTED
from houfeng.watch.operations.words import CHANNEL_TEXTS, TIER_NAMES
from houfeng_desk.charts.map import GRID, city_of
from houfeng_desk.lists import Choice, Column, Filter, Listing, ListRequest

GROUPS: Mapping[str, Text] = {
    "repayment": Text("还款", "Repayment"),
    "credit": Text("授信结构", "Credit structure"),
    "flow": Text("账户流水与经营", "Account flow and business"),
    "guarantee": Text("担保与抵质押", "Guarantee and collateral"),
    "ownership": Text("股权与人员", "Ownership and people"),
    "legal": Text("涉诉与执行", "Lawsuits and enforcement"),
    "tax": Text("税务", "Tax"),
    "utilities": Text("社保与公用事业", "Social insurance and utilities"),
    "opinion": Text("舆情", "Public opinion"),
    "platform": Text("融资平台", "Financing platforms"),
    "institution": Text("地方金融组织", "Local finance organisations"),
    "group": Text("集团", "Groups"),
    "assets": Text("转移资产", "Assets moved"),
    "money": Text("转移资金", "Money moved"),
    "papers": Text("虚假文书与权证", "False papers and titles"),
    "people": Text("换人换址", "People and address changed"),
    "flight": Text("停业失联", "Closed or unreachable"),
    "lists": Text("法院名单", "Lists of the courts"),
    "": Text("综合", "Composite"),
}
"""What the groups of the shipped rules are called; another pack's group is shown as it is written."""

NO_GROUP = "composite"
OPEN, CLEARED = Text("未解除", "open"), Text("已解除", "cleared")
SILENCED = Text("静默中", "silenced")
ALL = "all"

COLUMNS = (
    Column("tier", Text("等级", "Tier"), "tier"),
    Column("name", Text("对象", "Subject"), "link", href="href", sub="key"),
    Column("reason", Text("为什么", "Why"), sortable=False, sub="rule_text"),
    Column("city", Text("地区", "Region")),
    Column("exposure", Text("贷款敞口", "Loans outstanding"), "money"),
    Column("opened_at", Text("开启", "Opened"), "moment"),
    Column("state", Text("状态", "State"), sortable=False, sub="state_note"),
    Column("handled", Text("处理", "Handling"), sortable=False, sub="handled_note"),
)
EXPORTED = (
    Column("id", Text("预警编号", "Alert"), "code"),
    Column("tier", Text("等级", "Tier"), "tier"),
    Column("kind", Text("对象种类", "Kind of subject"), "code"),
    Column("key", Text("对象代码", "Key"), "code"),
    Column("name", Text("对象", "Subject")),
    Column("rule_id", Text("规则", "Rule"), "code"),
    Column("rule_text", Text("规则名称", "Name of the rule")),
    Column("reason", Text("为什么", "Why")),
    Column("city", Text("地区", "Region")),
    Column("exposure", Text("贷款敞口", "Loans outstanding"), "money"),
    Column("opened_at", Text("开启", "Opened"), "moment"),
    Column("moved_at", Text("最近变动", "Last change"), "moment"),
    Column("cleared_at", Text("解除", "Cleared"), "moment"),
    Column("state", Text("状态", "State")),
    Column("channel_text", Text("去向", "Channel")),
    Column("acknowledged_by", Text("确认人", "Acknowledged by")),
    Column("acknowledged_at", Text("确认时间", "Acknowledged at"), "moment"),
    Column("assigned_name", Text("指派给", "Assigned to")),
    Column("silenced_until", Text("静默至", "Silenced until"), "moment"),
)
ORDERS: Mapping[str, Any] = {
    "tier": Alert.tier_rank,
    "name": Alert.name,
    "city": Alert.region,
    "exposure": Alert.exposure,
    "opened_at": Alert.opened_at,
}


def filters_of(packs: Sequence[Pack]) -> list[Filter]:
    """The filters of the list; rules and groups are those of the packs the watch runs by."""
    rules = {rule.id: rule.label for pack in packs for rule in pack.rules.values()}
    groups = dict.fromkeys(rule.group for pack in packs for rule in pack.rules.values())
    tiers = [Choice("orange+", Text("橙色及以上", "orange and above"))]
    tiers += [Choice(tier, Text(f"{TIER_NAMES[tier].zh}色", TIER_NAMES[tier].en)) for tier in reversed(TIERS)]
    return [
        Filter("q", Text("名称、代码或理由", "Name, code or reason")),
        Filter("tier", Text("等级", "Tier"), tiers),
        Filter("state", Text("状态", "State"), [Choice("open", OPEN), Choice("cleared", CLEARED)]),
        Filter(
            "handled",
            Text("处理", "Handling"),
            [
                Choice("no", Text("未确认", "not acknowledged")),
                Choice("yes", Text("已确认", "acknowledged")),
                Choice("silenced", SILENCED),
                Choice("mine", Text("指派给我", "assigned to me")),
            ],
        ),
        Filter("region", Text("地区", "Region"), [Choice(code, name) for code, (name, _, _) in GRID.items()]),
        Filter(
            "group",
            Text("规则组", "Rule group"),
            [Choice(group or NO_GROUP, GROUPS.get(group, Text(group, group))) for group in groups],
        ),
        Filter(
            "rule",
            Text("规则", "Rule"),
            [Choice(one, Text(f"{one} {label.zh}", f"{one} {label.en}")) for one, label in sorted(rules.items())],
        ),
        Filter("institution", Text("机构代码", "Institution")),
        Filter("key", Text("对象代码", "Key")),
        Filter("since", Text("开启不早于", "Opened from"), kind="date"),
        Filter("until", Text("开启不晚于", "Opened up to"), kind="date"),
        Filter(
            "channel",
            Text("去向", "Channel"),
            [
                *(Choice(one, CHANNEL_TEXTS[one]) for one in CHANNELS if one != EMITTED),
                Choice(ALL, Text("全部（含未外发）", "all, told or not")),
            ],
        ),
    ]


def listing(session: Session, viewer: Viewer, ask: ListRequest, packs: Sequence[Pack], now: datetime) -> Listing:
    """The alerts that `ask` wants; without a channel, those that people were told of."""
    where = condition(viewer, ask, now)
    total = session.scalar(select(func.count()).select_from(Alert).where(where)) or 0
    wanted = _ordered(select(Alert).where(where), ask)
    if ask.after:
        wanted = wanted.where(_behind(ask.after))
    if ask.size is not None:
        wanted = wanted.limit(ask.size).offset(ask.offset)
    labels = rule_labels(packs)
    found = session.scalars(wanted).all()
    rows = [row_of(alert, labels, now) for alert in found]
    return Listing(ask.columns, rows, total, ask, _key(found[-1]) if found and not ask.sort else "")


def _key(alert: Alert) -> str:
    """Where an alert stands among the newest first."""
    return f"{alert.opened_at.isoformat()} {alert.tier_rank} {alert.id}"


def _behind(key: str) -> ColumnElement[bool]:
    """The condition of standing behind that place.

    Raises:
        UsageError: it is no key.
    """
    try:
        opened, rank, name = key.split(" ", 2)
        at, tier = datetime.fromisoformat(opened), int(rank)
    except ValueError:
        raise UsageError(Text("cursor 不是本接口给出的", "this cursor was not given out by the API")) from None
    same = and_(Alert.opened_at == at, or_(Alert.tier_rank < tier, and_(Alert.tier_rank == tier, Alert.id > name)))
    return or_(Alert.opened_at < at, same)


def condition(viewer: Viewer, ask: ListRequest, now: datetime) -> ColumnElement[bool]:
    """The condition of a question, the scope of its asker included."""
    parts: list[ColumnElement[bool]] = [visible(viewer.scope)]
    channel = ask["channel"] or EMITTED
    if channel != ALL:
        parts.append(Alert.channel == channel)
    if text := ask["q"]:
        parts.append(or_(*(c.icontains(text, autoescape=True) for c in (Alert.name, Alert.key, Alert.reason_zh))))
    if tier := ask["tier"]:
        lowest, above = tier.removesuffix("+"), tier.endswith("+")
        rank = TIERS.index(lowest) + 1
        parts.append(Alert.tier_rank >= rank if above else Alert.tier_rank == rank)
    if state := ask["state"]:
        parts.append(Alert.cleared_at.is_(None) if state == "open" else Alert.cleared_at.is_not(None))
    if handled := ask["handled"]:
        parts.append(_handled(handled, viewer, now))
    if region := ask["region"]:
        parts.append(Alert.region.startswith(stem(region)[:4], autoescape=True))
    if group := ask["group"]:
        parts.append(Alert.rule_group == ("" if group == NO_GROUP else group))
    for name, column in (("rule", Alert.rule_id), ("institution", Alert.institution), ("key", Alert.key)):
        if value := ask[name]:
            parts.append(column == value)
    if since := ask.day("since"):
        parts.append(Alert.opened_at >= datetime.combine(since, time.min))
    if until := ask.day("until"):
        parts.append(Alert.opened_at <= datetime.combine(until, time.max))
    return and_(*parts)


def _handled(value: str, viewer: Viewer, now: datetime) -> ColumnElement[bool]:
    match value:
        case "no":
            return Alert.acknowledged_at.is_(None)
        case "yes":
            return Alert.acknowledged_at.is_not(None)
        case "silenced":
            return Alert.silenced_until.is_not(None)
        case _:
            return Alert.assigned_to == viewer.user_id


def _ordered(wanted: Select[Any], ask: ListRequest) -> Select[Any]:
    """In the order asked for; else the newest first. The id breaks ties, so that pages never overlap."""
    if ask.sort in ORDERS:
        column = ORDERS[ask.sort]
        wanted = wanted.order_by(column.is_(None), column.desc() if ask.descending else column.asc())
    return wanted.order_by(Alert.opened_at.desc(), Alert.tier_rank.desc(), Alert.id)


def rule_labels(packs: Sequence[Pack]) -> dict[str, Text]:
    """The names of rules by their full name; of several versions, the last one's."""
    return {f"{pack.name}/{rule.name}": rule.label for pack in packs for rule in pack.rules.values()}


def row_of(alert: Alert, labels: Mapping[str, Text], now: datetime) -> dict[str, Any]:
    """An alert as a row of the list, and as the API gives it."""
    label = labels.get(alert.rule, Text("", ""))
    city = city_of(alert.region)
    return {
        "id": alert.id,
        "tier": alert.tier,
        "kind": alert.kind,
        "key": alert.key,
        "name": alert.name or alert.key,
        "href": f"/alerts/{alert.id}",
        "reason": Text(alert.reason_zh, alert.reason_en),
        "rule_id": alert.rule_id,
        "rule_text": Text(f"{alert.rule_id} {label.zh}", f"{alert.rule_id} {label.en}"),
        "region": alert.region,
        "city": GRID[city][0] if city else "",
        "institution": alert.institution,
        "enterprise": alert.enterprise,
        "exposure": alert.exposure,
        "opened_at": alert.opened_at,
        "moved_at": alert.moved_at,
        "cleared_at": alert.cleared_at,
        "open": alert.cleared_at is None,
        "state": OPEN if alert.cleared_at is None else CLEARED,
        "state_note": f"{alert.cleared_at:%m-%d %H:%M}" if alert.cleared_at is not None else "",
        "channel": alert.channel,
        "channel_text": CHANNEL_TEXTS[alert.channel],
        "handled": _handling(alert, now),
        "handled_note": alert.assigned_name and Text(f"→ {alert.assigned_name}", f"→ {alert.assigned_name}"),
        "acknowledged_by": alert.acknowledged_by,
        "acknowledged_at": alert.acknowledged_at,
        "assigned_name": alert.assigned_name,
        "silenced_until": alert.silenced_until,
        "steps": alert.steps,
    }


def _handling(alert: Alert, now: datetime) -> Text:
    if alert.silenced_until is not None:
        until = f"{alert.silenced_until:%Y-%m-%d}"
        return Text(f"静默至 {until}", f"silenced to {until}")
    if alert.acknowledged_at is not None:
        return Text(f"{alert.acknowledged_by} 已确认", f"seen by {alert.acknowledged_by}")
    return Text("未确认", "not seen yet") if alert.cleared_at is None else Text("", "")
