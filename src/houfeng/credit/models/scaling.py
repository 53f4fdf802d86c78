"""From log-odds to points: score = offset + factor · ln(odds of good), factor = PDO / ln 2."""

from __future__ import annotations

import math
from typing import NamedTuple


class Scaling(NamedTuple):
    """The line from the log-odds of good to a score."""

    factor: float
    offset: float


def scaling(pdo: float, base: float, odds: float) -> Scaling:
    """The line on which `base` points mean `odds` : 1 and `pdo` more points double the odds."""
    factor = pdo / math.log(2)
    return Scaling(factor, base - factor * math.log(odds))
