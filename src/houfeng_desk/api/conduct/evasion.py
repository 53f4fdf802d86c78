"""Firms with signs of evasion, the signs of one, and its bundle of evidence."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field
from starlette.responses import Response

from houfeng.office.access import Permission
from houfeng_desk.api.files import ZIP, gives
from houfeng_desk.api.lists import Asked, add_list
from houfeng_desk.api.route import router as new_router
from houfeng_desk.api.shapes import told
from houfeng_desk.lists import Listing, ListRequest
from houfeng_desk.pages.conduct.evasion import handed
from houfeng_desk.queries.conduct import evasion as query
from houfeng_desk.queries.enterprise.firm import firm_of
from houfeng_desk.queries.enterprise.identity import register_row
from houfeng_desk.queries.packs import pack_in_force
from houfeng_desk.web import DeskDep, ReaderDep, ViewerDep, allowed

router = new_router("conduct")
ALERT = ("id", "rule_id", "tier", "opened_at", "cleared_at", "exposure")
BUNDLE = ("id", "made_at", "why", "as_of", "known_at", "facts", "alerts", "size", "sha256", "head_seq", "head_hash")


def _firms(asked: Asked, ask: ListRequest) -> Listing:
    with asked.desk.office.read() as session:
        return query.listing(session, asked.viewer, ask)


add_list(
    router, "/evasion", "evasion", query.COLUMNS, query.filters(), Permission.SEE_ALERTS, _firms,
    about="Firms with signs of evasion, the gravest first.",
)  # fmt: skip


@router.get("/evasion/{enterprise_id}", operation_id="evasion_firm", dependencies=[allowed(Permission.SEE_ALERTS)])
def firm(desk: DeskDep, viewer: ViewerDep, reader: ReaderDep, enterprise_id: str) -> dict[str, Any]:
    """The signs of one firm, cleared ones too, and the bundles made about it."""
    row = register_row(reader, firm_of(reader, enterprise_id))
    rules = pack_in_force(desk, query.PACK).rules
    with desk.office.read() as session:
        signs = [
            {
                **told(one, *ALERT),
                "rule": told(rule, "label")["label"] if (rule := rules.get(one.rule.rpartition("/")[2])) else None,
                "reason": {"zh": one.reason_zh, "en": one.reason_en},
            }
            for one in query.alerts_of(session, viewer, enterprise_id, cleared=True)
        ]
        bundles = [told(one, *BUNDLE) for one in query.bundles(session, viewer, enterprise_id)]
    return {"enterprise_id": enterprise_id, "name": row["name"], "signs": signs, "bundles": bundles}


class Wanted(BaseModel):
    """What for, and in which language."""

    why: str = Field(min_length=1, max_length=2000)
    lang: Literal["zh", "en"] = "zh"


@router.post(
    "/evasion/{enterprise_id}/bundle", operation_id="make_bundle", dependencies=[allowed(Permission.WORK_CONDUCT)],
    **gives(ZIP),
)  # fmt: skip
def bundle(desk: DeskDep, reader: ReaderDep, enterprise_id: str, asked: Wanted) -> Response:
    """The bundle of evidence about a firm; the journal tells what for."""
    return handed(desk, reader, enterprise_id, asked.why, asked.lang)
