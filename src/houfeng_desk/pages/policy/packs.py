"""Packs: which there are, and what one says, in plain words."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from houfeng.book.model import kinds
from houfeng.errors import NotFoundError, Text
from houfeng.office.access import Permission
from houfeng.office.packs import life
from houfeng.office.packs.editing import parameter_of
from houfeng.packs.model import CodeSet, Form
from houfeng_desk.desk import Desk
from houfeng_desk.locale import speak, spoken
from houfeng_desk.queries import packs as query
from houfeng_desk.queries.pack_terms import amount
from houfeng_desk.queries.pack_words import Words
from houfeng_desk.security.session import lang_of
from houfeng_desk.web import DeskDep, allowed, page, whole

router = APIRouter()
TABS = ("themes", "parameters", "rules", "items", "readings", "sets", "cases", "waiting")
MOST = 60
"""Entries of a tab shown on one page."""


@router.get("/packs", name="packs", dependencies=[allowed(Permission.SEE_PACKS)])
def packs(request: Request, desk: DeskDep) -> Response:
    """All packs, and what in them matches a search."""
    words = request.query_params.get("q", "").strip()[:100]
    with desk.office.read() as session:
        found = query.standings(session, desk)
        hits = query.search(session, desk, words)
        session.expunge_all()
    rows = [{"standing": one, "counts": query.counts(one.pack)} for one in found]
    return page(request, "policy/packs.html", rows=rows, words=words, hits=hits, forms=query.FORM_NAMES)


@router.get("/packs/{name}", name="pack", dependencies=[allowed(Permission.SEE_PACKS)])
def pack(request: Request, desk: DeskDep, name: str) -> Response:
    """One pack, tab by tab."""
    shown = _Shown(request, desk, name)
    held = shown.tabs()
    tab = request.query_params.get("show", "") or next(iter(held))
    if tab not in held:
        raise NotFoundError(Text("没有这一页签", "there is no such tab"))
    words = request.query_params.get("q", "").strip()[:100]
    number = max(1, whole(request.query_params.get("page", "1") or "1", "page"))
    entries = shown.entries(tab, words)
    return page(
        request,
        "policy/pack.html",
        **shown.frame(),
        tab=tab,
        tabs=held,
        words=words,
        entries=entries[(number - 1) * MOST : number * MOST],
        total=len(entries),
        page_number=number,
        page_count=max(1, -(-len(entries) // MOST)),
    )


@router.get("/packs/{name}/item/{kind}/{item}", name="pack_item", dependencies=[allowed(Permission.SEE_PACKS)])
def item(request: Request, desk: DeskDep, name: str, kind: str, item: str) -> Response:
    """One item: what it says, where it is written, what it rests on and what rests on it."""
    shown = _Shown(request, desk, name)
    found = shown.pack.items.get((kind, item))
    if found is None:
        raise NotFoundError(Text(f"{name} 没有 {kind}.{item}", f"{name} has no {kind}.{item}"))
    said = shown.item(found)
    return shown.thing("policy/pack_item.html", "item", f"{kind}/{item}", found.where, found.label, entry=said)


@router.get("/packs/{name}/rule/{rule}", name="pack_rule", dependencies=[allowed(Permission.SEE_PACKS)])
def rule(request: Request, desk: DeskDep, name: str, rule: str) -> Response:
    """One rule: condition by tier, when it clears, its reason and clause."""
    shown = _Shown(request, desk, name)
    found = query.rule_of(shown.pack, rule)
    return shown.thing(
        "policy/pack_rule.html", "rule", found.name, found.where, found.label, entry=shown.rule(found.name)
    )


@router.get("/packs/{name}/parameter/{parameter}", name="pack_parameter", dependencies=[allowed(Permission.SEE_PACKS)])
def parameter(request: Request, desk: DeskDep, name: str, parameter: str) -> Response:
    """One parameter with its dated values and their references; and the form for a new value."""
    shown = _Shown(request, desk, name)
    found = parameter_of(shown.pack, parameter)
    today = desk.clock().date()
    return shown.thing(
        "policy/pack_parameter.html",
        "parameter",
        parameter,
        found.where,
        found.label,
        entry=shown.parameter(parameter),
        own=query.place(found.where).startswith(f"{shown.pack.name}/"),
        owner=query.place(found.where).partition("/")[0],
        today=today,
    )


@router.get("/packs/{name}/set/{code_set}", name="pack_set", dependencies=[allowed(Permission.SEE_PACKS)])
def code_set(request: Request, desk: DeskDep, name: str, code_set: str) -> Response:
    """One set of codes."""
    shown = _Shown(request, desk, name)
    found = shown.pack.sets.get(code_set)
    if found is None:
        raise NotFoundError(Text(f"{name} 没有代码集 {code_set}", f"{name} has no set {code_set}"))
    return shown.thing(
        "policy/pack_set.html", "set", code_set, found.where, found.label, found=found, members=_members(found)
    )


@router.get("/packs/{name}/reading/{entry}", name="pack_reading", dependencies=[allowed(Permission.SEE_PACKS)])
def reading(request: Request, desk: DeskDep, name: str, entry: str) -> Response:
    """One entry of the interpretation register, with its rival readings; and the form for another one."""
    shown = _Shown(request, desk, name)
    found = shown.pack.interpretations.get(entry)
    if found is None:
        raise NotFoundError(Text(f"{name} 的解释登记里没有 {entry}", f"{name} has no interpretation {entry}"))
    return shown.thing(
        "policy/pack_reading.html",
        "reading",
        entry,
        found.where,
        found.question,
        found=found,
        own=query.place(found.where).startswith(f"{shown.pack.name}/"),
        today=desk.clock().date(),
        labels={one: shown.pack.parameters[one].label for r in found.readings.values() for one in r.parameters},
    )


class _Shown:
    """A pack as a page shows it: in force, or of the version `v` in the address."""

    def __init__(self, request: Request, desk: Desk, name: str) -> None:
        speak(lang_of(request))
        self.request, self.desk, self.name = request, desk, name
        asked = request.query_params.get("v", "")
        today = desk.clock().date()
        with desk.office.read() as session:
            self.pack, self.version = query.opened(session, desk, name, asked)
            self.active = life.active(session, name, today)
            self.drafts = [one for one in life.versions(session, name) if one.state in ("draft", "submitted")]
            self.versions = len(life.versions(session, name))
            session.expunge_all()
        self.words = Words(self.pack, spoken(), today)
        self.today = today

    def frame(self) -> dict[str, Any]:
        """What every page of a pack shows around its own."""
        asked = bool(self.request.query_params.get("v"))
        return {
            "pack": self.pack,
            "version": self.version,
            "asked_version": asked,
            "active": self.active,
            "drafts": self.drafts,
            "counts": query.counts(self.pack),
            "stages": life.STAGE_NAMES,
            "forms": query.FORM_NAMES,
            "place": query.place,
            "within": self.within,
            "plain": lambda pieces: "".join(piece.text for piece in pieces),
        }

    def within(self, key: str) -> str:
        """The address of a thing of this pack, in the version looked at."""
        v = self.request.query_params.get("v", "")
        return f"/packs/{self.name}/{key}" + (f"?v={v}" if v else "")

    def thing(self, template: str, form: str, key: str, where: Any, label: Text, **context: Any) -> Response:
        """The page of one thing."""
        return page(
            self.request,
            template,
            **self.frame(),
            form=form,
            key=key,
            label=label,
            where=query.place(where),
            lines=query.source(self.pack, where),
            links=query.links(self.pack, form, key),
            **context,
        )

    def tabs(self) -> dict[str, int]:
        """The tabs that have something, with how much."""
        counts = {tab: len(self.entries(tab, "")) for tab in TABS}
        return {tab: count for tab, count in counts.items() if count} or {"themes": 0}

    def entries(self, tab: str, words: str) -> list[dict[str, Any]]:
        """What a tab lists."""
        wanted = words.lower().split()
        found = [one for one in getattr(self, f"_{tab}")() if all(word in one["search"] for word in wanted)]
        return found

    def _themes(self) -> list[dict[str, Any]]:
        return [self.item(one) for one in self.pack.items.values() if one.form is Form.THEME]

    def _items(self) -> list[dict[str, Any]]:
        found = [one for one in self.pack.items.values() if one.form is not Form.THEME]
        return [self.item(one) for one in sorted(found, key=lambda one: one.pack != self.pack.name)]

    def _rules(self) -> list[dict[str, Any]]:
        return [self.rule(name) for name in self.pack.rules]

    def _parameters(self) -> list[dict[str, Any]]:
        found = [self.parameter(name) for name in self.pack.parameters]
        return sorted(found, key=lambda one: not one["own"])

    def _readings(self) -> list[dict[str, Any]]:
        return [
            {
                "key": f"reading/{name}",
                "name": name,
                "label": entry.question,
                "entry": entry,
                "search": _search(name, entry.question, entry.clause, entry.document),
            }
            for name, entry in self.pack.interpretations.items()
        ]

    def _sets(self) -> list[dict[str, Any]]:
        return [
            {
                "key": f"set/{name}",
                "name": name,
                "label": one.label,
                "set": one,
                "count": sum(len(member.codes) or 1 for member in one.members),
                "search": _search(name, one.label, one.reference, one.note),
            }
            for name, one in self.pack.sets.items()
        ]

    def _cases(self) -> list[dict[str, Any]]:
        return [
            {
                "name": case.name,
                "label": Text(case.name, case.name),
                "case": case,
                "place": query.place(case.where),
                "search": _search(case.name, Text("", ""), " ".join(case.expect), str(case.given)),
            }
            for case in self.pack.cases
        ]

    def _waiting(self) -> list[dict[str, Any]]:
        return [
            {"name": one.id, "label": one.label, "needs": one.needs, "search": _search(one.id, one.label, *one.needs)}
            for one in self.pack.waiting
        ]

    def item(self, found: Any) -> dict[str, Any]:
        """An item in words."""
        exceptions = [
            {
                "label": one.label,
                "text": one.text,
                "words": self.words.say(one.when),
                "value": self.words.say(one.value),
                "reference": one.reference,
            }
            for one in found.exemptions
        ]
        rows = [
            {"when": self.words.say(row.when), "then": self.words.say(row.then), "reference": row.reference}
            for row in found.rows
        ]
        return {
            "key": f"item/{found.over}/{found.name}",
            "name": found.name,
            "label": found.label,
            "item": found,
            "over": kinds()[found.over].label,
            "own": found.pack == self.pack.name,
            "words": self.words.say(found.node) or self.words.measure(found),
            "amount": self.words.say(found.amount),
            "exceptions": exceptions,
            "rows": rows,
            "search": _search(found.name, found.label, found.reference, found.tag),
        }

    def rule(self, name: str) -> dict[str, Any]:
        """A rule in words."""
        found = self.pack.rules[name]
        tiers = [(tier, self.words.say(node)) for tier, node in reversed(list(found.tiers.items()))]
        return {
            "key": f"rule/{name}",
            "name": name,
            "label": found.label,
            "rule": found,
            "over": kinds()[found.over].label,
            "tiers": tiers,
            "clears": self.words.say(found.clear_when),
            "days": found.cooldown // 86_400,
            "search": _search(f"{found.id} {name}", found.label, found.reference, found.group),
        }

    def parameter(self, name: str) -> dict[str, Any]:
        """A parameter with its values as people read them."""
        found = self.pack.parameters[name]
        values = query.values_of(self.pack, name, self.today)
        for value in values:
            value["text"] = amount(value["value"], found.unit, spoken())
        now = next((value for value in values if value["now"]), None)
        own = query.place(found.where).startswith(f"{self.pack.name}/")
        references = " ".join(value["reference"] for value in values)
        return {
            "key": f"parameter/{name}",
            "name": name,
            "label": found.label,
            "parameter": found,
            "values": values,
            "now": now,
            "own": own,
            "search": _search(name, found.label, references, ""),
        }


def _members(found: CodeSet) -> list[tuple[str, list[str]]]:
    """The members by group; a star marks those that need evidence."""
    groups: dict[str, list[str]] = defaultdict(list)
    for member in found.members:
        star = "*" if member.starred else ""
        told = sorted(member.codes) or [f"{member.prefix}…" if member.prefix else f"{member.first}–{member.last}"]
        groups[member.group] += [f"{code}{star}" for code in told]
    return list(groups.items())


def _search(name: str, label: Text, *more: str) -> str:
    return " ".join((name, *label, *more)).lower()
