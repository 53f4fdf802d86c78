"""Two versions on the same history: which alerts are gained, lost, kept, moved, at another tier.

**Situation.** Alerts of both versions of the same rule (by name) and key whose open intervals overlap, directly or
through each other, are one situation: what a person would hold for the same matter. An interval holds its opening
and not its clearing. One version's alerts of a rule and key never overlap each other, so a situation that only one
version has is exactly one alert: *gained* where only the new version has it, *lost* where only the old one does.
All others are kept.

**Identical** is an alert with the same rule, key and opening event (the same alert id, where the packs have one
name); a kept situation is *unchanged* where both versions say it by identical alerts with the same steps and
clearings.

Swapping the versions swaps gained and lost and turns earlier into later; nothing else changes.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from houfeng.packs.model import TIERS
from houfeng.watch.compare.notice import Notice, grouped

DAY = timedelta(days=1)
EVER, NEVER = datetime(1, 1, 1), datetime(9999, 12, 31)


@dataclass(frozen=True, slots=True)
class Situation:
    """One matter of a rule and key: the alerts each version has for it, in order of time. Not both are empty."""

    old: tuple[Notice, ...]
    new: tuple[Notice, ...]

    @property
    def gained(self) -> bool:
        """Only the new version has it."""
        return not self.old

    @property
    def lost(self) -> bool:
        """Only the old version has it."""
        return not self.new

    @property
    def kept(self) -> bool:
        """Both versions have it."""
        return bool(self.old and self.new)

    @property
    def unchanged(self) -> bool:
        """Both versions say it by the same openings, steps and clearings."""
        return self.kept and [_outline(n) for n in self.old] == [_outline(n) for n in self.new]

    @property
    def moved(self) -> float:
        """By how many days the new version speaks later (negative: earlier); 0 where not kept."""
        return (self.new[0].opened_at - self.old[0].opened_at) / DAY if self.kept else 0.0

    @property
    def tiers(self) -> tuple[str, str]:
        """The highest tier in the old and in the new version; empty where a version has it not."""
        return _highest(self.old), _highest(self.new)

    @property
    def raised(self) -> int:
        """By how many tiers the new version goes higher (negative: lower); 0 where not kept."""
        old, new = self.tiers
        return TIERS.index(new) - TIERS.index(old) if self.kept else 0


def _outline(notice: Notice) -> tuple[object, ...]:
    return (notice.event, notice.steps, notice.cleared_at)


def _highest(notices: Sequence[Notice]) -> str:
    return max((n.tier for n in notices), key=TIERS.index, default="")


@dataclass(frozen=True)
class Comparison:
    """The alerts of two versions over the days `first` to `last`, and the situations they make."""

    first: date
    last: date
    old: tuple[Notice, ...]
    new: tuple[Notice, ...]
    situations: tuple[Situation, ...]

    @property
    def gained(self) -> list[Notice]:
        """The alerts only the new version has."""
        return [s.new[0] for s in self.situations if s.gained]

    @property
    def lost(self) -> list[Notice]:
        """The alerts only the old version has."""
        return [s.old[0] for s in self.situations if s.lost]

    @property
    def kept(self) -> list[Situation]:
        """The situations both versions have."""
        return [s for s in self.situations if s.kept]

    def days(self) -> Iterator[date]:
        """Every day of the period."""
        for number in range((self.last - self.first).days + 1):
            yield self.first + timedelta(days=number)


def match(old: Iterable[Notice], new: Iterable[Notice], first: date, last: date) -> Comparison:
    """Compare the alerts of two versions over the same days."""
    befores, afters = tuple(old), tuple(new)
    groups: dict[tuple[str, str, str], list[tuple[bool, Notice]]] = defaultdict(list)
    for is_new, notices in ((False, befores), (True, afters)):
        for notice in notices:
            groups[(notice.rule, notice.kind, notice.key)].append((is_new, notice))
    found = [situation for group in groups.values() for situation in _situations(group)]
    found.sort(key=lambda s: (min(n.opened_at for n in (*s.old, *s.new)), (*s.old, *s.new)[0].rule, _key(s)))
    return Comparison(first, last, befores, afters, tuple(found))


def _key(situation: Situation) -> str:
    return (*situation.old, *situation.new)[0].key


def _situations(group: list[tuple[bool, Notice]]) -> Iterator[Situation]:
    """The situations of one rule and key: runs of alerts whose open intervals touch."""
    group.sort(key=lambda pair: (pair[1].opened_at, pair[0]))
    run: list[tuple[bool, Notice]] = []
    until = EVER
    for pair in group:
        if run and pair[1].opened_at >= until:
            yield _situation(run)
            run = []
        until = max(until, pair[1].cleared_at or NEVER)
        run.append(pair)
    if run:
        yield _situation(run)


def _situation(run: list[tuple[bool, Notice]]) -> Situation:
    return Situation(tuple(n for is_new, n in run if not is_new), tuple(n for is_new, n in run if is_new))


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of one row of the comparison.

    `old` and `new` are alerts; `gained` and `lost` alerts; `kept` and what follows are situations both versions have.
    `earlier` and `later` are kept situations that the new version opens on an earlier or later moment, `raised` and
    `lowered` those it takes to a higher or lower tier; a situation may be both. `redrawn` is whatever else differs:
    a clearing, an escalation, another number of alerts.
    """

    old: int
    new: int
    gained: int
    lost: int
    kept: int
    unchanged: int
    earlier: int
    later: int
    raised: int
    lowered: int
    redrawn: int
    shift: float | None
    """Median days by which moved situations open later (negative: earlier)."""


