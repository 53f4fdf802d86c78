"""One side of the tagging benchmark: tag every loan of a book into a Parquet file, then count each theme.

`houfeng` runs the pack as the product does; `sql` runs the statement written by hand in tagging.sql, over the same
files, with the same memory and threads; `sql-shares` runs that statement bank by bank, with the product's own shares
and writer. All write the same columns and count the same figures, which are printed.
"""

from __future__ import annotations

import json
import os
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

from loans import AS_OF, KNOWN

from houfeng.book.snapshot import Snapshot
from houfeng.book.store import Book
from houfeng.clock import wall_clock
from houfeng.engine.duckdb import Engine
from houfeng.packs.loading.load import load_pack
from houfeng.settings import Settings
from houfeng.themes.shares import in_shares, shares

MEMORY = os.environ.get("BENCH_MEMORY", "640MB")
"""What DuckDB may hold on either side; the process as a whole holds more."""

Figures = dict[str, dict[str, Any]]
AMOUNTS = ("green_na01", "green_na02", "green_na03", "green_na04", "green_na05", "green_na06", "green_na07", "green_nb",
           "green_nc", "green_w00", "green")  # fmt: skip


def houfeng(snapshot: Snapshot, engine: Engine, out: Path, *, bits: bool) -> Figures:
    """The pack, compiled and run by the product's own code."""
    from houfeng.themes.cube import Cube
    from houfeng.themes.tagging import tag

    pack = load_pack("five-articles")
    began = time.perf_counter()
    tag(snapshot, pack, AS_OF, KNOWN, out, engine=engine, bits=bits)
    TIMES["tag"] = time.perf_counter() - began
    cube = Cube.build(engine, snapshot, pack, AS_OF, KNOWN.date(), (), "period", shares(snapshot, AS_OF))
    cells = cube.cells((), ("amount", "weighted", "weight", "notes", "borrowers"))
    TIMES["count"] = time.perf_counter() - began - TIMES["tag"]
    return {theme: cells[(), theme] for (_, theme) in cells if theme != "all"}


def by_hand(snapshot: Snapshot, engine: Engine, out: Path, themes: list[str], taken: tuple[str, ...]) -> Figures:
    """The statement of tagging.sql, then one aggregation over what it wrote, borrowers first brought to a row each."""
    began = time.perf_counter()
    engine.write_all(in_shares(hand_sql(snapshot, themes), taken), out)
    TIMES["tag"] = time.perf_counter() - began
    columns, borrowers, ors = [], [], []
    for theme in themes:
        amount = f"{theme}_amount" if theme in AMOUNTS or theme == "five_articles" else "amount"
        columns += [
            f"sum({amount}) FILTER ({theme}), sum({amount} * rate) FILTER ({theme})",
            f"sum({amount}) FILTER ({theme} AND rate IS NOT NULL), count(*) FILTER ({theme})",
        ]
        ors.append(f"bool_or({theme}) AS {theme}")
        borrowers.append(f"count(*) FILTER ({theme})")
    source = f"read_parquet('{out}')"
    ((*sums,),) = engine.rows(f"SELECT {', '.join(columns)} FROM {source}")
    each = f"SELECT {', '.join(ors)} FROM {source} WHERE borrower_id IS NOT NULL GROUP BY borrower_id"
    ((*people,),) = engine.rows(f"SELECT {', '.join(borrowers)} FROM ({each})")
    TIMES["count"] = time.perf_counter() - began - TIMES["tag"]
    found = {}
    for n, theme in enumerate(themes):
        amount, weighted, weight, notes = sums[4 * n : 4 * n + 4]
        found[theme] = {
            "amount": amount or Decimal(0),
            "weighted": weighted or Decimal(0),
            "weight": weight or Decimal(0),
            "notes": notes,
            "borrowers": people[n],
        }
    return found


def hand_sql(snapshot: Snapshot, themes: list[str]) -> str:
    """tagging.sql with its files, and its columns in the order of `themes`."""
    columns = []
    for theme in themes:
        columns.append(theme)
        if theme in AMOUNTS or theme == "five_articles":
            counted = "green_part" if theme in AMOUNTS else "total_amount"
            columns.append(f"CASE WHEN {theme} THEN {counted} END AS {theme}_amount")
    kinds = ("loan_balance", "loan", "enterprise", "enterprise_status", "credit_line")
    return (
        (Path(__file__).parent / "tagging.sql")
        .read_text("utf-8")
        .format(
            **{kind: list(snapshot.files(kind)) for kind in kinds},
            as_of=f"DATE '{AS_OF}'",
            pension_classes=", ".join(
                f"coalesce(pension_class = 'EC{n:02}', FALSE) AS pension_ec{n:02}" for n in range(1, 13)
            ),
            columns=", ".join(columns),
        )
    )


TIMES: dict[str, float] = {}


def main(which: str, folder: str, out: str) -> None:
    from houfeng.themes.tagging import loan_themes

    began = time.perf_counter()
    snapshot = Book.open(Path(folder), wall_clock).snapshot()
    settings = Settings(Path(folder), "en", MEMORY, None)
    with Engine(settings) as engine:
        if which.startswith("sql"):
            themes = [theme.name for theme in loan_themes(load_pack("five-articles"))]
            began = time.perf_counter()
            taken = shares(snapshot, AS_OF) if which == "sql-shares" else ("",)
            figures = by_hand(snapshot, engine, Path(out), themes, taken)
        else:
            figures = houfeng(snapshot, engine, Path(out), bits=which == "houfeng-reasons")
        seconds = time.perf_counter() - began
    plain = {theme: {key: str(value) for key, value in sorted(one.items())} for theme, one in figures.items()}
    print(json.dumps({"seconds": seconds, **TIMES, "figures": plain}))


if __name__ == "__main__":
    main(*sys.argv[1:])
