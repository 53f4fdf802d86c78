"""The book: a folder that only grows, knows when it learned each thing, and shows each submission whole or not at all.

    book.json            what this folder is
    lock                 one writer at a time
    manifest/            Delta table: the submissions; a row is visible when its submission stands here
    rows/<kind>/         Delta table: the kind's fields, the submission and the row in its source
    quarantine/          Delta table: bad rows with their reasons

Rows are written first and the submissions of a call last, in one commit: a process that dies at any point leaves all of
its call or nothing that can be seen. docs/concepts/book.md tells the rules in words.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from houfeng.book import model
from houfeng.book.draft import Draft, check_draft
from houfeng.book.model import Kind, Time
from houfeng.book.snapshot import Snapshot
from houfeng.book.storage import quarantine
from houfeng.book.storage.faults import damaged, faults
from houfeng.book.storage.judge import Judge, Verdict
from houfeng.book.storage.locking import locked
from houfeng.book.storage.manifest import TICK, Manifest, Submission, local, stamp_after
from houfeng.book.storage.receipt import Outcome, Receipt, Status
from houfeng.book.storage.scan import parts_of, scan_sql, stored_schema
from houfeng.book.storage.tables import Table, sync_file, sync_folder
from houfeng.book.storage.writer import Staged, Writer, folder_of
from houfeng.book.stream import appending
from houfeng.book.stream.appending import Streamed
from houfeng.book.stream.compact import compact
from houfeng.clock import Clock
from houfeng.errors import ConflictError, EnvironmentFault, Text, UsageError, did_you_mean

FORMAT = 1

__all__ = ["Book", "Outcome", "Receipt", "Snapshot", "Status", "Submission"]


class Book:
    """A book in a folder. Any number of processes may hold the same one open."""

    def __init__(
        self,
        path: Path,
        clock: Clock,
        *,
        ids: Callable[[], str] | None = None,
        kinds: Mapping[str, Kind] | None = None,
        synthetic: bool = False,
    ) -> None:
        """Use `create` or `open`. `ids` gives a new name for every attempt to write; `kinds` the record kinds."""
        self.path = path
        self.clock = clock
        self.synthetic = synthetic
        self.kinds = model.kinds() if kinds is None else kinds
        self._ids = ids or self._new_id
        self._tables: dict[str, Table] = {}
        self._manifest = Manifest(path / "manifest")

    @classmethod
    def create(
        cls,
        path: Path,
        clock: Clock,
        *,
        synthetic: bool = False,
        ids: Callable[[], str] | None = None,
        kinds: Mapping[str, Kind] | None = None,
    ) -> Book:
        """Make an empty book in the folder `path`, which must not exist or be empty.

        Raises:
            UsageError: there is something already.
            EnvironmentFault: disk full or no permission.
        """
        path = _checked(path)
        with faults(path):
            path.mkdir(parents=True, exist_ok=True)
            if any(path.iterdir()):
                raise UsageError(Text(f"{path} 里已有东西，不能在此新建账簿", f"{path} is not empty"))
            (path / "lock").touch()
            book = cls(path, clock, ids=ids, kinds=kinds, synthetic=synthetic)
            book._manifest.create()
            about = {"format": FORMAT, "created": clock().isoformat(), "synthetic": synthetic}
            (path / "book.json").write_text(json.dumps(about, indent=1) + "\n", "utf-8")
            sync_file(path / "book.json")
            sync_folder(path)
        return book

    @classmethod
    def open(
        cls,
        path: Path,
        clock: Clock,
        *,
        ids: Callable[[], str] | None = None,
        kinds: Mapping[str, Kind] | None = None,
    ) -> Book:
        """The book in the folder `path`.

        Raises:
            UsageError: there is no book.
            EnvironmentFault: it is damaged, of a newer format, or may not be read.
        """
        path = _checked(path)
        with faults(path):
            if not (path / "book.json").exists():
                raise UsageError(
                    Text(
                        f"{path} 里没有账簿；先运行 houfeng book init，或用 --book 指明",
                        f"there is no book in {path}; run houfeng book init first, or name it with --book",
                    )
                )
            try:
                about: dict[str, Any] = json.loads((path / "book.json").read_text("utf-8"))
                format_, synthetic = int(about["format"]), bool(about["synthetic"])
            except (ValueError, KeyError, TypeError) as error:
                raise damaged(path / "book.json", str(error)) from error
        if format_ != FORMAT:
            raise EnvironmentFault(
                Text(f"账簿格式是 {format_}，本版只认 {FORMAT}", f"book format {format_}; this version knows {FORMAT}")
            )
        return cls(path, clock, ids=ids, kinds=kinds, synthetic=synthetic)

    def kind(self, name: str) -> Kind:
        """The record kind called `name`.

        Raises:
            UsageError: there is none; names the nearest.
        """
        if name not in self.kinds:
            near = did_you_mean(name, self.kinds)
            raise UsageError(Text(f"没有记录种类 {name}。{near.zh}", f"there is no record kind {name}. {near.en}"))
        return self.kinds[name]

    def table(self, folder: str) -> Table:
        """The Delta table in `folder` of the book."""
        if folder not in self._tables:
            self._tables[folder] = Table(self.path / folder)
        return self._tables[folder]

    def snapshot(self, known_at: datetime | None = None) -> Snapshot:
        """The book as known at `known_at`; without it, as known now.

        A view of a past moment never changes, whatever is submitted afterwards.

        Raises:
            EnvironmentFault: the book is damaged or may not be read.
        """
        if known_at is not None:
            known_at = local(known_at)
            entries = self._manifest.entries()
            if entries and entries[-1].received_at > known_at:
                return Snapshot(known_at, self._manifest.known(known_at), self.kinds, self.table, self.synthetic)
        # a commit under way may carry a stamp before this moment: wait for it
        with locked(self.path / "lock", shared=True):
            entries = self._manifest.entries()
            # a moment that no later stamp can fall on, even while the clock stands still
            moment = known_at or max([self.clock() - TICK, *(entry.received_at for entry in entries[-1:])])
        return Snapshot(moment, self._manifest.known(moment), self.kinds, self.table, self.synthetic)

    def quarantine(self, submission_ids: Sequence[str]) -> pa.Table:
        """The bad rows of these submissions: `_submission`, `kind`, `row`, `sheet`, `raw`, `problems`."""
        entries = self._manifest.entries()
        wanted = [entry for entry in entries if entry.submission_id in set(submission_ids)]
        return quarantine.bad_rows(self.table("quarantine"), wanted, entries)

    def submit(self, drafts: Sequence[Draft], *, confirm: bool = False, received_at: datetime | None = None) -> Receipt:
        """Put `drafts` into the book: all of them or, where something stands against one, none.

        `received_at` states an earlier moment, to load history into a book that has only seen such history, in the
        order in which things became known. Where a replacement would make good rows vanish, nothing is written unless
        `confirm`; the receipt then says what would vanish.

        Raises:
            InputError: a draft is not of the shape of its kind, or two are for the same period.
            ConflictError: the same place in the order is taken by other content, or the book stays locked.
            UsageError: `received_at` does not fit the order of what the book knows.
            EnvironmentFault: disk full, no permission, a damaged book, a clock set back.
        """
        drafts = [check_draft(draft, self.kind(draft.kind)) for draft in drafts]
        judge = Judge(self.kinds, self._rows_sql, confirm=confirm)
        writer = Writer(self.kinds, self.table, self._manifest)
        entries = self._manifest.entries()
        stamp = stamp_after(entries, self.clock(), received_at)
        with faults(self.path):
            verdicts = judge.judge(drafts, entries, stamp)
        if not _to_write(verdicts):
            return _receipt(verdicts)
        staged = writer.stage(self._ids(), verdicts)
        try:
            with locked(self.path / "lock"), faults(self.path):
                seen, entries = len(entries), self._manifest.entries()
                stamp = stamp_after(entries, self.clock(), received_at)
                if _matters(drafts, entries[seen:]):
                    verdicts = judge.again(verdicts, entries, seen, stamp)
                    staged.discard(self.table)
                    if not _to_write(verdicts):
                        return _receipt(verdicts)
                    staged = writer.stage(self._ids(), verdicts)
                writer.commit(staged, verdicts, stamp, loaded=received_at is not None)
                self._manifest.tidy()
        except BaseException:
            self._discard(staged)
            raise
        return _receipt(verdicts, staged, stamp)

    def entries(self) -> tuple[Submission, ...]:
        """Every submission there is, by arrival."""
        return self._manifest.entries()

    def streamed_upto(self) -> int:
        """Up to which entry of the watch's log the book has everything; 0 where it has nothing of a stream."""
        return appending.streamed_upto(self._manifest.entries())

    def append_stream(self, batches: Sequence[Streamed], upto: int) -> int:
        """Put what the log's entries after `streamed_upto` brought, up to `upto`, into the book. Gives the rows.

        All of it enters in one commit or none does; entries the book has already are passed over.

        Raises:
            ConflictError: another process has put entries into the book meanwhile.
            EnvironmentFault: as `submit`.
        """
        after = self.streamed_upto()
        fresh = [batch for batch in batches if batch.seq > after]
        verdicts = appending.verdicts(self.kinds, fresh, after + 1, upto)
        if not verdicts:
            return 0
        writer = Writer(self.kinds, self.table, self._manifest)
        staged = writer.stage(self._ids(), verdicts)
        try:
            with locked(self.path / "lock"), faults(self.path):
                entries = self._manifest.entries()
                if appending.streamed_upto(entries) != after:
                    raise ConflictError(
                        Text("另一个进程也在把监测日志记入账簿", "another process is putting the log into the book too")
                    )
                writer.commit(staged, verdicts, stamp_after(entries, self.clock()), loaded=False)
                self._manifest.tidy()
        except BaseException:
            self._discard(staged)
            raise
        return sum(verdict.draft.rows.num_rows for verdict in verdicts)

    def compact(self, kind: str | None = None) -> int:
        """Put small files of an event kind (without `kind`: of all) together. Gives how many others stand for now.

        Readers notice nothing; the old files go with `tidy` when they have been out of use for an hour.

        Raises:
            EnvironmentFault, ConflictError: as `submit`.
        """
        chosen = [self.kind(kind)] if kind else list(self.kinds.values())
        committed = {entry.batch for entry in self._manifest.entries()}
        return sum(
            compact(self.table(folder_of(one.name)), one, committed, f"whole-{self._ids()}", self.path / "lock")
            for one in chosen
            if one.time is Time.EVENT
        )

    def _discard(self, staged: Staged) -> None:
        with faults(self.path):
            staged.discard(self.table)

    def _rows_sql(self, kind: Kind, wanted: Sequence[Submission]) -> str:
        """SQL of all stored rows of `wanted`, with every stored column."""
        table = self.table(folder_of(kind.name))
        known = (entry for entry in self._manifest.entries() if entry.kind == kind.name)
        return scan_sql(table, kind, parts_of(table, wanted, known), stored_schema(kind).names)

    def _new_id(self) -> str:
        """A name no earlier attempt can have had, in order of time."""
        return f"{self.clock():%Y%m%dT%H%M%S}-{os.urandom(4).hex()}"


