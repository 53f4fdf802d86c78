"""The features of all keys as they stand today, for the filter (doubles) and for exact SQL (rows of the panels)."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from houfeng.book.model import kinds
from houfeng.packs.language.binding import FIELD_TYPES
from houfeng.packs.language.functions import T
from houfeng.packs.model import Definition
from houfeng.watch.kernel import memory
from houfeng.watch.kernel.conditions import FEATURE, Variable
from houfeng.watch.kernel.filter import V_EVENT
from houfeng.watch.kernel.memory import Words
from houfeng.watch.live.panels import Panel, doubles
from houfeng.watch.plan import Plan

Panels = Sequence[Panel]
LONG = 1 << 39  # a feature stays for longer than any window
COMPARED = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class Today:
    """Features of up to `max_keys` keys. `switch` moves them on to a day; `number_of` interns texts."""

    def __init__(self, plan: Plan, max_keys: int, number_of: Callable[[pa.Array], Words]) -> None:
        self.plan, self.number_of = plan, number_of
        self.names = [item.name for item in plan.snapshots] + sorted(plan.fields)
        width = max(1, len(self.names))
        self.matrix = memory.reserve(max_keys * width)[: max_keys * width].reshape(-1, width).view(np.float64)
        self.panels: Panels = ()
        self._columns: list[list[tuple[int, Any]]] = []

    def variable(self, name: str) -> Variable | None:
        """The filter's variable of a feature."""
        if name not in self.names:
            return None
        # a feature that changes wakes its key by itself
        return Variable(FEATURE, self.names.index(name), rises=V_EVENT, falls=V_EVENT, span=LONG)

    def load(self, panels: Panels, keys: int) -> None:
        """Take new panels, for `keys` keys; nothing is in force until the next `switch`."""
        self.panels = panels
        self._columns = []
        for place, name in enumerate(self.names):
            self.matrix[:keys, place] = self._missing(name)
        for panel in panels:
            told = []
            for name, _ in panel.columns:
                kind, _ = self._type(name)
                told.append(
                    (
                        self.names.index(name),
                        doubles(panel.table.column(name), kind, self.number_of, self._missing(name)),
                    )
                )
            self._columns.append(told)

    def switch(self, day: Any) -> Words:
        """Move to a day: gives the keys of which a feature may have changed."""
        moved = []
        for panel, columns in zip(self.panels, self._columns, strict=True):
            keys = panel.switch(day)
            keys = keys[keys >= 0]
            rows = panel.current[keys]
            for place, values in columns:
                self.matrix[keys, place] = values[rows]
            moved.append(keys)
        return np.unique(np.concatenate(moved)) if moved else np.empty(0, np.int64)

    def rows(self, keys: Words) -> list[Words]:
        """The panels' rows that are in force for keys now."""
        return [panel.current[keys] for panel in self.panels]

    @property
    def columns(self) -> list[tuple[str, str]]:
        """Each feature with its SQL over the row `{a}`."""
        return [column for panel in self.panels for column in panel.columns]

    def _item(self, name: str) -> Definition | None:
        return next((item for item in self.plan.snapshots if item.name == name), None)

    def _type(self, name: str) -> tuple[T, int]:
        item = self._item(name)
        if item is None:
            return FIELD_TYPES[kinds()[self.plan.kind].fields[name].type]
        return item.type, item.scale

    def _missing(self, name: str) -> float:
        """The filter's value of a feature of a key without a row: an empty sum or count is 0."""
        item = self._item(name)
        if item is None or item.measure is None or item.measure.function not in ("count", "sum", "distinct"):
            return float("nan")
        if item.measure.compare is None:
            return 0.0
        sign, limit = item.measure.compare
        return float(COMPARED[sign](0, limit))


def tables(panels: Panels, rows: Sequence[Words]) -> list[pa.Table]:
    """The columns of panels at rows of `Today.rows`; where there is none, all columns are null."""
    return [panel.table.take(pa.array(places, mask=places < 0)) for panel, places in zip(panels, rows, strict=True)]
