"""The rows an evaluation can see: a few records in memory, in force on one day, linked by their relations.

A case builds a world from what it is given; `pack explain` builds one from the rows of a book that one record reaches.
The same selection rules as in the book's views apply, so that both roads to an answer see the same rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from houfeng.book.model import Kind, Time, Type, kinds
from houfeng.errors import InputError, Text, did_you_mean
from houfeng.packs.membership import Membership

Record = dict[str, Any]
PLACES = {Type.MONEY: (20, 2), Type.RATE: (10, 5), Type.NUMBER: (20, 5)}


@dataclass
class World:
    """Rows by kind, those in force on `as_of`. Rows may carry `_submission` and `_row` to say where they come from."""

    as_of: date
    known: date
    instant: int | None = None  # seconds; nothing: the end of the day `as_of`
    rows: dict[str, list[Record]] = field(default_factory=dict)
    _index: dict[tuple[str, tuple[str, ...]], dict[tuple[Any, ...], list[Record]]] = field(default_factory=dict)

    @classmethod
    def of(cls, as_of: date, known: date, rows: Mapping[str, Iterable[Record]]) -> World:
        """A world of the given rows, keeping those in force on `as_of`."""
        return cls(
            as_of, known, rows={kind: in_force(kinds()[kind], list(found), as_of) for kind, found in rows.items()}
        )

    def find(self, kind: str, fields: tuple[str, ...], values: tuple[Any, ...]) -> list[Record]:
        """The rows of `kind` whose `fields` equal `values`; nothing where a value is unknown."""
        if any(value is None for value in values):
            return []
        index = self._index.get((kind, fields))
        if index is None:
            index = {}
            for row in self.rows.get(kind, ()):
                index.setdefault(tuple(row.get(f) for f in fields), []).append(row)
            self._index[(kind, fields)] = index
        return index.get(values, [])

    def members_rows(self, members: Membership, kind: str, by: tuple[str, ...], group: Any) -> list[Record]:
        """The rows of `kind` whose `by` is a member of `group`; of events, those from the day the member joined on."""
        joined: dict[Any, date] = {}
        for row in self.find(members.kind, (members.group,), (group,)):
            start = row.get("valid_from") or date.min
            joined[row[members.member]] = min(start, joined.get(row[members.member], start))
        shape = kinds()[kind]
        return [
            row
            for member, start in joined.items()
            for row in self.find(kind, by, (member,))
            if shape.time is not Time.EVENT or _day(row[shape.time_field]) >= start
        ]

    def related(self, kind: str, row: Record, relation: str) -> Record | None:
        """The row that `row` of `kind` leads to along `relation`, or nothing."""
        declared = kinds()[kind].relations[relation]
        there = tuple(declared.on.values())
        found = self.find(declared.kind, there, tuple(row.get(own) for own in declared.on))
        return found[0] if found else None


def in_force(kind: Kind, rows: list[Record], as_of: date) -> list[Record]:
    """The rows of one kind that count on `as_of`: events up to that day, the latest period, what is valid."""
    if kind.time is Time.EVENT:
        return [r for r in rows if r.get(kind.time_field) is not None and _day(r[kind.time_field]) <= as_of]
    if kind.time is Time.VALIDITY:
        return [
            r
            for r in rows
            if (r.get("valid_from") is None or r["valid_from"] <= as_of)
            and (r.get("valid_to") is None or r["valid_to"] > as_of)
        ]
    past = [r for r in rows if r.get("period") is not None and r["period"] <= as_of]
    latest = max((r["period"] for r in past), default=None)
    return [r for r in past if r["period"] == latest]


def _day(moment: date | datetime) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


def build_rows(given: Mapping[str, Any], as_of: date) -> tuple[str, dict[str, list[Record]]]:
    """Rows from a case's `given`: the kind asked about, and all rows with their links filled in.

    Raises:
        InputError: a name in it is no field, relation or kind.
    """
    builder = _Builder(as_of)
    asked = next(iter(given), "")
    for kind_name, body in given.items():
        for one in body if isinstance(body, list) else [body]:
            builder.row(kind_name, one or {})
    return asked, builder.rows


class _Builder:
    def __init__(self, as_of: date) -> None:
        self.as_of = as_of
        self.rows: dict[str, list[Record]] = {}
        self.count = 0

    def row(self, kind_name: str, body: Mapping[str, Any], link: Record | None = None) -> Record:
        if kind_name not in kinds():
            raise _unknown(kind_name, kinds())
        kind = kinds()[kind_name]
        if not isinstance(body, Mapping):
            raise InputError(Text(f"{kind_name} 应是字段与值", f"{kind_name} should be a mapping of fields to values"))
        row: Record = dict(link or {})
        nested = {}
        for key, value in body.items():
            if key in kind.fields:
                row[key] = convert(kind, key, value)
            elif key in kind.relations or key in kinds():
                nested[key] = value
            else:
                raise _unknown(key, [*kind.fields, *kind.relations, *kinds()])
        self._fill(kind, row)
        self.rows.setdefault(kind_name, []).append(row)
        for key, value in nested.items():
            self._nested(kind, row, key, value)
        return row

    def _fill(self, kind: Kind, row: Record) -> None:
        self.count += 1
        if kind.time is Time.PERIOD:
            row.setdefault("period", self.as_of)
        if kind.time is Time.EVENT and kind.time_field not in row:
            row[kind.time_field] = (
                self.as_of
                if kind.fields[kind.time_field].type is Type.DATE
                else datetime.combine(self.as_of, datetime.min.time())
            )
        for key in kind.key:
            if row.get(key) is None:
                row[key] = convert(kind, key, f"{kind.name}-{self.count}")

    def _nested(self, kind: Kind, row: Record, key: str, value: Any) -> None:
        if key in kind.relations:
            relation = kind.relations[key]
            target = kinds()[relation.kind]
            link = {there: row.get(own) for own, there in relation.on.items() if row.get(own) is not None}
            made = self.row(relation.kind, value or {}, link)
            for own, there in relation.on.items():
                row[own] = made[there]
            assert target.name == relation.kind
            return
        back = [r for r in kinds()[key].relations.values() if r.kind == kind.name]
        if not back:
            raise InputError(
                Text(f"{key} 没有通向 {kind.name} 的关系", f"{key} has no relation that leads to {kind.name}")
            )
        for one in value if isinstance(value, list) else [value]:
            stated = [r for r in back if r.name == (one or {}).get("_by")] or back[:1]
            link = {own: row[there] for own, there in stated[0].on.items()}
            self.row(key, {k: v for k, v in (one or {}).items() if k != "_by"}, link)


def convert(kind: Kind, field_name: str, value: Any) -> Any:
    """A YAML value as the field's own type: an integer amount becomes a decimal, a day a moment.

    Raises:
        InputError: it is no value of that type.
    """
    wanted = kind.fields[field_name].type
    if value is None:
        return None
    try:
        return _converted(wanted, value)
    except (ValueError, ArithmeticError):
        what = f"{kind.name}.{field_name}"
        raise InputError(Text(f"{what} 的值 {value} 不是 {wanted}", f"{what}: {value} is no {wanted}")) from None


def _converted(wanted: Type, value: Any) -> Any:
    if wanted in PLACES:
        digits, scale = PLACES[wanted]
        exact = Decimal(str(value))
        if exact != round(exact, scale) or abs(exact) >= 10 ** (digits - scale):
            raise ValueError
        return exact
    if wanted in (Type.ID, Type.CODE, Type.TEXT):
        return str(value)
    if wanted is Type.DATETIME and not isinstance(value, datetime):
        return datetime.fromisoformat(str(value))
    if wanted is Type.DATE and not isinstance(value, date):
        return date.fromisoformat(str(value))
    if wanted is Type.BOOLEAN and not isinstance(value, bool):
        raise ValueError
    if wanted is Type.INTEGER and (isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 2**63):
        raise ValueError
    return value


def _unknown(name: str, known: Iterable[str] | Sequence[str]) -> InputError:
    near = did_you_mean(name, list(known))
    return InputError(Text(f"没有字段、关系或种类 {name}。{near.zh}", f"no field, relation or kind {name}. {near.en}"))
