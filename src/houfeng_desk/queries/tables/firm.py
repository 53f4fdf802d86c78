"""The tables of a firm's own tabs: statuses, balances by bank, indicators, records, statements, what was learned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from houfeng.clock import parse_moment
from houfeng.errors import NotFoundError, Text, UsageError
from houfeng_desk.lists import Column
from houfeng_desk.queries.enterprise import identity, indicators, lending, moments, records, story
from houfeng_desk.queries.enterprise.firm import firm_of
from houfeng_desk.queries.figures import pack_of
from houfeng_desk.queries.tables.shape import SOURCE, Given, Made, Table, column, source

RULES = "warning-rules"
STATES = {"valid": Text("有效", "valid"), "expiring": Text("即将到期", "ends soon"), "expired": Text("已过期", "ended")}
CHANGES = {"new": Text("新增记录", "a new record"), "gone": Text("不再有", "not there any more")}


def _statuses(given: Given) -> Made:
    columns = (
        column("label", "资质", "Status"), column("valid_from", "自", "From", "date"),
        column("valid_to", "至", "To", "date"), column("state", "状态", "State"),
        column("certificate_no", "证书编号", "Certificate", "code"), column("issued_by", "认定部门", "Issued by"),
        SOURCE,
    )  # fmt: skip
    names = ("label", "valid_from", "valid_to", "certificate_no", "issued_by")
    found = identity.identity(given.reader, given.firm).statuses
    rows = [
        {**{name: getattr(one, name) for name in names}, "state": STATES[one.state], "source": source(one.source)}
        for one in found
    ]
    return columns, rows


def _exposure(given: Given) -> Made:
    found = lending.exposure(given.reader, given.firm)
    banks = [column(f"bank{place}", name, name, "money") for place, (_, name, _) in enumerate(found.banks)]
    rows = [
        {
            "month": month,
            "total": found.totals[place],
            **{f"bank{number}": values[place] for number, (_, _, values) in enumerate(found.banks)},
        }
        for place, month in enumerate(found.months)
    ]
    return (column("month", "月份", "Month", "date"), *banks, column("total", "合计", "Total", "money")), rows[::-1]


def _indicators(given: Given) -> Made:
    """Each indicator at each month's end, with the thresholds that watch it."""
    pack = pack_of(given.desk, RULES)
    groups = indicators.groups_of(pack)
    asked = given.query.get("group", groups[0] if groups else "")
    group = "" if asked == "composite" else asked
    if group not in groups:
        raise NotFoundError(Text("没有这组指标。", "there is no such group of indicators"))
    found = indicators.indicators(given.reader, given.firm, pack, group)
    columns = (
        column("label", "指标", "Indicator"), column("month", "月末", "Month's end", "date"),
        column("value", "数值", "Value"), column("unit", "单位", "Unit"), column("thresholds", "阈值", "Thresholds"),
    )  # fmt: skip
    return columns, _by_month(found)


def _by_month(found: indicators.Indicators) -> Iterator[Mapping[str, Any]]:
    for one in (*found.watched, *found.others):
        for place, month in enumerate(found.months):
            limits = [f"{each.rule_id} {each.tier} {each.shown_sign} {each.values[place]}" for each in one.thresholds]
            value = one.values[place]
            yield {
                "label": one.label,
                "month": month,
                "value": "" if value is None else str(value),
                "unit": one.unit,
                "thresholds": "; ".join(limits),
            }


def _public(given: Given) -> Made:
    columns = (
        column("day", "发生日期", "Day", "date"), column("label", "类型", "Type"), column("title", "内容", "Content"),
        column("amount", "金额", "Amount", "money"), column("persons", "涉及人数", "Persons", "number"),
        column("record_no", "编号", "Number", "code"), SOURCE,
    )  # fmt: skip
    names = ("title", "amount", "persons", "record_no")
    rows = [
        {"day": one.day, "label": one.label, "source": source(one.source), **{name: one.row[name] for name in names}}
        for one in records.public_records(given.reader, given.firm, None).rows
    ]
    return columns, rows


def _changes(given: Given) -> Made:
    columns = (
        column("day", "变更日期", "Day", "date"), column("label", "事项", "What"), column("before", "变更前", "Before"),
        column("after", "变更后", "After"), SOURCE,
    )  # fmt: skip
    rows = [
        {
            "day": one.day,
            "label": one.label,
            "before": _either(one.row, "before"),
            "after": _either(one.row, "after"),
            "source": source(one.source),
        }
        for one in records.registration_changes(given.reader, given.firm, None).rows
    ]
    return columns, rows


