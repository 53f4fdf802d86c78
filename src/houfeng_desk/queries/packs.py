"""Packs as the desk shows them: which there are, what one holds in plain words, what rests on what."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from houfeng.book.model import kinds
from houfeng.errors import NotFoundError, Text, Where, did_you_mean
from houfeng.office.packs import life
from houfeng.office.packs.handing import place_of
from houfeng.office.packs.shelf import PackShelf, Standing
from houfeng.office.packs.tables import PackVersion
from houfeng.packs.language.expression import Node
from houfeng.packs.model import Definition, Form, Pack, Rule
from houfeng_desk.desk import Desk

FORM_NAMES: Mapping[str, Text] = {
    Form.THEME: Text("专题", "Theme"),
    Form.WINDOW: Text("窗口指标", "Window indicator"),
    Form.SNAPSHOT: Text("时点指标", "Snapshot indicator"),
    Form.DERIVED: Text("派生指标", "Derived indicator"),
    Form.VALUE: Text("取值", "Value"),
    Form.TABLE: Text("判定表", "Decision table"),
    "rule": Text("预警规则", "Rule"),
    "parameter": Text("参数", "Parameter"),
    "set": Text("代码集", "Code set"),
    "reading": Text("解释登记", "Interpretation"),
    "waiting": Text("待接入规则", "Waiting rule"),
}


class Thing(NamedTuple):
    """One thing a pack defines, as a line of a list. `key` is its address within the pack."""

    form: str
    key: str
    name: str
    label: Text
    reference: str
    over: str
    where: Where
    own: bool


@lru_cache(maxsize=4)
def _shelf(book: Path, packs: tuple[tuple[str, str], ...]) -> PackShelf:
    return PackShelf(place_of(book), {name: folder for name, folder in packs if name != folder})


def shelf_of(desk: Desk) -> PackShelf:
    """The packs of a desk."""
    return _shelf(desk.book.path, tuple(sorted(desk.packs.items())))


def pack_in_force(desk: Desk, name: str, known: datetime | None = None) -> Pack:
    """The pack of that name in force now, or as it was known to be in force at a past moment."""
    at = known or desk.clock()
    with desk.office.read() as session:
        return shelf_of(desk).in_force(session, name, at.date(), at)


def standings(session: Session, desk: Desk) -> list[Standing]:
    """Every pack with what it stands by."""
    shelf, today = shelf_of(desk), desk.clock().date()
    return [shelf.standing(session, name, today) for name in shelf.names(session)]


def opened(session: Session, desk: Desk, name: str, version: str = "") -> tuple[Pack, PackVersion | None]:
    """The pack in force, or of a version's number; with the version's row where it has one.

    Raises:
        NotFoundError: there is no such pack or version.
    """
    shelf, today = shelf_of(desk), desk.clock().date()
    if version:
        known = version.isascii() and version.isdigit() and len(version) < 10  # more is no number a database has
        found = life.find(session, int(version)) if known else None
        if found is None or found.name != name:
            raise NotFoundError(Text(f"没有 {name} 的版本 {version}", f"there is no version {version} of {name}"))
        return shelf.of_version(found), found
    if name not in shelf.names(session):
        near = did_you_mean(name, shelf.names(session))
        raise NotFoundError(Text(f"没有政策包 {name}。{near.zh}", f"no pack {name}. {near.en}"))
    standing = shelf.standing(session, name, today)
    row = next((one for one in life.versions(session, name) if one.digest == standing.pack.digest), None)
    return standing.pack, row


def things(pack: Pack) -> list[Thing]:
    """All a pack defines, those of the packs it requires after its own."""
    found = list(_things(pack))
    return [thing for thing in found if thing.own] + [thing for thing in found if not thing.own]


def _things(pack: Pack) -> Iterator[Thing]:
    for item in pack.items.values():
        key = f"item/{item.over}/{item.name}"
        own = item.pack == pack.name
        yield Thing(item.form, key, item.name, item.label, item.reference, item.over, item.where, own)
    for rule in pack.rules.values():
        told = f"{rule.id} {rule.name}"
        yield Thing("rule", f"rule/{rule.name}", told, rule.label, rule.reference, rule.over, rule.where, True)
    for one in pack.parameters.values():
        reference = next((value.reference for value in reversed(one.values) if value.reference), "")
        yield _fact("parameter", one.name, one.label, reference, one.where, pack)
    for code_set in pack.sets.values():
        yield _fact("set", code_set.name, code_set.label, code_set.reference, code_set.where, pack)
    for entry in pack.interpretations.values():
        yield _fact("reading", entry.name, entry.question, f"{entry.document} {entry.clause}", entry.where, pack)
    for waiting in pack.waiting:
        yield Thing("waiting", "", waiting.id, waiting.label, "", "", Where(), True)


def _fact(form: str, name: str, label: Text, reference: str, where: Where, pack: Pack) -> Thing:
    return Thing(form, f"{form}/{name}", name, label, reference, "", where, _owner(where) == pack.name)


def _owner(where: Where) -> str:
    return Path(where.file).parent.name


def place(where: Where) -> str:
    """Where something is written: `PACK/FILE.yaml:LINE`."""
    path = Path(where.file)
    return f"{path.parent.name}/{path.name}:{where.line}" if where.file else ""


def matching(found: Iterable[Thing], words: str, form: str = "", own: bool = False) -> list[Thing]:
    """Those whose name, label or reference holds all the words, in either language."""
    wanted = words.lower().split()
    chosen = []
    for thing in found:
        text = " ".join((thing.name, *thing.label, thing.reference, thing.over)).lower()
        if (not form or thing.form == form) and (not own or thing.own) and all(word in text for word in wanted):
            chosen.append(thing)
    return chosen


def search(session: Session, desk: Desk, words: str, most: int = 200) -> list[tuple[str, Thing]]:
    """What in all packs in force matches, with the pack's name; a pack's own things only."""
    if not words.strip():
        return []
    found = [
        (standing.name, thing)
        for standing in standings(session, desk)
        for thing in matching(things(standing.pack), words, own=True)
    ]
    return found[:most]


@dataclass(frozen=True)
class Links:
    """What a thing rests on, and what rests on it, each as (form, key, label)."""

    on: tuple[tuple[str, str, Text], ...]
    by: tuple[tuple[str, str, Text], ...]


def links(pack: Pack, form: str, key: str) -> Links:
    """The direct dependencies of a thing, both ways."""
    behind = _behind(pack)
    on = list(behind.get((form, key), ()))
    by = [one for one, others in behind.items() if (form, key) in others]
    return Links(tuple(_told(pack, on)), tuple(_told(pack, by)))


def _told(pack: Pack, found: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str, Text]]:
    for form, key in dict.fromkeys(found):
        if form == "item":
            over, _, called = key.partition("/")
            yield "item", f"item/{key}", pack.items[(over, called)].label
        elif form == "rule":
            yield "rule", f"rule/{key}", pack.rules[key].label
        elif form == "parameter":
            yield "parameter", f"parameter/{key}", pack.parameters[key].label
        elif form == "set":
            yield "set", f"set/{key}", pack.sets[key].label
        elif form == "reading":
            yield "reading", f"reading/{key}", pack.interpretations[key].question
        else:
            over, _, called = key.partition("/")
            kind = kinds()[over]
            label = kind.fields[called].label
            yield "field", "", Text(f"{kind.label.zh}·{label.zh}", f"{kind.label.en}: {label.en}")


def _behind(pack: Pack) -> dict[tuple[str, str], set[tuple[str, str]]]:
    found: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for (kind, called), item in pack.items.items():
        found[("item", f"{kind}/{called}")] = _of_nodes(pack, nodes_of(item))
    for rule in pack.rules.values():
        found[("rule", rule.name)] = _of_nodes(pack, rule.nodes())
    for entry in pack.interpretations.values():
        found[("reading", entry.name)] = {
            ("parameter", name) for reading in entry.readings.values() for name in reading.parameters
        }
    return found


def nodes_of(item: Definition) -> list[Node]:
    """Every expression of an item, those over other kinds too."""
    nodes = [*item.nodes(), *([item.domain] if item.domain is not None else [])]
    return nodes + list(item.measure.all_nodes()) if item.measure is not None else nodes


def _of_nodes(pack: Pack, nodes: Iterable[Node]) -> set[tuple[str, str]]:
    found = set()
    for part in (part for node in nodes for part in node.walk()):
        if part.op == "parameter":
            found.add(("parameter", str(part.value)))
        elif part.op == "item":
            found.add(("item", f"{part.value.kind}/{part.value.name}"))
        elif part.op == "field" and part.value.name in kinds()[part.value.kind].fields:
            found.add(("field", f"{part.value.kind}/{part.value.name}"))
        elif part.op in ("call:in_set", "call:set_group") and str(part.args[1].value) in pack.sets:
            found.add(("set", str(part.args[1].value)))
    return found


def source(pack: Pack, where: Where, most: int = 80) -> list[tuple[int, str]]:
    """The lines an entry is written in, with their numbers: from its name to the next entry of the same depth."""
    path = Path(where.file)
    if not where.line or not path.is_file():
        return []
    lines = path.read_text("utf-8").splitlines()
    first = where.line - 1
    depth = len(lines[first]) - len(lines[first].lstrip())
    end = first + 1
    while end < len(lines) and end - first < most:
        text = lines[end]
        if text.strip() and not text.lstrip().startswith("#") and len(text) - len(text.lstrip()) <= depth:
            break
        end += 1
    while end > first + 1 and not lines[end - 1].strip():
        end -= 1
    return [(number + 1, lines[number]) for number in range(first, end)]


def counts(pack: Pack) -> dict[str, int]:
    """How much a pack holds of its own."""
    own = [item for item in pack.items.values() if item.pack == pack.name]
    return {
        "themes": sum(item.form is Form.THEME for item in own),
        "items": sum(item.form is not Form.THEME for item in own),
        "rules": len(pack.rules),
        "parameters": sum(_owner(parameter.where) == pack.name for parameter in pack.parameters.values()),
        "readings": sum(_owner(entry.where) == pack.name for entry in pack.interpretations.values()),
        "cases": len(pack.cases),
    }


def rule_of(pack: Pack, name: str) -> Rule:
    """The rule of that name or id.

    Raises:
        NotFoundError: there is none.
    """
    found = pack.rules.get(name) or next((rule for rule in pack.rules.values() if rule.id == name), None)
    if found is None:
        raise NotFoundError(Text(f"{pack.name} 没有规则 {name}", f"{pack.name} has no rule {name}"))
    return found


def values_of(pack: Pack, name: str, day: date) -> list[dict[str, Any]]:
    """The dated values of a parameter, the newest first, the one in force on `day` marked."""
    parameter = pack.parameters[name]
    now = parameter.on(day, day)
    return [
        {
            "start": value.start,
            "until": value.until,
            "known_from": value.known_from,
            "value": value.value,
            "reference": value.reference,
            "note": value.note,
            "now": value is now,
        }
        for value in reversed(parameter.values)
    ]


PARTS = {
    "when": Text("条件", "condition"),
    "where": Text("范围", "which rows"),
    "reference": Text("依据", "reference"),
    "tag": Text("标识", "tag"),
    "form": Text("种类", "kind"),
    "amount": Text("计入金额", "amount"),
    "measure": Text("度量", "measure"),
    "window": Text("窗口", "window"),
    "chosen": Text("采用的读法", "reading chosen"),
    "chosen_by": Text("由谁定", "chosen by"),
    "clause": Text("条款", "clause"),
    "unit": Text("单位", "unit"),
    "reason": Text("理由", "reason"),
    "clear_when": Text("解除条件", "clears when"),
    "cooldown": Text("间隔", "cooldown"),
    "group": Text("类别", "group"),
    "red": Text("红色条件", "red"),
    "orange": Text("橙色条件", "orange"),
    "yellow": Text("黄色条件", "yellow"),
    "blue": Text("蓝色条件", "blue"),
}


def part_text(part: str) -> Text:
    """The part of a thing that changed, in words."""
    dated = re.fullmatch(r"from (\S+)(?: \(known from (\S+)\))?", part)
    if dated:
        known = Text(f"（{dated[2]} 获知）", f" (known from {dated[2]})") if dated[2] else Text("", "")
        return Text(f"自 {dated[1]} 起{known.zh}", f"from {dated[1]}{known.en}")
    first, _, rest = part.partition(" ")
    if first in ("except", "row", "reading") and rest:
        word = {"except": "例外", "row": "第", "reading": "读法"}[first]
        return Text(f"{word} {rest}{' 行' if first == 'row' else ''}", part)
    return PARTS.get(part, Text(part, part))
