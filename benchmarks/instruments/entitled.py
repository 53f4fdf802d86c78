"""Policy finds the firm: all enterprises against every policy in force, and one enterprise with its reasons.

    python benchmarks/instruments/book.py BOOK --loans 500000 --borrowers 5000000    # three million enterprises
    python benchmarks/instruments/entitled.py BOOK OUT

`all` judges every enterprise for every policy of the pack `entitlements` that is in force, with the masks of its
reasons, into a Parquet file; `one` asks for 40 enterprises spread over the book, one at a time, as a desk does.
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

from houfeng.book.snapshot import Snapshot
from houfeng.book.store import Book
from houfeng.clock import wall_clock
from houfeng.engine.duckdb import Engine
from houfeng.instruments.entitlement import entitled, entitled_sql
from houfeng.packs.loading.load import load_pack
from houfeng.settings import Settings

MEMORY = os.environ.get("BENCH_MEMORY", "640MB")
ASKED = 40


def everyone(snapshot: Snapshot, engine: Engine, out: Path) -> dict[str, Any]:
    """All enterprises by all policies."""
    began, spent = time.perf_counter(), time.process_time()
    judging = entitled_sql(snapshot, load_pack("entitlements"), AS_OF, KNOWN)
    rows = engine.write(judging.sql, out / "entitled.parquet")
    return {
        "enterprises": rows, "policies": len(judging.grants), "seconds": time.perf_counter() - began,
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
    snapshot = Book.open(book, wall_clock).snapshot(KNOWN)
    with Engine(Settings(book, "en", MEMORY, None)) as engine:
        print(json.dumps({"all": everyone(snapshot, engine, out), "one": single(snapshot, engine)}))


if __name__ == "__main__":
    main()
