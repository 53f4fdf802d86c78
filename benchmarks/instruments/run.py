"""Run all sides one after the other, each in a process of its own, and print the tables."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
from measure import machine, side, table  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--loans", type=int, default=10_000_000)
    parser.add_argument("--work", type=Path, default=HERE.parent / "work" / "instruments")
    parser.add_argument("--months", type=int, default=12)
    parser.add_argument("--without-openfisca", action="store_true")
    asked = parser.parse_args()
    book, out = asked.work / f"book-{asked.loans}", asked.work / "out"
    print(machine(), flush=True)
    if not (book / "made").exists():
        shutil.rmtree(book, ignore_errors=True)
        asked.work.mkdir(parents=True, exist_ok=True)
        side("instruments/book.py", book / "book", "--loans", str(asked.loans))
        (book / "made").touch()
    ours = side("instruments/side.py", "houfeng", book / "book", out)
    line = [f"{ours[key]:.1f}" for key in ("judge", "judge_cpu", "claims", "claims_cpu")]
    print(f"\n{ours['rows']:,} rows judged\n")
    header = ("Houfeng", "judge, s", "judge, CPU s", "claims, s", "claims, CPU s", "peak MB")
    print(table(header, [("all tools", *line, f"{ours['peak_mb']:,}")]))
    lines = [
        (name, f"{one['lines']:,}", one["amount"], f"{ours['each'][name]:.2f}")
        for name, one in ours["figures"].items()
        if one["lines"]
    ]
    print("\n" + table(("instrument", "lines", "amount, yuan", "CPU s"), lines), flush=True)
    if not asked.without_openfisca:
        exact = side("instruments/side.py", "plain", book / "book", out)
        theirs = side("instruments/side.py", "openfisca", book / "book", out)
        print(f"\nopenfisca-core: {theirs['seconds']:.1f} s, of it joining by DuckDB {theirs['facts']:.1f} s, "
              f"{theirs['peak_mb']:,} MB\n")  # fmt: skip
        lines = [(name, value, f"{theirs['sums'][name]:,.2f}") for name, value in exact["sums"].items()]
        print(table(("without ceilings and exclusion", "exact", "openfisca, float32"), lines), flush=True)
    if asked.months:
        runs = side("instruments/side.py", "monthly", book / "book", out, str(asked.months))["runs"]
        lines = [(one["month"], f"{one['seconds']:.1f}", f"{one['cpu']:.1f}", f"{one['peak_mb']:,}") for one in runs]
        print("\n" + table(("month", "s", "CPU s", "peak MB so far"), lines), flush=True)


if __name__ == "__main__":
    main()
