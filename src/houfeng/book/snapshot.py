"""A view of the book as known at a moment: the same question gives the same answer for ever.

A snapshot is a fixed list of submissions with the time each was in force, made once; it hands out SQL over the Parquet
files that hold their rows. It takes no part in locking, and what others submit meanwhile does not reach it.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime

from houfeng.book.draft import ROW
from houfeng.book.model import Kind, Time, Type
from houfeng.book.storage.compare import key_part
from houfeng.book.storage.manifest import Submission, chronicle
from houfeng.book.storage.scan import Part, parts_of, scan_sql
from houfeng.book.storage.tables import SUBMISSION, Table
from houfeng.book.storage.writer import folder_of
from houfeng.errors import Text, UsageError, did_you_mean

RANK = "_rank"


class Snapshot:
    """The book as known at `known_at`. `synthetic` says that its facts are made up."""

    def __init__(
        self,
        known_at: datetime,
        entries: Sequence[Submission],
        kinds: Mapping[str, Kind],
        tables: Callable[[str], Table],
        synthetic: bool,
    ) -> None:
        """Made by `Book.snapshot`: `entries` are the submissions known by then."""
        self.known_at = known_at
        self.synthetic = synthetic
        self.kinds = kinds
        self._tables = tables
        self._with_late = True
        self._history: dict[str, list[Submission]] = defaultdict(list)
        for entry in chronicle(entries):
            self._history[entry.kind].append(entry)

    def without_late(self) -> Snapshot:
        """This view without the events of streams that came too late for the windows."""
        view = copy.copy(self)
        view._with_late = False
        return view

    def history(self, kind: str) -> tuple[Submission, ...]:
        """All submissions of `kind` known by then, by arrival, each with its time in force."""
        entries = self._history.get(self._kind(kind).name, ())
        return tuple(entry for entry in entries if self._with_late or not entry.late)

    def submissions(self, kind: str) -> tuple[Submission, ...]:
        """The submissions of `kind` in force as known at `known_at`, by arrival."""
        return tuple(entry for entry in self.history(kind) if entry.in_force)

    def files(self, kind: str) -> tuple[str, ...]:
        """The Parquet files that hold rows in force; other rows may stand in them too."""
        return tuple(part.file.path for part in self._parts(self._kind(kind), self.submissions(kind)))

    def select(
        self,
        kind: str,
        *,
        as_of: date | None = None,
        exact: bool = False,
        columns: Sequence[str] | None = None,
        late: bool = True,
    ) -> str:
        """DuckDB SQL of the rows of `kind` in force: its fields (or `columns`), `_submission` and `_row`.

        Without `as_of`: every event, every period, every list of every day. With `as_of`:

        - events up to that day's end (`exact`: on that day);
        - of each reporter its latest period up to that day (`exact`: that very period);
        - of each reporter its latest list up to that day, or its earliest after it where there is none (`exact`: the
          list as of that very day), and of it the rows valid on that day. Of a key that several reporters report, one
          row remains: the latest list's, then the latest received, then the last reporter by name.

        Without `late`, events of streams that came too late for the windows are left out.

        Raises:
            UsageError: there is no such kind or column.
            EnvironmentFault: rows that must be there are missing.
        """
        if not late:
            return self.without_late().select(kind, as_of=as_of, exact=exact, columns=columns)
        shape = self._kind(kind)
        chosen = [*(self._columns(shape, columns)), SUBMISSION, ROW]
        entries = self._chosen(shape, as_of, exact)
        where = _condition(shape, as_of, exact)
        if as_of is None or shape.time is not Time.VALIDITY or not _overlap(shape, entries):
            return self._scan(shape, entries, chosen, where)
        needed = [*chosen, *(name for name in shape.key if name not in chosen)]
        return _one_per_key(shape, self._scan(shape, entries, needed, where), chosen, entries)

    def select_all(self, kind: str, columns: Sequence[str] | None = None, *, late: bool = True) -> str:
        """DuckDB SQL of the rows of every submission that ever was in force, replaced ones too; `late` as in `select`.

        For who looks at the history of knowledge itself; `history` tells when each was in force.
        """
        if not late:
            return self.without_late().select_all(kind, columns)
        shape = self._kind(kind)
        entries = tuple(entry for entry in self.history(kind) if entry.ever_in_force)
        chosen = [*self._columns(shape, columns), SUBMISSION, ROW]
        return self._scan(shape, entries, chosen, "")

    def _scan(self, kind: Kind, entries: Sequence[Submission], columns: Sequence[str], where: str) -> str:
        """SQL of the rows of `entries` that meet `where`."""
        return scan_sql(self._tables(folder_of(kind.name)), kind, self._parts(kind, entries), columns, where)

    def _kind(self, name: str) -> Kind:
        if name not in self.kinds:
            near = did_you_mean(name, self.kinds)
            raise UsageError(Text(f"没有记录种类 {name}。{near.zh}", f"there is no record kind {name}. {near.en}"))
        return self.kinds[name]

    def _columns(self, kind: Kind, columns: Sequence[str] | None) -> list[str]:
        if columns is None:
            return list(kind.fields)
        return [kind.field(name).name for name in dict.fromkeys(columns) if name not in (SUBMISSION, ROW)]

    def _parts(self, kind: Kind, entries: Sequence[Submission]) -> list[Part]:
        return parts_of(self._tables(folder_of(kind.name)), entries, self._history.get(kind.name, ()))

    def _chosen(self, kind: Kind, as_of: date | None, exact: bool) -> tuple[Submission, ...]:
        """The submissions in force whose rows a view as of `as_of` shows."""
        entries = self.submissions(kind.name)
        if as_of is None or kind.time is Time.EVENT:
            return entries
        if exact:
            return tuple(entry for entry in entries if entry.period == as_of)
        best: dict[str, Submission] = {}
        for entry in entries:
            if entry.period is None or (kind.time is Time.PERIOD and entry.period > as_of):
                continue
            held = best.get(entry.reporter)
            if held is None or _closeness(entry, as_of) > _closeness(held, as_of):
                best[entry.reporter] = entry
        return tuple(entry for entry in entries if best.get(entry.reporter) is entry)


def _closeness(entry: Submission, day: date) -> tuple[bool, int]:
    """Greater is better: up to the day, the latest; after it, the earliest."""
    assert entry.period is not None
    distance = (entry.period - day).days
    return (True, distance) if distance <= 0 else (False, -distance)


def _condition(kind: Kind, as_of: date | None, exact: bool) -> str:
    """The condition on rows of a view as of `as_of`."""
    if as_of is None or kind.time is Time.PERIOD:
        return ""
    day = f"DATE '{as_of.isoformat()}'"
    if kind.time is Time.VALIDITY:
        return f"(valid_from IS NULL OR valid_from <= {day}) AND (valid_to IS NULL OR valid_to > {day})"
    when = f'"{kind.time_field}"'
    if kind.fields[kind.time_field].type is Type.DATE:
        return f"{when} {'=' if exact else '<='} {day}"
    start = f"{when} >= {day} AND " if exact else ""
    return f"{start}{when} < {day} + INTERVAL 1 DAY"


def _overlap(kind: Kind, entries: Sequence[Submission]) -> bool:
    """Whether two of `entries` may have rows of the same key: several reporters, not each speaking of itself only."""
    filled = [entry for entry in entries if entry.rows]
    return len({entry.reporter for entry in filled}) > 1 and not all(entry.own for entry in filled)


def _one_per_key(kind: Kind, rows: str, columns: Sequence[str], entries: Sequence[Submission]) -> str:
    """SQL leaving of each key of `rows` the one of the submission that counts."""
    order = sorted(entries, key=lambda e: (e.period or date.min, e.known_from, e.reporter))
    ranks = ", ".join(f"('{entry.submission_id}', {n})" for n, entry in enumerate(order))
    chosen = ", ".join(f'"{name}"' for name in columns)
    key = ", ".join(key_part(kind.fields[name], f'"{name}"') for name in kind.key)
    return (
        f"SELECT {chosen} FROM (SELECT r.*, s.{RANK} FROM ({rows}) r "
        f"JOIN (VALUES {ranks}) s({SUBMISSION}, {RANK}) ON r.{SUBMISSION} = s.{SUBMISSION}) "
        f"QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY {RANK} DESC, {ROW}) = 1"
    )
