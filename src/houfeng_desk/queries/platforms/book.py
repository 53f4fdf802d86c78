"""The platforms a viewer may see, read once for each view of the book and computed when a page asks.

The rows come from the scoped views of the reader and nowhere else; what the viewer may not see is in no figure.
"""

from __future__ import annotations

import atexit
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

import duckdb

from houfeng.book.connection import scratch
from houfeng.engine.faults import telling
from houfeng.errors import NotFoundError, Text
from houfeng.packs.model import Pack
from houfeng.packs.roads.compile import Views
from houfeng.platforms.barred import Barred, barred
from houfeng.platforms.exit import Exit, examine
from houfeng.platforms.indicators import Indicator, indicators
from houfeng.platforms.ledger import Platform, hidden_by_quarter, read_platforms
from houfeng.platforms.plan import Progress, progress
from houfeng.platforms.terms import PACK, Terms
from houfeng_desk.desk import Desk
from houfeng_desk.queries.figures import pack_of
from houfeng_desk.reader import Reader

KEPT = 12
"""Views of the book whose platforms are kept: the tabs of a page ask for the same again."""


@dataclass(frozen=True)
class _Held:
    """The scoped views with a connection of their own."""

    views: Views
    connection: duckdb.DuckDBPyConnection

    def select(
        self, kind: str, *, as_of: date | None = None, exact: bool = False, columns: Sequence[str] | None = None
    ) -> str:
        """SQL of the rows of `kind` in force."""
        return self.views.select(kind, as_of=as_of, exact=exact, columns=columns)

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """The answer to `sql`, by column name."""
        with telling():
            cursor = self.connection.execute(sql)
            names = [column[0] for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


class Platforms:
    """The platforms of one view of the book under one pack."""

    def __init__(self, reader: Reader, pack: Pack) -> None:
        """Reads them; what is computed of each is computed when it is asked for."""
        connection = scratch()
        source = _Held(reader.indexed(connection), connection)
        self.pack, self.terms = pack, Terms(pack, reader.as_of, reader.known_at.date())
        self.all = read_platforms(source, reader.as_of)
        self.hidden: Mapping[str, Mapping[date, Decimal]] = hidden_by_quarter(source, reader.as_of)
        self.barred: Barred = barred(source, pack, reader.as_of, reader.known_at.date())
        connection.close()

    @cached_property
    def by_id(self) -> dict[str, Platform]:
        """The platforms by id."""
        return {one.enterprise_id: one for one in self.all}

    @cached_property
    def indicators(self) -> dict[str, tuple[Indicator, ...]]:
        """The indicators of each."""
        return {one.enterprise_id: indicators(one, self.terms) for one in self.all}

    @cached_property
    def progress(self) -> dict[str, Progress]:
        """The plan of each against what was done."""
        return {one.enterprise_id: progress(one, self.terms.day) for one in self.all}

    @cached_property
    def exits(self) -> dict[str, Exit]:
        """The exit of each."""
        return {one.enterprise_id: examine(one, self.terms) for one in self.all}

    def one(self, enterprise_id: str) -> Platform:
        """A platform by id.

        Raises:
            NotFoundError: there is none, or none the viewer may see.
        """
        found = self.by_id.get(enterprise_id)
        if found is None:
            raise NotFoundError(Text("没有这家融资平台，或不在您的范围内。", "there is no such platform in your scope"))
        return found


_kept: OrderedDict[tuple[int, str, date], tuple[Views, Platforms]] = OrderedDict()
_lock = threading.Lock()
atexit.register(_kept.clear)


def platforms_of(desk: Desk, reader: Reader) -> Platforms:
    """The platforms in the reader's view; read once for all who share it."""
    pack = pack_of(desk, PACK)
    key = (id(reader.views), pack.digest, reader.known_at.date())
    with _lock:
        held = _kept.get(key)
        if held is None or held[0] is not reader.views:
            held = _kept[key] = (reader.views, Platforms(reader, pack))
        _kept.move_to_end(key)
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
        return held[1]
