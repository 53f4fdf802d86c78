"""Month by month: whose controller changed, and what became of the groups of connected clients."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from houfeng.engine.duckdb import Engine
from houfeng.penetration.control import HALF, Control, control
from houfeng.penetration.dependence import dependence
from houfeng.penetration.graph import KINDS, Holdings, Views
from houfeng.penetration.groups import Change, Group, changes, control_links, groups
from houfeng.penetration.ownership.agreements import agreements, known


@dataclass(frozen=True, slots=True)
class Turn:
    """An enterprise whose ultimate controller is another than on the day before; `None` is nobody."""

    enterprise: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Day:
    """What changed up to a day since the day asked about before it; nothing on the first."""

    day: date
    turns: tuple[Turn, ...]
    groups: tuple[Change, ...]


def month_ends(first: date, last: date) -> tuple[date, ...]:
    """The last day of every month from that of `first` to that of `last`."""
    months = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    return tuple(date.fromordinal(date((m + 1) // 12, (m + 1) % 12 + 1, 1).toordinal() - 1) for m in months)


def over_time(views: Views, days: Sequence[date], line: Decimal = HALF, exempt: Iterable[str] = ()) -> Iterator[Day]:
    """What changed on each of `days` against the one before, as known in `views`.

    Args:
        views: the book.
        days: in order.
        line: percent of the votes control must exceed.
        exempt: holders that connect nobody, besides the state.

    Raises:
        EnvironmentFault: the rows cannot be read.
    """
    before: tuple[dict[str, str], tuple[Group, ...]] | None = None
    with Engine() as engine:
        for day in days:
            holdings = Holdings.read(views, day, engine)
            agreed = known(agreements(views, day, engine), holdings)
            found = control(holdings, line, pacts=agreed.pacts, only_in=agreed.only_in)
            state = set(holdings.names((holdings.kinds == KINDS.index("state")).nonzero()[0]))
            links = [
                *control_links(holdings, exempt={*exempt, *state}, line=line),
                *dependence(views, day, engine=engine),
            ]
            now = (controllers_of(found), groups(links))
            if before is None:
                yield Day(day, (), ())
            else:
                yield Day(day, turns(before[0], now[0]), changes(before[1], now[1]))
            before = now


def controllers_of(found: Control) -> dict[str, str]:
    """The ultimate controller (or pact) of everybody who has one."""
    size = found.holdings.size
    held = (found.top != range(size)).nonzero()[0]
    tops = found.top[held]
    names = found.holdings.names(held)
    ends = [found.pacts[top - size] if top >= size else "" for top in tops.tolist()]
    inside = iter(found.holdings.names(tops[tops < size]))
    return dict(zip(names, [end or next(inside) for end in ends], strict=True))


def turns(before: dict[str, str], after: dict[str, str]) -> tuple[Turn, ...]:
    """Whose controller is another."""
    names = sorted(before.keys() | after.keys())
    pairs = [(name, before.get(name), after.get(name)) for name in names]
    return tuple(Turn(name, then, now) for name, then, now in pairs if then != now)
