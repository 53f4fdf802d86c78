"""Rules without state through Houfeng, in process: `stateless_side.py`'s rules and events, every match reported.

The twelve fields stand in a record kind made for this process alone, as exact decimals; the rules are a pack. Events
come as Arrow tables of `BATCH` rows, not one after another as in `stateless_side.py`, because that is how the watch
takes them. “names”: the filter, then exact SQL of what may hold, gives (event, rule). “alerts”: `EventWatch.run`
whole, each match an opening with its values and reason in two languages, and a clearing. All on one core; what is done
once (`prepared`: reading the pack, compiling the conditions, and a first batch, which loads the kernel) is not in the
rate. The matches of every batch must be those of plain Python.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
import numpy as np
import pyarrow as pa
from stateless_side import FIELDS, condition, events, python_function, rules

from houfeng.book.connection import connect
from houfeng.book.model import kind_from, kinds
from houfeng.packs.loading.load import load_pack
from houfeng.packs.roads.measures import DAY
from houfeng.watch.live.changes import OPENED
from houfeng.watch.live.singles import EventWatch
from houfeng.watch.plan import plan_rules

BATCH, BATCHES = 65_536, 2
KIND = "bench_event"
NOON = 20_000 * DAY + DAY // 2  # all events are of one day


class Names(EventWatch):
    """Says only which rule holds for which event."""

    def _settled(self, rows: pa.Table, here: Any, pairs: Any) -> list[Any]:
        held = self._held(pairs)
        if (held[:, 2] < 0).any():
            self._by_sql(rows.select([*self.pairs.columns, "_t"]).take(pa.array(here[held[:, 0]])), held)
        held = held[held[:, 2] > 0]
        return [np.stack([here[held[:, 0]], held[:, 1]], axis=1)]


def add_kind() -> None:
    """The kind of the benchmark's events, known to this process only."""
    fields = {name: {"type": "number", "label": name} for name in FIELDS}
    fields = {"event_no": {"type": "id", "label": "no."}, "at": {"type": "datetime", "label": "at"}} | fields
    raw = {"kind": KIND, "label": KIND, "time": "event", "time_field": "at", "key": ["event_no"], "fields": fields}
    kinds()[KIND] = kind_from(raw)  # type: ignore[index]


def pack_text(count: int) -> str:
    """The rules as a pack, in YAML."""
    lines = ["pack: bench-stateless", "version: 1.0.0", "label: benchmark", "rules:"]
    for number, rule in enumerate(rules(count)):
        first = rule[0][0]
        lines.append(
            f'  r{number}: {{label: r{number}, over: {KIND}, when: "{condition(rule)}", tier: yellow, '
            f'reason: {{zh: "{first}为{{{first}}}", en: "{first} is {{{first}}}"}}}}'
        )
    return "\n".join(lines) + "\n"


def batches() -> tuple[list[pa.Table], list[dict[str, int]]]:
    """The events as tables, as admission would hand them on, and as dictionaries."""
    some = events(BATCH * BATCHES)
    columns: dict[str, Any] = {"event_no": [f"E{n:08}" for n in range(len(some))]}
    columns["at"] = pa.array(np.full(len(some), NOON * 1_000_000)).cast(pa.timestamp("us"))
    columns |= {field: pa.array([event[field] for event in some], pa.int16()) for field in FIELDS}
    table = pa.table(columns).cast(kinds()[KIND].schema())
    table = table.append_column("_offset", pa.array(np.arange(len(some))))
    table = table.append_column("_t", pa.array(np.full(len(some), NOON)))
    table = table.append_column("_late", pa.array(np.zeros(len(some), np.bool_)))
    return [table.slice(n * BATCH, BATCH).combine_chunks() for n in range(BATCHES)], some


def named(found: list[Any], first: int) -> set[tuple[int, int]]:
    """The (event, rule) that a watch told of a batch whose first event has the number `first`."""
    if found and isinstance(found[0], np.ndarray):
        return {(first + event, rule) for part in found for event, rule in part.tolist()}
    return {(int(c.key[1:]), int(c.rule.rpartition("/r")[2])) for c in found if c.what == OPENED}


def measure(kind: type[EventWatch], count: int, seconds: float) -> dict[str, Any]:
    """Events a second by the clock and by the processor, after a check of every match of every batch."""
    tables, some = batches()
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "pack.yaml").write_text(pack_text(count), "utf-8")
        pack = load_pack(folder)
    watch = kind(connect(threads=1), pack, plan_rules(pack, KIND, pack.rules.values()))
    watch.run(tables[0])
    prepared = time.perf_counter() - began
    judge, matches = python_function(rules(count)), 0
    for number, table in enumerate(tables):
        first = number * BATCH
        expected = {(first + n, rule) for n, event in enumerate(some[first : first + BATCH]) for rule in judge(event)}
        if (told := named(watch.run(table), first)) != expected:
            raise SystemExit(f"houfeng names other rules than it should: {sorted(told ^ expected)[:5]}")
        matches += len(expected)
    done, began, cpu = 0, time.perf_counter(), time.process_time()
    while time.perf_counter() - began < seconds:
        watch.run(tables[done % BATCHES])
        done += 1
    wall, cpu = time.perf_counter() - began, time.process_time() - cpu
    return {
        "side": f"houfeng, {kind.__name__.lower().replace('eventwatch', 'alerts')}, batches of {BATCH:,}",
        "rules": count,
        "events": done * BATCH,
        "rate": done * BATCH / wall,
        "rate_cpu": done * BATCH / cpu,
        "matches_per_event": matches / len(some),
        "prepared": round(prepared, 2),
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rules", type=int, nargs="+", default=[50, 1000])
    parser.add_argument("--seconds", type=float, default=20)
    given = parser.parse_args()
    pa.set_cpu_count(1)
    add_kind()
    print(json.dumps([measure(kind, n, given.seconds) for n in given.rules for kind in (Names, EventWatch)]))


if __name__ == "__main__":
    main()
