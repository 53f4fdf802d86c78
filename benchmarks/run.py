"""Run the benchmarks, both sides of each in one run, and print the tables that README.md shows.

Every side is a process of its own (see measure.py), one after the other. What is made for them goes into `--work`, a
folder of some gigabytes that may be kept: a book of the same size is not made twice.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from measure import HERE, machine, side, table

Found = dict[str, Any]
INVOICES = HERE.parent.parent / "shared" / "data" / "cumcm2020c_sme_invoices"
AMPLE = {"BENCH_MEMORY": "12GB"}


def ingest(asked: argparse.Namespace) -> str:
    """(a) A table of loans with all checks, against readers that check nothing."""
    folder = _folder(asked.work / f"ingest-{asked.rows}")
    if not (folder / "loans.xlsx").exists():
        side("ingest_side.py", "make", folder, str(asked.rows))
    lines = []

    def line(label: str, *command: str | Path) -> None:
        done = side("ingest_side.py", *command)
        speed = f"{done['rows'] / done['seconds']:,.0f}"
        lines.append((label, f"{done['rows']:,}", f"{done['seconds']:.1f}", speed, f"{done['peak_mb']:,}"))
        shutil.rmtree(folder / "book", ignore_errors=True)

    for name, other in (("csv", "pandas"), ("xlsx", "openpyxl")):
        path = folder / f"loans.{name}"
        size = f"{name}, {path.stat().st_size // 1024**2} MB"
        line(f"Houfeng, {size}: read and check", "prepare", path)
        line(f"Houfeng, {size}: read, check, into the book", "submit", path, folder / "book")
        what = "`pandas.read_csv`" if other == "pandas" else "`openpyxl` read-only"
        line(f"{what}, {size}: no checks", other, path)
    if INVOICES.is_dir():
        line(
            "Houfeng, real invoices (4 Parquet files): read, check, into the book",
            "invoices",
            INVOICES,
            folder / "book",
        )
    return table(("side", "rows", "s", "rows/s", "peak MB"), lines)


def tagging(asked: argparse.Namespace) -> str:
    """(b) The five articles over a book of loans: the pack, SQL by hand, openfisca."""
    book = _book(asked, asked.loans)
    out, hand = asked.work / "tagged.parquet", asked.work / "by-hand.parquet"
    runs = {
        "Houfeng, flags and amounts": side("tagging_side.py", "houfeng", book, out),
        "SQL by hand, the same memory": side("tagging_side.py", "sql", book, hand),
        "SQL by hand, bank by bank, the same memory": side("tagging_side.py", "sql-shares", book, hand),
        "SQL by hand, 12 GB": side("tagging_side.py", "sql", book, hand, env=AMPLE),
    }
    first, *others = runs.values()
    for other in others:
        if other["figures"] != first["figures"]:
            raise SystemExit("the two sides count differently")
    differing = side("compare_side.py", out, hand)["differing"]
    if differing:
        raise SystemExit(f"{differing} notes are tagged differently")
    runs["Houfeng, with reason bits"] = side("tagging_side.py", "houfeng-reasons", book, out)
    lines = [
        (
            label,
            f"{d['tag']:.1f}",
            f"{d['count']:.1f}",
            f"{d['tag'] + d['count']:.1f}",
            f"{d['cpu']:.0f}",
            f"{d['peak_mb']:,}",
        )
        for label, d in runs.items()
    ]
    whole = table(("side", "tag, s", "count, s", "together, s", "CPU, s", "peak MB"), lines)
    agreed = f"All {len(first['figures'])} themes agree to the fen; 0 of the notes' rows differ."
    return f"{whole}\n\n{agreed}\n\n{fisca(book, out)}"


def fisca(book: Path, out: Path) -> str:
    """The sixteen themes that openfisca is given too."""
    ours = side("openfisca_side.py", "houfeng", book, out)
    theirs = side("openfisca_side.py", "openfisca", book, out)
    worst = max(ours["sums"], key=lambda theme: abs(Decimal(ours["sums"][theme]) - Decimal(theirs["sums"][theme])))
    error = abs(Decimal(ours["sums"][worst]) - Decimal(theirs["sums"][worst]))
    lines = [
        ("Houfeng", f"{ours['seconds']:.1f}", "", f"{ours['peak_mb']:,}", "0.00"),
        (
            "openfisca-core",
            f"{theirs['seconds']:.1f}",
            f"{theirs['facts']:.1f}",
            f"{theirs['peak_mb']:,}",
            f"{error:,.2f} of {Decimal(ours['sums'][worst]):,} ({worst})",
        ),
    ]
    return table(("16 themes", "s", "of it joining by DuckDB, s", "peak MB", "greatest error of a sum, yuan"), lines)


def explain(asked: argparse.Namespace) -> str:
    """(c) Explanations a second."""
    book = _book(asked, asked.rows)
    memory = side("explain_side.py", "memory")
    fetched = side("explain_side.py", "book", book, str(asked.rows), "100")
    lines = [
        ("in memory", f"{memory['per_second']:,.0f}", f"{memory['steps']:,.0f}", f"{memory['peak_mb']:,}"),
        (f"from a book of {asked.rows:,} notes", f"{fetched['per_second']:,.1f}", f"{fetched['steps']:,.0f}",
         f"{fetched['peak_mb']:,}"),
    ]  # fmt: skip
    return table(("explanations of `five_articles`", "per second", "steps in each", "peak MB"), lines)


def cold(asked: argparse.Namespace) -> str:
    """(d) Cold start."""
    done = side("cold_side.py", asked.houfeng, _book(asked, 2_000), "11")
    lines = [
        (f"`{label}`", f"{one['median']:.2f}", f"{one['most']:.2f}")
        for label, one in done.items()
        if label not in ("wall", "cpu", "peak_mb")
    ]
    return table(("command", "median of 11, s", "greatest, s"), lines)


def _book(asked: argparse.Namespace, loans: int) -> Path:
    folder = asked.work / f"book-{loans}"
    if not (folder / "done").exists():
        shutil.rmtree(folder, ignore_errors=True)
        _folder(asked.work)
        told = side("loans.py", folder / "book", "--loans", str(loans))
        (folder / "done").write_text(json.dumps(told))
    return folder / "book"


def _folder(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path


BENCHMARKS: dict[str, Callable[[argparse.Namespace], str]] = {
    "ingest": ingest,
    "tagging": tagging,
    "explain": explain,
    "cold": cold,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=HERE / "work", help="folder for what is made")
    parser.add_argument("--loans", type=int, default=10_000_000, help="notes of the tagging benchmark")
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the ingest and explain benchmarks")
    parser.add_argument("--houfeng", default="houfeng", help="the program whose cold start is measured")
    parser.add_argument("only", nargs="*", help="which; none: all")
    asked = parser.parse_args()
    print(machine(), flush=True)
    for name in asked.only or BENCHMARKS:
        print(f"\n## {name}\n\n{BENCHMARKS[name](asked)}", flush=True)


if __name__ == "__main__":
    main()
