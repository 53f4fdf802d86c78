"""Houfeng (候风): the working desk of a regional credit market.

The front door: a dozen names at most, each loaded when first used. Everything else is in its room.

    from houfeng import Book, load_pack, report
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from houfeng.book.intake.intake import prepare
    from houfeng.book.model import kinds
    from houfeng.book.store import Book, Snapshot
    from houfeng.clock import wall_clock
    from houfeng.errors import HoufengError, Problem
    from houfeng.packs.explain import Explainer
    from houfeng.packs.loading.load import load_pack
    from houfeng.themes.report import report
    from houfeng.watch.replay import Replay

_ROOMS = {
    "Book": "houfeng.book.store",
    "Explainer": "houfeng.packs.explain",
    "HoufengError": "houfeng.errors",
    "Problem": "houfeng.errors",
    "Replay": "houfeng.watch.replay",
    "Snapshot": "houfeng.book.store",
    "kinds": "houfeng.book.model",
    "load_pack": "houfeng.packs.loading.load",
    "prepare": "houfeng.book.intake.intake",
    "report": "houfeng.themes.report",
    "wall_clock": "houfeng.clock",
}

__all__ = [
    "Book",
    "Explainer",
    "HoufengError",
    "Problem",
    "Replay",
    "Snapshot",
    "kinds",
    "load_pack",
    "prepare",
    "report",
    "wall_clock",
]


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module 'houfeng' has no attribute {name!r}")
    return getattr(importlib.import_module(_ROOMS[name]), name)


def __dir__() -> list[str]:
    return __all__
