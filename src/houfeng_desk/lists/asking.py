"""The question a list page asks, read from its address: filters, order, page. The address is all the state there is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, NamedTuple, Protocol

from houfeng.clock import parse_day
from houfeng.errors import Text, UsageError

SIZES = (20, 50, 100)
KINDS = frozenset({"text", "code", "money", "number", "percent", "share", "date", "moment", "tier", "link"})
MOST = 200
"""Signs a filter may have."""


class Asked(Protocol):
    """What has a query: a request of Starlette."""

    @property
    def query_params(self) -> Mapping[str, str]:
        """The query, by name."""


class Column(NamedTuple):
    """One column. `href` names the value of the row that is the link's address, `sub` one shown small below.

    Kinds: text, code, money (yuan, shown as 万元), number, percent (3.85 is 3.85%), share (0.4 is 40%), date, moment,
    tier (red, orange, yellow, blue or empty), link.
    """

    name: str
    label: Text
    kind: str = "text"
    sortable: bool = True
    href: str = ""
    sub: str = ""


class Choice(NamedTuple):
    """One value a filter may have."""

    value: str
    label: Text


@dataclass(frozen=True)
class Filter:
    """One filter. With `choices` it is a select; kind is text, date or month otherwise."""

    name: str
    label: Text
    choices: Sequence[Choice] | None = None
    kind: str = "text"

    def shown(self, value: str) -> Text:
        """The words for `value`."""
        for choice in self.choices or ():
            if choice.value == value:
                return choice.label
        return Text(value, value)


@dataclass(frozen=True)
class ListRequest:
    """What is asked of a list. `size` None asks for all rows, for an export."""

    columns: Sequence[Column]
    filters: Sequence[Filter]
    values: Mapping[str, str] = field(default_factory=dict)
    sort: str = ""
    descending: bool = False
    page: int = 1
    size: int | None = SIZES[0]
    sizes: Sequence[int] = SIZES

    @classmethod
    def of(
        cls, request: Asked, columns: Sequence[Column], filters: Sequence[Filter] = (), sizes: Sequence[int] = SIZES
    ) -> ListRequest:
        """The question in the address of `request`.

        Raises:
            UsageError: a value of the address cannot be meant; says which.
        """
        asked = request.query_params
        values = {one.name: _value(one, asked.get(one.name, "").strip()) for one in filters}
        sort = asked.get("sort", "")
        descending = sort.startswith("-")
        if sort and sort.removeprefix("-") not in {column.name for column in columns if column.sortable}:
            raise UsageError(Text(f"不能按 {sort[:40]} 排序", f"cannot sort by {sort[:40]}"))
        size = _whole(asked.get("size", ""), sizes[0], "size")
        if size not in sizes:
            raise UsageError(Text(f"每页行数应为 {sizes}", f"the size of a page is one of {sizes}"))
        return cls(
            columns=columns,
            filters=filters,
            values={name: value for name, value in values.items() if value},
            sort=sort.removeprefix("-"),
            descending=descending,
            page=max(1, _whole(asked.get("page", ""), 1, "page")),
            size=size,
            sizes=sizes,
        )

    def __getitem__(self, name: str) -> str:
        """The value of a filter, empty where it is not set."""
        return self.values.get(name, "")

    def day(self, name: str) -> date | None:
        """The value of a date filter."""
        return parse_day(self.values[name]) if name in self.values else None

    @property
    def everything(self) -> ListRequest:
        """The same question for all rows."""
        return replace(self, size=None, page=1)

    @property
    def offset(self) -> int:
        """How many rows stand before this page."""
        return (self.page - 1) * self.size if self.size is not None else 0

    def tail(self, orders: Mapping[str, str], otherwise: str) -> str:
        """`ORDER BY … LIMIT … OFFSET …` of this question.

        `orders` maps names of columns to SQL; `otherwise` is the order where none was asked for, and breaks ties. Only
        names that the page listed can be in it.
        """
        direction = "DESC NULLS LAST" if self.descending else "ASC NULLS LAST"
        own = f"{orders[self.sort]} {direction}, " if self.sort in orders else ""
        limit = f" LIMIT {self.size} OFFSET {self.offset}" if self.size is not None else ""
        return f"ORDER BY {own}{otherwise}{limit}"

    def cut(self, rows: Sequence[Any]) -> list[Any]:
        """The rows of this page out of all rows, for lists that are held in memory."""
        return list(rows) if self.size is None else list(rows[self.offset : self.offset + self.size])


@dataclass(frozen=True)
class Listing:
    """The answer: the rows of one page, and how many there are in all."""

    columns: Sequence[Column]
    rows: Sequence[Mapping[str, Any]]
    total: int
    ask: ListRequest

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return max(1, -(-self.total // self.ask.size)) if self.ask.size else 1

    @property
    def near_pages(self) -> list[int]:
        """The pages a pager shows: the first, the last, and those around this one; 0 stands for a gap."""
        wanted = sorted({1, self.pages, *(p for p in range(self.ask.page - 2, self.ask.page + 3))})
        shown: list[int] = []
        for number in (p for p in wanted if 1 <= p <= self.pages):
            if shown and number > shown[-1] + 1:
                shown.append(0)
            shown.append(number)
        return shown


def _value(one: Filter, value: str) -> str:
    if not value:
        return ""
    if len(value) > MOST or not value.isprintable():
        raise UsageError(Text(f"“{one.label.zh}”的值不可用", f"the value of “{one.label.en}” cannot be used"))
    if one.choices is not None and value not in {choice.value for choice in one.choices}:
        raise UsageError(Text(f"“{one.label.zh}”没有选项 {value[:40]}", f"“{one.label.en}” has no choice {value[:40]}"))
    if one.kind in ("date", "month"):
        parse_day(value)
    return value


def _whole(text: str, otherwise: int, name: str) -> int:
    if not text:
        return otherwise
    if not (text.isascii() and text.isdigit() and len(text) <= 8):
        raise UsageError(Text(f"{name} 应为整数：{text[:40]}", f"{name} must be a whole number: {text[:40]}"))
    return int(text)