def tally(old: Iterable[Notice], new: Iterable[Notice], situations: Iterable[Situation]) -> Tally:
    """Count alerts of both versions and their situations."""
    every = list(situations)
    kept = [s for s in every if s.kept]
    moved = sorted(s.moved for s in kept if s.moved)
    return Tally(
        old=sum(1 for _ in old),
        new=sum(1 for _ in new),
        gained=sum(s.gained for s in every),
        lost=sum(s.lost for s in every),
        kept=len(kept),
        unchanged=sum(s.unchanged for s in kept),
        earlier=sum(s.moved < 0 for s in kept),
        later=sum(s.moved > 0 for s in kept),
        raised=sum(s.raised > 0 for s in kept),
        lowered=sum(s.raised < 0 for s in kept),
        redrawn=sum(not s.unchanged and not s.moved and not s.raised for s in kept),
        shift=_middle(moved),
    )


def _middle(ordered: Sequence[float]) -> float | None:
    if not ordered:
        return None
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def by_rule(found: Comparison) -> dict[str, Tally]:
    """The tally of each rule that has an alert in either version, by rule name."""
    names = dict.fromkeys(n.rule for n in (*found.old, *found.new))
    olds, news = grouped(found.old), grouped(found.new)
    situations: dict[str, list[Situation]] = defaultdict(list)
    for situation in found.situations:
        situations[(*situation.old, *situation.new)[0].rule].append(situation)
    return {name: tally(olds[name], news[name], situations[name]) for name in names}


@dataclass(frozen=True, slots=True)
class Tier:
    """Alerts by the highest tier they reached, and how kept situations moved into and out of the tier."""

    old: int
    new: int
    gained: int
    lost: int
    into: int
    out: int


def by_tier(found: Comparison) -> dict[str, Tier]:
    """Each tier from high to low."""
    olds, news = Counter(n.tier for n in found.old), Counter(n.tier for n in found.new)
    gained, lost = Counter(n.tier for n in found.gained), Counter(n.tier for n in found.lost)
    changed = [s.tiers for s in found.kept if s.raised]
    into, out = Counter(new for _, new in changed), Counter(old for old, _ in changed)
    return {t: Tier(olds[t], news[t], gained[t], lost[t], into[t], out[t]) for t in reversed(TIERS)}


class Opened(NamedTuple):
    """Alerts opened on a day or in a month (`when`), by version, and those gained and lost."""

    when: str
    old: int
    new: int
    gained: int
    lost: int


def by_day(found: Comparison) -> list[Opened]:
    """Every day of the period, those without an alert too."""
    return _opened(found, "%Y-%m-%d")


def by_month(found: Comparison) -> list[Opened]:
    """Every month of the period."""
    return _opened(found, "%Y-%m")


def _opened(found: Comparison, form: str) -> list[Opened]:
    each = (found.old, found.new, found.gained, found.lost)
    old, new, gained, lost = (Counter(n.opened_at.strftime(form) for n in notices) for notices in each)
    whens = dict.fromkeys(day.strftime(form) for day in found.days())
    return [Opened(when, old[when], new[when], gained[when], lost[when]) for when in whens]
