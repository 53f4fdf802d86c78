"""Writing one call of `submit`: the files of rows first, and one commit of the list of submissions last.

Files are named by the call, and every attempt is a call of its own with a new name: what a crash leaves behind belongs
to nobody and can never be taken for part of a later attempt.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pyarrow as pa
from deltalake.transaction import AddAction

from houfeng.book.draft import Draft
from houfeng.book.model import Kind, Time
from houfeng.book.storage import quarantine
from houfeng.book.storage.compare import all_own
from houfeng.book.storage.judge import Verdict
from houfeng.book.storage.manifest import Manifest, Submission
from houfeng.book.storage.scan import file_name, stored_schema
from houfeng.book.storage.tables import SUBMISSION, Table


@dataclass(frozen=True, slots=True)
class Staged:
    """The durable, not yet visible files of one call, and the lines that will make them visible."""

    batch: str
    ids: Mapping[int, str]  # place of the draft in the call → submission id
    files: dict[str, AddAction] = field(default_factory=dict)  # folder of the table → file

    def discard(self, tables: Callable[[str], Table]) -> None:
        """Remove the files of a call that is not going to be committed."""
        for name, action in self.files.items():
            Path(tables(name).path, action.path).unlink(missing_ok=True)


class Writer:
    """Writes the verdicts of one call into the tables of a book (`tables` gives the table of a folder)."""

    def __init__(self, kinds: Mapping[str, Kind], tables: Callable[[str], Table], manifest: Manifest) -> None:
        self.kinds = kinds
        self.tables = tables
        self.manifest = manifest

    def stage(self, batch: str, verdicts: Sequence[Verdict]) -> Staged:
        """Write the rows and bad rows of all verdicts that are to be written. Nothing of it is visible.

        Raises:
            EnvironmentFault: disk full or no permission; the files written so far are removed.
        """
        ids = {n: f"{batch}-{n + 1:05}" for n, verdict in enumerate(verdicts) if verdict.to_write}
        parts: dict[str, list[pa.Table]] = defaultdict(list)
        for n, submission_id in ids.items():
            draft = verdicts[n].draft
            if draft.rows.num_rows:
                parts[folder_of(draft.kind)].append(_stored(self.kinds[draft.kind], submission_id, draft.rows))
            if draft.quarantine.num_rows:
                parts["quarantine"].append(quarantine.stored(submission_id, draft.kind, draft.quarantine))
        staged = Staged(batch, ids)
        try:
            for name, tables in parts.items():
                staged.files[name] = self.tables(name).write(file_name(batch, self._schema(name)), tables)
        except BaseException:
            staged.discard(self.tables)
            raise
        return staged

    def commit(self, staged: Staged, verdicts: Sequence[Verdict], stamp: datetime, *, loaded: bool) -> None:
        """Make a staged call visible, all at once, and durable. The caller holds the lock."""
        for name in list(staged.files):
            action = staged.files.pop(name)  # from here on the table's log knows the file: it must not be removed
            self.tables(name).append([action], self._schema(name))
        entries = [self._entry(submission_id, verdicts[n], stamp, loaded) for n, submission_id in staged.ids.items()]
        self.manifest.append(f"{staged.batch}.parquet", entries)

    def _schema(self, name: str) -> pa.Schema:
        return quarantine.SCHEMA if name == "quarantine" else stored_schema(self.kinds[name.removeprefix("rows/")])

    def _entry(self, submission_id: str, verdict: Verdict, stamp: datetime, loaded: bool) -> Submission:
        draft: Draft = verdict.draft
        kind = self.kinds.get(draft.kind)  # a stream may bring bad rows of which not even the kind is known
        return Submission(
            submission_id=submission_id,
            kind=draft.kind,
            reporter=draft.reporter,
            period=draft.period,
            version=draft.version,
            sent_at=draft.sent_at,
            received_at=stamp,
            loaded=loaded,
            content_hash=draft.content_hash,
            file=draft.file,
            sheet=draft.sheet,
            rows=draft.rows.num_rows,
            quarantined=draft.quarantine.num_rows,
            ignored=verdict.ignored,
            own=kind is not None and all_own(kind, draft.rows, draft.reporter),
            event=kind is None or kind.time is Time.EVENT,
        )


def folder_of(kind: str) -> str:
    """The folder of a kind's table inside the book."""
    return f"rows/{kind}"


def _stored(kind: Kind, submission_id: str, rows: pa.Table) -> pa.Table:
    """`rows` with their submission, in the order of the table's columns."""
    place = pa.DictionaryArray.from_arrays(
        pa.repeat(pa.scalar(0, pa.int32()), rows.num_rows), pa.array([submission_id], pa.string())
    )
    return rows.append_column(SUBMISSION, place).select(stored_schema(kind).names)
