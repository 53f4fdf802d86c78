"""What a table of a page is made from, and what it is: columns and rows, which may depend on what was found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from houfeng.errors import Text
from houfeng_desk.desk import Desk
from houfeng_desk.lists import Column
from houfeng_desk.queries.enterprise.firm import Firm
from houfeng_desk.queries.enterprise.identity import Source
from houfeng_desk.queries.penetration.parties import Party
from houfeng_desk.reader import Reader

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Given:
    """The question: whose page, and what stands in its address."""

    desk: Desk
    reader: Reader
    firm: Firm
    query: Mapping[str, str]


Made = tuple[Sequence[Column], Iterable[Row]]


@dataclass(frozen=True)
class Table:
    """One table: what it is called, on which tab it stands, and its columns and rows."""

    title: Text
    tab: str
    made: Callable[[Given], Made]


def column(name: str, zh: str, en: str, kind: str = "text") -> Column:
    """A column of a table; tables have their own order."""
    return Column(name, Text(zh, en), kind, sortable=False)


def who(zh: str, en: str) -> tuple[Column, Column]:
    """The two columns of a party: its name, and its code as the viewer may see it."""
    return column("name", zh, en), column("code", "代码", "Code", "code")


def party(one: Party) -> dict[str, Any]:
    """The values of those two."""
    return {"name": one.label, "code": "" if one.outside else one.shown_id}


def source(one: Source | None) -> str:
    """Where a record stands in the book: who reported it, in which submission and row."""
    return f"{one.reporter} {one.submission_id} #{one.row}" if one is not None and one.submission_id else ""


SOURCE = column("source", "来源", "Source", "code")
YES, NO = Text("是", "yes"), Text("否", "no")
