"""The page of one platform. Every tab is an address of its own with one table, which can be exported."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from houfeng.errors import Text
from houfeng.office.access import Permission
from houfeng.platforms.exit import STAGES
from houfeng.platforms.ledger import Platform
from houfeng_desk.charts import platforms as charts
from houfeng_desk.formats import wan
from houfeng_desk.lists import Column, Listing, ListRequest, export
from houfeng_desk.locale import gettext as _
from houfeng_desk.locale import speak, spoken
from houfeng_desk.pages.platforms.scenario import FIELDS, scenario
from houfeng_desk.queries.enterprise import words
from houfeng_desk.queries.platforms import detail
from houfeng_desk.queries.platforms.book import Platforms, platforms_of
from houfeng_desk.queries.tables.platforms import apart
from houfeng_desk.security.session import lang_of
from houfeng_desk.web import DeskDep, ReaderDep, ViewerDep, allowed, page

router = APIRouter()

TABS: dict[str, Text] = {
    "overview": Text("指标", "Indicators"),
    "ladder": Text("到期墙", "Ladder"),
    "plan": Text("化解计划", "Resolution plan"),
    "debts": Text("债务台账", "Debts"),
    "exit": Text("退出检查", "Exit"),
    "swap": Text("置换测算", "Swap"),
}


@dataclass
class Asked:
    """What a tab is made from."""

    request: Request
    platforms: Platforms
    platform: Platform
    ask: ListRequest


def _path(tab: str) -> str:
    return "/platforms/{enterprise_id}" + ("" if tab == "overview" else f"/{tab}")


def _asked(request: Request, desk: DeskDep, reader: ReaderDep, enterprise_id: str, columns: Sequence[Column]) -> Asked:
    platforms = platforms_of(desk, reader)
    ask = ListRequest.of(request, columns, sizes=(50, 100, 200))
    return Asked(request, platforms, platforms.one(enterprise_id), ask)


def _shows(tab: str) -> Callable[..., Response]:
    """The page of a tab."""

    def shown(request: Request, desk: DeskDep, reader: ReaderDep, enterprise_id: str) -> Response:
        speak(lang_of(request))  # charts are put into words here
        asked = _asked(request, desk, reader, enterprise_id, detail.COLUMNS[tab])
        one, found = asked.platform, asked.platforms
        listing, more = MAKERS[tab](asked)
        return page(
            request,
            f"platforms/{tab}.html",
            tab=tab,
            tabs=TABS,
            platform=one,
            region=words.region(one.region),
            list_class=words.label("platform", "list_class", one.list_class),
            level=words.label("platform", "level", one.level),
            done=found.progress[enterprise_id],
            exit=found.exits[enterprise_id],
            stages=STAGES,
            barred=detail.barred_debts(found, one),
            pack=found.pack,
            listing=listing,
            **more,
        )

    return shown


def _exports(tab: str) -> Callable[..., Response]:
    """The table of a tab as a file."""

    def exported(request: Request, desk: DeskDep, viewer: ViewerDep, reader: ReaderDep, enterprise_id: str) -> Response:
        asked = _asked(request, desk, reader, enterprise_id, detail.EXPORTED[tab])
        label, name = TABS[tab], asked.platform.name
        title = Text(f"{name} {label.zh}", f"{name} {label.en}")

        def listing(ask: ListRequest) -> Listing:
            return MAKERS[tab](Asked(request, asked.platforms, asked.platform, ask))[0]

        pack = asked.platforms.pack
        return export(request, viewer, title, asked.ask, listing, pack=f"{pack.name} {pack.version}")

    return exported


def _overview(asked: Asked) -> tuple[Listing, dict[str, Any]]:
    return detail.overview(asked.platforms, asked.platform, asked.ask), {}


def _ladder(asked: Asked) -> tuple[Listing, dict[str, Any]]:
    steps = detail.steps_of(asked.platforms, asked.platform)
    months = asked.platforms.terms.whole("wall_months", 12)
    rung, peak = steps.peak(months)
    mean = _("前 %(n)s 个月的月均") % {"n": months}
    option = charts.ladder_chart(steps, detail.LADDER_CLASSES, months, mean, _("万元"), spoken())
    table = {
        "heads": [_("月份"), _("到期（万元）")],
        "rows": [[f"{one.month:%Y-%m}", wan(one.total)] for one in steps.rungs],
    }
    more = {"steps": steps, "months": months, "rung": rung, "peak": peak, "option": option, "table": table}
    return detail.rungs(asked.platforms, asked.platform, asked.ask), more


def _plan(asked: Asked) -> tuple[Listing, dict[str, Any]]:
    found = asked.platforms.progress[asked.platform.enterprise_id]
    steps, differing = apart(asked.platforms, asked.platform)
    option = charts.plan_chart(found, _("计划"), _("实际"), (_("累计计划"), _("累计实际")), _("万元"))
    table = {
        "heads": [_("季度"), _("计划（万元）"), _("实际（万元）"), _("累计计划（万元）"), _("累计实际（万元）")],
        "rows": [
            [
                f"{one.quarter:%Y-%m}",
                wan(one.planned),
                wan(one.actual if one.told else None),
                wan(one.planned_so_far),
                wan(one.actual_so_far if one.told else None),
            ]
            for one in found.quarters
        ],
    }
    ways = [(detail.METHODS[name], *pair) for name, pair in found.by_method().items()]
    more = {"apart": differing, "steps": steps, "ways": ways}
    return detail.plan(asked.platforms, asked.platform, asked.ask), more | {"option": option, "table": table}


def _debts(asked: Asked) -> tuple[Listing, dict[str, Any]]:
    return detail.debts(asked.platforms, asked.platform, asked.ask), {}


def _exit(asked: Asked) -> tuple[Listing, dict[str, Any]]:
    found = asked.platforms.exits[asked.platform.enterprise_id].consent
    names = {one.creditor_id: one.name for one in found.creditors}
    more = {"enough": [names[one] for one in found.enough], "readings": asked.platforms.pack.interpretations}
    return detail.creditors(asked.platforms, asked.platform, asked.ask), more


def _swap(asked: Asked) -> tuple[Listing, dict[str, Any]]:
    given = scenario(asked.request, asked.platforms, asked.platform)
    more: dict[str, Any] = {"given": given, "fields": FIELDS, "found": given.swap, "option": None, "table": None}
    if given.swap is not None:
        before, after = given.swap.ladders
        more["option"] = charts.swap_chart(before, after, (_("置换前"), _("置换后")), _("万元"))
        rows = [
            [f"{one.month:%Y-%m}", wan(one.total), wan(other.total)]
            for one, other in zip(before.rungs, after.rungs, strict=True)
        ]
        more["table"] = {"heads": [_("月份"), _("置换前（万元）"), _("置换后（万元）")], "rows": rows}
    return detail.replaced(given.swap, asked.ask), more


MAKERS: dict[str, Callable[[Asked], tuple[Listing, dict[str, Any]]]] = {
    "overview": _overview,
    "ladder": _ladder,
    "plan": _plan,
    "debts": _debts,
    "exit": _exit,
    "swap": _swap,
}

for _tab in TABS:
    router.add_api_route(
        _path(_tab) + "/export",
        _exports(_tab),
        methods=["GET", "POST"],
        name=f"platform_{_tab}_export",
        dependencies=[allowed(Permission.EXPORT)],
    )
    router.add_api_route(
        _path(_tab), _shows(_tab), name=f"platform_{_tab}", dependencies=[allowed(Permission.SEE_MARKET)]
    )
