"""Names that last: a group or circle keeps its id from month to month, so that the watch follows one key.

Each takes over the id of the earlier one it shares most members with, unless that one has a nearer heir. One that is
new is named by its first member. An id is never given to two at once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

LONGEST = 60


def named(prefix: str, found: Sequence[tuple[str, ...]], before: Mapping[str, Iterable[str]]) -> list[str]:
    """An id for each of `found` (its members; the first names a new one). `before`: earlier ids and their members."""
    home: dict[str, list[str]] = {}
    for name, members in sorted(before.items()):
        for member in members:
            home.setdefault(member, []).append(name)
    claims = []
    for number, members in enumerate(found):
        shared: dict[str, int] = {}
        for member in members:
            for name in home.get(member, ()):
                shared[name] = shared.get(name, 0) + 1
        claims += [(-count, number, name) for name, count in shared.items()]
    ids, taken = [""] * len(found), set()
    for _, number, name in sorted(claims):
        if not ids[number] and name not in taken:
            ids[number] = name
            taken.add(name)
    taken |= set(before)  # an id that has ended is not given to another
    for number, members in enumerate(found):
        ids[number] = ids[number] or _fresh(prefix, members[0], taken)
        taken.add(ids[number])
    return ids


def _fresh(prefix: str, first: str, taken: set[str]) -> str:
    name, times = prefix + first, 1
    while name in taken or len(name) > LONGEST:
        times += 1
        name = prefix + hashlib.sha256(f"{first}|{times}".encode()).hexdigest()[:24]
    return name
