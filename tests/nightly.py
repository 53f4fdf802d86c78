"""How much a test runs: a share by day, so that `make test` stays short, all of it by night (HOUFENG_NIGHTLY=1)."""

from __future__ import annotations

import os

NIGHTLY = bool(os.environ.get("HOUFENG_NIGHTLY"))


def share(by_day: int, by_night: int) -> int:
    """A number of examples, kills or seeds."""
    return by_night if NIGHTLY else by_day
