"""What is to become of each draft of a call, given what the book has: the rules of replacement, order and repetition.

The judgement is made before the lock is taken, because comparing millions of rows takes time; if another process has
committed something that matters in between, it is made again under the lock. It writes nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import pyarrow as pa

from houfeng.book.draft import Draft
from houfeng.book.model import Kind, Time
from houfeng.book.storage import compare
from houfeng.book.storage.manifest import Submission, chronicle
from houfeng.book.storage.receipt import Status
from houfeng.errors import ConflictError, InputError, Level, Problem, Text, Where

ReadSql = Callable[[Kind, Sequence[Submission]], str]
"""Gives the SQL of all stored rows of some submissions of a kind."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to become of one draft. `draft` holds the rows that are to enter, for events with their `_hash`."""

    draft: Draft
    status: Status
    submission_id: str = ""  # where the book has it already
    replaces: str = ""
    ignored: int = 0
    vanishing: int = 0
    vanishing_keys: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def to_write(self) -> bool:
        """Whether something of it is to be written, unless the whole call waits."""
        return self.status in (Status.ACCEPTED, Status.NEEDS_CONFIRMATION) or (
            self.status is Status.NOT_IN_FORCE and not self.submission_id
        )


class Judge:
    """Judges the drafts of one call against the submissions `known`, which end up in `known` order of arrival."""

    def __init__(self, kinds: Mapping[str, Kind], read: ReadSql, *, confirm: bool) -> None:
        self.kinds = kinds
        self.read = read
        self.confirm = confirm

    def judge(self, drafts: Sequence[Draft], known: Sequence[Submission], now: datetime) -> list[Verdict]:
        """One verdict per draft, in the order given.

        Raises:
            InputError: two drafts of the call are for the same kind, reporter and period.
            ConflictError: a draft states the same place in the order as an earlier one with other content.
        """
        self._refuse_twins(drafts)
        by_key: dict[tuple[str, str, object], list[Submission]] = defaultdict(list)
        for entry in chronicle(known):
            by_key[entry.key].append(entry)
        verdicts: dict[int, Verdict] = {}
        for n, draft in enumerate(drafts):
            if self.kinds[draft.kind].time is not Time.EVENT:
                verdicts[n] = self._replacing(draft, by_key[(draft.kind, draft.reporter, draft.period)], now)
        if conflicts := [p for verdict in verdicts.values() for p in verdict.problems if p.level is Level.ERROR]:
            raise ConflictError(
                Text("同一次序已有内容不同的报送，未入账", "the book has other content at the same place in the order"),
                conflicts,
            )
        for name in {draft.kind for draft in drafts}:
            if self.kinds[name].time is Time.EVENT:
                places = [n for n, draft in enumerate(drafts) if draft.kind == name]
                found = self._events(self.kinds[name], [drafts[n] for n in places], known)
                verdicts.update(zip(places, found, strict=True))
        return [verdicts[n] for n in range(len(drafts))]

    def again(
        self, verdicts: Sequence[Verdict], known: Sequence[Submission], seen: int, now: datetime
    ) -> list[Verdict]:
        """The verdicts after others have committed `known[seen:]`: events are held against the new ones only."""
        renewed: dict[int, Verdict] = {}
        for name in {verdict.draft.kind for verdict in verdicts}:
            if self.kinds[name].time is Time.EVENT:
                places = [n for n, verdict in enumerate(verdicts) if verdict.draft.kind == name]
                found = self._events(self.kinds[name], [verdicts[n].draft for n in places], known, known[seen:])
                for n, verdict in zip(places, found, strict=True):
                    renewed[n] = _after(verdicts[n], verdict)
        rest = [n for n in range(len(verdicts)) if n not in renewed]
        found = self.judge([verdicts[n].draft for n in rest], known, now)
        renewed.update(zip(rest, found, strict=True))
        return [renewed[n] for n in range(len(verdicts))]

    def _refuse_twins(self, drafts: Sequence[Draft]) -> None:
        seen: dict[tuple[str, str, object], Draft] = {}
        problems = []
        for draft in drafts:
            key = (draft.kind, draft.reporter, draft.period)
            if draft.period is not None and key in seen:
                problems.append(
                    Problem(
                        "book.same_period_twice",
                        Text(
                            f"与 {seen[key].file} {seen[key].sheet} 同为 {draft.reporter} 的 {draft.kind}",
                            f"{seen[key].file} {seen[key].sheet} is {draft.kind} of {draft.reporter} too",
                        ),
                        Where(draft.file, sheet=draft.sheet),
                        suggestion=Text(
                            "分两次报送，后报的为准", "submit them one after the other; the later one counts"
                        ),
                    )
                )
            seen.setdefault(key, draft)
        if problems:
            raise InputError(Text("一次报送里同一期有两份", "one call has two parts for the same period"), problems)

    def _replacing(self, draft: Draft, history: Sequence[Submission], now: datetime) -> Verdict:
        """The verdict on a draft that, if it comes into force, replaces the one in force of its key."""
        current = next((entry for entry in reversed(history) if entry.in_force), None)
        if current is None:
            return Verdict(draft, Status.ACCEPTED)
        states = draft.version is not None or draft.sent_at is not None
        stated = (draft.version or 0, draft.sent_at)
        if _same(draft, current) and (not states or stated == current.stated):
            return Verdict(draft, Status.UNCHANGED, current.submission_id)
        for entry in history if states else ():
            if entry.states_order and entry.stated == stated:
                if _same(draft, entry):
                    return Verdict(draft, Status.NOT_IN_FORCE, entry.submission_id, problems=(_late(draft, current),))
                return Verdict(draft, Status.NOT_IN_FORCE, problems=(_conflict(draft, entry),))
        if (draft.version or 0, draft.sent_at or now, now) < current.order:
            return Verdict(draft, Status.NOT_IN_FORCE, problems=(_late(draft, current),))
        return self._vanishing(draft, current)

    def _vanishing(self, draft: Draft, current: Submission) -> Verdict:
        kind = self.kinds[draft.kind]
        gone: int = 0
        few: tuple[str, ...] = ()
        if current.rows:
            gone, few = compare.vanishing(kind, self.read(kind, [current]), draft.rows)
        if not gone:
            return Verdict(draft, Status.ACCEPTED, replaces=current.submission_id)
        return Verdict(
            draft,
            Status.ACCEPTED if self.confirm else Status.NEEDS_CONFIRMATION,
            replaces=current.submission_id,
            vanishing=gone,
            vanishing_keys=few,
            problems=(_vanish(draft, current, gone, few),),
        )

    def _events(
        self,
        kind: Kind,
        drafts: Sequence[Draft],
        known: Sequence[Submission],
        since: Sequence[Submission] | None = None,
    ) -> list[Verdict]:
        """Verdicts on events: held against all known ones, or only against those `since`."""
        mine = [entry for entry in known if entry.kind == kind.name]
        against = mine if since is None else [entry for entry in since if entry.kind == kind.name]
        if since is None:
            drafts = [replace(draft, rows=compare.hashed(kind, draft.rows)) for draft in drafts]
        verdicts = []
        for draft, sieved in zip(drafts, compare.sieve(kind, drafts, self.read(kind, against)), strict=True):
            had = next((e for e in mine if e.reporter == draft.reporter and _same(draft, e)), None)
            quarantine = pa.concat_tables([draft.quarantine, sieved.refused])
            if had is not None and not sieved.rows.num_rows and quarantine.num_rows <= had.quarantined:
                rest = replace(draft, rows=sieved.rows)
                verdicts.append(Verdict(rest, Status.UNCHANGED, had.submission_id, ignored=sieved.ignored))
                continue
            rest = replace(draft, rows=sieved.rows, quarantine=quarantine)
            problems = _event_notes(draft, sieved.ignored, sieved.refused.num_rows)
            verdicts.append(Verdict(rest, Status.ACCEPTED, ignored=sieved.ignored, problems=problems))
        return verdicts


