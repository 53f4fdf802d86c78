"""Ownership of several shapes by every side, each in a process of its own: seconds by the clock and of the processor.

    benchmarks/penetration/run.sh --firms 100000

A side that fails, or takes longer than `--longest` seconds, is told as such; nothing is left out silently.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from measure import watched
from shapes import SHAPES

HERE = Path(__file__).parent
PEERS = ("networkx", "igraph", "rustworkx", "duckdb", "clingo", "ladybug")


def main() -> None:
    """Run the sides and print one line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--firms", type=int, default=100_000)
    parser.add_argument("--shapes", default=",".join(SHAPES))
    parser.add_argument("--peers", default=",".join(PEERS), help="empty: Houfeng alone")
    parser.add_argument("--asked", type=int, default=2000, help="firms looked through")
    parser.add_argument("--changes", type=int, default=2000)
    parser.add_argument("--longest", type=int, default=170, help="seconds a peer may take")
    parser.add_argument("--python", required=True, help="Python that has the peers")
    asked = parser.parse_args()
    versions = ", ".join(f"{name} {version(name)}" for name in ("houfeng", "numba", "numpy", "scipy", "pyarrow"))
    print(f"{asked.firms:,} firms; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; {versions}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for shape in asked.shapes.split(","):
            file, answers = str(Path(folder) / f"{shape}.parquet"), str(Path(folder) / f"{shape}.answers")
            subprocess.run([sys.executable, str(HERE / "shapes.py"), shape, str(asked.firms), file], check=True)
            own = [str(HERE / "houfeng_side.py"), file, answers, str(asked.asked), str(asked.changes)]
            tell("houfeng", [sys.executable, *own])
            for peer in filter(None, asked.peers.split(",")):
                command = ["timeout", str(asked.longest), asked.python, str(HERE / "peers.py"), peer, file, answers]
                tell(peer, command)


def tell(name: str, command: list[str]) -> None:
    """Run one side."""
    wall, cpu, peak, code, out = watched(command)
    if code:
        print(f"  {name:10} {'longer than asked' if code == 124 else f'failed ({code})'}  {wall:.1f} s", flush=True)
        return
    told = json.loads(out.strip().splitlines()[-1])
    print(f"  {name:10} wall {wall:.1f} s  cpu {cpu:.1f} s  {peak} MB  {json.dumps(told)}", flush=True)


if __name__ == "__main__":
    main()
