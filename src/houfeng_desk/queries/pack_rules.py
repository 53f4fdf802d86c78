"""The life of warning rules as the watch tells it, and what each of them said lately: to people, or in shadow."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from houfeng.office.access import Scope
from houfeng.office.alerts.reading import visible
from houfeng.office.alerts.tables import Alert
from houfeng.packs.model import Pack, Rule
from houfeng.watch.compare.notice import Notice
from houfeng.watch.compare.overlap import Overlap, overlaps
from houfeng.watch.operations.inbox import read_state
from houfeng.watch.operations.life import FORWARD, PERCENT, Life, Stage, stage

LOOK_BACK = timedelta(days=91)
SHARES = (10, 30, 60)
"""Shares of keys the page offers; an order may name any from 1 to 100."""
MOST_ALERTS = 50_000
"""Alerts of the days looked at that overlap is computed for within a request."""


@dataclass(frozen=True)
class Lives:
    """What the watch says of its rules; `known` is false where no watch has run on the book."""

    known: bool
    pack: str
    version: str
    lives: Mapping[str, Life]

    def of(self, pack: Pack, rule: Rule) -> Life:
        """The life of a rule; one nobody has said anything about is active."""
        return self.lives.get(f"{pack.name}/{rule.name}", Life())


def lives(book: Path) -> Lives:
    """The lives of all rules by the watch's last word."""
    state = read_state(book / "watch" / "state" / "emission.json")
    if state is None:
        return Lives(False, "", "", {})
    names = [str(rule[0]) for rule in state["rules"]]
    loads = state.get("loads") or []
    return Lives(
        True,
        names[0].partition("/")[0] if names else "",
        str(loads[-1].get("version", "")) if loads else "",
        {rule: Life.load(found) for rule, found in (state.get("lives") or {}).items()},
    )


def ways(life: Life) -> list[str]:
    """Where a rule may be put from where it is, as orders say it; `back` is the stage before."""
    found: list[str] = []
    shares = [f"{PERCENT}:{share}" for share in SHARES if share != life.now.percent]
    for state in FORWARD[life.now.state]:
        found += shares if state == PERCENT else [state]
    return [*found, *(["back"] if life.past else [])]


def way_stage(way: str) -> Stage | None:
    """The stage an order means; nothing for the one before."""
    return None if way == "back" else stage(way)


def last_day(session: Session) -> date | None:
    """The day of the newest opening in the index."""
    found = session.scalar(select(func.max(Alert.opened_at)))
    return found.date() if found is not None else None


def said(session: Session, scope: Scope, pack: str, days: tuple[date, date]) -> dict[str, Counter[str]]:
    """How many alerts each rule of a pack opened in the days, by channel and by `tier:NAME`."""
    asked = (
        select(Alert.rule, Alert.channel, Alert.tier, func.count())
        .where(visible(scope), Alert.pack == pack, *_within(days))
        .group_by(Alert.rule, Alert.channel, Alert.tier)
    )
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for rule, channel, tier, number in session.execute(asked):
        counts = found[rule.rpartition("/")[2]]
        counts[channel] += number
        counts[f"tier:{tier}"] += number
        counts["all"] += number
    return found


def shared(session: Session, scope: Scope, pack: Pack, days: tuple[date, date]) -> dict[str, Overlap] | None:
    """What each rule adds to the others over the days; nothing where there are too many alerts for a page."""
    where = (visible(scope), Alert.pack == pack.name, *_within(days))
    if (session.scalar(select(func.count()).select_from(Alert).where(*where)) or 0) > MOST_ALERTS:
        return None
    notices = [_notice(row) for row in session.scalars(select(Alert).where(*where))]
    return {one.rule: one for one in overlaps(notices, *days, rules=list(pack.rules))}


def _within(days: tuple[date, date]) -> tuple[Any, Any]:
    return (
        Alert.opened_at >= datetime.combine(days[0], time.min),
        Alert.opened_at <= datetime.combine(days[1], time.max),
    )


def _notice(row: Alert) -> Notice:
    rule = row.rule.rpartition("/")[2]
    return Notice(row.id, rule, row.rule_id, row.kind, row.key, "", ((row.opened_at, row.tier),), row.cleared_at)


def latest(session: Session, scope: Scope, pack: str, rule: str, most: int = 20) -> Sequence[Alert]:
    """The newest alerts of a rule, whatever channel they went to."""
    asked = select(Alert).where(visible(scope), Alert.rule == f"{pack}/{rule}")
    return session.scalars(asked.order_by(Alert.opened_at.desc(), Alert.id).limit(most)).all()


def monthly(session: Session, scope: Scope, pack: str, rule: str) -> list[tuple[str, Counter[str]]]:
    """A rule's alerts by month of opening and channel, the newest month first."""
    asked = select(Alert.opened_at, Alert.channel).where(visible(scope), Alert.rule == f"{pack}/{rule}")
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for opened, channel in session.execute(asked):
        found[f"{opened:%Y-%m}"][channel] += 1
    return sorted(found.items(), reverse=True)[:12]
