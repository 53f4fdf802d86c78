"""The page of one enterprise. Every tab is an address of its own and asks only for what it shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from fastapi import APIRouter
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from houfeng.clock import parse_moment
from houfeng.errors import NotFoundError, Text, UsageError
from houfeng.office.access import Permission
from houfeng.office.alerts.tables import Alert
from houfeng_desk.charts import enterprise as charts
from houfeng_desk.desk import Desk
from houfeng_desk.formats import wan
from houfeng_desk.locale import gettext as _
from houfeng_desk.locale import speak, spoken
from houfeng_desk.pages.penetration import tabs
from houfeng_desk.queries.alerts import GROUPS
from houfeng_desk.queries.enterprise import (
    identity,
    indicators,
    lending,
    moments,
    records,
    risk,
    story,
)
from houfeng_desk.queries.enterprise.firm import Firm, firm_of
from houfeng_desk.queries.figures import pack_of
from houfeng_desk.queries.reasons import steps
from houfeng_desk.reader import Reader
from houfeng_desk.security.session import lang_of
from houfeng_desk.web import DeskDep, ReaderDep, allowed, page

router = APIRouter()
RULES, ARTICLES = "warning-rules", "five-articles"

TABS: dict[str, Text] = {
    "overview": Text("概况", "Overview"),
    "loans": Text("贷款", "Loans"),
    "indicators": Text("指标", "Indicators"),
    "alerts": Text("预警", "Alerts"),
    "links": Text("股权与担保", "Ownership and guarantees"),
    "group": Text("集团", "Group"),
    "circle": Text("担保圈", "Circle"),
    "fall": Text("如果它倒下", "If it falls"),
    "records": Text("公共记录", "Public records"),
    "finance": Text("财务", "Finance"),
    "known": Text("知悉变化", "What was learned when"),
    "story": Text("留痕", "Who did what"),
}


@dataclass
class Asked:
    """What a tab is made from."""

    request: Request
    desk: Desk
    reader: Reader
    firm: Firm
    session: Session
    alerts: list[Alert]


@router.get("/enterprises/{enterprise_id}", name="enterprise", dependencies=[allowed(Permission.SEE_MARKET)])
def enterprise(request: Request, desk: DeskDep, reader: ReaderDep, enterprise_id: str) -> Response:
    """One enterprise, on one tab."""
    speak(lang_of(request))  # charts and tables are put into words here
    tab = request.query_params.get("tab") or "overview"
    if tab not in TABS:
        raise NotFoundError(Text("企业页没有这个页签。", "there is no such tab on the page of an enterprise"))
    firm = firm_of(reader, enterprise_id)
    who = identity.identity(reader, firm)
    with desk.office.read() as session:
        alerts = story.firm_alerts(session, reader, firm)
        cases = story.firm_cases(session, reader, firm)
        asked = Asked(request, desk, reader, firm, session, alerts)
        told, owed = MAKERS[tab](asked), lending.summary(firm, reader.as_of)
        counts = {
            "alerts": sum(story.is_open(a, reader) for a in alerts),
            "loans": owed["notes"],
        }
        return page(
            request,
            f"risk/enterprise/{tab}.html",
            tab=tab,
            tabs=TABS,
            firm=who,
            counts=counts,
            alerts=alerts,
            cases=cases,
            is_open=lambda alert: story.is_open(alert, reader),
            risk=risk.risk(reader, firm, pack_of(desk, RULES)),
            lent=owed,
            **told,
        )


def _overview(asked: Asked) -> dict[str, Any]:
    found = risk.risk(asked.reader, asked.firm, pack_of(asked.desk, RULES))
    owed = lending.exposure(asked.reader, asked.firm)
    lines = story.story(asked.session, asked.reader, asked.firm, asked.alerts)
    made_of = found.made_of if found else None
    return {
        "worst": _worst(asked),
        "story": lines[:10],
        "exposure": owed,
        "exposure_chart": charts.exposure_chart(owed, _("万元"), _("其他")),
        "exposure_table": _exposure_table(owed),
        "risk_chart": charts.risk_chart(made_of, spoken()) if made_of else None,
        "risk_table": _risk_table(made_of),
    }


def _worst(asked: Asked) -> dict[str, Any] | None:
    """The gravest open alert whose rule compares an indicator with a threshold: the indicator, drawn."""
    pack = pack_of(asked.desk, RULES)
    for alert in asked.alerts:
        if not story.is_open(alert, asked.reader) or alert.pack != pack.name:
            continue
        found = indicators.behind_alert(asked.reader, asked.firm, pack, alert.rule.partition("/")[2])
        if found is not None and not found[1].empty:
            months, one = found
            label = one.label.get(spoken())
            return {
                "alert": alert,
                "label": pack.rules[alert.rule.partition("/")[2]].label,
                "series": one,
                "chart": charts.indicator_chart(months, one, label, _("万元")),
                "table": _series_table(months, one),
            }
    return None


def _loans(asked: Asked) -> dict[str, Any]:
    query, pack = asked.request.query_params, pack_of(asked.desk, ARTICLES)
    owed = lending.exposure(asked.reader, asked.firm)
    note, theme, why = query.get("note", ""), query.get("theme", ""), None
    if note and theme:
        traces = lending.explain_note(asked.reader, asked.firm, pack, note, theme).traces
        why = steps(traces, spoken())
    return {
        "notes": lending.notes(asked.reader, asked.firm, pack),
        "pack": pack,
        "exposure": owed,
        "exposure_chart": charts.exposure_chart(owed, _("万元"), _("其他")),
        "exposure_table": _exposure_table(owed),
        "why": why,
        "note": note,
        "theme": next((t.label for t in pack.themes() if t.name == theme), None),
    }


def _indicators(asked: Asked) -> dict[str, Any]:
    pack = pack_of(asked.desk, RULES)
    groups = indicators.groups_of(pack)
    group = asked.request.query_params.get("group", groups[0] if groups else "")
    group = "" if group == "composite" else group
    if group not in groups:
        raise NotFoundError(Text("没有这组指标。", "there is no such group of indicators"))
    found = indicators.indicators(asked.reader, asked.firm, pack, group)
    return {
        "pack": pack,
        "group": group,
        "rule_groups": [(name, GROUPS.get(name, Text(name, name))) for name in groups],
        "found": found,
        "charts": [
            (
                one,
                charts.indicator_chart(found.months, one, one.label.get(spoken()), _("万元")),
                _series_table(found.months, one),
            )
            for one in found.watched
        ],
    }


def _alerts(asked: Asked) -> dict[str, Any]:
    found = risk.risk(asked.reader, asked.firm, pack_of(asked.desk, RULES))
    return {"why": steps(found.explanation.traces[:1], spoken()) if found else None}


def _records(asked: Asked) -> dict[str, Any]:
    return {
        "public": records.public_records(asked.reader, asked.firm),
        "changes": records.registration_changes(asked.reader, asked.firm),
    }


def _finance(asked: Asked) -> dict[str, Any]:
    return {"statements": records.statements(asked.reader, asked.firm)}


def _known(asked: Asked) -> dict[str, Any]:
    """What was learned when, and what changed between the moment of the view and an earlier one."""
    reader, since = asked.reader, _since(asked.request)
    found = moments.moments(reader, asked.firm)
    differences = None
    if since is not None:
        if since >= reader.known_at:
            raise UsageError(Text("对比时刻要早于“知悉至”。", "the moment compared with must be before “known at”"))
        earlier = asked.desk.reader(reader.viewer, reader.as_of, since)
        differences = moments.differences(reader, firm_of(earlier, asked.firm.id), asked.firm)
    return {"moments": found, "since": since, "differences": differences}


def _since(request: Request) -> datetime | None:
    text = request.query_params.get("since", "").strip()
    return parse_moment(text) if text else None


def _story(asked: Asked) -> dict[str, Any]:
    return {"story": story.story(asked.session, asked.reader, asked.firm, asked.alerts)}


MAKERS: dict[str, Callable[[Asked], dict[str, Any]]] = {
    "overview": _overview,
    "loans": _loans,
    "indicators": _indicators,
    "alerts": _alerts,
    "links": tabs.links_tab,
    "group": tabs.group_tab,
    "circle": tabs.circle_tab,
    "fall": tabs.fall_tab,
    "records": _records,
    "finance": _finance,
    "known": _known,
    "story": _story,
}


def _exposure_table(owed: lending.Exposure) -> dict[str, Any]:
    rows = [
        [f"{month:%Y-%m}", *(wan(values[place]) for _, _, values in owed.banks), wan(owed.totals[place])]
        for place, month in enumerate(owed.months)
    ]
    return {"heads": [_("月份"), *(name for _, name, _ in owed.banks), _("合计")], "rows": rows[::-1]}


def _risk_table(made_of: Any) -> dict[str, Any]:
    terms = made_of.terms if made_of else ()
    rows = [[charts.short(term.label.get(spoken()) or term.text), f"{term.drop:.1f}"] for term in terms]
    return {"heads": [_("类别"), _("贡献（分）")], "rows": rows}


def _series_table(months: Sequence[date], one: indicators.Series) -> dict[str, Any]:
    def told(value: Any) -> Any:
        return wan(value) if one.money and value is not None else value

    heads = [
        _("月末"),
        _("数值（万元）") if one.money else _("数值"),
        *(f"{t.rule_id} {t.shown_sign}" for t in one.thresholds),
    ]
    rows = [
        [f"{month:%Y-%m-%d}", told(one.values[place]), *(told(t.values[place]) for t in one.thresholds)]
        for place, month in enumerate(months)
    ]
    return {"heads": heads, "rows": rows[::-1]}
