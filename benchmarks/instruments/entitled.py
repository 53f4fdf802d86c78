"""Policy finds the firm: all enterprises against every policy in force, and one enterprise with its reasons.

    python benchmarks/instruments/book.py BOOK --loans 500000 --borrowers 5000000    # three million enterprises
    python benchmarks/instruments/entitled.py BOOK OUT

`all` judges every enterprise for every policy of the pack `entitlements` that is in force, with its reasons, into
Parquet files, and counts the answers of every policy; `one` asks for 40 enterprises spread over the book, one at a
time, as a desk does: of the copies that `houfeng book index` makes, where there are any.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))
from loans import AS_OF, KNOWN

from houfeng.book.copies import with_copies
from houfeng.book.snapshot import Snapshot
from houfeng.book.store import Book
from houfeng.clock import wall_clock
from houfeng.engine.duckdb import Engine
from houfeng.instruments.entitlement import answers_sql, entitled, in_force, totals
from houfeng.instruments.everyone import judge_everyone
from houfeng.packs.loading.load import load_pack
from houfeng.settings import Settings

MEMORY = os.environ.get("BENCH_MEMORY", "640MB")
ASKED = 40


def everyone(snapshot: Snapshot, engine: Engine, out: Path) -> dict[str, Any]:
    """All enterprises by all policies."""
    began, spent = time.perf_counter(), time.process_time()
    pack = load_pack("entitlements")
    judged = judge_everyone(engine, snapshot, pack, AS_OF, KNOWN, out)
    policies = [one for one in in_force(pack, AS_OF, KNOWN.date()) if one.over == judged.kind]
    counts = totals(engine.rows(answers_sql(judged.answers(policies))))
    return {
        "enterprises": judged.rows, "policies": len(counts), "seconds": time.perf_counter() - began,
        "cpu": time.process_time() - spent, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }  # fmt: skip


def single(snapshot: Snapshot, engine: Engine) -> dict[str, Any]:
    """One enterprise at a time, after one to warm up."""
    pack = load_pack("entitlements")
    firms = snapshot.select("enterprise", as_of=AS_OF, columns=["enterprise_id"])
    found = engine.rows(f"SELECT enterprise_id FROM ({firms}) ORDER BY hash(enterprise_id) LIMIT {ASKED + 1}")
    clock, used = [], []
    for (firm,) in found:
        began, spent = time.perf_counter(), time.process_time()
        verdicts = entitled(snapshot, pack, firm, AS_OF, KNOWN, connection=engine.connection)
        clock.append(time.perf_counter() - began)
        used.append(time.process_time() - spent)
    return {
        "asked": ASKED, "policies": len(verdicts), "median_ms": 1000 * statistics.median(clock[1:]),
        "most_ms": 1000 * max(clock[1:]), "median_cpu_ms": 1000 * statistics.median(used[1:]),
        "first_ms": 1000 * clock[0],
    }  # fmt: skip


def main() -> None:
    """`entitled.py BOOK OUT`."""
    book, out = Path(sys.argv[1]), Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    snapshot = with_copies(Book.open(book, wall_clock).snapshot(KNOWN), book)
    with Engine(Settings(book, "en", MEMORY, None)) as engine:
        snapshot.attach(engine.connection)
        print(json.dumps({"all": everyone(snapshot, engine, out), "one": single(snapshot, engine)}))


if __name__ == "__main__":
    main()
