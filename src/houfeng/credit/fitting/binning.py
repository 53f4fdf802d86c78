"""Bins by optbinning: monotone in one direction unless told otherwise, missing and special values kept apart.

Splits are rounded to six significant digits and the counts made again over the rounded ones, so that a card and its
pack cut at the same number. Imported in the fitting process only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from houfeng.credit.models.bins import MISSING, Bin, code_bins, counted, information_value, range_bins, special_bins
from houfeng.credit.models.card import Characteristic
from houfeng.credit.studies.study import TRENDS
from houfeng.errors import Text

Doubles = NDArray[np.float64]


def raw_bins(values: NDArray[Any], bad: Doubles, feature: Mapping[str, Any], options: Mapping[str, Any]) -> Any:
    """The fitted `OptimalBinning` of one field, as the library gives it."""
    from optbinning import OptimalBinning

    numeric = feature["kind"] == "numeric"
    special = list(feature.get("special") or ())
    binning = OptimalBinning(
        name=feature["name"],
        dtype="numerical" if numeric else "categorical",
        special_codes=special or None,
        **({"monotonic_trend": TRENDS[feature["trend"]]} if numeric and "trend" in feature else {}),
        **({} if numeric else {"cat_cutoff": 0.01}),
        **options,
    )
    binning.fit(values, bad)
    return binning


def characteristic(
    values: NDArray[Any], bad: Doubles, feature: Mapping[str, Any], settings: Mapping[str, Any]
) -> Characteristic:
    """One field binned, with counts and evidence."""
    options = {"max_n_bins": int(settings["bins"]), "min_bin_size": float(settings["least_bin"])}
    bins = _shapes(values, bad, feature, options)
    made = Characteristic(
        feature["name"], Text(*feature["label"]), feature["kind"], feature["value"], (*bins, Bin(MISSING)), 0.0
    )
    filled = counted(made.bins, made.place(values), bad, int(settings["least_special"]))
    return Characteristic(
        made.name, made.label, made.kind, made.value, tuple(filled), information_value(filled)
    )  # fmt: skip


def _shapes(values: NDArray[Any], bad: Doubles, feature: Mapping[str, Any], options: Mapping[str, Any]) -> list[Bin]:
    special = [float(value) for value in feature.get("special") or ()]
    numeric = feature["kind"] == "numeric"
    empty = np.isnan(values) | np.isin(values, special) if numeric else np.asarray([v is None for v in values], bool)
    if len(np.unique(values[~empty].astype(float if numeric else str))) < 2:  # nothing to cut
        return [*(range_bins([]) if numeric else code_bins([])), *special_bins(special)]
    found = raw_bins(values, bad, feature, options)
    if numeric:
        return [*range_bins([float(split) for split in found.splits]), *special_bins(special)]
    return code_bins([[str(code) for code in group] for group in found.splits])
