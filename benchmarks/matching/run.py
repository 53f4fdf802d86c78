"""Assign half a million needs to six hundred products both ways, and check what comes out.

    python benchmarks/matching/run.py [--needs 500000] [--products 600] [--floors] [--grouped 5]

Times are of one process on what cores it is given: `build` is from attributes to classes and lists, `stable` and
`best` are the assignments, warm (compiled code is loaded once before). The check of stability is written with numpy
alone and does not use the solver's cutoffs. `--grouped` runs it again with so many percent of the needs in groups that
banks may lend only so much to.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from market import asks, build, grouped, offers

from houfeng.errors import Text
from houfeng.matching.assign import Floor, Market, best, stable
from houfeng.matching.assign.checking import broken
from houfeng.matching.assign.market import Ints


def timed(work: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    """What it gives, and seconds: by the clock, and of the processor (which others on the machine do not lengthen)."""
    began, used = time.perf_counter(), time.process_time()
    found = work()
    return found, {"wall": round(time.perf_counter() - began, 3), "cpu": round(time.process_time() - used, 3)}


def envied(given: Market, entry: Ints) -> int:
    """How many (need, product) pairs see somebody ranked strictly lower served where the need would rather be."""
    lowest = np.full(len(given.capacities), np.inf)
    got = np.flatnonzero(entry >= 0)
    np.minimum.at(lowest, given.products[entry[got]], given.priority[got])
    count = 0
    for need in np.random.default_rng(0).choice(given.needs, min(given.needs, 100_000), replace=False):
        first = given.starts[given.classes[need]]
        end = entry[need] if entry[need] >= 0 else given.starts[given.classes[need] + 1]
        count += int((given.priority[need] > lowest[given.products[first:end]]).sum())
    return count


def main() -> None:
    """Run it and print what came out."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--needs", type=int, default=500_000)
    parser.add_argument("--products", type=int, default=600)
    parser.add_argument("--fill", type=float, default=0.7)
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--floors", action="store_true")
    parser.add_argument("--grouped", type=float, default=0.0, help="Percent of the needs that are in groups.")
    asked = parser.parse_args()
    stable(build(asks(500, 1), offers(20, 1), 0.7), filling=True)
    best(build(asks(500, 1), offers(20, 1), 0.7))
    print("warm", file=sys.stderr)
    needs, products = asks(asked.needs, asked.seed), offers(asked.products, asked.seed)
    given, build_seconds = timed(lambda: build(needs, products, asked.fill))
    plain, plain_seconds = timed(lambda: stable(given))
    filled, filled_seconds = timed(lambda: stable(given, filling=True))
    total, total_seconds = timed(lambda: best(given))
    report: dict[str, Any] = {
        "needs": given.needs,
        "products": len(given.capacities),
        "classes": len(given.starts) - 1,
        "pairs": int(np.diff(given.starts)[given.classes].sum()),
        "build": build_seconds,
        "stable": plain_seconds,
        "stable_filled": filled_seconds,
        "best": total_seconds,
        "placed": {"stable": int((plain.entry >= 0).sum()), "best": int((total.entry >= 0).sum())},
        "best_over_stable": total.value / filled.value - 1,
        "gap_of_best": (total.bound - total.value) / total.bound if total.bound else 0.0,
        "wrong": [*broken(given, plain.entry), *broken(given, filled.entry), *broken(given, total.entry)],
        "envied": envied(given, plain.entry),
    }
    if asked.floors:
        members = needs.attributes[:, 5] == 3
        floors = [Floor("city", Text("某市", "one city"), members, int(given.sizes[members].sum() * 0.3))]
        fair, seconds = timed(lambda: best(given, floors))
        report |= {"best_with_floor": seconds, "wrong_with_floor": broken(given, fair.entry, floors)}
    if asked.grouped:
        bound = grouped(given, asked.grouped, asked.seed)
        held, held_seconds = timed(lambda: stable(bound, filling=True))
        most, most_seconds = timed(lambda: best(bound))
        report["grouped"] = {
            "caps": len(bound.caps.room),
            "stable_filled": held_seconds,
            "best": most_seconds,
            "gap_of_best": (most.bound - most.value) / most.bound if most.bound else 0.0,
            "wrong": [*broken(bound, held.entry), *broken(bound, most.entry)],
        }
    report["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