def _either(row: Mapping[str, Any], side: str) -> str:
    """What a side of a change says: the amount in yuan where there is one, else the text."""
    value = row[f"{side}_value"]
    return f"{value:f} 元" if value is not None else str(row[side] or "")


def _statements(given: Given) -> Made:
    found = records.statements(given.reader, given.firm)
    periods: list[Column] = []
    for place, period in enumerate(found.periods):
        kind = found.kinds[place]
        periods.append(Column(f"p{place}", Text(f"{period} {kind.zh}", f"{period} {kind.en}"), "text", sortable=False))
    lines = [(field.label, values, "元") for field, values in found.lines]
    lines += [(label, values, "%") for label, values in found.ratios]
    rows: list[dict[str, Any]] = [
        {
            "label": label,
            "unit": unit,
            **{f"p{place}": "" if value is None else f"{value:f}" for place, value in enumerate(values)},
        }
        for label, values, unit in lines
    ]
    told = {f"p{place}": source(one) for place, one in enumerate(found.sources)}
    rows.append({"label": SOURCE.label, "unit": "", **told})
    return (column("label", "项目", "Item"), column("unit", "单位", "Unit"), *periods), rows if found.periods else []


def _moments(given: Given) -> Made:
    columns = (
        column("at", "收到时刻", "Received", "moment"), column("kinds", "记录种类", "Kinds"),
        column("reporter_name", "报送单位", "Reporter"), column("periods", "报告期", "Periods"),
        column("rows", "涉及本企业（条）", "Records on this firm", "number"),
        column("submission_id", "报送编号", "Submission", "code"),
    )  # fmt: skip
    found = moments.moments(given.reader, given.firm)
    return columns, [{one.name: getattr(each, one.name) for one in columns} for each in found]


def _differences(given: Given) -> Made:
    columns = (
        column("label", "记录", "Record"), column("key", "主键", "Key", "code"), column("field", "项目", "Field"),
        column("before", "当时", "Then"), column("after", "现在", "Now"), column("unit", "单位", "Unit"), SOURCE,
    )  # fmt: skip
    text, reader = given.query.get("since", "").strip(), given.reader
    if not text:
        return columns, []
    since = parse_moment(text)
    if since >= reader.known_at:
        raise UsageError(Text("对比时刻要早于“知悉至”。", "the moment compared with must be before “known at”"))
    earlier = firm_of(given.desk.reader(reader.viewer, reader.as_of, since), given.firm.id)
    rows = [
        {
            "label": one.label,
            "key": one.key,
            "field": CHANGES.get(one.what, one.field),
            "before": _said(one.before),
            "after": _said(one.after),
            "unit": one.unit,
            "source": source(one.source),
        }
        for one in moments.differences(reader, earlier, given.firm)
    ]
    return columns, rows


def _said(value: Any) -> Any:
    """A value as the file says it: a text in its language, all else exactly."""
    return value if isinstance(value, Text) else "" if value is None else str(value)


def _story(given: Given) -> Made:
    columns = (
        column("at", "时刻", "At", "moment"), column("tier", "级别", "Tier"), column("text", "经过", "What"),
        column("more", "说明", "More"),
    )  # fmt: skip
    with given.desk.office.read() as session:
        lines = story.story(session, given.reader, given.firm)
    return columns, [{one.name: getattr(line, one.name) for one in columns} for line in lines]


TABLES: dict[str, Table] = {
    "statuses": Table(Text("资质", "Statuses"), "overview", _statuses),
    "exposure": Table(Text("各行余额", "Balances by bank"), "loans", _exposure),
    "indicators": Table(Text("指标", "Indicators"), "indicators", _indicators),
    "public-records": Table(Text("公共记录", "Public records"), "records", _public),
    "registration-changes": Table(Text("登记变更", "Changes in the register"), "records", _changes),
    "statements": Table(Text("财务报表", "Financial statements"), "finance", _statements),
    "moments": Table(Text("知悉变化", "What was learned when"), "known", _moments),
    "differences": Table(Text("两个时点之间", "Between two moments"), "known", _differences),
    "story": Table(Text("留痕", "Who did what"), "story", _story),
}
