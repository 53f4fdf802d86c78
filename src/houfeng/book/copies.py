"""Copies of the large kinds, indexed by firm, for readers that ask about one firm at a time.

The book's own files lie as they were submitted, so a question about one firm reads all of them. A copy is one DuckDB
file with the rows in force of one kind, an index on every field that names an enterprise, and beside it the list of
the submissions it holds. A copy never changes and may be older than the book: what it lacks is read from the book's
files, what the book has since replaced is left out, so an answer is the same with a copy and without.

    BOOK/copies/<kind>-<digest>.duckdb, .json
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from houfeng.book.connection import DEFAULT_MEMORY, connect, quoted
from houfeng.book.model import Kind
from houfeng.book.snapshot import Snapshot
from houfeng.book.storage.faults import faults
from houfeng.book.storage.manifest import Submission
from houfeng.book.storage.scan import fingerprint, stored_schema
from houfeng.book.storage.tables import SUBMISSION

FOLDER = "copies"
LEAST = 200_000
"""Rows from which a kind is worth a copy; fewer are read as fast from the book's files."""


@dataclass(frozen=True)
class Copy:
    """A copy of one kind: its file and the submissions whose rows, all of them, it holds."""

    path: Path
    submissions: frozenset[str]

    @property
    def alias(self) -> str:
        """The name under which a connection attaches it."""
        return f"copy_{self.path.stem.replace('-', '_')}"


class CopiedSnapshot(Snapshot):
    """A snapshot that reads from copies where it can. Its SQL runs only on connections that were given to `attach`."""

    def __init__(self, whole: Snapshot, copies: Mapping[str, Copy]) -> None:
        """The same view as `whole`."""
        vars(self).update(vars(whole))
        self.copies = copies

    def attach(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Make the copies known to `connection`; all its cursors share them."""
        for one in self.copies.values():
            connection.execute(f"ATTACH IF NOT EXISTS '{quoted(str(one.path))}' AS {one.alias} (READ_ONLY)")

    def _scan(self, kind: Kind, entries: Sequence[Submission], columns: Sequence[str], where: str) -> str:
        held = self.copies.get(kind.name)
        if held is None:
            return super()._scan(kind, entries, columns, where)
        copied = [entry for entry in entries if entry.submission_id in held.submissions]
        others = [entry for entry in entries if entry.submission_id not in held.submissions]
        rows = _rows_sql(held, copied, columns, where)
        return f"{rows} UNION ALL {super()._scan(kind, others, columns, where)}" if others else rows


def with_copies(snapshot: Snapshot, book: Path) -> CopiedSnapshot:
    """`snapshot` reading from the newest copies there are; without any it reads as before."""
    found = {kind.name: _newest(book / FOLDER, kind) for kind in snapshot.kinds.values()}
    return CopiedSnapshot(snapshot, {name: one for name, one in found.items() if one})


def make_copies(
    snapshot: Snapshot, book: Path, *, least: int = LEAST, memory: str = DEFAULT_MEMORY, threads: int | None = None
) -> list[str]:
    """Make the copies that are missing or out of date, and take older ones away. Gives the kinds copied.

    Readers that hold an older copy keep it.

    Raises:
        EnvironmentFault: disk full or no permission; what was there before stays.
    """
    folder = book / FOLDER
    made = []
    with faults(folder):
        folder.mkdir(exist_ok=True)
        for kind in snapshot.kinds.values():
            entries = [entry for entry in snapshot.submissions(kind.name) if entry.rows]
            if not _firm_fields(kind) or sum(entry.rows for entry in entries) < least:
                continue
            name = f"{kind.name}-{_digest(kind, entries)}"
            if not (folder / f"{name}.json").exists():
                _make(snapshot, kind, entries, folder / f"{name}.duckdb", memory, threads)
                made.append(kind.name)
            for old in folder.glob(f"{kind.name}-*"):
                if old.stem != name:
                    old.unlink(missing_ok=True)
    return made


def _make(
    snapshot: Snapshot, kind: Kind, entries: Iterable[Submission], path: Path, memory: str, threads: int | None
) -> None:
    draft = path.with_suffix(".part")
    draft.unlink(missing_ok=True)
    with connect(memory=memory, threads=threads, spill=str(path.parent / "spill")) as connection:
        connection.execute(f"ATTACH '{quoted(str(draft))}' AS made")
        # not sorted: that took longer to make, and one firm's rows came no faster (20 million loans)
        connection.execute(f"CREATE TABLE made.held AS {snapshot.select(kind.name)}")
        for name in _firm_fields(kind):
            connection.execute(f'CREATE INDEX "by_{name}" ON made.held("{name}")')
        connection.execute("DETACH made")
    draft.rename(path)
    about = {"fingerprint": fingerprint(stored_schema(kind)), "submissions": [e.submission_id for e in entries]}
    told = path.with_suffix(".told")
    told.write_text(json.dumps(about), "utf-8")
    told.rename(path.with_suffix(".json"))  # last: a copy without it is not looked at


def _newest(folder: Path, kind: Kind) -> Copy | None:
    found = sorted(folder.glob(f"{kind.name}-*.json"), key=lambda path: path.stat().st_mtime)
    for path in reversed(found):
        about = json.loads(path.read_text("utf-8"))
        if about["fingerprint"] == fingerprint(stored_schema(kind)) and path.with_suffix(".duckdb").exists():
            return Copy(path.with_suffix(".duckdb"), frozenset(about["submissions"]))
    return None


def _rows_sql(held: Copy, entries: Sequence[Submission], columns: Sequence[str], where: str) -> str:
    conditions = [f"({where})"] if where else []
    if len(entries) < len(held.submissions):
        listed = ", ".join(f"'{entry.submission_id}'" for entry in entries) or "NULL"
        conditions.append(f"{SUBMISSION} IN ({listed})")
    chosen = ", ".join(f'"{name}"' for name in columns)
    tail = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return f"SELECT {chosen} FROM {held.alias}.held{tail}"


def _firm_fields(kind: Kind) -> list[str]:
    """The fields of `kind` that name an enterprise: its own key, or those its relations go by."""
    if kind.name == "enterprise":
        return list(kind.key)
    related = (one for one in kind.relations.values() if one.kind == "enterprise" and len(one.on) == 1)
    return list(dict.fromkeys(name for one in related for name in one.on))


def _digest(kind: Kind, entries: Iterable[Submission]) -> str:
    told = "\n".join([fingerprint(stored_schema(kind)), *sorted(entry.submission_id for entry in entries)])
    return hashlib.sha256(told.encode()).hexdigest()[:12]


__all__ = ["CopiedSnapshot", "Copy", "make_copies", "with_copies"]
