"""Which reporters somebody may know of: an institution's people their own, a region's its institutions."""

from __future__ import annotations

from collections.abc import Iterable

from houfeng.book.storage.manifest import Submission
from houfeng.errors import NotFoundError, Text
from houfeng.office.access import Role
from houfeng.office.scope import covers
from houfeng_desk.reader import Reader


class Reporters:
    """The reporters a viewer may know of, with their names."""

    def __init__(self, reader: Reader) -> None:
        self.viewer = reader.viewer
        rows = reader.held("SELECT institution_id, name, region FROM institution")
        self.names: dict[str, str] = {row["institution_id"]: row["name"] or row["institution_id"] for row in rows}
        self._regions = {row["institution_id"]: row["region"] or "" for row in rows}

    def sees(self, reporter: str) -> bool:
        """Whether what `reporter` sent may be shown. Deny where no way leads from the reporter to the scope."""
        scope = self.viewer.scope
        if scope.enterprise is not None or (scope.institutions is None and self.viewer.roles == {Role.REPORTER}):
            return False
        if scope.institutions is not None and reporter not in scope.institutions:
            return False
        return covers(scope.regions, self._regions.get(reporter))

    def of(self, entries: Iterable[Submission]) -> list[Submission]:
        """Those of `entries` that may be shown."""
        return [entry for entry in entries if self.sees(entry.reporter)]

    def name(self, reporter: str) -> str:
        """What a reporter is called."""
        return str(self.names.get(reporter, reporter))

    def own(self) -> list[tuple[str, str]]:
        """The institutions somebody of limited scope may report for, by name; empty where it may be anyone."""
        scope = self.viewer.scope
        if scope.institutions is not None:
            return sorted(((one, self.name(one)) for one in scope.institutions), key=lambda pair: pair[1])
        if scope.regions is not None:
            return sorted(((one, name) for one, name in self.names.items() if self.sees(one)), key=lambda p: p[1])
        return []


def all_entries(reader: Reader) -> list[Submission]:
    """Every submission known at the moment of the view, with the time it was in force; no scope is applied."""
    return [entry for kind in reader.snapshot.kinds for entry in reader.snapshot.history(kind)]


def entries_seen(reader: Reader, reporters: Reporters) -> list[Submission]:
    """The submissions a viewer may know of."""
    return reporters.of(all_entries(reader))


def find(reader: Reader, reporters: Reporters, submission_id: str) -> Submission:
    """One submission.

    Raises:
        NotFoundError: there is none that the viewer may know of.
    """
    for entry in all_entries(reader):
        if entry.submission_id == submission_id and reporters.sees(entry.reporter):
            return entry
    raise NotFoundError(
        Text("没有这次报送，或不在您的权限范围内。", "there is no such submission, or not in your scope")
    )
