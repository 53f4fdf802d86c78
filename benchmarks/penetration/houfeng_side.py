"""Houfeng's side: load, all controllers, firms looked through, stakes changed; prints one line of JSON.

Seconds are by the clock, and of the processor (`cpu_`): on a busy machine the two differ.
"""

from __future__ import annotations

import json
import random
import resource
import statistics
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from houfeng.penetration.control import control
from houfeng.penetration.graph import UNIT, Holdings
from houfeng.penetration.integrated import Penetration
from houfeng.penetration.ownership.updating import Living

Figures = dict[str, object]


def main() -> None:
    """Measure one file: FILE, where to write the controllers, how many firms to look through, how many changes."""
    path, answers = Path(sys.argv[1]), Path(sys.argv[2])
    asked, changes = int(sys.argv[3]), int(sys.argv[4])
    warm()
    found: Figures = {}
    graph = timed(found, "load", lambda: Holdings.of(pq.read_table(path)))
    top = timed(found, "controllers", lambda: control(graph).top)
    pq.write_table(pa.table({"id": graph.ids, "top": graph.ids.take(pa.array(top))}), answers)
    found["peak_mb"] = peak()
    if asked:
        looked(graph, asked, found, answers)
    if changes:
        changed(graph, changes, found)
    print(json.dumps(found | {"peak_mb_in_all": peak()}))


def looked(graph: Holdings, asked: int, found: Figures, answers: Path) -> None:
    """Firms looked through, one after another; and the shares, for the others to compare."""
    looking = timed(found, "prepare_one", lambda: Penetration(graph))
    graph.place(str(graph.ids[0]))
    firms = np.flatnonzero(~graph.owners)
    names = graph.names(np.array(random.Random(1).sample(firms.tolist(), asked)))
    looking.of(names[0])
    clock, cpu, most, rows = [], [], 0, []
    for name in names:
        began, ran = time.perf_counter(), time.thread_time()
        told = looking.of(name)
        clock.append(time.perf_counter() - began)
        cpu.append(time.thread_time() - ran)
        most = max(most, len(told.owners))
        rows += [(name, owner.holder, owner.share) for owner in told.owners]
    found |= {"one_ms": quantiles(clock), "cpu_one_ms": quantiles(cpu), "most_owners": most}
    columns = dict(zip(("firm", "holder", "share"), zip(*rows, strict=True), strict=True))
    pq.write_table(pa.table({name: pa.array(column) for name, column in columns.items()}), f"{answers}.shares")


def changed(graph: Holdings, changes: int, found: Figures) -> None:
    """Random stakes become another size within what the others leave: the new controllers are there after each."""
    living = timed(found, "prepare_change", lambda: Living(graph))
    choose = random.Random(2)
    clock, cpu, moved = [], [], 0
    for _ in range(changes):
        stake = choose.randrange(len(graph.holder))
        who, firm = graph.names([graph.holder[stake], graph.held[stake]])
        room = UNIT - int(living.totals[graph.held[stake]]) + living.stake(who, firm)
        share = Decimal(choose.randrange(0, max(1, room // 1000))) / 100
        began, ran = time.perf_counter(), time.thread_time()
        moved += len(living.change(who, firm, share))
        living.ultimate(firm)
        clock.append(time.perf_counter() - began)
        cpu.append(time.thread_time() - ran)
    figures = {"change_ms": quantiles(clock), "cpu_change_ms": quantiles(cpu)}
    found |= figures | {"recomputed": living.recomputed, "moved": moved}


def timed(found: Figures, name: str, make: Callable[[], Any]) -> Any:
    """Make something, and note how long it took."""
    began, ran = time.perf_counter(), time.process_time()
    made = make()
    found[name] = round(time.perf_counter() - began, 3)
    found[f"cpu_{name}"] = round(time.process_time() - ran, 3)
    return made


def warm() -> None:
    """Compile, or read what was compiled."""
    graph = Holdings.of(
        pa.table({"holder_id": ["a", "b", "c"], "enterprise_id": ["b", "c", "b"], "share": ["60", "60", "9"]})
    )
    assert control(graph).ultimate("c") == "a"
    Penetration(graph).of("c")
    living = Living(graph)
    for share in (10, 60, 20):
        living.change("a", "b", Decimal(share))
    assert len(living.top) == living.size


def peak() -> int:
    """The most memory held so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


def quantiles(seconds: list[float]) -> dict[str, float]:
    """Median, 99th percentile and the worst, in milliseconds."""
    cuts = statistics.quantiles(seconds, n=100)
    return {"p50": round(cuts[49] * 1000, 3), "p99": round(cuts[98] * 1000, 3), "most": round(max(seconds) * 1000, 3)}


if __name__ == "__main__":
    main()
