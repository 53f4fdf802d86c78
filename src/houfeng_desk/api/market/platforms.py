"""Financing platforms: the list, one of them, and the table of each of its tabs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import Query
from starlette.requests import Request

from houfeng.office.access import Permission
from houfeng.platforms.ledger import Platform
from houfeng.platforms.plan import against_ledger
from houfeng_desk.api.lists import Asked, add_list
from houfeng_desk.api.route import router as new_router
from houfeng_desk.api.shapes import item, plain, told
from houfeng_desk.lists import Listing, ListRequest
from houfeng_desk.pages.platforms.scenario import scenario
from houfeng_desk.queries.platforms import detail, listing
from houfeng_desk.queries.platforms.book import Platforms, platforms_of
from houfeng_desk.web import DeskDep, ReaderDep, allowed

router = new_router("platforms")
SEE = [allowed(Permission.SEE_MARKET)]
ONE = "/platforms/{enterprise_id}"


def _platforms(asked: Asked, ask: ListRequest) -> Listing:
    return listing.listing(platforms_of(asked.desk, asked.reader), ask)


add_list(
    router, "/platforms", "platforms", listing.EXPORTED, listing.filters(), Permission.SEE_MARKET, _platforms,
    about="Financing platforms, those that owe most first.",
)  # fmt: skip


@router.get("/platforms/totals", operation_id="platform_totals", dependencies=SEE)
def totals(desk: DeskDep, reader: ReaderDep) -> dict[str, Any]:
    """All platforms of the asker's scope together."""
    found = listing.totals(platforms_of(desk, reader))
    return dict(plain(found)) | {"done": plain(found.done), "due": plain(found.due)}


@router.get(ONE, operation_id="platform", dependencies=SEE)
def platform(desk: DeskDep, reader: ReaderDep, enterprise_id: str) -> dict[str, Any]:
    """One platform: what it owes, how far it has resolved, and its indicators with their lines."""
    found = platforms_of(desk, reader)
    one = found.one(enterprise_id)
    progress = found.progress[enterprise_id]
    return {
        **told(one, "enterprise_id", "name", "region", "level", "list_class", "period", "total", "hidden", "baseline"),
        "pack": f"{found.pack.name} {found.pack.version}",
        "resolution": told(progress, "done", "due", "behind", "left", "untold"),
        "stage": plain(found.exits[enterprise_id].stage),
        "barred_debts": detail.barred_debts(found, one),
        "indicators": [
            told(each, "name", "label", "value", "unit", "level", "line", "why", "applies")
            for each in found.indicators[enterprise_id]
        ],
    }


def _table(tab: str, made: Callable[[Platforms, Platform, ListRequest], Listing]) -> Callable[..., dict[str, Any]]:
    """The table of a tab, whole."""

    def table(desk: DeskDep, reader: ReaderDep, enterprise_id: str) -> dict[str, Any]:
        found = platforms_of(desk, reader)
        one = found.one(enterprise_id)
        rows = made(found, one, ListRequest(detail.EXPORTED[tab], (), size=None)).rows
        return {"items": [item(row) for row in rows], "total": len(rows)} | MORE[tab](found, one)

    return table


def _ladder(found: Platforms, one: Platform) -> dict[str, Any]:
    steps, months = detail.steps_of(found, one), found.terms.whole("wall_months", 12)
    rung, peak = steps.peak(months)
    highest = {"month": plain(rung.month), "total": plain(rung.total), "to_mean": plain(peak)} if rung else None
    return told(steps, "within", "passed", "later", "undated") | {"peak": highest}


def _plan(found: Platforms, one: Platform) -> dict[str, Any]:
    progress = found.progress[one.enterprise_id]
    steps = against_ledger(one, found.hidden.get(one.enterprise_id, {}), found.terms.day)
    ways = [
        {"method": plain(detail.METHODS[name]), "planned": plain(planned), "actual": plain(actual)}
        for name, (planned, actual) in progress.by_method().items()
    ]
    against = [told(step, "quarter", "resolved", "before", "after", "unexplained") for step in steps]
    return {"by_method": ways, "quarters": plain(progress.quarters), "against_ledger": against}


def _exit(found: Platforms, one: Platform) -> dict[str, Any]:
    exit_ = found.exits[one.enterprise_id]
    consent = exit_.consent
    return {
        **told(exit_, "stage", "ready", "exited_on", "monitoring_ends", "deadline"),
        "conditions": [told(each, "label", "met", "why", "reference") for each in exit_.conditions],
        "breaches": [
            {"debt_no": debt.debt_no if debt is not None else None, "why": plain(why)} for debt, why in exit_.breaches
        ],
        "consent": told(consent, "by_amount", "heads", "missing", "enough"),
    }


MORE: dict[str, Callable[[Platforms, Platform], dict[str, Any]]] = {
    "ladder": _ladder,
    "plan": _plan,
    "debts": lambda found, one: {"barred": detail.barred_debts(found, one)},
    "exit": _exit,
}
ABOUT = {
    "ladder": "What falls due in each month of three years.",
    "plan": "Its plan of resolution, line by line, against what was done and against the ledger.",
    "debts": "Its ledger of debts, each with the prohibitions it runs against.",
    "exit": "The conditions of its exit, and its creditors with their answers.",
}
TABLES = {"ladder": detail.rungs, "plan": detail.plan, "debts": detail.debts, "exit": detail.creditors}
for _tab, _made in TABLES.items():
    router.add_api_route(
        f"{ONE}/{_tab}", _table(_tab, _made), methods=["GET"], name=f"api_platform_{_tab}",
        operation_id=f"platform_{_tab}", summary=ABOUT[_tab], dependencies=SEE,
    )  # fmt: skip


@router.get(f"{ONE}/swap", operation_id="platform_swap", dependencies=SEE)
def swap(
    request: Request, desk: DeskDep, reader: ReaderDep, enterprise_id: str,
    rate: str = Query("", description="Rate of the new loan in percent; the five-year LPR where not given."),
    months: str = Query("", description="Term in months; 60."),
    fee: str = Query("", description="Fee in percent, once; 0."),
    haircut: str = Query("", description="Forgone by creditors in percent; 0."),
    breakage: str = Query("", description="Cost of leaving early in percent; 0."),
    stress: str = Query("", description="Rise to be tested, in points; 1."),
    dearer: str = Query("", description="Replace what is dearer than this percent; as the rate."),
) -> dict[str, Any]:  # fmt: skip
    """What replacing dear debt by a syndicated loan would bring. Nothing is kept: the question is all there is."""
    found = platforms_of(desk, reader)
    given = scenario(request, found, found.one(enterprise_id))
    rows = detail.replaced(given.swap, ListRequest(detail.EXPORTED["swap"], (), size=None)).rows
    items = [item(row) for row in rows]
    if given.swap is None:
        return {"values": given.values, "result": None, "items": items, "total": len(items)}
    names = ("principal", "yearly", "saved", "costs", "forgone", "net", "months_to_even", "risks", "before", "after")
    return {"values": given.values, "result": told(given.swap, *names), "items": items, "total": len(items)}
