"""Compiling beforehand what the pages of penetration compute with: the first look would else wait for it.

Compiled code is kept on the disk, so this takes its half minute once for each version of Houfeng and machine.
"""

from __future__ import annotations

import threading

from houfeng.penetration.actual import actual
from houfeng.penetration.bounds import Uncertain
from houfeng.penetration.contagion.guarantees import Guarantees
from houfeng.penetration.contagion.prepared import Prepared
from houfeng.penetration.control import control
from houfeng.penetration.graph import Holdings
from houfeng.penetration.integrated import Penetration

STAKES: list[tuple[str, str, int | None]] = [("a", "b", 60), ("b", "c", 30), ("c", "b", None), ("d", "c", 51)]
"""A ring, and a stake that is not known."""


def warm() -> None:
    """Ask every compiled function once, of four firms."""
    holdings = Holdings.from_pairs(STAKES)
    actual(control(holdings))
    Penetration(holdings).of("c")
    uncertain = Uncertain(holdings)
    uncertain.missing("c")
    uncertain.of("c", ["a"])
    net: dict[str, float | None] = {"b": 1.0, "c": 1.0}
    Prepared(Guarantees.of(net, [("L", "b", "X", 2.0)], [("L", "c", 2.0)])).fall([0])


def warm_beside() -> None:
    """The same in a thread of its own, which ends with the process."""
    threading.Thread(target=warm, name="warm", daemon=True).start()
