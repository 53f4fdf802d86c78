"""How far policies arrive and how many days it takes, by policy, region, bank; nothing is told of few.

Days are calendar days between two links of a chain; `document` is the day the policy was given. The median and the
ninetieth percentile are values that occurred (nearest rank), so that anybody can count them again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from houfeng.errors import Text, UsageError
from houfeng.matching.delivery import chains, suppression
from houfeng.matching.delivery.chains import DOCUMENT, ORDER, STEPS
from houfeng.matching.tables import PolicyChain
from houfeng.matching.terms import Terms, shipped
from houfeng.office.access import Viewer

POINTS: Mapping[str, Text] = {DOCUMENT: Text("文件", "Document"), **STEPS}
BY: Mapping[str, Text] = {
    "policy": Text("政策", "Policy"),
    "region": Text("地区", "Region"),
    "bank": Text("机构", "Institution"),
}
ALL, FIRMS, PERSONS = "all", "firms", "persons"


class Days(NamedTuple):
    """The days of one group; all `None` where it is hidden."""

    key: str
    chains: int | None
    median: int | None
    ninth: int | None

    @property
    def hidden(self) -> bool:
        """Whether there are too few, or telling them would tell of few."""
        return self.chains is None


class Table(NamedTuple):
    """Days by group, and of all."""

    rows: tuple[Days, ...]
    total: Days


class Reached(NamedTuple):
    """How many chains reached a link; `None` where it is hidden."""

    step: str
    chains: int | None


def rank(values: Sequence[int], share: tuple[int, int]) -> int:
    """The value of nearest rank: the smallest that at least `share` of all do not exceed."""
    part, whole = share
    place = max(1, -(-len(values) * part // whole))
    return sorted(values)[place - 1]


def days(
    session: Session, viewer: Viewer, by: str = "policy", start: str = DOCUMENT, end: str = "paid",
    policy: str = "", who: str = ALL, terms: Terms | None = None,
) -> Table:  # fmt: skip
    """The days from `start` to `end` of the viewer's chains that have both, by group.

    Raises:
        UsageError: no such link, or group.
    """
    floor = (terms or shipped()).numbers["floor"]
    if by not in BY or start not in POINTS or end not in STEPS:
        raise UsageError(Text("没有这种口径", "there is no such figure"))
    groups: dict[str, list[int]] = defaultdict(list)
    for row in _rows(session, viewer, policy, who):
        first, last = _moment(row, start), _moment(row, end)
        if first is not None and last is not None:
            groups[_key(row, by)].append((last - first).days)
    counts = {key: len(values) for key, values in groups.items()}
    away = suppression.hidden(counts, floor)
    rows = tuple(_days(key, groups[key], key in away) for key in sorted(groups))
    every = [value for values in groups.values() for value in values]
    return Table(rows, _days("", every, not suppression.total_told(counts, floor)))


def _days(key: str, values: Sequence[int], away: bool) -> Days:
    if away:
        return Days(key, None, None, None)
    if not values:
        return Days(key, 0, None, None)
    return Days(key, len(values), rank(values, (1, 2)), rank(values, (9, 10)))


def funnel(
    session: Session, viewer: Viewer, policy: str = "", who: str = FIRMS, terms: Terms | None = None
) -> tuple[Reached, ...]:
    """How many of the viewer's chains reached each link, each counted with those that went beyond it.

    Of persons, small counts are hidden, and those that differ by few from the one before; firms of one's scope are
    listed one by one beside it, so their counts tell nothing new.
    """
    floor = (terms or shipped()).numbers["floor"]
    furthest = [_furthest(row) for row in _rows(session, viewer, policy, who)]
    counts = [sum(1 for each in furthest if each >= n) for n in range(len(ORDER))]
    away = suppression.steps_hidden(counts, floor) if who != FIRMS else (False,) * len(ORDER)
    return tuple(Reached(s, None if gone else c) for s, c, gone in zip(ORDER, counts, away, strict=True))


def _furthest(row: Row[tuple[object, ...]]) -> int:
    """The place of the last link a chain has; -1 without any."""
    return max((n for n, step in enumerate(ORDER) if _moment(row, step) is not None), default=-1)


def _rows(session: Session, viewer: Viewer, policy: str, who: str) -> Sequence[Row[tuple[object, ...]]]:
    chains.may_see(viewer)
    columns = [
        PolicyChain.policy, PolicyChain.region, PolicyChain.institution_id, PolicyChain.document_on,
        *(getattr(PolicyChain, f"{step}_at") for step in ORDER),
    ]  # fmt: skip
    wanted = select(*columns).where(chains.in_scope(viewer))
    if policy:
        wanted = wanted.where(PolicyChain.policy == policy)
    if who != ALL:
        wanted = wanted.where(PolicyChain.person.is_(who == PERSONS))
    return session.execute(wanted).all()


def _moment(row: Row[tuple[object, ...]], point: str) -> date | None:
    found = row.document_on if point == DOCUMENT else getattr(row, f"{point}_at")
    return found.date() if isinstance(found, datetime) else found


def _key(row: Row[tuple[object, ...]], by: str) -> str:
    keys: Mapping[str, Callable[[], str]] = {
        "policy": lambda: row.policy,
        "region": lambda: row.region[:4] + "00" if row.region else "",
        "bank": lambda: row.institution_id,
    }
    return keys[by]()


def own_days(chain: PolicyChain) -> int | None:
    """The days from document to money of one chain: to `paid`, or to `lent` as long as nothing is."""
    last = chain.paid_at or chain.lent_at
    return (last.date() - chain.document_on).days if last is not None and chain.document_on is not None else None
