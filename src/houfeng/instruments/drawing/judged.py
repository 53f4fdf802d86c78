"""Rows judged once for all instruments of some packs, and what of them a claim under one instrument wants.

The files hold each row's key, the facts that any claim counts with, and the words of all conditions. Base, points, days
and limits are worked out of the facts when a claim is drawn, for the rows it is about.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NamedTuple, TypeVar

from houfeng.book.connection import quoted
from houfeng.book.model import kinds
from houfeng.engine.duckdb import Engine
from houfeng.errors import Text, UsageError
from houfeng.packs.grants import Grant, Instrument
from houfeng.packs.language.expression import Node
from houfeng.packs.language.functions import T
from houfeng.packs.model import Definition, Pack
from houfeng.packs.roads.grants import Judging
from houfeng.packs.roads.sql import SqlWriter, definition_sql, name
from houfeng.packs.roads.words import FAILED, UNKNOWN, Words, told

K = TypeVar("K", str, tuple[str, str])
V = TypeVar("V")
FEW = 30
"""Where one row of so many is eligible, a claim costs less than finding its rows among all."""


@dataclass(frozen=True)
class Judged:
    """The rows of `kind` as judged for `as_of`, known on `known`, in Parquet files."""

    kind: str
    as_of: date
    known: date
    files: tuple[Path, ...]
    rows: int
    words: Words
    few: Few | None = None

    def select(
        self,
        pack: Pack,
        instrument: Instrument,
        fields: Iterable[str],
        columns: Mapping[str, Node],
        ahead: Iterable[str],
    ) -> str:
        """SQL of every row: `fields`, `columns`, the instrument's answer and masks, the answers of those `ahead`."""
        shown = self._shown(pack, fields, columns)
        shown += [f"{self.words.answer(pack.instruments[one])} AS {name(one)}" for one in (instrument.name, *ahead)]
        shown += [
            f"{self.words.mask(instrument, state)} AS {name(instrument.name + state)}" for state in (FAILED, UNKNOWN)
        ]
        return f"SELECT {', '.join(shown)} FROM {self.table}"

    def only(
        self,
        pack: Pack,
        instrument: Instrument,
        fields: Iterable[str],
        columns: Mapping[str, Node],
        ahead: Sequence[Instrument],
        where: str = "",
    ) -> str:
        """As `select`, of the rows that are eligible and under none `ahead`; `where` is SQL over the stored columns."""
        shown = self._shown(pack, fields, columns)
        shown += [f"TRUE AS {name(instrument.name)}"]
        shown += [f"CAST(0 AS BIGINT) AS {name(instrument.name + state)}" for state in (FAILED, UNKNOWN)]
        met = self.words.only(instrument, ahead)
        rows = self._rows(instrument.name)
        return f"SELECT {', '.join(shown)} FROM {rows} WHERE {met}" + (f" AND {where}" if where else "")

    def _shown(self, pack: Pack, fields: Iterable[str], columns: Mapping[str, Node]) -> list[str]:
        read = _Reading(pack, self.kind, self.as_of, self.known)
        shown = [f"{read.path(one)} AS {name(one)}" for one in fields]
        return shown + [f"{read.writer.write(node)} AS {name(column)}" for column, node in columns.items()]

    def eligible(self, grant: Grant, fields: Sequence[str]) -> str:
        """SQL of the `fields` of the rows that are eligible."""
        listed = ", ".join(map(name, fields))
        return f"SELECT {listed} FROM {self._rows(grant.name)} WHERE {self.words.only(grant)}"

    def answers(self, grants: Sequence[Grant]) -> Judging:
        """A statement over every row: its key, and per grant its answer and its masks, as `judge_sql` says."""
        keys = kinds()[self.kind].key
        sql = f"SELECT {', '.join([*map(name, keys), *told(self.words, grants)])} FROM {self.table}"
        return Judging(sql, self.kind, keys, tuple(one.name for one in grants), (), self.words)

    @property
    def table(self) -> str:
        """SQL of the rows as they are stored."""
        return _stored(self.files)

    def _rows(self, grant: str) -> str:
        """SQL of stored rows that hold all that are eligible for `grant`."""
        return _stored([self.few.file]) if self.few is not None and grant in self.few.grants else self.table

    def gathered(self, engine: Engine, grants: Sequence[Grant], *, least: int = FEW) -> Judged:
        """The same, with the rows of those of `grants` that few rows are eligible for in a file of their own beside.

        Few is one of `least` at most. They stand among all the others, so finding them costs reading all; for many
        claims it is done once.

        Raises:
            EnvironmentFault: memory, disk or permission does not suffice.
        """
        if len(grants) < 2:
            return self
        met = {one.name: self.words.only(one) for one in grants}
        (found,) = engine.rows(
            f"SELECT {', '.join(f'count(*) FILTER ({sql})' for sql in met.values())} FROM {self.table}"
        )
        few = frozenset(one for one, rows in zip(met, found, strict=True) if rows * least <= self.rows)
        if len(few) < 2:  # one claim finds its rows as fast itself
            return self
        file = self.files[0].with_name(f"few-{self.kind}.parquet")
        engine.write(f"SELECT * FROM {self.table} WHERE {' OR '.join(f'({met[one]})' for one in sorted(few))}", file)
        return dataclasses.replace(self, few=Few(file, few))


