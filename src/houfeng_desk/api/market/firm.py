"""The further tabs of one enterprise's page: indicators, alerts and cases, statements, what was learned when, story."""

from __future__ import annotations

from typing import Any

from fastapi import Query
from starlette.requests import Request

from houfeng.clock import parse_moment
from houfeng.errors import NotFoundError, Text, UsageError
from houfeng.office.access import Permission
from houfeng_desk.api.route import router as new_router
from houfeng_desk.api.shapes import item, listed, plain, told
from houfeng_desk.queries.alerts import GROUPS
from houfeng_desk.queries.cases.listing import row as case_row
from houfeng_desk.queries.enterprise import identity, indicators, lending, moments, records, risk, story
from houfeng_desk.queries.enterprise.firm import Firm, firm_of
from houfeng_desk.queries.figures import pack_of
from houfeng_desk.queries.reasons import steps
from houfeng_desk.reader import Reader
from houfeng_desk.security.session import lang_of
from houfeng_desk.web import DeskDep, ReaderDep, allowed

router = new_router("market")
SEE = [allowed(Permission.SEE_MARKET)]
RULES, ARTICLES = "warning-rules", "five-articles"
ALERT = ("id", "rule_id", "rule_group", "tier", "opened_at", "cleared_at", "acknowledged_at", "assigned_name")


def _known(reader: Reader, enterprise_id: str) -> Firm:
    """A firm in the asker's scope."""
    firm = firm_of(reader, enterprise_id)
    identity.register_row(reader, firm)
    return firm


@router.get("/enterprises/{enterprise_id}/indicators", operation_id="enterprise_indicators", dependencies=SEE)
def of_group(
    desk: DeskDep, reader: ReaderDep, enterprise_id: str,
    group: str = Query("", max_length=60, description="One of `groups`; empty: the first."),
) -> dict[str, Any]:  # fmt: skip
    """The indicators of a group of rules at the ends of thirteen months, with the thresholds that watch them."""
    firm, pack = _known(reader, enterprise_id), pack_of(desk, RULES)
    groups = indicators.groups_of(pack)
    chosen = group or (groups[0] if groups else "")
    if chosen not in groups:
        raise NotFoundError(Text("没有这组指标。", "there is no such group of indicators"))
    found = indicators.indicators(reader, firm, pack, chosen)
    return {
        "pack": f"{pack.name} {pack.version}",
        "group": chosen,
        "groups": [{"name": name, "label": plain(GROUPS.get(name, Text(name, name)))} for name in groups],
        "months": plain(found.months),
        "items": plain([*found.watched, *found.others]),
    }


@router.get("/enterprises/{enterprise_id}/alerts", operation_id="enterprise_alerts", dependencies=SEE)
def alerts_and_cases(desk: DeskDep, reader: ReaderDep, enterprise_id: str) -> dict[str, Any]:
    """Its alerts, open ones first, and its cases; of each only where the asker may see such things."""
    firm = _known(reader, enterprise_id)
    with desk.office.read() as session:
        alerts = [
            {
                **told(one, *ALERT),
                "reason": {"zh": one.reason_zh, "en": one.reason_en},
                "open": story.is_open(one, reader),
            }
            for one in story.firm_alerts(session, reader, firm)
        ]
        today = desk.clock().date()
        cases = [{**item(case_row(one, None, today)), "id": one.id} for one in story.firm_cases(session, reader, firm)]
    return {"alerts": alerts, "cases": cases}


@router.get("/enterprises/{enterprise_id}/risk", operation_id="enterprise_risk", dependencies=SEE)
def index(request: Request, desk: DeskDep, reader: ReaderDep, enterprise_id: str) -> dict[str, Any]:
    """Its risk index, and step by step, in the asker's language, where it comes from; null where no pack has one."""
    found = risk.risk(reader, _known(reader, enterprise_id), pack_of(desk, RULES))
    if found is None:
        return {"value": None, "tier": None, "made_of": None, "steps": []}
    return {
        "value": plain(found.value),
        "tier": found.tier,
        "made_of": plain(found.made_of.plain()) if found.made_of is not None else None,
        "steps": plain(steps(found.explanation.traces[:1], lang_of(request))),
    }


@router.get("/enterprises/{enterprise_id}/exposure", operation_id="enterprise_exposure", dependencies=SEE)
def exposure(reader: ReaderDep, enterprise_id: str) -> dict[str, Any]:
    """What it owed each bank at the ends of two years' months."""
    found = lending.exposure(reader, _known(reader, enterprise_id))
    banks = [{"institution_id": code, "bank": name, "balances": plain(own)} for code, name, own in found.banks]
    return {"months": plain(found.months), "banks": banks, "totals": plain(found.totals)}


@router.get("/enterprises/{enterprise_id}/loans/why", operation_id="enterprise_loan_why", dependencies=SEE)
def loan_why(
    request: Request, desk: DeskDep, reader: ReaderDep, enterprise_id: str,
    note: str = Query(max_length=300, description="The `key` of a note of its loans."),
    theme: str = Query(max_length=80),
) -> dict[str, Any]:  # fmt: skip
    """Why one of its notes counts for a theme, or does not."""
    found = lending.explain_note(reader, _known(reader, enterprise_id), pack_of(desk, ARTICLES), note, theme)
    return {"note": note, "theme": theme, "steps": plain(steps(found.traces, lang_of(request)))}


@router.get("/enterprises/{enterprise_id}/statements", operation_id="enterprise_statements", dependencies=SEE)
def statements(reader: ReaderDep, enterprise_id: str) -> dict[str, Any]:
    """Its financial statements, the newest period first; income counts from the year's start."""
    found = records.statements(reader, _known(reader, enterprise_id))
    lines = [
        {"name": shape.name, "label": plain(shape.label), "values": plain(values)} for shape, values in found.lines
    ]
    ratios = [{"label": plain(label), "percent": plain(values)} for label, values in found.ratios]
    return {
        "periods": plain(found.periods),
        "kinds": plain(found.kinds),
        "lines": lines,
        "ratios": ratios,
        "sources": plain(found.sources),
    }


@router.get("/enterprises/{enterprise_id}/known", operation_id="enterprise_known", dependencies=SEE)
def known(
    desk: DeskDep, reader: ReaderDep, enterprise_id: str,
    since: str = Query("", max_length=40, description="A moment before `known_at`: what was learned since then?"),
) -> dict[str, Any]:  # fmt: skip
    """When the book learned what about it; with `since`, what is known otherwise than it was."""
    firm, differences = _known(reader, enterprise_id), None
    if since:
        at = parse_moment(since)
        if at >= reader.known_at:
            raise UsageError(Text("对比时刻要早于“知悉至”。", "the moment compared with must be before “known at”"))
        earlier = desk.reader(reader.viewer, reader.as_of, at)
        differences = moments.differences(reader, firm_of(earlier, firm.id), firm)
    return {
        "moments": [
            {**told(one, "at", "reporter", "reporter_name", "rows", "submission_id", "kinds"), "periods": one.periods}
            for one in moments.moments(reader, firm)
        ],
        "differences": plain(differences),
    }


@router.get("/enterprises/{enterprise_id}/story", operation_id="enterprise_story", dependencies=SEE)
def who_did_what(desk: DeskDep, reader: ReaderDep, enterprise_id: str) -> dict[str, Any]:
    """Who did what, the newest first."""
    firm = _known(reader, enterprise_id)
    with desk.office.read() as session:
        lines = story.story(session, reader, firm)
    return listed([told(one, "at", "about", "text", "more", "tier") for one in lines])
