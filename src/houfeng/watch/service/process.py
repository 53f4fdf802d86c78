"""How the process of a watch keeps house: memory that is let go is kept for the next batch, garbage is rarely sought.

Every batch takes some tens of megabytes and lets them go. Handing them back each time costs more than the work on
them: the machine then gives each page anew, emptied. What the process keeps is bounded by the largest batch.
"""

from __future__ import annotations

import ctypes
import gc
import importlib.util
import sys

import pyarrow as pa

TRIM, TOP, MMAP, ARENAS = -1, -2, -3, -8
"""Settings of the C library's allocator (glibc's malloc.h)."""
LARGE = 32 << 20
"""The largest piece that is kept; greater ones are rare."""
SELDOM = (100_000, 20, 20)
"""Python looks for cycles when so many more objects live than died; steps of alerts are many, and none is a cycle."""


def keep_house() -> None:
    """Set this process so. Where the C library cannot, memory stays as it is."""
    gc.set_threshold(*SELDOM)
    if importlib.util.find_spec("dateutil") is None:
        # Arrow asks for it with every Python value it is given; so that nobody searches the disk for it each time
        sys.modules.setdefault("dateutil", None)  # type: ignore[arg-type]
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return
    for setting, value in ((TRIM, (1 << 31) - 1), (TOP, 2 * LARGE), (MMAP, LARGE), (ARENAS, 1)):
        mallopt(setting, value)
    pa.set_memory_pool(pa.system_memory_pool())