class Few(NamedTuple):
    """A file of the rows that are eligible for any of `grants`."""

    file: Path
    grants: frozenset[str]


def _stored(files: Iterable[Path]) -> str:
    listed = ", ".join(f"'{quoted(str(file))}'" for file in files)
    return f"read_parquet([{listed}], hive_partitioning = false)"


def judged_files(
    engine: Engine, judging: Judging, as_of: date, known: date, shares: Iterable[str], out: Path, stem: str
) -> Judged:
    """Write what `judging` says of every row into Parquet files in the folder `out`, one for each of `shares`.

    Of each row: its key, the fields asked for, and the words of its conditions.

    Raises:
        EnvironmentFault: memory, disk or permission does not suffice.
    """
    rows, files = 0, []
    for number, where in enumerate(shares):
        files.append(out / f"{stem}-{number}.parquet")
        sql = f"SELECT * EXCLUDE (_submission, _row) FROM ({judging.sql}) WHERE {where}"
        rows += engine.write(sql, files[-1])
    return Judged(judging.kind, as_of, known, tuple(files), rows, judging.words)


def together(packs: Sequence[Pack]) -> Pack:
    """One pack with the instruments of all, to judge them in one pass.

    Raises:
        UsageError: two of them use one name for different things.
    """
    whole = packs[0]
    for pack in packs[1:]:
        whole = dataclasses.replace(
            whole,
            items=_both(whole, pack, whole.items, pack.items),
            parameters=_both(whole, pack, whole.parameters, pack.parameters),
            sets=_both(whole, pack, whole.sets, pack.sets),
            instruments=_both(whole, pack, whole.instruments, pack.instruments),
        )
    return whole


def _both(one: Pack, other: Pack, ours: Mapping[K, V], theirs: Mapping[K, V]) -> Mapping[K, V]:
    for key in ours.keys() & theirs.keys():
        if ours[key] != theirs[key]:
            what = key if isinstance(key, str) else key[-1]
            raise UsageError(
                Text(
                    f"{one.name} 与 {other.name} 对 {what} 的定义不同，请分开判定",
                    f"{one.name} and {other.name} define {what} differently: judge them apart",
                )
            )
    return {**ours, **theirs}


def facts(pack: Pack, kind: str, paths: Iterable[str], nodes: Iterable[Node]) -> list[str]:
    """The columns that `paths` (fields or items) and `nodes` are worked out of: fields, and items that need a join or
    only say whether something holds, which is less to keep than all that it rests on.
    """
    found: dict[str, None] = {}
    for path in paths:
        item = pack.items.get((kind, path))
        found |= dict.fromkeys(_of_item(pack, item) if item is not None else (path,))
    for node in nodes:
        found |= dict.fromkeys(_of_node(pack, node))
    return list(found)


def _of_node(pack: Pack, node: Node) -> Iterator[str]:
    for part in node.walk():
        if part.op not in ("field", "item"):
            continue
        if part.op == "field" or part.value.path:
            yield ".".join((*part.value.path, part.value.name))
        else:
            yield from _of_item(pack, pack.items[(part.value.kind, part.value.name)])


def _of_item(pack: Pack, item: Definition) -> Iterator[str]:
    if _kept(item):
        yield item.name
        return
    for node in item.nodes():
        if node is not item.amount:
            yield from _of_node(pack, node)


def _kept(item: Definition) -> bool:
    """Whether the outcome of an item is stored and not what it rests on."""
    return item.measure is not None or item.type is T.BOOLEAN


class _Reading:
    """Expressions over the stored facts: items of the row itself are put in where they are named."""

    def __init__(self, pack: Pack, kind: str, as_of: date, known: date) -> None:
        self.pack, self.kind = pack, kind
        self.writer = SqlWriter(pack, as_of, known, self._column)

    def path(self, path: str) -> str:
        """SQL of a field or item by its dotted path."""
        item = self.pack.items.get((self.kind, path))
        if item is None or _kept(item):
            return name(path)
        return f"({definition_sql(item, self.writer)})"

    def _column(self, node: Node) -> str:
        path = ".".join((*node.value.path, node.value.name))
        return name(path) if node.op == "field" or node.value.path else self.path(path)
