"""An alert as it counts here: whose, of which rule, open from when to when, at which tier from when."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from houfeng.errors import EnvironmentFault, InputError, Text
from houfeng.packs.model import TIERS
from houfeng.watch.alerts import Alert, moment
from houfeng.watch.live.changes import BY_PACK, CLEARED, OPENED, Change

Key = tuple[str, str]
"""Who is watched: the kind and the key of it."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One alert, without its evidence. `steps` are its opening and escalations, each with the tier from then on.

    It is open from its first step to before `cleared_at`; without that it is open to the end.
    """

    alert_id: str
    rule: str
    rule_id: str
    kind: str
    key: str
    event: str
    steps: tuple[tuple[datetime, str], ...]
    cleared_at: datetime | None
    reason: Text = Text("", "")

    @property
    def who(self) -> Key:
        """The kind and key."""
        return (self.kind, self.key)

    @property
    def opened_at(self) -> datetime:
        """When it opened."""
        return self.steps[0][0]

    @property
    def tier(self) -> str:
        """The highest tier it reached."""
        return self.steps[-1][1]

    def reached(self, tier: str) -> datetime | None:
        """When it first stood at `tier` or higher, or nothing."""
        return next((at for at, own in self.steps if TIERS.index(own) >= TIERS.index(tier)), None)

    def tier_on(self, day_end: datetime) -> str:
        """The tier it had reached by a moment not before its opening."""
        return [own for at, own in self.steps if at <= day_end][-1]


def notice_of(alert: Alert) -> Notice:
    """An alert of a replay as it counts here."""
    steps = ((alert.opened_at, alert.tier_at_opening), *((at, tier) for at, tier, _ in alert.escalations))
    return Notice(
        alert.alert_id,
        alert.rule,
        alert.rule_id,
        alert.kind,
        alert.key,
        alert.opening_event,
        steps,
        alert.cleared_at,
        alert.reason,
    )


def notices_of(alerts: Iterable[Alert]) -> list[Notice]:
    """Alerts as they count here, by time, rule and key."""
    return sorted(map(notice_of, alerts), key=lambda n: (n.opened_at, n.rule, n.kind, n.key))


def notices_from(changes: Iterable[Change]) -> list[Notice]:
    """The alerts that the live watch told step by step, as they stand after these steps; in order of time.

    Steps may come in any order and more than once. An alert whose opening is not among them is left out. Rules are
    named as a replay names them, without their pack.
    """
    steps: dict[str, dict[int, Change]] = defaultdict(dict)
    for change in changes:
        steps[change.alert_id][change.step] = change
    found = []
    for own in steps.values():
        told = [own[number] for number in sorted(own)]
        if told[0].what != OPENED:
            continue
        first, last = told[0], told[-1]
        found.append(
            Notice(
                first.alert_id,
                first.rule.rpartition("/")[2],
                first.rule_id,
                first.kind,
                first.key,
                first.event,
                tuple((moment(change.at), change.tier) for change in told if _own(change)),
                moment(last.at) if last.what == CLEARED else None,
                first.reason,
            )
        )
    return sorted(found, key=lambda n: (n.opened_at, n.rule, n.kind, n.key))


def _own(change: Change) -> bool:
    """Whether a step is a step of tiers: no end, and not made by another version of the pack."""
    return change.what != CLEARED and not change.event.startswith(BY_PACK)


def grouped(notices: Iterable[Notice]) -> dict[str, list[Notice]]:
    """Alerts by rule name."""
    groups: dict[str, list[Notice]] = defaultdict(list)
    for notice in notices:
        groups[notice.rule].append(notice)
    return groups


def read_notices(path: Path) -> list[Notice]:
    """The alerts that `houfeng watch replay --out FILE.jsonl` wrote.

    Raises:
        InputError: a line is not an alert.
        EnvironmentFault: the file cannot be read.
    """
    found: list[Notice] = []
    number = 1
    try:
        for line in path.read_bytes().decode("utf-8").split("\n"):
            if line.strip():
                found.append(_parsed(json.loads(line)))
            number += 1
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        zh = f"{path} 第 {number} 行不是预警（要 houfeng watch replay --out 写出的 .jsonl）：{error}"
        en = f"{path} line {number} is no alert as `houfeng watch replay --out` writes them (.jsonl): {error}"
        raise InputError(Text(zh, en)) from None
    except OSError as error:
        raise EnvironmentFault(Text(f"读不了 {path}：{error}", f"cannot read {path}: {error}")) from None
    return sorted(found, key=lambda n: (n.opened_at, n.rule, n.kind, n.key))


def _parsed(alert: Mapping[str, Any]) -> Notice:
    read = datetime.fromisoformat
    first = (read(alert["opened_at"]), alert["tier_at_opening"])
    steps = (first, *((read(at), tier) for at, tier, _ in alert["escalations"]))
    if not all(tier in TIERS for _, tier in steps):
        raise ValueError(f"tier {[tier for _, tier in steps]}")
    return Notice(
        alert["alert_id"],
        alert["rule"],
        alert["rule_id"],
        alert["kind"],
        alert["key"],
        alert["opening_event"],
        steps,
        read(alert["cleared_at"]) if alert["cleared_at"] else None,
        Text(alert["reason"]["zh"], alert["reason"]["en"]),
    )
