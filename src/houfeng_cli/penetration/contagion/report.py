"""The report on the public networks: every model's fixed points to six digits, as Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from houfeng.penetration.contagion.clearing import External, clear
from houfeng.penetration.contagion.debtrank import Distress, linear, nonlinear, original
from houfeng.penetration.contagion.furfine import each_fails, furfine
from houfeng.penetration.contagion.reading import from_json, from_tables, from_totals
from houfeng.penetration.contagion.system import Doubles, System

HEAD = """# Contagion on the public networks

Made by the command below. Equities after a shock to external assets, to six digits: assets valued at what the model
leaves of them, less all debts at face value. `gap` is by how much a solution misses being a fixed point; clearing and
linear DebtRank are solved exactly once it is known who falls.

```console
houfeng penetration contagion-report --data ../shared/data/network_contagion --out docs/reports/contagion.md
```

Models: clearing after Eisenberg and Noe (2001) with external debt ranking **equal** to claims between banks or
**senior** to them; DebtRank **linear** (Bardoscia et al. 2015), **original** (Battiston et al. 2012) and **nonlinear**
with α = 1 and α = 4 (Bardoscia et al. 2016); **Furfine** (2003) with a loss given default of 100 %. What the models
assume stands in [contagion](../concepts/contagion.md).
"""

MODELS = ("equal", "senior", "linear", "original", "nonlinear α=1", "nonlinear α=4", "Furfine")


def report(data: Path) -> str:
    """The whole page.

    Raises:
        InputError: a file is missing a column, or its numbers fit nothing.
    """
    parts = [HEAD]
    for name in ("chain", "cycle", "tree"):
        parts += _small(name, from_json(data / f"neva_shock_{name}.json"))
    tables = from_tables(data / "neva_balance_sheets.csv", data / "neva_exposures_list.csv")
    cycle = from_json(data / "neva_shock_cycle.json")
    same = (tables.matrix != cycle.matrix).nnz == 0 and bool((tables.equity == cycle.equity).all())
    parts.append(
        "`neva_balance_sheets.csv` with `neva_exposures_list.csv` is the cycle "
        f"({'the same' if same else 'NOT the same'} claims and equities); their columns `sigma_equity` and `maturity` "
        "belong to valuation before maturity, which is not done here.\n"
    )
    parts += _totals(*from_totals(data / "nrm_sim_data_125.csv"))
    return "\n".join(parts)


def solved(system: System, loss: Doubles) -> tuple[list[Doubles], float, bool]:
    """Equities by model in the order of `MODELS`, the largest gap, and whether the exact ones came out exact."""
    cleared = [clear(system, loss, rank) for rank in External]
    walked: list[Distress] = [
        linear(system, loss),
        original(system, loss),
        nonlinear(system, loss, 1.0),
        nonlinear(system, loss, 4.0),
    ]
    gap = max(*(one.gap for one in cleared), *(one.gap for one in walked))
    exact = all(one.exact and one.unique for one in cleared) and walked[0].exact
    return [*(one.equity for one in cleared), *(one.equity for one in walked), furfine(system, loss).equity], gap, exact


def _small(name: str, system: System) -> Iterator[str]:
    yield f"## Three banks: {name}\n"
    yield f"Equities A, B, C before any shock: {_cell(system.equity)}.\n"
    yield f"| shock | {' | '.join(MODELS)} | gap | exact |"
    yield "|" + "---|" * (len(MODELS) + 3)
    for bank in system.ids:
        for amount in (0.5, 1.25):
            found, gap, exact = solved(system, system.column({bank: amount}))
            cells = " | ".join(_cell(equity) for equity in found)
            yield f"| {bank} −{amount:g} | {cells} | {gap:.0e} | {'yes' if exact else 'no'} |"
    yield ""


def _totals(system: System, weights: Doubles) -> Iterator[str]:
    yield "## 125 simulated banks\n"
    yield (
        "The table has totals only. Who lent to whom is the matrix of maximum entropy with these totals and an empty "
        f"diagonal ({len(system.amount):,} claims, {system.owed_to.sum():,.6f} in all); equity is `buffer`; external "
        "assets and debt are the least that balance each sheet, which clearing depends on and the others do not.\n"
    )
    worst = int(np.argmax(system.owes))
    loss = np.zeros(system.size)
    loss[worst] = 2 * system.equity[worst]
    yield from _each("every bank loses half of its buffer", system, 0.5 * system.equity)
    yield from _each(f"{system.ids[worst]}, which owes most, loses twice its buffer", system, loss)
    yield "### Each bank fails\n"
    yield "DebtRank is the value hit, without the bank's own, weighted by `weights`.\n"
    yield "| bank | linear DebtRank | original DebtRank | others failing (Furfine) |"
    yield "|---|---|---|---|"
    for at, cascade in enumerate(each_fails(system)):
        loss = np.zeros(system.size)
        loss[at] = system.equity[at]
        ranks = [model(system, loss).debtrank(weights) for model in (linear, original)]
        yield f"| {system.ids[at]} | {ranks[0]:.6f} | {ranks[1]:.6f} | {int(cascade.fallen.sum()) - 1} |"


def _each(title: str, system: System, loss: Doubles) -> Iterator[str]:
    found, gap, exact = solved(system, loss)
    yield f"### {title[0].upper()}{title[1:]}\n"
    yield f"Gap at most {gap:.0e}; clearing unique and exact, linear exact: {'yes' if exact else 'no'}.\n"
    yield f"| bank | before | {' | '.join(MODELS)} |"
    yield "|" + "---|" * (len(MODELS) + 2)
    yield f"| **all** | {system.equity.sum():.6f} | {' | '.join(f'{one.sum():.6f}' for one in found)} |"
    for at, name in enumerate(system.ids):
        yield f"| {name} | {system.equity[at]:.6f} | {' | '.join(f'{one[at]:.6f}' for one in found)} |"
    yield ""


def _cell(equity: Doubles) -> str:
    return " · ".join(f"{one:.6f}" for one in equity)
