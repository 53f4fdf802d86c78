"""All sides of the watch's benchmark in one run: makes the events, runs each side in a process of its own, prints one
table.

`run.sh` makes the environments and calls this. Houfeng's own side is `houfeng*_side.py` beside this file: each takes
`--events FILE... --out FILE` (Parquet) as a peer does, prints one line of JSON with `side, events, seconds, rate,
opened` (and what it likes), and stands in the same table. Seconds are those of the stream, from its start to its last
alert, without the engine's own start. “Buckets”: one state holds about a thousandth of the
enterprises, which saves a peer most of its work per key. The load before each side stands beside it: on a busy
machine only events per CPU second say anything. `verify.py` compares the alerts.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))
from measure import table, watched  # noqa: E402

# side: script, format of the events, parts of each slice, events by default, further arguments
PEERS: dict[str, tuple[str, str, int, int, list[str]]] = {
    "duckdb": ("peers/duckdb_side.py", "parquet", 1, 5_000_000, []),
    "pathway": ("peers/pathway_side.py", "csv", 1, 500_000, []),
    "pathway-buckets": ("peers/pathway_side.py", "csv", 1, 500_000, ["--buckets"]),
    "bytewax": ("peers/bytewax_side.py", "parquet", 2, 500_000, []),
    "bytewax-buckets": ("peers/bytewax_side.py", "parquet", 2, 500_000, ["--buckets"]),
    "spark": ("peers/spark_side.py", "parquet", 1, 500_000, []),
}


def events(python: str, work: Path, count: int, form: str, parts: int) -> list[str]:
    """The files of so many events, made if they are not there."""
    folder = work / f"{form}-{count}-{parts}"
    if not (folder / ".done").exists():
        command = [python, HERE / "events.py", folder, "--events", count, "--format", form, "--parts", parts]
        subprocess.run([str(part) for part in command], check=True, stdout=sys.stderr)
        (folder / ".done").touch()
    return [str(path) for path in sorted(folder.glob(f"account_flow-*.{form}"))]


def one(command: list[str], env: dict[str, str]) -> dict[str, Any]:
    """Run a side: what it printed last, with CPU seconds and peak MB (its own figures go before), and the load."""
    load = os.getloadavg()[0]
    wall, cpu, peak, code, out = watched(command, env)
    shown = command[:2] + [part for part in command[2:] if not part.endswith((".parquet", ".csv"))]
    if code:
        return {"failed": code, "command": " ".join(shown), "said": out[-500:]}
    found: dict[str, Any] = json.loads(out.strip().splitlines()[-1])
    told = {"wall": round(wall, 1), "load_before": load, "command": " ".join(shown)}
    return {"peak_mb": peak, "cpu": round(cpu, 1)} | found | told


def streams(given: argparse.Namespace) -> list[dict[str, Any]]:
    """The windowed workload: Houfeng's sides, then the peers."""
    found = []
    sides: dict[str, tuple[str, str, int, int, list[str]]] = {
        path.stem: (path.name, "parquet", 1, 5_000_000, []) for path in sorted(HERE.glob("houfeng*_side.py"))
    }
    for name, (script, form, parts, usual, more) in (sides | PEERS).items():
        if given.sides and not any(name.startswith(side) for side in given.sides):
            continue
        count = min(usual, given.events or usual)
        files, out = events(given.python, given.work, count, form, parts), given.work / f"alerts-{name}.jsonl"
        python = given.python if name in sides else given.peers
        print(f"{name}: {count} events", file=sys.stderr)
        env = {"PATHWAY_THREADS": "2"} if name.startswith("pathway") else {}
        side = one([python, str(HERE / script), "--events", *files, "--out", str(out), *more], env)
        found.append({"events": count} | side | {"side": name})
    return found


