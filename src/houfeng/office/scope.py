"""The book as one viewer may see it: every kind filtered before anything else looks at a row.

`ScopedViews` hands out SQL like a snapshot does, so that pages, packs, exports and counts are built over what the
viewer may see and cannot reach around it. The ways from a row to a scope are in `houfeng.office.paths`.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Protocol

from sqlalchemy import ColumnElement, false, or_

from houfeng.book.connection import quoted
from houfeng.book.model import Kind
from houfeng.book.storage.manifest import Submission
from houfeng.book.storage.tables import SUBMISSION
from houfeng.errors import Text, UsageError
from houfeng.office.access import Scope
from houfeng.office.paths import WAYS, Open, Own, OwnUnless, Side, Via, Way

ROW = "_row"


class Rows(Protocol):
    """What is filtered: a snapshot of a book, or anything that hands out SQL as one does."""

    known_at: datetime
    synthetic: bool
    kinds: Mapping[str, Kind]

    def select(
        self,
        kind: str,
        *,
        as_of: date | None = None,
        exact: bool = False,
        columns: Sequence[str] | None = None,
        late: bool = True,
    ) -> str:
        """SQL of the rows of `kind` in force."""

    def history(self, kind: str) -> tuple[Submission, ...]:
        """All submissions of `kind`."""


class ScopedViews:
    """A snapshot seen through a scope. What `Snapshot.select` says holds here too."""

    def __init__(self, snapshot: Rows, scope: Scope) -> None:
        """`snapshot` as `scope` may see it; a scope that holds nothing back adds nothing to the SQL."""
        self.snapshot = snapshot
        self.scope = scope
        self.known_at = snapshot.known_at
        self.synthetic = snapshot.synthetic
        self.kinds = snapshot.kinds
        self._late = True

    def without_late(self) -> ScopedViews:
        """This view without the events of streams that came too late for the windows."""
        view = copy.copy(self)
        view._late = False
        return view

    def select(
        self,
        kind: str,
        *,
        as_of: date | None = None,
        exact: bool = False,
        columns: Sequence[str] | None = None,
        late: bool = True,
    ) -> str:
        """SQL of the rows of `kind` that the scope may see; see `Snapshot.select`.

        Who a firm borrows from, and where it is registered, is asked as of the same day; without a day as of the day
        of `known_at`.
        """
        late = late and self._late
        if self.scope.everything:
            return self.snapshot.select(kind, as_of=as_of, exact=exact, columns=columns, late=late)
        self.snapshot.select(kind, as_of=as_of, exact=exact, columns=columns, late=late)  # tells wrong names first
        day = as_of or self.known_at.date()
        conditions = [self._condition(side, kind, day) for side in self._sides()]
        rows = self.snapshot.select(kind, as_of=as_of, exact=exact, late=late)
        names = self.kinds[kind].fields if columns is None else dict.fromkeys(columns)
        chosen = ", ".join(f'r."{name}"' for name in dict.fromkeys([*names, SUBMISSION, ROW]))
        return f"SELECT {chosen} FROM ({rows}) r WHERE {' AND '.join(conditions)}"

    def history(self, kind: str) -> tuple[Submission, ...]:
        """The submissions of `kind` that may be known of: of a scoped viewer only what its institutions reported."""
        entries = self.snapshot.history(kind)
        if self.scope.everything:
            return entries
        own = self.scope.institutions or frozenset()
        return tuple(entry for entry in entries if entry.reporter in own and (self._late or not entry.late))

    def submissions(self, kind: str) -> tuple[Submission, ...]:
        """Those of `history` in force."""
        return tuple(entry for entry in self.history(kind) if entry.in_force)

    def _sides(self) -> list[Side]:
        scope = self.scope
        given = {
            Side.REGION: scope.regions,
            Side.INSTITUTION: scope.institutions,
            Side.ENTERPRISE: scope.enterprise,
        }
        return [side for side, value in given.items() if value is not None]

    def _condition(self, side: Side, kind: str, day: date) -> str:
        """The condition on a row `r` of `kind`: one of its ways leads to the scope."""
        ways = WAYS[side].get(kind, ())
        return "(" + (" OR ".join(self._way(side, way, day) for way in ways) or "FALSE") + ")"

    def _way(self, side: Side, way: Way, day: date) -> str:
        match way:
            case Open():
                return "TRUE"
            case Own(name):
                return self._matches(side, f'r."{name}"')
            case OwnUnless(name, kind, key, there):
                known = self.snapshot.select(kind, as_of=day, columns=[there])
                own = self._matches(side, f'r."{name}"')
                return f'({own} AND r."{key}" NOT IN (SELECT "{there}" FROM ({known})))'
            case Via(kind, on):
                here = ", ".join(f'r."{name}"' for name in on)
                there = ", ".join(f'r."{name}"' for name in on.values())
                rows = self.snapshot.select(kind, as_of=day)
                return f"({here}) IN (SELECT {there} FROM ({rows}) r WHERE {self._lookup(side, kind, day)})"

    def _lookup(self, side: Side, kind: str, day: date) -> str:
        """As `_condition`; but an institution that everybody may read is in a region only by its own address."""
        if side is Side.REGION and kind == "institution":
            return self._matches(side, 'r."region"')
        return self._condition(side, kind, day)

    def _matches(self, side: Side, column: str) -> str:
        """Whether `column` holds what the scope names; never where it is empty."""
        if side is Side.REGION:
            assert self.scope.regions is not None
            tests = [f"starts_with({column}, '{quoted(stem(code))}')" for code in sorted(self.scope.regions)]
            return "(" + (" OR ".join(tests) or "FALSE") + ")"
        if side is Side.INSTITUTION:
            assert self.scope.institutions is not None
            listed = ", ".join(f"'{quoted(code)}'" for code in sorted(self.scope.institutions))
            return f"({column} IN ({listed}))" if listed else "FALSE"
        assert self.scope.enterprise is not None
        return f"({column} = '{quoted(self.scope.enterprise)}')"


def stem(region: str) -> str:
    """What the codes of a region and all below it begin with: 410000 → 41, 410100 → 4101, 410102 as it is.

    Raises:
        UsageError: it is not a code of GB/T 2260; an empty one would let everything through.
    """
    if not (region.isdigit() and region.isascii() and len(region) in (2, 4, 6) and int(region[:2]) >= 11):
        raise UsageError(Text(f"不是行政区划代码：{region}", f"not a region code of GB/T 2260: {region}"))
    while len(region) > 2 and region.endswith("00"):
        region = region[:-2]
    return region


def covers(regions: Collection[str] | None, region: str | None) -> bool:
    """Whether a region is one of `regions` or lies in one. Without `regions` all are; nowhere is in none."""
    return regions is None or any((region or "-").startswith(stem(code)) for code in regions)


def in_regions(regions: Collection[str] | None, column: Any) -> list[ColumnElement[bool]]:
    """The same as a condition on a column of region codes: none where there is nothing to leave out."""
    if regions is None:
        return []
    return [or_(false(), *(column.startswith(stem(code), autoescape=True) for code in sorted(regions)))]
