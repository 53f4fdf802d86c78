"""Why a record is what the pack says it is: from the answer down to the clause, the parameter version and the row.

The rows one record reaches are fetched from the book into a small world; the evaluator then keeps every step. What is
shown is therefore computed by the second road, and a difference from the compiled figure would be seen (`agrees`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import localcontext
from typing import Any

import duckdb

from houfeng.book.model import Time, kinds
from houfeng.engine.faults import telling
from houfeng.errors import InputError, Text, UsageError, did_you_mean
from houfeng.packs.explanation import Renderer, plain, record_key
from houfeng.packs.grants import Condition
from houfeng.packs.membership import membership_of
from houfeng.packs.model import Definition, Pack
from houfeng.packs.roads.compile import Compiler, Need, Views
from houfeng.packs.roads.evaluate import EXACT, Evaluator, Trace
from houfeng.packs.roads.reach import Reach, explained
from houfeng.packs.roads.sql import literal, name
from houfeng.packs.roads.world import Record, World, convert


@dataclass(frozen=True)
class Explanation:
    """The steps behind the items of one record."""

    kind: str
    record: Record
    as_of: date
    known: date
    traces: tuple[Trace, ...]
    conditions: Mapping[str, Condition] = field(default_factory=dict)

    def lines(self, lang: str = "zh", *, full: bool = False) -> list[str]:
        """The explanation as indented text: the steps that decided, or with `full` every step."""
        renderer = Renderer(lang, full, conditions=self.conditions)
        head = f"{kinds()[self.kind].label.get(lang)} {record_key(self.kind, self.record)}"
        return [head, *(line for trace in self.traces for line in renderer.lines(trace))]

    def plain(self) -> dict[str, Any]:
        """The explanation as plain values, for JSON."""
        return {
            "kind": self.kind,
            "key": {k: self.record.get(k) for k in kinds()[self.kind].key},
            "as_of": self.as_of.isoformat(),
            "known_at": self.known.isoformat(),
            "items": [plain(trace) for trace in self.traces],
        }


@dataclass
class Explainer:
    """Explains records of a book (or of any views) under one pack, on one day, as known on another."""

    pack: Pack
    views: Views
    connection: duckdb.DuckDBPyConnection
    as_of: date
    known: date
    instant: int | None = None
    """Explain windows as they stood at this instant, in seconds; nothing: at the end of the day `as_of`."""

    def __post_init__(self) -> None:
        self._explained = explained(self.pack)
        self.pack, self.conditions = self._explained.pack, self._explained.conditions
        self.compiler = Compiler(self.pack, self.views, self.as_of, self.known)
        self._matched: dict[tuple[str, tuple[str, ...], frozenset[tuple[Any, ...]]], list[Record]] = {}

    def explain(self, kind: str, key: Mapping[str, Any], items: Sequence[str]) -> Explanation:
        """Explain `items` (of items, rules, instruments …) by name for the one record of `kind` that `key` describes.

        Raises:
            UsageError: an item does not exist.
            InputError: no record, or more than one, is described by `key`.
        """
        wanted = [definition for item in items for definition in self._definitions(kind, item)]
        row, evaluator = self.world(kind, key, wanted)
        with localcontext(EXACT):
            traces = tuple(evaluator.item(definition, row) for definition in wanted)
        return Explanation(kind, row, self.as_of, self.known, traces, self.conditions)

    def world(self, kind: str, key: Mapping[str, Any], wanted: Sequence[Definition]) -> tuple[Record, Evaluator]:
        """The one record that `key` describes, and an evaluator over all rows that the items `wanted` reach from it.

        Of each row only what they read is fetched, its key and its time.

        Raises:
            InputError: no record, or more than one, is described by `key`.
        """
        self._matched = {}
        reach = self._explained.reach(self.compiler, kind, wanted)
        row = self._one(kind, key, reach)
        rows: dict[str, dict[tuple[Any, ...], Record]] = {}
        _keep(rows, kind, [row])
        self._gather(reach, reach.need, [row], rows)
        world = World(self.as_of, self.known, self.instant, rows={k: list(found.values()) for k, found in rows.items()})
        return row, Evaluator(self.pack, world)

    def _definitions(self, kind: str, item: str) -> list[Definition]:
        if (kind, item) in self.pack.items:
            return [self.pack.items[(kind, item)]]
        rule = self.pack.rules.get(item) or next((r for r in self.pack.rules.values() if r.id == item), None)
        if rule is not None and rule.over == kind and rule.merge:
            raise UsageError(
                Text(
                    f"{rule.id} 合并其他规则的预警，本身没有条件；请问它所依据的规则",
                    f"{rule.id} merges the alerts of other rules and has no condition of its own; ask for those rules",
                )
            )
        if rule is not None and rule.over == kind:
            return [self.pack.items[(kind, f"{rule.name}:{tier}")] for tier in rule.tiers]
        near = did_you_mean(item, [n for over, n in self.pack.items if over == kind])
        raise UsageError(Text(f"{kind} 上没有 {item}。{near.zh}", f"there is no {item} over {kind}. {near.en}".strip()))

    def _one(self, kind: str, key: Mapping[str, Any], reach: Reach) -> Record:
        asked = {kinds()[kind].field(f).name: convert(kinds()[kind], f, v) for f, v in key.items()}
        where = " AND ".join(f"{name(f)} = {literal(v)}" for f, v in asked.items()) or "TRUE"
        exact = kinds()[kind].time is Time.PERIOD
        source = self.views.select(kind, as_of=self.as_of, exact=exact, columns=reach.columns(kind, asked))
        found = self._fetch(f"SELECT * FROM ({source}) WHERE {where} LIMIT 4")
        if not found:
            raise InputError(
                Text(
                    f"{self.as_of} 没有这样的{kinds()[kind].label.zh}",
                    f"no such {kinds()[kind].label.en} on {self.as_of}",
                )
            )
        if len(found) > 1:
            some = "; ".join(record_key(kind, row) for row in found[:3])
            raise InputError(Text(f"不止一条，请写全键：{some} …", f"more than one; give the whole key: {some} …"))
        return found[0]

    def _gather(
        self, reach: Reach, need: Need, rows: Sequence[Record], found: dict[str, dict[tuple[Any, ...], Record]]
    ) -> None:
        for relation, inner in need.relations.items():
            declared = kinds()[need.kind].relations[relation]
            values = {tuple(row.get(own) for own in declared.on) for row in rows}
            fetched = self._matching(reach, declared.kind, tuple(declared.on.values()), values)
            _keep(found, declared.kind, fetched)
            self._gather(reach, inner, fetched, found)
        for item in need.items.values():
            if item.measure is None:
                continue
            values = {tuple(row.get(k) for k in kinds()[need.kind].key) for row in rows}
            if (members := membership_of(item)) is not None:
                listed = self._matching(reach, members.kind, (members.group,), values)
                _keep(found, members.kind, listed)
                values = {(row.get(members.member),) for row in listed}
            for mark in item.measure.marks:
                _keep(found, mark.source, self._matching(reach, mark.source, mark.by, values))
            fetched = self._matching(reach, item.measure.source, item.measure.by, values)
            _keep(found, item.measure.source, fetched)
            self._gather(reach, reach.of(item), fetched, found)

    def _matching(
        self, reach: Reach, kind: str, fields: Sequence[str], values: Iterable[tuple[Any, ...]]
    ) -> list[Record]:
        known = sorted({row for row in values if None not in row}, key=str)
        if not known:
            return []
        asked = (kind, tuple(fields), frozenset(known))
        if asked not in self._matched:
            self._matched[asked] = self._fetch_matching(reach, kind, fields, known)
        return self._matched[asked]

    def _fetch_matching(
        self, reach: Reach, kind: str, fields: Sequence[str], known: Sequence[tuple[Any, ...]]
    ) -> list[Record]:
        either = " OR ".join(
            "(" + " AND ".join(f"{name(f)} = {literal(v)}" for f, v in zip(fields, row, strict=True)) + ")"
            for row in known
        )
        source = self.views.select(kind, as_of=self.as_of, columns=reach.columns(kind))
        rows = self._fetch(f"SELECT * FROM ({source}) WHERE {either}")
        return sorted(rows, key=_arrival)  # DuckDB gives rows as its threads end; an explanation is always the same

    def _fetch(self, sql: str) -> list[Record]:
        with telling():
            cursor = self.connection.execute(sql)
            columns = [column[0] for column in cursor.description or ()]
            return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


def _arrival(row: Record) -> tuple[str, int]:
    return str(row.get("_submission") or ""), row.get("_row") or 0


def _keep(found: dict[str, dict[tuple[Any, ...], Record]], kind: str, rows: Iterable[Record]) -> None:
    held = found.setdefault(kind, {})
    for row in rows:
        held.setdefault((row.get("_submission"), row.get("_row")), row)
