"""Rules over single events: each event is looked at once, by its own fields; an alert opens and clears with it.

The filter scans all rules together. Where its bounds leave no doubt, it also says which tier holds; the pairs of event
and rule where they do are settled by exact SQL (`pairs`), the same text as the replay's.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from houfeng.book.model import kinds
from houfeng.packs.language.binding import FIELD_TYPES
from houfeng.packs.model import TIERS, Pack, Rule
from houfeng.packs.roads.measures import DAY, day_of
from houfeng.watch.episodes import alert_id
from houfeng.watch.kernel.conditions import FEATURE, Conditions, Variable
from houfeng.watch.kernel.filter import scan_rows
from houfeng.watch.kernel.interner import Interner
from houfeng.watch.kernel.memory import Words
from houfeng.watch.live.changes import CLEARED, OPENED, Change, Speaker
from houfeng.watch.live.feeds import event_ids
from houfeng.watch.live.pairs import Pairs
from houfeng.watch.live.panels import digits_of, doubles
from houfeng.watch.plan import Plan
from houfeng.watch.replay import rule_names

PAIRS = 1 << 16


class EventWatch:
    """The rules over one event kind."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, pack: Pack, plan: Plan) -> None:
        self.connection, self.pack, self.plan = connection, pack, plan
        self.speaker = Speaker(pack)
        self.kind, self.words, self.fields = kinds()[plan.kind], Interner(), sorted(plan.fields)
        self.rules = list(plan.rules)
        tiers = [(n, tier, node) for n, rule in enumerate(self.rules) for tier, node in rule.tiers.items()]
        self.cases = np.array([(n, TIERS.index(tier) + 1) for n, tier, _ in tiers], np.int64).reshape(-1, 2)
        conditions = [[node] for _, _, node in tiers]
        self.conditions = Conditions(pack, plan.kind, conditions, self._variable, self._word)
        self._made: tuple[int, tuple[Any, ...]] | None = None
        self.names = {rule.name: rule_names(pack, rule) for rule in self.rules}
        self.pairs, self.shown = Pairs(connection, pack, plan), set(plan.shown())
        shown = [self.shown.intersection(self.names[rule.name]) - plan.fields for rule in self.rules]
        self.computing = np.array([bool(names) for names in shown], np.bool_)

    def run(self, rows: pa.Table) -> list[Change]:
        """The changes by a batch of events with `_t`: an opening and a clearing for each event and rule that speaks."""
        changes: list[Change] = []
        days = np.asarray(rows.column("_t").combine_chunks()) // DAY
        matrix = self._matrix(rows)
        cuts = [0, *(np.flatnonzero(np.diff(days)) + 1).tolist(), len(days)]  # in the order of arrival, day by day
        for first, last in pairwise(cuts):
            day, here = int(days[first]), np.arange(first, last)
            program = self._program(day, matrix[here])
            pairs, at = np.empty((max(PAIRS, len(self.cases)), 3), np.int64), 0
            while at < len(here):
                at, number = scan_rows(program, at, len(here), pairs)
                if number:
                    changes += self._settled(rows, here, pairs[:number])
        return changes

    def _program(self, day: int, matrix: Any) -> tuple[Any, ...]:
        """The filter's program of a day over these events; made once a day, as one event must not cost a day's work."""
        if self._made is None or self._made[0] != day:
            self._made = (day, self.conditions.program(day_of(day), matrix))
        made = self._made[1]
        return (*made[:2], np.ascontiguousarray(matrix), *made[3:])

    def _matrix(self, rows: pa.Table) -> Any:
        columns = [
            doubles(rows.column(f), FIELD_TYPES[self.kind.fields[f].type][0], self._number, 0.0)[:-1]
            for f in self.fields
        ]
        return np.ascontiguousarray(np.stack(columns, axis=1)) if columns else np.zeros((rows.num_rows, 1))

    def _settled(self, rows: pa.Table, here: Words, pairs: Words) -> list[Change]:
        held = self._held(pairs)
        chosen = rows.select([*self.pairs.columns, "_t"]).take(pa.array(here[held[:, 0]]))
        computed = self._by_sql(chosen, held)
        speaks = np.flatnonzero(held[:, 2] > 0)
        if not len(speaks):
            return []
        if len(speaks) < len(held):
            held, chosen = held[speaks], chosen.take(pa.array(speaks))
        ids, times = event_ids(self.kind, chosen, self.connection), chosen.column("_t").to_pylist()
        rules, levels = held[:, 1], held[:, 2].tolist()
        told: list[list[Change]] = []
        for first, last in pairwise([0, *(np.flatnonzero(np.diff(rules)) + 1).tolist(), len(rules)]):
            rule = self.rules[rules[first]]
            shown = [n for n in self.names[rule.name] if n in self.shown]
            fields = [n for n in shown if n in self.plan.fields]
            columns = [chosen.column(n).slice(first, last - first).to_pylist() for n in fields]
            for n in range(first, last):
                values = dict(zip(fields, (column[n - first] for column in columns), strict=True))
                if len(fields) < len(shown):
                    more = computed[int(speaks[n])]
                    values = {n: values[n] if n in values else more[n] for n in shown}
                told.append(self._changes(rule, ids[n], times[n], levels[n], values))
        order = np.lexsort((rules, held[:, 0]))  # as the events came
        return [change for n in order.tolist() for change in told[n]]

    def _held(self, pairs: Words) -> Words:
        """From (event, case, sure) to (event, rule, level) by rule: the level where it is sure, else −1."""
        rules, levels = self.cases[pairs[:, 1], 0], self.cases[pairs[:, 1], 1]
        order = np.lexsort((-levels, pairs[:, 0], rules))  # of the cases of a pair that may hold, the highest first
        events, rules, levels, sure = pairs[order, 0], rules[order], levels[order], pairs[order, 2]
        first = np.ones(len(order), np.bool_)
        first[1:] = (events[1:] != events[:-1]) | (rules[1:] != rules[:-1])
        return np.stack([events, rules, np.where(sure > 0, levels, -1)], axis=1)[first]

    def _by_sql(self, chosen: pa.Table, held: Words) -> dict[int, dict[str, Any]]:
        """Settle the pairs whose level is not known yet, and compute what their alerts show; by place in `held`."""
        asked = np.flatnonzero((held[:, 2] < 0) | self.computing[held[:, 1]])
        computed: dict[int, dict[str, Any]] = {}
        if len(asked):
            for one in self.pairs.settle(chosen.take(pa.array(asked)), held[asked, 1]):
                for n, level in one.levels.items():
                    held[asked[n], 2] = level
                computed |= {int(asked[n]): values for n, values in one.computed.items()}
        return computed

    def _changes(self, rule: Rule, event: str, at: int, level: int, values: dict[str, Any]) -> list[Change]:
        key, tier = event[len(self.kind.name) + 1 :], TIERS[level - 1]
        alert = alert_id(f"{self.pack.name}/{rule.name}", key, event)
        return [
            self.speaker.change(rule, key, alert, step, what, at, event, tier, values)
            for step, what in enumerate((OPENED, CLEARED))
        ]

    def _variable(self, field: str) -> Variable | None:
        if field not in self.fields:
            return None
        kind, scale = FIELD_TYPES[self.kind.fields[field].type]
        return Variable(FEATURE, self.fields.index(field), digits=digits_of(kind, scale))

    def _word(self, text: str) -> int:
        return int(self.words.numbers(pa.array([text]), add=True)[0])

    def _number(self, texts: pa.Array) -> Words:
        return self.words.numbers(texts, add=True)
