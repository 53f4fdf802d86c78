"""`/`: the market at a glance."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from houfeng.office.access import Permission
from houfeng.office.alerts import reading
from houfeng.watch.operations.words import TIER_NAMES
from houfeng_desk.charts.overview import articles as articles_chart
from houfeng_desk.charts.overview import daily
from houfeng_desk.locale import gettext as _
from houfeng_desk.locale import say, speak
from houfeng_desk.pages.work.state import Work, state_of
from houfeng_desk.queries import alerts as alert_query
from houfeng_desk.queries import overview as query
from houfeng_desk.queries import today
from houfeng_desk.queries.figures import Months, has_balances
from houfeng_desk.reader import Reader
from houfeng_desk.security.session import lang_of
from houfeng_desk.web import DeskDep, ReaderDep, ViewerDep, allowed, page

router = APIRouter()
NEWEST = 6


@router.get("/", name="overview", dependencies=[allowed(Permission.SEE_MARKET)])
def overview(request: Request, desk: DeskDep, viewer: ViewerDep, reader: ReaderDep) -> Response:
    """Figures of the month, the cities, the newest alerts, the five articles, what waits for the viewer."""
    speak(lang_of(request))
    asked = query.MapAsked.of(request.query_params.get("map", ""))
    work = state_of(request)
    with desk.office.read() as session:
        alarm = today.alarm(session, viewer.scope)
        labels = alert_query.rule_labels(work.packs.all())
        newest = [
            alert_query.row_of(one, labels, desk.clock()) for one in reading.newest(session, viewer.scope, NEWEST)
        ]
        waits = today.todo(session, viewer)
        days, counts = today.opened_daily(session, viewer.scope)
        seq = reading.last_seq(session)
    return page(
        request,
        "work/overview.html",
        **figures(work, reader),
        asked=asked,
        choices=[(word, say(label)) for word, label in query.map_choices()],
        tiles=tiles(work, reader, asked, alarm),
        alarm=alarm,
        newest=newest if viewer.may(Permission.SEE_ALERTS) else [],
        waits=waits,
        daily=chart_of_days(days, counts),
        seq=seq,
        sees_alerts=viewer.may(Permission.SEE_ALERTS),
    )


def figures(work: Work, reader: Reader, night: bool = False) -> dict[str, Any]:
    """The month's figures for a page; `state` says ready, counting (asked again soon) or empty (no month yet)."""
    if not has_balances(reader):
        return {"state": "empty", "kpis": [], "five": None, "months": None}
    months = work.figures.months(reader, work.patience)
    if months is None:
        return {"state": "counting", "kpis": [], "five": None, "months": None}
    return {"state": "ready", "kpis": query.kpis(months), "five": five(months, night), "months": months}


def five(months: Months, night: bool = False) -> dict[str, Any]:
    """The chart of the five articles, with its table."""
    scale, found = query.articles(months)
    grown = [f"{one.balance:,.2f}{_moved(one.year)}" for one in found]
    option = articles_chart(
        [say(one.label) for one in found],
        [one.balance for one in found],
        [one.before for one in found],
        grown,
        (_("本期"), _("上年同月")),
        night,
    )
    heads = [_("专题"), f"{_('余额')} ({say(scale.label)})", _("上年同月"), _("占各项贷款%"), _("同比%"), _("环比%")]
    rows = [
        [
            say(one.label),
            f"{one.balance:,.2f}",
            None if one.before is None else f"{one.before:,.2f}",
            one.share,
            one.year,
            one.month,
        ]
        for one in found
    ]
    return {"option": option, "table": {"heads": heads, "rows": rows}, "unit": say(scale.label)}


def _moved(value: Any) -> str:
    """How a bar moved on the year; nothing where there is nothing to compare with."""
    return "" if value is None else f"  {query.arrow(value)}{abs(value)}%"


def tiles(work: Work, reader: Reader, asked: query.MapAsked, alarm: today.Alarm) -> dict[str, Any]:
    """The cities for the map, and its title."""
    months = work.figures.months(reader, work.patience) if asked.theme and has_balances(reader) else None
    return {"cities": query.cities(asked, months, alarm.counts, reader.viewer.scope), "title": say(asked.title(months))}


def chart_of_days(days: Any, counts: Any, night: bool = False) -> dict[str, Any] | None:
    """Alerts opened by day and tier, with the table."""
    if not days:
        return None
    names = {tier: say(text) for tier, text in TIER_NAMES.items()}
    rows = [[f"{day}", *(counts[tier][n] for tier in TIER_NAMES)] for n, day in enumerate(days)]
    return {
        "option": daily(days, counts, names, night),
        "table": {"heads": [_("日期"), *names.values()], "rows": rows},
    }
