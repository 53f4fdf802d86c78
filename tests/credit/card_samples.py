"""A card made by hand over fields of the enterprise kind, and a model around it: nothing is fitted."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import numpy as np

from houfeng.credit.building import measuring
from houfeng.credit.figures.calibration import Calibrator
from houfeng.credit.models.bins import CODES, MISSING, OTHER, RANGE, SPECIAL, Bin
from houfeng.credit.models.card import Card, Characteristic, with_points
from houfeng.credit.models.model import Model
from houfeng.credit.models.scaling import scaling
from houfeng.errors import Text

PACK = """
pack: traits
version: 1.0.0
label: traits
indicators:
  margin: {label: margin, over: enterprise, value: revenue / total_assets}
  wide: {label: wide, over: enterprise, value: employees > 50}
"""

EMPLOYEES = Characteristic(
    "staff", Text("员工", "staff"), "numeric", "employees",
    (
        Bin(RANGE, high=Decimal(5), n=10, bad=4, woe=-0.8),
        Bin(RANGE, low=Decimal(5), high=Decimal("20.5"), n=20, bad=3, woe=0.1),
        Bin(RANGE, low=Decimal("20.5"), n=30, bad=1, woe=1.3), Bin(SPECIAL, value=Decimal(0), n=9, bad=2, woe=-0.33),
        Bin(MISSING, n=5, bad=2, woe=-0.5),
    ), 0.4, -0.9,
)  # fmt: skip
MARGIN = Characteristic(
    "margin", Text("周转", "turnover"), "numeric", "margin",
    (Bin(RANGE, high=Decimal("0.333333"), n=10, bad=4, woe=-0.6),
     Bin(RANGE, low=Decimal("0.333333"), n=20, bad=1, woe=0.7),
     Bin(MISSING, n=0)), 0.3, -0.8,
)  # fmt: skip
SIZE = Characteristic(
    "size_class", Text("规模", "size"), "category", "size",
    (Bin(CODES, codes=("CS01", "CS02"), n=10, bad=1, woe=0.9),
     Bin(CODES, codes=("CS04", "it's"), n=20, bad=5, woe=-0.2),
     Bin(OTHER, n=0), Bin(MISSING, n=2, bad=1, woe=-1.0)), 0.2, -1.1,
)  # fmt: skip
WIDE = Characteristic(
    "wide", Text("五十人以上", "above fifty"), "category", "wide",
    (Bin(CODES, codes=("true",), n=10, bad=1, woe=0.5), Bin(CODES, codes=("false",), n=10, bad=3, woe=-0.5),
     Bin(OTHER),
     Bin(MISSING, n=1, bad=0, woe=0.2)), 0.1, -0.5,
)  # fmt: skip
LINE = scaling(20, 600, 50)


def card(calibrator: Calibrator | None = None) -> Card:
    """The card."""
    return with_points([EMPLOYEES, MARGIN, SIZE, WIDE], -2.5, LINE, calibrator or Calibrator("platt", 0.1, 0.9))


def model(pack: str, calibrator: Calibrator | None = None) -> Model:
    """A model of the card whose fields are items of `pack`."""
    nothing = {"zh": "", "en": ""}
    about = {
        "study": "hand", "study_digest": "0" * 64, "rows_digest": "0" * 64, "description": nothing, "limits": nothing,
        "fairness": nothing, "outcome": "x", "decided": "", "pack": pack, "over": "enterprise",
        "period": ["2025-01-01", "2025-12-31"], "rows": 60, "bad": 8, "seed": 1, "notes": [], "features": [],
    }  # fmt: skip
    told = measuring.told(
        np.asarray([0.0, 1, 0, 0]), np.asarray([0.1, 0.6, 0.2, 0.7]), np.asarray([0.1, 0.6, 0.2, 0.7])
    )
    stability = {"score_psi": 0.0, "months": [], "fields": [], "score_edges": [500.0, 550.0], "score_counts": [1, 1, 1]}
    figures = {
        "way": {"by": "folds", "folds": 5, "repeats": 1}, "rows": {"train": 60, "test": 60, "all": 60, "blank": 0},
        "models": {"card": told}, "calibrators": {}, "distribution": {"edges": [], "good": [], "bad": []},
        "stability": stability,
    }  # fmt: skip
    return Model(
        "hand",
        "1.0.0",
        Text("手工卡", "hand-made"),
        "2026-01-01T00:00:00",
        "card",
        card(calibrator),
        None,
        about,
        figures,
    )


def write_traits(folder: Path) -> Path:
    """The pack of features in `folder`/traits."""
    (folder / "traits").mkdir(parents=True, exist_ok=True)
    (folder / "traits" / "pack.yaml").write_text(PACK, "utf-8")
    return folder / "traits"
