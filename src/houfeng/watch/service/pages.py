"""Memory that is let go is kept for the next batch, not handed back to the machine.

Every batch takes some tens of megabytes and lets them go. Handing them back each time costs more than the work on
them: the machine then gives each page anew, emptied. What the process keeps is bounded by the largest batch.
"""

from __future__ import annotations

import ctypes

import pyarrow as pa

TRIM, TOP, MMAP, ARENAS = -1, -2, -3, -8
"""Settings of the C library's allocator (glibc's malloc.h)."""
LARGE = 32 << 20
"""The largest piece that is kept; greater ones are rare."""


def keep_pages() -> None:
    """Set this process to keep what it lets go of. Where the C library cannot, nothing changes."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return
    for setting, value in ((TRIM, (1 << 31) - 1), (TOP, 2 * LARGE), (MMAP, LARGE), (ARENAS, 1)):
        mallopt(setting, value)
    pa.set_memory_pool(pa.system_memory_pool())
