"""What an explanation reads: of the kinds that some items reach, the fields; worked out once for a pack.

The fields named here and the SQL of the compiler come from the same walk (`Compiler.want`), so what one road reads the
other reads too. Most files of the book hold many times as many columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from houfeng.book.model import kinds
from houfeng.packs.grants import Condition
from houfeng.packs.membership import membership_of
from houfeng.packs.model import Definition, Mark, Measure, Pack
from houfeng.packs.roads.compile import Compiler, Need
from houfeng.packs.roads.grants import conditions_of, grant_items, grants_of
from houfeng.packs.roads.rules import rule_items


@dataclass
class Reach:
    """The need of some items over `kind`: its rows, those it leads to, and those measured for it."""

    need: Need
    fields: dict[str, set[str]] = field(default_factory=dict)
    measured: dict[tuple[str, str], Need] = field(default_factory=dict)

    def columns(self, kind: str, more: Iterable[str] = ()) -> list[str]:
        """The fields of `kind` to read, with its key, its time and `more`."""
        shape = kinds()[kind]
        always = {*shape.key, *((shape.time_field,) if shape.time_field else ())}
        return sorted(always | self.fields.get(kind, set()) | set(more))

    def of(self, item: Definition) -> Need:
        """What the measure of `item` needs of each row that it measures."""
        return self.measured[(item.over, item.name)]


@dataclass(frozen=True)
class Explained:
    """A pack whose rules, instruments, entitlements and products are items too. `conditions`: those of the grants."""

    pack: Pack
    conditions: Mapping[str, Condition]
    _found: dict[tuple[str, ...], Reach] = field(default_factory=dict)

    def reach(self, compiler: Compiler, kind: str, wanted: Sequence[Definition]) -> Reach:
        """What `wanted` over `kind` reach; `compiler` is one for the pack, whatever its day."""
        asked = (kind, *(one.name for one in wanted))
        if asked not in self._found:
            found = Reach(Need(kind))
            for definition in wanted:
                compiler.want_item(found.need, definition)
            _gather(compiler, found, found.need)
            self._found[asked] = found
        return self._found[asked]


def explained(pack: Pack) -> Explained:
    """`pack` with items for all it can explain: the same object for the same pack."""
    return _explained(_Same(pack))


@dataclass(frozen=True, eq=False)
class _Same:
    """A pack told from others by being that very object: comparing what two hold takes longer than expanding."""

    pack: Pack

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.pack is self.pack

    def __hash__(self) -> int:
        return id(self.pack)


@lru_cache(maxsize=16)
def _explained(same: _Same) -> Explained:
    pack = same.pack
    grants = grants_of(pack).values()
    items = grant_items(rule_items(pack, list(pack.rules.values())), grants)
    return Explained(items, conditions_of(grants))


def _gather(compiler: Compiler, found: Reach, need: Need) -> None:
    _reads(found, need.kind, need.fields)
    for inner in need.relations.values():
        _gather(compiler, found, inner)
    for item in need.items.values():
        if item.measure is None:
            continue
        if (members := membership_of(item)) is not None:
            _reads(found, members.kind, (members.group, members.member, "valid_from"))
        for mark in item.measure.marks:
            _gather(compiler, found, _inner(compiler, mark))
        if (item.over, item.name) not in found.measured:
            found.measured[(item.over, item.name)] = inner = _inner(compiler, item.measure)
            _gather(compiler, found, inner)


def _inner(compiler: Compiler, rows: Measure | Mark) -> Need:
    need = Need(rows.source, fields=set(rows.by))
    where = [rows.where] if rows.where is not None else []
    for node in rows.nodes() if isinstance(rows, Measure) else where:
        compiler.want(need, node)
    return need


def _reads(found: Reach, kind: str, fields: Iterable[str]) -> None:
    found.fields.setdefault(kind, set()).update(fields)
