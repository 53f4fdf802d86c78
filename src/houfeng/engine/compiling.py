"""How functions are compiled by Numba, and where the compiled code is kept."""

from __future__ import annotations

import functools
import hashlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from numba import config, njit

FOLDERS: Mapping[str, tuple[str, ...]] = {
    "matching": ("engine", "matching"),
    "penetration": ("engine", "penetration"),
    "watch": ("engine", "watch/kernel", "watch/live"),
}
"""Of each room the folders that hold functions which may be compiled into one another."""


@functools.cache
def digest_of(*folders: str) -> str:
    """A short digest of the Python sources in `folders` of the package."""
    package = Path(__file__).parent.parent
    sources = sorted(path for folder in folders for path in (package / folder).rglob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:12]


def _cache(function: Callable[..., Any]) -> str:
    """Where compiled code is kept: a folder for each state of the sources of the function's room.

    Numba asks only whether the file a function stands in has changed; but functions are compiled into one another
    across files, and a change in one would leave old code in the others.
    """
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    room = function.__module__.split(".")[1]
    return str(Path(home) / "houfeng" / f"compiled-{room}-{digest_of(*FOLDERS[room])}")


def _kept(**options: Any) -> Any:
    """A decorator that compiles, and keeps the code where it belongs unless the environment names a place."""
    options = {"nogil": True, "error_model": "numpy", **options}
    compile_ = njit(cache=True, **options)

    def decorated(function: Callable[..., Any]) -> Any:
        if not function.__module__.startswith("houfeng."):  # a script's: no digest would tell when it is out of date
            return njit(**options)(function)
        given = config.CACHE_DIR  # type: ignore[attr-defined]
        config.CACHE_DIR = given or _cache(function)  # type: ignore[attr-defined]
        try:
            return compile_(function)
        finally:
            config.CACHE_DIR = given  # type: ignore[attr-defined]

    return decorated


compiled: Any = _kept()
"""How the house compiles: cached, without Python's lock, and without a check for division by zero."""

inlined: Any = _kept(forceinline=True)
"""The same for small functions of inner loops: a call that passes arrays costs more than their work."""
