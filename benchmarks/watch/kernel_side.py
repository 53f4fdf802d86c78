"""The kernel alone: events in, the values of all 20 indicators out at each, on one core; its bound, and three curves.

kernel_side.py --events FILE...      cold (first events of keys) and steady (every key has its state), and the bound:
                                     how fast the machine can merely read the lines of memory an event needs
kernel_side.py --curves              cost of rules that cannot fire (50 to 10,000); memory by keys, indicators, window
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from houfeng.book.connection import connect
from houfeng.engine.compiling import compiled
from houfeng.packs.language.expression import Node
from houfeng.packs.loading.load import load_pack
from houfeng.packs.roads.compile import column_of
from houfeng.packs.roads.sql import SqlWriter
from houfeng.watch.kernel.blocks import BASE, CAP, HEAD, TAIL
from houfeng.watch.kernel.columns.block import BLOCK, LINE
from houfeng.watch.kernel.conditions import RATIO, SCALED, Conditions, Variable
from houfeng.watch.kernel.filter import may_hold
from houfeng.watch.kernel.interner import Interner
from houfeng.watch.kernel.kernel import WRITE_ALL, Events, Kernel
from houfeng.watch.kernel.layout import Layout, layout
from houfeng.watch.live.feeds import FeedReader
from houfeng.watch.plan import Plan, plan_rules

HERE = Path(__file__).parent
DAY_ONE = date(2025, 1, 1)


def bench_plan() -> tuple[Any, Plan]:
    """The pack of the benchmark and its plan."""
    pack = load_pack(str(HERE / "pack"))
    return pack, plan_rules(pack, "enterprise", list(pack.rules.values()))


def nothing_to_look_for(pack: Any, plan: Plan) -> tuple[Any, ...]:
    """A program without rules."""
    conditions = Conditions(pack, plan.kind, [], lambda name: None, lambda text: 0)
    return conditions.program(DAY_ONE, np.zeros((1, 1)))


def read(files: Sequence[Path], pack: Any, shape: Layout) -> tuple[Events, int]:
    """The events of files as the kernel takes them, and the number of keys."""
    rows = pa.concat_tables([pq.read_table(file) for file in files]).combine_chunks()
    t = rows.column("occurred_at").cast(pa.timestamp("us")).cast(pa.int64()).to_numpy() // 1_000_000
    rows = rows.append_column("_t", pa.array(t))
    words, keys = Interner(), Interner()
    writer = SqlWriter(pack, DAY_ONE, DAY_ONE, column_of)
    connection = connect(memory="4GB", threads=2, in_order=True)
    found = FeedReader(connection, shape.feeds[0], writer, lambda texts: words.numbers(texts, add=True)).read(rows)
    numbers = keys.numbers(found.keys, add=True)
    width = found.channels.shape[1]
    return Events(t, numbers, np.zeros_like(t), np.arange(len(t)) * width, found.channels.reshape(-1)), keys.count


@compiled
def read_only(records, words, heap, rings, keys):
    """Only the reads of every event: each key's record, and what its rings are written and read at, side by side."""
    found = 0
    for first in range(0, len(keys), BLOCK):
        last = min(first + BLOCK, len(keys))
        for j in range(first, last):
            for w in range(keys[j] * words, (keys[j] + 1) * words, LINE):
                found += records[w]
        for j in range(first, last):
            for r in range(len(rings)):
                at, width = keys[j] * words + rings[r, 0], rings[r, 1]
                cap = records[at + CAP]
                if cap:
                    newest = (records[at + TAIL] - 1) & (cap - 1) if width else 0
                    found += heap[records[at + BASE] + newest * width]
                    if width:
                        found += heap[records[at + BASE] + (records[at + HEAD] & (cap - 1)) * width]
    return found


