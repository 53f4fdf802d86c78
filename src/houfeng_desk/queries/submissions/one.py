"""One submission: its receipt, what it replaced, what replaced it, and what was wrong with its rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from houfeng.book.model import Kind, kinds
from houfeng.book.storage.manifest import Submission
from houfeng_desk.queries.submissions.seen import Reporters, all_entries, find
from houfeng_desk.reader import Reader


@dataclass(frozen=True)
class Receipt:
    """A submission with its neighbours in the order of its period, and its siblings of the same file."""

    entry: Submission
    kind: Kind
    reporter_name: str
    replaces: Submission | None
    replaced_by: Submission | None
    versions: tuple[Submission, ...]
    siblings: tuple[Submission, ...]

    @property
    def state(self) -> str:
        """in_force, replaced, or never (a later one was there before it)."""
        if self.entry.in_force:
            return "in_force"
        return "replaced" if self.entry.ever_in_force else "never"

    @property
    def bad_share(self) -> float:
        """The part of its rows that is in quarantine."""
        sent = self.entry.rows + self.entry.quarantined
        return self.entry.quarantined / sent if sent else 0.0


def receipt(reader: Reader, submission_id: str) -> Receipt:
    """All about one submission.

    Raises:
        NotFoundError: there is none that the viewer may know of.
    """
    reporters = Reporters(reader)
    entry = find(reader, reporters, submission_id)
    same = [other for other in all_entries(reader) if other.key == entry.key] if not entry.event else [entry]
    siblings = [
        other
        for other in all_entries(reader)
        if other.batch == entry.batch and other.submission_id != submission_id and reporters.sees(other.reporter)
    ]
    return Receipt(
        entry,
        kinds()[entry.kind],
        reporters.name(entry.reporter),
        _other(same, lambda other: other.known_to == entry.received_at),
        _other(same, lambda other: entry.known_to is not None and other.received_at == entry.known_to),
        tuple(sorted(same, key=lambda other: other.received_at)),
        tuple(siblings),
    )


def _other(entries: Sequence[Submission], fits: object) -> Submission | None:
    assert callable(fits)
    return next((entry for entry in entries if fits(entry)), None)