def stateless(given: argparse.Namespace) -> list[dict[str, Any]]:
    """Rules without state, and decisions over HTTP."""
    found: list[dict[str, Any]] = []
    own = (("houfeng_stateless.py", given.python), ("houfeng_http.py", given.python))
    for script, python in (*own, ("stateless_side.py", given.ezrules), ("ezrules_http.py", given.ezrules)):
        ended = subprocess.run([python, HERE / script], capture_output=True, text=True)
        lines = ended.stdout.strip().splitlines()
        good = lines and not ended.returncode
        found += json.loads(lines[-1]) if good else [{"side": script, "failed": ended.stderr[-500:]}]
    return found


def machine() -> str:
    """What this ran on, in one line."""
    cpu = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        "",
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**30
    return f"{cpu or platform.machine()}, {os.cpu_count()} cores, {memory} GB, {platform.system()} {platform.release()}"


def tell(found: dict[str, Any]) -> str:
    """The tables."""
    text = [f"{found['machine']}; {found['at']}", ""]
    rows = [
        (
            s["side"],
            s.get("engine", ""),
            f"{s['events']:,}",
            "failed" if "failed" in s else f"{s['seconds']:.1f}",
            f"{s.get('rate', 0):,.0f}",
            s.get("cpu", ""),
            f"{s['events'] / s['cpu']:,.0f}" if s.get("cpu") else "",
            s.get("peak_mb", ""),
            s.get("opened", ""),
            f"{s.get('load_before', 0):.1f}",
        )
        for s in found["streams"]
    ]
    head = (
        "side",
        "engine",
        "events",
        "s",
        "events/s",
        "CPU s",
        "events/CPU s",
        "peak MB",
        "alerts opened",
        "load before",
    )
    text += [table(head, rows), ""] if rows else []
    plain = [s for s in found["stateless"] if "rate_cpu" in s]
    lines = [
        (s["side"], s["rules"], f"{s['rate']:,.0f}", f"{s['rate_cpu']:,.0f}", f"{s['matches_per_event']:.3f}")
        for s in plain
    ]
    text += [table(("side", "rules", "events/s", "events/CPU s", "matches an event"), lines), ""] if lines else []
    https = [s for s in found["stateless"] if "p95_ms" in s]
    lines = [
        (s["side"], s["rules"], s["concurrency"], f"{s['rate']:,.1f}", f"{s['p50_ms']:.0f}", f"{s['p95_ms']:.0f}")
        for s in https
    ]
    text += [table(("side", "rules", "connections", "requests/s", "p50 ms", "p95 ms"), lines), ""] if lines else []
    text += [f"* {s['side']} failed: {s['failed']!r}" for s in found["stateless"] if "failed" in s]
    for side in found["streams"]:
        text += [f"* {side['side']}: `{side['command']}`", *(f"  * cannot: {said}" for said in side.get("missing", []))]
        text += [f"  * failed: {side['said']!r}"] if "failed" in side else []
    return "\n".join(text)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", default=sys.executable, help="Python with houfeng")
    parser.add_argument("--peers", required=True, help="Python with the streaming peers")
    parser.add_argument("--ezrules", required=True, help="Python with ezrules, zen-engine and rule-engine")
    parser.add_argument("--work", type=Path, default=Path("/tmp/houfeng-bench-watch"))
    parser.add_argument("--events", type=int, help="at most so many events for each side (the first of the same)")
    parser.add_argument("--json", type=Path, help="also write everything to this file")
    parser.add_argument("--only", choices=["streams", "stateless"])
    parser.add_argument("sides", nargs="*", help="houfeng, duckdb, pathway, bytewax, spark")
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    found: dict[str, Any] = {"machine": machine(), "at": time.strftime("%Y-%m-%d %H:%M"), "arguments": sys.argv[1:]}
    found["streams"] = streams(given) if given.only != "stateless" else []
    found["stateless"] = stateless(given) if given.only != "streams" and not given.sides else []
    if given.json:
        given.json.write_text(json.dumps(found, indent=1, ensure_ascii=False), encoding="utf-8")
    print(tell(found))


if __name__ == "__main__":
    main()