def speed(files: Sequence[Path]) -> dict[str, Any]:
    """Events a second on one core: cold, steady, and the bound."""
    pack, plan = bench_plan()
    shape = layout(plan)
    events, keys = read(files, pack, shape)
    program = nothing_to_look_for(pack, plan)
    kernel = Kernel(shape, 1 << 21, 1 << 34)
    kernel.add_keys(keys)
    for _ in kernel.events(events.span(0, 1), program, -1, WRITE_ALL):
        pass  # compiled now
    period = int(events.times[-1] - events.times[0]) + 1
    told: dict[str, Any] = {"side": "kernel", "events": len(events.times), "keys": keys}
    for name, turn in (("cold", 0), ("steady", 1), ("steady_again", 2)):
        later = events._replace(times=events.times + turn * period)
        began = time.perf_counter()
        for _ in kernel.events(later.span(1 - min(turn, 1), len(later.times)), program, -1, WRITE_ALL):
            pass
        told[name] = round(len(events.times) / (time.perf_counter() - began))
    flat = kernel.state[0]
    read_only(flat, shape.words, kernel.heap, shape.rings, events.keys[:1000])
    began = time.perf_counter()
    read_only(flat, shape.words, kernel.heap, shape.rings, events.keys)
    told["bound"] = round(len(events.times) / (time.perf_counter() - began))
    return told | {"memory_mb": kernel.memory >> 20, "bytes_per_key": round(kernel.memory / keys)}


def rules_curve() -> list[dict[str, Any]]:
    """Nanoseconds an instant costs in the filter, by the number of rules of which none can fire."""
    pack, plan = bench_plan()
    shape = layout(plan)
    place = shape.outputs

    def variable(name: str) -> Variable | None:
        first = place[name]
        return Variable(RATIO, first[0], first[1]) if len(first) == 2 else Variable(SCALED, first[0])

    model = [pack.rules[name].tiers["yellow"] for name in ("burst_out_large", "in_month", "through_in_a_day")]
    found = []
    row = np.zeros(shape.width, np.int64)
    for number in (50, 100, 500, 1_000, 5_000, 10_000):
        rules = [[_raised(model[n % len(model)], n)] for n in range(number)]
        conditions = Conditions(pack, plan.kind, rules, variable, lambda text: 0)
        program = conditions.program(DAY_ONE, np.zeros((1, 1)))
        _many(program, row, 10)
        began = time.perf_counter()
        _many(program, row, 1_000_000)
        found.append({"rules": number, "ns_per_instant": round((time.perf_counter() - began) * 1e3, 1)})
    return found


def _raised(node: Node, by: int) -> Node:
    """The same condition with every limit far above what can be, each rule's another."""
    if node.op == "literal" and isinstance(node.value, int):
        return replace(node, value=node.value + 1_000_000_000 + by)
    return replace(node, args=tuple(_raised(arg, by) for arg in node.args))


@compiled
def _many(program, row, times):
    found = 0
    for _ in range(times):
        found += may_hold(program, row, 0)
    return found


def memory_curves() -> list[dict[str, Any]]:
    """Bytes of the windows: by keys, by events a key, by indicators."""
    pack, plan = bench_plan()
    found = []
    rng = np.random.default_rng(5)
    program = nothing_to_look_for(pack, plan)
    for keys, each, windows in (
        (100_000, 10, 20),
        (300_000, 10, 20),
        (1_000_000, 10, 20),
        (100_000, 3, 20),
        (100_000, 30, 20),
        (100_000, 100, 20),
        (100_000, 10, 5),
        (100_000, 10, 10),
    ):
        shape = layout(replace(plan, windows=plan.windows[:windows]))
        count, width = keys * each, len(shape.feeds[0].channels)
        numbers = rng.integers(1, 50, (count, width))
        times = np.sort(rng.integers(0, 365 * 86400, count)) + 20089 * 86400
        events = Events(
            times, rng.integers(0, keys, count), np.zeros_like(times), np.arange(count) * width, numbers.reshape(-1)
        )
        kernel = Kernel(shape, 1 << 21, 1 << 35)
        kernel.add_keys(keys)
        for _ in kernel.events(events, program, -1, WRITE_ALL):
            pass
        found.append(
            {"keys": keys, "events_per_key": each, "indicators": windows, "bytes_per_key": round(kernel.memory / keys)}
        )
        print(json.dumps(found[-1]), file=sys.stderr)
    return found


def main() -> None:
    """Print one line of JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", nargs="*", type=Path, default=[])
    parser.add_argument("--curves", action="store_true")
    given = parser.parse_args()
    told: dict[str, Any] = speed(given.events) if given.events else {}
    if given.curves:
        told |= {"rules": rules_curve(), "memory": memory_curves()}
    print(json.dumps(told))


if __name__ == "__main__":
    main()
