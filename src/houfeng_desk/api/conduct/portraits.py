"""The portrait of a firm's credit, line by line."""

from __future__ import annotations

from typing import Any

from houfeng.conduct.portrait import Line
from houfeng.conduct.shapes import DOMAINS
from houfeng.office.access import Permission
from houfeng_desk.api.route import router as new_router
from houfeng_desk.api.shapes import plain, told
from houfeng_desk.queries.conduct import portraits as query
from houfeng_desk.web import DeskDep, ReaderDep, allowed

router = new_router("conduct")
ON_LIST = ("id", "number", "list_kind", "ground", "level", "listed_on", "until")


def line_told(line: Line) -> dict[str, Any]:
    """A line: what it says, where it stands, what became of disputes about it. `id` names it in a dispute or basis."""
    return {
        "id": line.id,
        "domain": line.domain,
        "domain_label": plain(DOMAINS[line.domain]),
        **told(line, "label", "value", "also", "day", "source", "mark"),
    }


def portrait_told(found: query.Shown) -> dict[str, Any]:
    """A portrait with the lists the firm stands on."""
    return {
        "enterprise_id": found.party.id,
        "name": found.party.name,
        "as_of": plain(found.portrait.as_of),
        "lines": [line_told(one) for one in found.portrait.lines],
        "cut": plain(found.portrait.cut),
        "lists": [told(one, *ON_LIST) for one in found.lists],
    }


@router.get(
    "/enterprises/{enterprise_id}/portrait", operation_id="portrait",
    dependencies=[allowed(Permission.SEE_CONDUCT)],
)  # fmt: skip
def portrait(desk: DeskDep, reader: ReaderDep, enterprise_id: str) -> dict[str, Any]:
    """The portrait of a firm as the asker may see it: a bank what it reported itself."""
    with desk.office.read() as session:
        return portrait_told(query.shown(reader, session, enterprise_id))
