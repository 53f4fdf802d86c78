"""One thing of a pack: an item, a rule, a parameter, a set of codes, an entry of the register of interpretations.

Each tells what it says (for items and rules in plain words, in the asker's language), where it is written and in which
lines, what it rests on and what rests on it. `version` is the id of a version; empty: the one in force.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from starlette.requests import Request

from houfeng.errors import NotFoundError, Text, Where
from houfeng.office.access import Permission
from houfeng.office.packs.editing import parameter_of
from houfeng.packs.model import Pack
from houfeng_desk.api.route import router as new_router
from houfeng_desk.api.shapes import plain, told
from houfeng_desk.desk import Desk
from houfeng_desk.queries import packs as query
from houfeng_desk.queries.pack_terms import amount
from houfeng_desk.queries.pack_words import Words
from houfeng_desk.security.session import lang_of
from houfeng_desk.web import DeskDep, allowed

router = new_router("packs")
SEE = [allowed(Permission.SEE_PACKS)]


def _opened(desk: Desk, name: str, version: str) -> Pack:
    with desk.office.read() as session:
        return query.opened(session, desk, name, version)[0]


def _around(pack: Pack, form: str, key: str, where: Where) -> dict[str, Any]:
    links = query.links(pack, form, key)
    return {
        "pack": f"{pack.name} {pack.version}",
        "at": query.place(where),
        "lines": [{"line": number, "text": text} for number, text in query.source(pack, where)],
        "rests_on": [{"form": one, "key": at, "label": plain(label)} for one, at, label in links.on],
        "rested_on_by": [{"form": one, "key": at, "label": plain(label)} for one, at, label in links.by],
    }


def _said(pieces: Iterable[Any]) -> str:
    return "".join(piece.text for piece in pieces)


@router.get("/packs/{name}/items/{kind}/{item}", operation_id="pack_item", dependencies=SEE)
def item(request: Request, desk: DeskDep, name: str, kind: str, item: str, version: str = "") -> dict[str, Any]:
    """One item over one kind of record."""
    pack = _opened(desk, name, version)
    found = pack.items.get((kind, item))
    if found is None:
        raise NotFoundError(Text(f"{name} 没有 {kind}.{item}", f"{name} has no {kind}.{item}"))
    words = Words(pack, lang_of(request), desk.clock().date())
    return {
        **told(found, "name", "form", "over", "label", "reference", "tag"),
        "words": _said(words.say(found.node) or words.measure(found)),
        "amount": _said(words.say(found.amount)),
        "exceptions": [
            {**told(one, "label", "text", "reference"), "when": _said(words.say(one.when))} for one in found.exemptions
        ],
        "rows": [
            {"when": _said(words.say(row.when)), "then": _said(words.say(row.then)), "reference": row.reference}
            for row in found.rows
        ],
        **_around(pack, "item", f"{kind}/{item}", found.where),
    }


@router.get("/packs/{name}/rules/{rule}/text", operation_id="pack_rule", dependencies=SEE)
def rule(request: Request, desk: DeskDep, name: str, rule: str, version: str = "") -> dict[str, Any]:
    """One rule: its condition by tier, when it clears, its clause."""
    pack = _opened(desk, name, version)
    found = query.rule_of(pack, rule)
    words = Words(pack, lang_of(request), desk.clock().date())
    return {
        **told(found, "id", "name", "over", "label", "group", "reference", "cooldown"),
        "tiers": {tier: _said(words.say(node)) for tier, node in found.tiers.items()},
        "clears": _said(words.say(found.clear_when)),
        **_around(pack, "rule", found.name, found.where),
    }


@router.get("/packs/{name}/parameters/{parameter}", operation_id="pack_parameter", dependencies=SEE)
def parameter(request: Request, desk: DeskDep, name: str, parameter: str, version: str = "") -> dict[str, Any]:
    """One parameter with its dated values, the newest first, and their references."""
    pack = _opened(desk, name, version)
    found, lang = parameter_of(pack, parameter), lang_of(request)
    values = query.values_of(pack, parameter, desk.clock().date())
    return {
        **told(found, "name", "label", "unit"),
        "values": [{**plain(one), "text": amount(one["value"], found.unit, lang)} for one in values],
        **_around(pack, "parameter", parameter, found.where),
    }


@router.get("/packs/{name}/sets/{code_set}", operation_id="pack_set", dependencies=SEE)
def code_set(desk: DeskDep, name: str, code_set: str, version: str = "") -> dict[str, Any]:
    """One set of codes: its members by group; those with a star need evidence."""
    pack = _opened(desk, name, version)
    found = pack.sets.get(code_set)
    if found is None:
        raise NotFoundError(Text(f"{name} 没有代码集 {code_set}", f"{name} has no set {code_set}"))
    members = [told(one, "group", "codes", "prefix", "first", "last", "starred") for one in found.members]
    return {
        **told(found, "name", "label", "reference", "note"),
        "members": members,
        **_around(pack, "set", code_set, found.where),
    }


@router.get("/packs/{name}/readings/{entry}", operation_id="pack_reading", dependencies=SEE)
def reading(desk: DeskDep, name: str, entry: str, version: str = "") -> dict[str, Any]:
    """One entry of the register of interpretations: the clause, the question, its rival readings, the one chosen."""
    pack = _opened(desk, name, version)
    found = pack.interpretations.get(entry)
    if found is None:
        raise NotFoundError(Text(f"{name} 的解释登记里没有 {entry}", f"{name} has no interpretation {entry}"))
    return {
        **told(found, "name", "question", "document", "clause", "chosen"),
        "readings": {label: told(one, "label", "parameters") for label, one in found.readings.items()},
        **_around(pack, "reading", entry, found.where),
    }