def _checked(path: Path) -> Path:
    """`path` in full. DuckDB would take some signs in it for a pattern."""
    path = path.resolve()
    if any(sign in str(path) for sign in "*?[]{}\n"):
        raise UsageError(
            Text(f"账簿的路径不能有 * ? [ ] {{ }}：{path}", f"no * ? [ ] {{ }} in the book's path: {path}")
        )
    return path


def _matters(drafts: Sequence[Draft], new: Sequence[Submission]) -> bool:
    """Whether what others have committed meanwhile touches `drafts`."""
    keys = {(draft.kind, draft.reporter, draft.period) for draft in drafts}
    kinds = {draft.kind for draft in drafts}
    return any(entry.key in keys or (entry.event and entry.kind in kinds) for entry in new)


def _to_write(verdicts: Sequence[Verdict]) -> bool:
    if any(verdict.status is Status.NEEDS_CONFIRMATION for verdict in verdicts):
        return False
    return any(verdict.to_write for verdict in verdicts)


def _receipt(verdicts: Sequence[Verdict], staged: Staged | None = None, stamp: datetime | None = None) -> Receipt:
    """The receipt for what was written, or, without `staged`, for what was not."""
    ids = staged.ids if staged else {}
    outcomes = []
    for n, verdict in enumerate(verdicts):
        draft, written = verdict.draft, n in ids
        held = verdict.to_write and not written and verdict.status is not Status.NEEDS_CONFIRMATION
        outcomes.append(
            Outcome(
                kind=draft.kind,
                reporter=draft.reporter,
                period=draft.period,
                file=draft.file,
                sheet=draft.sheet,
                status=Status.HELD if held else verdict.status,
                submission_id=ids.get(n, verdict.submission_id),
                rows=draft.rows.num_rows if written else 0,
                ignored=verdict.ignored,
                quarantined=draft.quarantine.num_rows if written else 0,
                replaces=verdict.replaces,
                vanishing=verdict.vanishing,
                vanishing_keys=verdict.vanishing_keys,
                problems=verdict.problems,
            )
        )
    return Receipt(tuple(outcomes), stamp)
