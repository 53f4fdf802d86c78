"""The section letter of an industry class, where a report carries the digits only.

The official loan table gives the four digits of a GB/T 4754-2017 class; packs match the full class, letter and digits.
"""

from __future__ import annotations

import bisect

_SECTIONS = (
    (1, "A"),
    (6, "B"),
    (13, "C"),
    (44, "D"),
    (47, "E"),
    (51, "F"),
    (53, "G"),
    (61, "H"),
    (63, "I"),
    (66, "J"),
    (70, "K"),
    (71, "L"),
    (73, "M"),
    (76, "N"),
    (80, "O"),
    (83, "P"),
    (84, "Q"),
    (86, "R"),
    (91, "S"),
    (97, "T"),
)
"""First division of each section of GB/T 4754-2017; the last section ends with division 97."""


def with_section(digits: str) -> str:
    """`3963` as `C3963`. What is not two to four digits of a known division comes back as it is."""
    if not (digits.isdigit() and 2 <= len(digits) <= 4 and 1 <= int(digits[:2]) <= 97):
        return digits
    place = bisect.bisect_right([first for first, _ in _SECTIONS], int(digits[:2])) - 1
    return _SECTIONS[place][1] + digits
