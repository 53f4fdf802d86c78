"""The calendar of returns: reporters by months, what came when, what is late or missing, and how good it was."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from houfeng.book.model import kinds
from houfeng.book.storage.manifest import Submission
from houfeng.clock import month_end
from houfeng.errors import Text
from houfeng_desk.queries.submissions.due import DueDays, expected_kinds
from houfeng_desk.queries.submissions.quality import Score, score
from houfeng_desk.queries.submissions.seen import Reporters, entries_seen
from houfeng_desk.reader import Reader

MONTHS = 13
STATES: Mapping[str, Text] = {
    "on_time": Text("按时", "On time"),
    "late": Text("迟报", "Late"),
    "missing": Text("缺报", "Missing"),
    "due": Text("待报", "Not due yet"),
    "extra": Text("已收", "Received"),
    "none": Text("不需报", "Nothing due"),
}
"""What a cell can say; the gravest of its kinds counts."""

GRAVITY = ("none", "extra", "on_time", "due", "late", "missing")


@dataclass(frozen=True)
class Return:
    """One kind for one month: when it first came, and what is in force now."""

    kind: str
    label: Text
    state: str
    due: date | None
    first: Submission | None
    now: Submission | None
    versions: int

    @property
    def days_late(self) -> int:
        """By how many days the first one missed the due day."""
        if self.first is None or self.due is None:
            return 0
        return max(0, (self.first.received_at.date() - self.due).days)


@dataclass(frozen=True)
class Cell:
    """One reporter in one month."""

    month: date
    state: str
    returns: tuple[Return, ...]

    @property
    def rows(self) -> int:
        """Good rows in force."""
        return sum(one.now.rows for one in self.returns if one.now)

    @property
    def quarantined(self) -> int:
        """Bad rows of what is in force."""
        return sum(one.now.quarantined for one in self.returns if one.now)

    @property
    def bad_share(self) -> float:
        """The part of the rows sent that is in quarantine."""
        sent = self.rows + self.quarantined
        return self.quarantined / sent if sent else 0.0

    @property
    def missing(self) -> tuple[Return, ...]:
        """What has not come."""
        return tuple(one for one in self.returns if one.state == "missing")

    @property
    def replaced(self) -> int:
        """How many versions came after the first ones."""
        return sum(max(0, one.versions - 1) for one in self.returns)


@dataclass(frozen=True)
class Line:
    """One reporter with its months and its score."""

    reporter: str
    name: str
    cells: tuple[Cell, ...]
    score: Score | None


@dataclass(frozen=True)
class Calendar:
    """The whole calendar. `kinds` are those that can be chosen, the numbers count cells."""

    months: tuple[date, ...]
    lines: tuple[Line, ...]
    kinds: tuple[tuple[str, Text], ...]
    on_time: int
    late: int
    missing: int


def calendar(reader: Reader, due: DueDays, kind: str = "", months: int = MONTHS) -> Calendar:
    """The returns the viewer may see, for the months up to the last full one before the moment of the view."""
    reporters = Reporters(reader)
    entries = [entry for entry in entries_seen(reader, reporters) if not entry.event]
    shown = [entry for entry in entries if not kind or entry.kind == kind]
    columns = _months(reader, entries, months)
    today = reader.known_at.date()
    lines = []
    for who, own in sorted(_by_reporter(shown).items(), key=lambda pair: reporters.name(pair[0])):
        cells = tuple(cell(own, month, due, today) for month in columns)
        if any(one.returns for one in cells):
            lines.append(Line(who, reporters.name(who), cells, score(own, due, today, columns)))
    flat = [one for line in lines for one in line.cells]
    return Calendar(
        columns,
        tuple(lines),
        tuple((name, kinds()[name].label) for name in kinds() if any(entry.kind == name for entry in entries)),
        sum(one.state == "on_time" for one in flat),
        sum(one.state == "late" for one in flat),
        sum(one.state == "missing" for one in flat),
    )


def cell(own: Sequence[Submission], month: date, due: DueDays, today: date) -> Cell:
    """What one reporter sent for one month, and what it should have sent."""
    sent: dict[str, list[Submission]] = defaultdict(list)
    for entry in own:
        if entry.period is not None and month_end(entry.period) == month:
            sent[entry.kind].append(entry)
    wanted = expected_kinds(own, month)
    found = [
        _return(name, sent.get(name, ()), month, due, today, expected=name in wanted)
        for name in kinds()
        if name in sent or name in wanted
    ]
    state = max((one.state for one in found), key=GRAVITY.index, default="none")
    return Cell(month, state, tuple(found))


def _return(kind: str, sent: Sequence[Submission], month: date, due: DueDays, today: date, *, expected: bool) -> Return:
    day = due.of(kind, month) if expected else None
    first = min(sent, key=lambda e: e.received_at, default=None)
    now = next((entry for entry in reversed(sent) if entry.in_force), None)
    if first is None:
        state = "missing" if day is not None and today > day else "due"
    elif day is None:
        state = "extra"
    else:
        state = "late" if first.received_at.date() > day else "on_time"
    return Return(kind, kinds()[kind].label, state, day, first, now, len(sent))


def _by_reporter(entries: Iterable[Submission]) -> dict[str, list[Submission]]:
    found: dict[str, list[Submission]] = defaultdict(list)
    for entry in entries:
        found[entry.reporter].append(entry)
    return found


def _months(reader: Reader, entries: Sequence[Submission], number: int) -> tuple[date, ...]:
    """The months shown, the newest first: of a book that grows up to the last full month, so that what nobody has sent
    yet is seen too; of one that stopped growing, up to the month after its newest."""
    newest = max((entry.period for entry in entries if entry.period is not None), default=reader.as_of)
    full = reader.known_at.date().replace(day=1) - timedelta(days=1)
    last = max(month_end(newest), min(full, month_end(month_end(newest) + timedelta(days=1))))
    found = [month_end(reader.as_of) if reader.asked_as_of else last]
    while len(found) < number:
        found.append(found[-1].replace(day=1) - timedelta(days=1))
    return tuple(found)
