"""A calibrator chosen by validation: each way is fitted on four fifths, judged on the rest; the least log loss wins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from houfeng.credit.figures.calibration import Calibrator, fit_isotonic, fit_platt
from houfeng.credit.figures.separation import log_loss

Doubles = NDArray[np.float64]
FITS: dict[str, Callable[[Any, Any], Calibrator]] = {"platt": fit_platt, "isotonic": fit_isotonic}
AS_IS = Calibrator("platt", 0.0, 1.0)


class Chosen:
    """The calibrator that won, the log loss of each way, and probabilities by calibrators that had not seen the row."""

    def __init__(self, bad: Doubles, log_odds: Doubles, fold_of: NDArray[np.int64], *, as_is: bool) -> None:
        """`as_is`: the log-odds may stand as they are, if no way does better."""
        unseen = {way: _unseen(bad, log_odds, fold_of, fit) for way, fit in FITS.items()}
        if as_is:
            unseen["scale"] = AS_IS(log_odds)
        self.losses = {way: log_loss(bad, pd) for way, pd in unseen.items()}
        self.way = min(self.losses, key=lambda way: (self.losses[way], way))
        self.unseen = unseen[self.way]
        self.calibrator = AS_IS if self.way == "scale" else FITS[self.way](bad, log_odds)


def _unseen(
    bad: Doubles, log_odds: Doubles, fold_of: NDArray[np.int64], fit: Callable[[Any, Any], Calibrator]
) -> Doubles:
    found = np.zeros(len(bad))
    for fold in np.unique(fold_of):
        here = fold_of == fold
        found[here] = fit(bad[~here], log_odds[~here])(log_odds[here])
    return found


def dealt(bad: Doubles, number: int, seed: int) -> NDArray[np.int64]:
    """The fold of each row, good and bad dealt out alike."""
    random = np.random.default_rng(seed)
    found = np.zeros(len(bad), np.int64)
    for outcome in (0.0, 1.0):
        places = np.flatnonzero(bad == outcome)
        random.shuffle(places)
        found[places] = np.arange(len(places)) % number
    return found
