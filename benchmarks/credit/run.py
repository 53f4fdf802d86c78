"""Fit a scorecard on the same rows by every side, each in a process of its own: seconds, memory, AUC.

    benchmarks/credit/run.sh --rows 200000 --fields 30

A side whose environment is missing or whose script fails is told as such; nothing is left out silently.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from measure import watched
from rows import write

HERE = Path(__file__).parent


def main() -> None:
    """Run the sides and print one line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--fields", type=int, default=30)
    parser.add_argument("--toad", default="", help="Python that has toad")
    parser.add_argument("--scorecardpy", default="", help="Python that has scorecardpy")
    asked = parser.parse_args()
    sides = {"houfeng": sys.executable, "optbinning": sys.executable}
    sides |= {name: python for name, python in (("toad", asked.toad), ("scorecardpy", asked.scorecardpy)) if python}
    versions = ", ".join(f"{name} {version(name)}" for name in ("houfeng", "optbinning", "scikit-learn", "numpy"))
    print(f"{asked.rows:,} rows × {asked.fields}; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; {versions}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.parquet"
        write(path, asked.rows, asked.fields)
        for name, python in sides.items():
            command = [python, str(HERE / f"{name}_side.py"), str(path)]
            wall, cpu, peak, code, out = watched(command)
            if code:
                print(f"{name:12} failed ({code})")
                continue
            told = json.loads(out.strip().splitlines()[-1])
            figures = f"fit {told['fit']:7.2f} s  score {told['score']:6.2f} s  AUC {told['auc']:.4f}"
            print(f"{name:12} {figures}  {told['fields']} fields  wall {wall:6.1f} s  cpu {cpu:6.1f} s  {peak} MB")


if __name__ == "__main__":
    main()
