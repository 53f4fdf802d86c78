"""Searching the data dictionary: fields by label, name, alias or official code, and the codes of code lists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from houfeng.book.model import CodeList, Field, Kind, Time, code_lists
from houfeng.errors import Text

TIMES: Mapping[Time, Text] = {
    Time.PERIOD: Text("按报告期", "by period"),
    Time.EVENT: Text("逐笔事件", "single events"),
    Time.VALIDITY: Text("有效期名单", "list with validity"),
}
MOST = 200


@dataclass(frozen=True)
class Found:
    """What fits a question."""

    kinds: tuple[Kind, ...]
    fields: tuple[tuple[Kind, Field], ...]
    codes: tuple[tuple[CodeList, str, Text], ...]

    @property
    def total(self) -> int:
        """How many in all."""
        return len(self.kinds) + len(self.fields) + len(self.codes)


def search(kinds: Mapping[str, Kind], text: str) -> Found:
    """The kinds, fields and codes in whose words `text` is found."""
    wanted = text.casefold()

    def fits(*words: str) -> bool:
        return any(wanted in word.casefold() for word in words if word)

    fields = [
        (kind, field)
        for kind in kinds.values()
        for field in kind.fields.values()
        if fits(field.name, *field.label, field.official, *field.aliases, *field.description)
    ]
    codes = [
        (codes, code, label)
        for codes in code_lists().values()
        for code, label in codes.members.items()
        if fits(code, *label) or fits(*(alias for alias, to in codes.aliases.items() if to == code))
    ]
    named = [kind for kind in kinds.values() if fits(kind.name, *kind.label, kind.official, *kind.description)]
    return Found(tuple(named), tuple(fields[:MOST]), tuple(codes[:MOST]))
