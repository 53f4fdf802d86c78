"""Notes that the latest list no longer has.

A bank lists the notes on its books. One that was repaid in March is in no list of April, but the claim of the quarter
counts its days, and the ceiling of its firm stays used. So a claim looks at every list up to its last day and takes of
each note its latest row.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from houfeng.book.model import kinds
from houfeng.book.snapshot import Snapshot
from houfeng.packs.roads.compile import Views
from houfeng.packs.roads.sql import name

LISTED = "loan"


class EveryList:
    """The views of a snapshot, with every note that any list up to the day had."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot

    def select(
        self, kind: str, *, as_of: date | None = None, exact: bool = False, columns: Sequence[str] | None = None
    ) -> str:
        """SQL of the rows of `kind` in force for `as_of`; of notes, the latest row of each that was ever listed."""
        if kind != LISTED or as_of is None or exact:
            return self.snapshot.select(kind, as_of=as_of, exact=exact, columns=columns)
        days = {entry.period for entry in self.snapshot.submissions(kind) if entry.period and entry.period <= as_of}
        if len(days) < 2:
            return self.snapshot.select(kind, as_of=as_of, columns=columns)
        shape = kinds()[kind]
        chosen = list(columns) if columns is not None else list(shape.fields)
        needed = list(dict.fromkeys((*chosen, *shape.key)))
        lists = [
            f"SELECT *, {number} AS _list FROM ({self.snapshot.select(kind, as_of=day, exact=True, columns=needed)})"
            for number, day in enumerate(sorted(days))
        ]
        shown = ", ".join(name(column) for column in (*chosen, "_submission", "_row"))
        key = ", ".join(name(column) for column in shape.key)
        return (
            f"SELECT {shown} FROM ({' UNION ALL BY NAME '.join(lists)}) "
            f"QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY _list DESC, _row) = 1"
        )


def with_history(views: Views) -> Views:
    """`views` as a claim needs them."""
    return EveryList(views) if isinstance(views, Snapshot) else views
