"""What the rules say at the instants somebody has to look at: exact SQL, the same text as the replay's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from houfeng.packs.language.functions import T
from houfeng.packs.model import Definition, Measure, Pack, Rule
from houfeng.packs.roads.measures import compared, mean_sql
from houfeng.packs.roads.sql import SqlWriter, definition_sql, name
from houfeng.watch.kernel.layout import Layout, value_type
from houfeng.watch.kernel.memory import Words
from houfeng.watch.live.feeds import unraw
from houfeng.watch.plan import Plan
from houfeng.watch.reference.shards import levels


class Exact:
    """Levels and values of rules at given instants. `types` are the SQL types of the windowed items, as the replay has
    them; `panels` name the columns of features with their SQL."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        pack: Pack,
        plan: Plan,
        layout: Layout,
        types: Mapping[str, str],
        features: Sequence[tuple[str, str]],
        texts_of: Callable[[Words], pa.Array],
    ) -> None:
        self.connection = connection.cursor()  # of its own: the windows go on meanwhile, and read by the other
        self.connection.execute("SET TimeZone = 'Asia/Shanghai'")
        self.plan, self.layout, self.texts_of = plan, layout, texts_of
        self._prepared = False
        self.writer = SqlWriter(pack, "_day", None, lambda node: name(node.value.name))
        columns = [f"{self._windowed(item, types[item.name])} AS {name(item.name)}" for item in plan.windows]
        columns += [f"{expression.format(a='r')} AS {name(column)}" for column, expression in features]
        told = "".join(f", {column}" for column in columns)
        self.source = f"SELECT _n, _day{told} FROM _at r"
        for layer in plan.layers:
            computed = ", ".join(f"{definition_sql(item, self.writer)} AS {name(item.name)}" for item in layer)
            self.source = f"SELECT *, {computed} FROM ({self.source})"

    def levels(self, rows: pa.Table, rules: Sequence[Rule]) -> tuple[Any, Any]:
        """Per row and rule: the level that holds (int8), and whether the rule's clear condition holds."""
        self._prepare(rows, rules)
        self.connection.register("_rows", rows)
        self.connection.execute("DELETE FROM _at; INSERT INTO _at SELECT * FROM _rows")
        told = self.connection.execute("EXECUTE _levels").fetchnumpy()
        order = np.argsort(told.pop("_n"))
        columns = list(told.values())
        level = np.stack([column[order] for column in columns[0::2]], axis=1)
        clear = np.stack([column[order] for column in columns[1::2]], axis=1)
        return np.ascontiguousarray(level), np.ascontiguousarray(clear)

    def values(self, chosen: Words) -> list[dict[str, Any]]:
        """All items and fields that alerts show, for the chosen rows of those last given to `levels`."""
        self.connection.register("_chosen", pa.table({"_n": pa.array(chosen)}))
        self.connection.execute("DELETE FROM _at WHERE _n NOT IN (SELECT _n FROM _chosen)")
        shown = self.plan.shown()
        told = sorted(self.connection.execute("EXECUTE _values").fetchall(), key=lambda row: row[0])
        return [dict(zip(shown, row[1:], strict=True)) for row in told]

    def _prepare(self, rows: pa.Table, rules: Sequence[Rule]) -> None:
        """Plan the statements once: for a handful of rows, planning would cost ten times the work itself."""
        if self._prepared:
            return
        self._prepared = True
        self.connection.register("_rows", rows)
        self.connection.execute("CREATE TEMP TABLE _at AS SELECT * FROM _rows WHERE false")
        self.connection.execute("PRAGMA disable_optimizer")  # one table, no joins: nothing to gain, and slow
        named = ", ".join(["_n", *levels(replace(self.plan, rules=list(rules)), self.writer)])
        self.connection.execute(f"PREPARE _levels AS SELECT {named} FROM ({self.source})")
        shown = "".join(f", {name(c)}" for c in self.plan.shown())
        self.connection.execute(f"PREPARE _values AS SELECT _n{shown} FROM ({self.source})")
        self.connection.execute("PRAGMA enable_optimizer")

    def rows(self, days: Words, raw: Words, features: Sequence[pa.Table]) -> pa.Table:
        """The table `_rows` from the kernel's raw numbers and the panels' rows of the same instants."""
        columns: dict[str, pa.Array] = {
            "_n": pa.array(np.arange(len(days))),
            "_day": pa.array(days.astype(np.int32), pa.int32()).cast(pa.date32()),
        }
        for item in self.plan.windows:
            assert item.measure is not None
            for part, place in enumerate(self.layout.outputs[item.name]):
                kind, scale = raw_type(item.measure, part)
                columns[f"{item.name}.{part}"] = unraw(raw[:, place], kind, scale, self.texts_of)
        for table in features:
            for column in table.column_names:
                columns[column] = table.column(column)
        return pa.table(columns)

    def _windowed(self, item: Definition, sql_type: str) -> str:
        measure = item.measure
        assert measure is not None
        first, second = name(item.name, "0"), name(item.name, "1")
        match measure.function:
            case "mean":
                value = mean_sql(first, second)
            case "top_share":
                value = f"(CAST({first} AS DOUBLE) / CAST({second} AS DOUBLE))"
            case _:
                value = first
        return f"CAST({compared(measure, value)} AS {sql_type})"


def raw_type(measure: Measure, part: int) -> tuple[T, int]:
    """Type and decimal places of a raw number of a windowed indicator: its only one, or part 0 or 1 of a ratio."""
    match measure.function:
        case "sum" | "min" | "max" | "last":
            return value_type(measure)
        case "mean":
            return value_type(measure) if part == 0 else (T.INTEGER, 0)
        case "top_share":
            return measure.args[1].type, measure.args[1].scale
        case _:
            return T.INTEGER, 0