def _after(first: Verdict, second: Verdict) -> Verdict:
    """The verdict on events that were compared twice."""
    if first.status is Status.UNCHANGED:
        return first
    return replace(second, ignored=first.ignored + second.ignored, problems=first.problems + second.problems)


def _same(draft: Draft, entry: Submission) -> bool:
    return draft.content_hash == entry.content_hash and draft.sheet == entry.sheet


def _late(draft: Draft, current: Submission) -> Problem:
    there = f"{current.file} ({current.submission_id})"
    return Problem(
        "book.not_in_force",
        Text(
            f"账簿里已有次序更后的 {there}，这一份只存不用",
            f"{there} comes later in the order; this one is not in force",
        ),
        Where(draft.file, sheet=draft.sheet),
        Level.WARNING,
        suggestion=Text("若这份才对，请写更高的版本号再报", "if this is the right one, state a higher version"),
    )


def _conflict(draft: Draft, entry: Submission) -> Problem:
    order = f"version {entry.version}" if entry.version is not None else f"sent at {entry.sent_at}"
    return Problem(
        "book.same_order",
        Text(
            f"{entry.file}（{entry.submission_id}）的版本号或发送时间与它相同，内容不同",
            f"{entry.file} ({entry.submission_id}) has the same order ({order}) and other content",
        ),
        Where(draft.file, sheet=draft.sheet),
        suggestion=Text("请写更高的版本号再报", "state a higher version and submit again"),
    )


def _vanish(draft: Draft, current: Submission, gone: int, few: Sequence[str]) -> Problem:
    named = "; ".join(few) + (" …" if gone > len(few) else "")
    empty = Text("（本期将全空）", " (the period would be empty)") if not draft.rows.num_rows else Text("", "")
    return Problem(
        "book.rows_vanish",
        Text(
            f"替换 {current.file} 后有 {gone} 条好记录不再出现{empty.zh}",
            f"replacing {current.file} makes {gone} good rows vanish{empty.en}",
        ),
        Where(draft.file, sheet=draft.sheet),
        Level.WARNING,
        named,
        Text("核对无误后加 --confirm 再报", "if this is meant, submit again with --confirm"),
    )


def _event_notes(draft: Draft, ignored: int, refused: int) -> tuple[Problem, ...]:
    where = Where(draft.file, sheet=draft.sheet)
    notes = []
    if ignored:
        text = Text(f"{ignored} 条记录账簿已有，略过", f"{ignored} records are in the book already and were ignored")
        notes.append(Problem("book.events_repeated", text, where, Level.NOTE))
    if refused:
        text = Text(
            f"{refused} 条记录与账簿同号不同内容，已隔离", f"{refused} records contradict the book and were quarantined"
        )
        notes.append(Problem("book.events_refused", text, where, Level.WARNING))
    return tuple(notes)
