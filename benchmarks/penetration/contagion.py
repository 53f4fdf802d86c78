"""Clearing and guarantee contagion at size, on what cores the process is given.

    python benchmarks/penetration/contagion.py [--banks 20000] [--clearings 20000] [--firms 1000000]
                                               [--falls 10000] [--workers 2] [--json]

Drawing the scenarios is timed with them; making the network and loading the compiled code are not. A few of the
clearing scenarios are cleared again one by one to their exact solution, and the defaults must be the same.
"""

from __future__ import annotations

import argparse
import itertools
import json
import resource
import time
from typing import Any

import numpy as np
import pyarrow as pa

from houfeng.penetration.contagion.clearing import External, clear
from houfeng.penetration.contagion.guarantees import Guarantees, Terms
from houfeng.penetration.contagion.montecarlo import asset_losses, clear_many, expected
from houfeng.penetration.contagion.system import System


def banks(count: int, seed: int) -> System:
    """Banks of very different size, each lending to five others (the large ones more often); thin equity."""
    rng = np.random.default_rng(seed)
    assets = rng.pareto(1.3, count) * 10 + 5
    weight = assets / assets.sum()
    lender = np.repeat(np.arange(count, dtype=np.int32), 5)
    borrower = rng.choice(count, len(lender), p=weight).astype(np.int32)
    other = lender != borrower
    lender, borrower = lender[other], borrower[other]
    amount = np.minimum(assets[lender], assets[borrower]) * rng.uniform(0.01, 0.06, len(lender))
    plain = System.from_columns([str(n) for n in range(count)], assets, np.zeros(count), lender, borrower, amount)
    whole = assets + plain.owed_to
    debt = np.maximum(0.0, whole * (1 - rng.uniform(0.03, 0.12, count)) - plain.owes)
    return System.from_columns(plain.ids, assets, debt, plain.lender, plain.borrower, plain.amount)


def firms(count: int, seed: int) -> Guarantees:
    """Firms with one and a half debts each; three of ten debts have a surety, near neighbours more often than not."""
    rng = np.random.default_rng(seed)
    net = rng.lognormal(16, 1.5, count)
    borrower = rng.integers(0, count, count * 3 // 2, np.int32)
    balance = net[borrower] * rng.uniform(0.1, 1.0, len(borrower))
    debt = np.flatnonzero(rng.random(len(borrower)) < 0.3).astype(np.int32)
    debt = np.concatenate([debt, debt[rng.random(len(debt)) < 0.3]])
    near = (borrower[debt] + rng.integers(1, 50, len(debt))) % count
    guarantor = np.where(rng.random(len(debt)) < 0.7, near, rng.integers(0, count, len(debt))).astype(np.int32)
    ids = pa.array(np.char.mod("%07d", np.arange(count)))
    bank = rng.integers(0, 100, len(borrower), np.int32)
    order = np.zeros(len(debt), np.int32)
    names = tuple(str(n) for n in range(100))
    return Guarantees.from_columns(ids, names, net, borrower, bank, balance, debt, guarantor, balance[debt], order)


def clearing(options: argparse.Namespace) -> dict[str, Any]:
    """Clear many scenarios, and the first few again exactly."""
    system = banks(options.banks, options.seed)
    sigma = np.full(system.size, 0.06)
    drawn = {"seed": options.seed, "correlation": 0.3}
    clear_many(system, asset_losses(system, sigma, scenarios=2, **drawn), workers=options.workers)
    begun, used = time.perf_counter(), time.process_time()
    found = clear_many(
        system, asset_losses(system, sigma, scenarios=options.clearings, **drawn), workers=options.workers
    )
    seconds, cpu = time.perf_counter() - begun, time.process_time() - used
    again = next(asset_losses(system, sigma, scenarios=options.clearings, **drawn))
    checked, exact, worst = 0, 0, 0.0
    for row, loss in enumerate(itertools.islice(again, 5)):
        one = clear(system, loss, External.EQUAL)
        missing = np.clip(one.owed - one.assets, 0, one.owed).sum()
        worst = max(worst, abs(missing - found.short[row]) / max(1.0, missing))
        assert int(one.fallen.sum()) == found.defaults[row], (row, one.fallen.sum(), found.defaults[row])
        checked, exact = checked + 1, exact + one.exact
    return {
        "banks": system.size, "claims": len(system.amount), "scenarios": options.clearings,
        "seconds": round(seconds, 2), "processor_seconds": round(cpu, 2), "mean_defaults": float(found.defaults.mean()),
        "most_defaults": int(found.defaults.max()), "undone": found.undone, "checked": checked, "exact": exact,
        "unpaid_differs_by": worst,
    }  # fmt: skip


def falling(options: argparse.Namespace) -> dict[str, Any]:
    """Draw correlated defaults and follow the guarantees."""
    graph = firms(options.firms, options.seed)
    chance = np.random.default_rng(options.seed).beta(1, 60, graph.size)
    asked = {"seed": options.seed, "correlation": 0.12, "terms": Terms(lgd=0.45), "workers": options.workers}
    expected(graph, chance, scenarios=2, **asked)
    begun, used = time.perf_counter(), time.process_time()
    found = expected(graph, chance, scenarios=options.falls, **asked)
    seconds, cpu = time.perf_counter() - begun, time.process_time() - used
    mean = found.expected
    return {
        "firms": graph.size, "debts": len(graph.balance), "sureties": len(graph.debt), "scenarios": options.falls,
        "seconds": round(seconds, 2), "processor_seconds": round(cpu, 2),
        "mean_first": float(found.first.mean()), "mean_fallen": float(found.fallen.mean()),
        "loss_over_balance": mean.mean / graph.balance.sum(), "half_width": (mean.high - mean.mean) / mean.mean,
    }  # fmt: skip


def main() -> None:
    """Run both and print what came out."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--banks", type=int, default=20_000)
    parser.add_argument("--clearings", type=int, default=20_000)
    parser.add_argument("--firms", type=int, default=1_000_000)
    parser.add_argument("--falls", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = {"clearing": clearing(options), "guarantees": falling(options)}
    found["memory"] = {"peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}
    if options.json:
        print(json.dumps(found))
        return
    for name, figures in found.items():
        print(name)
        for key, value in figures.items():
            print(f"  {key:20} {value:,}")


if __name__ == "__main__":
    main()
