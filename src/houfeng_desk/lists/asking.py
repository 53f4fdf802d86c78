"""The question a list page asks, read from its address: filters, order, page. The address is all the state there is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, NamedTuple, Protocol

from houfeng.clock import parse_day
from houfeng.errors import Text, UsageError
from houfeng.office.preferences import Preferences, preferences

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
    """One filter. With `choices` it is a select; kind is text, date or month otherwise.

    `usual` is the choice that holds where none is made; without one, no choice is no condition.
    """

    name: str
    label: Text
    choices: Sequence[Choice] | None = None
    kind: str = "text"
    usual: str = ""

    def shown(self, value: str) -> Text:
        """The words for `value`."""
        for choice in self.choices or ():
            if choice.value == value:
                return choice.label
        return Text(value, value)


@dataclass(frozen=True)
class ListRequest:
    """What is asked of a list. `size` None asks for all rows, for an export.

    `shown` are the columns of the list called `name` that the person wants to see (empty: all), and `density` how its
    rows stand. `after` is the key (`Listing.key`) of the row this page follows, in the list's own order.
    """

    columns: Sequence[Column]
    filters: Sequence[Filter]
    values: Mapping[str, str] = field(default_factory=dict)
    sort: str = ""
    descending: bool = False
    page: int = 1
    size: int | None = SIZES[0]
    sizes: Sequence[int] = SIZES
    after: str = ""
    name: str = ""
    shown: Sequence[str] = ()
    density: str = "normal"

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
        name, chosen = list_name(request), preferences_of(request)
        return cls(
            columns=columns,
            filters=filters,
            values={name: value for name, value in values.items() if value},
            sort=sort.removeprefix("-"),
            descending=descending,
            page=max(1, _whole(asked.get("page", ""), 1, "page")),
            size=size,
            sizes=sizes,
            name=name,
            shown=tuple(chosen.columns.get(name, ())),
            density=chosen.density,
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


class Streamed(Sequence[Mapping[str, Any]]):
    """The rows of a list too long to be held: read again from the beginning each time somebody goes through them."""

    def __init__(self, total: int, start: Callable[[], Iterator[Mapping[str, Any]]]) -> None:
        """`start` begins to read the `total` rows."""
        self._total, self._start = total, start

    def __len__(self) -> int:
        """How many rows there are."""
        return self._total

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        """Each row."""
        return self._start()

    def __getitem__(self, at: Any) -> Any:
        """The row at a place, reading those before it."""
        rows = list(self._start())
        return rows[at]


@dataclass(frozen=True)
class Listing:
    """The answer: the rows of one page, and how many there are in all. `key` names the last row, so that the next page
    begins behind it whatever has come since; lists that have no key go by place."""

    columns: Sequence[Column]
    rows: Sequence[Mapping[str, Any]]
    total: int
    ask: ListRequest
    key: str = ""

    @property
    def shown(self) -> list[Column]:
        """The columns this person wants to see; the first always stands."""
        wanted = set(self.ask.shown)
        return [one for at, one in enumerate(self.columns) if not wanted or not at or one.name in wanted]

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


def list_name(request: Any) -> str:
    """What the list of a page is called, whatever thing of many the page is about: the pattern of its route."""
    route = getattr(request, "scope", {}).get("route")
    path = getattr(route, "path_format", "") or str(getattr(getattr(request, "url", None), "path", ""))
    return path.removesuffix("/export")


def preferences_of(request: Any) -> Preferences:
    """What the person behind a page has chosen for its look; a program chooses nothing."""
    state, app = getattr(request, "state", None), getattr(request, "app", None)
    viewer = getattr(state, "viewer", None)
    if state is None or app is None or viewer is None or request.url.path.startswith("/api/"):
        return Preferences()
    if not hasattr(state, "preferences"):
        with app.state.desk.office.read() as session:
            state.preferences = preferences(session, viewer)
    found: Preferences = state.preferences
    return found


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


def number_of(key: str) -> int:
    """The number that a key of a list is.

    Raises:
        UsageError: it is none.
    """
    return _whole(key, 0, "cursor")


def _whole(text: str, otherwise: int, name: str) -> int:
    if not text:
        return otherwise
    if not (text.isascii() and text.isdigit() and len(text) <= 8):
        raise UsageError(Text(f"{name} 应为整数：{text[:40]}", f"{name} must be a whole number: {text[:40]}"))
    return int(text)
