"""How many explanations a second: in memory, and each fetched anew from a book of loans.

`memory` explains the rows of the pack's own cases, all steps kept, `five_articles` with everything under it (every
theme of the pack). `book` asks an `Explainer` for notes of a book by their whole key, as `houfeng pack explain` does.
"""

from __future__ import annotations

import json
import sys
import time
from decimal import localcontext
from pathlib import Path
from typing import Any

from loans import AS_OF, KNOWN, bank_code

from houfeng.book.connection import connect
from houfeng.book.store import Book
from houfeng.clock import wall_clock
from houfeng.packs.explain import Explainer, Explanation
from houfeng.packs.loading.load import load_pack
from houfeng.packs.roads.evaluate import EXACT, Evaluator, Trace
from houfeng.packs.roads.world import World, build_rows

ITEM = "five_articles"


def steps(trace: Trace) -> int:
    """How many steps an explanation has."""
    return 1 + sum(steps(part) for part in trace.parts)


def memory(*_: str) -> dict[str, Any]:
    """Explanations of the cases' rows, their worlds made beforehand."""
    pack = load_pack("five-articles")
    worlds = []
    for case in pack.cases:
        asked, rows = build_rows(case.given, case.as_of) if case.expect else ("", {})
        if asked == "loan_balance":
            worlds.append((World.of(case.as_of, case.known_at, rows), rows[asked][0]))
    definition, count, told = pack.items[("loan_balance", ITEM)], 0, 0
    began = time.perf_counter()
    while time.perf_counter() - began < 3:
        for world, row in worlds:
            with localcontext(EXACT):
                trace = Evaluator(pack, world).item(definition, row)
            Explanation("loan_balance", row, world.as_of, world.known, (trace,)).lines("zh")
            told += steps(trace)
            count += 1
    return {"per_second": count / (time.perf_counter() - began), "steps": told / count}


def book(folder: str, loans: str, asked: str) -> dict[str, Any]:
    """Explanations of `asked` notes spread over the book's `loans`, after one to warm up."""
    snapshot = Book.open(Path(folder), wall_clock).snapshot()
    explainer = Explainer(load_pack("five-articles"), snapshot, connect(), AS_OF, KNOWN.date())
    total, count, told = int(loans), int(asked), 0
    times = []
    for n in range(count + 1):
        i = min(n * (total // (count + 1)) + n * 17 % 1000, total - 1)
        key = {
            "institution_id": bank_code(next(b for b in range(20) if i < total * (b + 1) // 20)),
            "contract_no": f"HT2026{i // 2:012}",
            "note_no": f"JJ{i:014}",
        }
        began = time.perf_counter()
        found = explainer.explain("loan_balance", key, [ITEM])
        found.lines("zh")
        times.append(time.perf_counter() - began)
        told += sum(steps(trace) for trace in found.traces)
    warm = sorted(times[1:])
    return {"per_second": count / sum(warm), "median": warm[count // 2], "first": times[0], "steps": told / (count + 1)}


if __name__ == "__main__":
    print(json.dumps({"memory": memory, "book": book}[sys.argv[1]](*sys.argv[2:])))
