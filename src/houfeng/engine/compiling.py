"""How functions are compiled by Numba, and where the compiled code is kept."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

from numba import config, njit

FOLDERS = ("engine", "matching", "penetration", "watch/kernel", "watch/live")
"""The folders of the package that hold compiled functions."""


def digest_of(*folders: str) -> str:
    """A short digest of the Python sources in `folders` of the package."""
    package = Path(__file__).parent.parent
    sources = sorted(path for folder in folders for path in (package / folder).rglob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:12]


def _cache() -> str:
    """Where compiled code is kept: a folder for each state of the sources.

    Numba asks only whether the file a function stands in has changed; but functions are compiled into one another
    across files, and a change in one would leave old code in the others.
    """
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return str(Path(home) / "houfeng" / f"compiled-{digest_of(*FOLDERS)}")


if not config.CACHE_DIR:  # type: ignore[attr-defined]
    config.CACHE_DIR = _cache()  # type: ignore[attr-defined]

compiled: Any = njit(cache=True, nogil=True, error_model="numpy")
"""How the house compiles: cached, without Python's lock, and without a check for division by zero."""

inlined: Any = njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
"""The same for small functions of inner loops: a call that passes arrays costs more than their work."""
