"""The ends of links as a viewer may see them: firms by name, persons masked by role, firms outside the scope nameless.

A firm outside the scope is shown without name and code, anew at each link, so that nobody learns that two links lead
to the same one; it cannot be opened, expanded or passed by a path, and it counts nowhere. A viewer who sees the whole
market has nobody outside: what is not in the register is shown by its code.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from houfeng.errors import Text
from houfeng_desk.queries.enterprise import words
from houfeng_desk.queries.enterprise.identity import person_names
from houfeng_desk.reader import Reader

OUTSIDE = Text("范围外", "outside your scope")
NAMELESS = Text("自然人", "a person")
ORGANS = ("state", "foreign")
"""Kinds of holders that need have no page here and are no secret."""
_KEY = secrets.token_bytes(16)
"""Of this process: keys of masked persons mean nothing anywhere else."""


@dataclass(frozen=True)
class Party:
    """The other side of a link: a firm that can be opened, a person whose name may be masked, or somebody outside."""

    id: str
    shown_id: str
    name: str
    person: bool
    known: bool
    """Whether the viewer's scope has a page for it."""
    outside: bool = False
    key: str = ""
    """What names it in a graph: nothing of an outside firm, and nothing that gives a masked person away."""

    @property
    def label(self) -> Text:
        """A name in every case."""
        if self.outside:
            return OUTSIDE
        told = self.name or self.shown_id
        return Text(told, told) if told else NAMELESS


class Parties:
    """Parties by identifier. Names come from the viewer's scope and nowhere else."""

    def __init__(self, reader: Reader, identifiers: Iterable[str], people: Iterable[str] = ()) -> None:
        """`people` are identifiers that a holding says are of persons."""
        wanted = sorted({one for one in identifiers if one})
        self._shown = words.sees_persons(reader.viewer)
        self._everything = reader.viewer.scope.everything
        self._people = set(people)
        self._names = person_names(reader, wanted)
        self.firms = firms_in_scope(reader, wanted)

    def of(self, identifier: str, kind: str = "") -> Party:
        """A party; `kind` is what a holding says it is (organs of state and foreigners have no page and no secret)."""
        known = identifier in self.firms
        guessed = not known and not kind and words.is_person(identifier)
        person = kind == "person" or identifier in self._people or guessed
        if not (known or person or self._everything or kind in ORGANS or not identifier):
            return Party("", "", "", False, False, outside=True)
        name = self._names.get(identifier, "")
        if not person:
            return Party(identifier, identifier, name, False, known, key=identifier)
        key = identifier if self._shown else _masked_key(identifier)
        own = identifier if self._shown else ""
        shown = words.masked_id(identifier, shown=self._shown)
        return Party(own, shown, words.masked_name(name, shown=self._shown), True, False, key=key)

    def told(self, text: Text, *identifiers: str) -> Text:
        """`text` with these identifiers put into names."""
        zh, en = text.zh, text.en
        for one in sorted(identifiers, key=len, reverse=True):
            label = self.of(one).label
            zh, en = zh.replace(one, label.zh), en.replace(one, label.en)
        return Text(zh, en)


def firms_in_scope(reader: Reader, identifiers: Iterable[str]) -> set[str]:
    """Those of the identifiers that are firms the viewer may open."""
    wanted = sorted({one for one in identifiers if one})
    if not wanted:
        return set()
    found = reader.rows("SELECT enterprise_id FROM enterprise WHERE enterprise_id IN (SELECT unnest(?))", [wanted])
    return {row["enterprise_id"] for row in found}


def group_label(row: Mapping[str, str | None], parties: Parties, own: str) -> Text:
    """What a group is called: a reported one by its name, a computed one by its head, whom not everybody may know."""
    if not str(row["group_id"]).startswith(own):
        told = str(row["name"] or row["group_id"])
        return Text(told, told)
    head = parties.of(str(row["head_id"] or "")).label
    return Text(f"{head.zh}为首的集团（穿透）", f"Group headed by {head.en} (looked through)")


def _masked_key(identifier: str) -> str:
    return "p-" + hmac.new(_KEY, identifier.encode(), hashlib.sha256).hexdigest()[:16]
