"""Run one side of a comparison in a process of its own, and tell how long it took and how much memory it held.

A side is a script that prints one line of JSON as its last line; the peak of its resident memory comes from the kernel
(`wait4`), so that nothing a side does in C++ is missed.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PACKAGES = ("houfeng", "duckdb", "pyarrow", "deltalake", "numpy", "pandas", "openpyxl", "openfisca-core")


def side(script: str, *arguments: str | Path, env: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Run `script`, a file beside this one, in a child: what it printed last, `wall` and `cpu` seconds, `peak_mb`."""
    command = [sys.executable, str(HERE / script), *map(str, arguments)]
    wall, cpu, peak, code, out = watched(command, env)
    if code:
        raise SystemExit(f"{' '.join(command)} ended with {code}:\n{out}")
    found: dict[str, Any] = json.loads(out.strip().splitlines()[-1]) if out.strip() else {}
    return found | {"wall": wall, "cpu": cpu, "peak_mb": peak}


def watched(command: Sequence[str], env: Mapping[str, str] | None = None) -> tuple[float, float, int, int, str]:
    """Seconds by the clock and of all cores, peak resident megabytes, exit code and standard output of a command."""
    began = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **(env or {})})
    assert child.stdout is not None
    out = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    wall, cpu = time.perf_counter() - began, usage.ru_utime + usage.ru_stime
    return wall, cpu, usage.ru_maxrss // 1024, child.returncode, out


def machine() -> str:
    """What this ran on, in one line."""
    model = next((line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), "")
    memory = next(
        (int(line.split()[1]) // 1024**2 for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), 0
    )
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return (
        f"{model or platform.machine()}, {os.cpu_count()} cores, {memory} GB, "
        f"{platform.system()} {platform.release()}, "
        f"load {os.getloadavg()[0]:.1f}; Python {platform.python_version()}, {versions}"
    )


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def median(values: Sequence[float]) -> float:
    """The middle one."""
    return statistics.median(values)
