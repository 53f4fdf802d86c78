"""One step of an alert on its way: the step, its channel, why; and a step as plain JSON and back, exactly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np

from houfeng.errors import Text
from houfeng.watch.live.changes import Change
from houfeng.watch.operations.life import EMITTED


class Verdict(NamedTuple):
    """Where an alert goes and why: `shadow`, `percent:10`, a silence's id, `20` a day, the stopping command's id."""

    channel: str
    cause: str


SENT = Verdict(EMITTED, "")
RELEASE = "release:"
_RELEASED = ":released"
_NAMES = tuple(field.name for field in fields(Change))
_FIELDS = attrgetter(*_NAMES)
_AS_JSON = frozenset((str, int, float, bool, type(None)))


class Delivery(NamedTuple):
    """One step of an alert with its channel. `cause` says why it is not emitted, or `release:` and the command's id."""

    change: Change
    channel: str
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a command: taken or refused, in words; what a release delivers. `again`: it was known already."""

    accepted: bool
    text: Text
    deliveries: tuple[Delivery, ...] = ()
    again: bool = False


def record(delivery: Delivery) -> dict[str, Any]:
    """A delivery as the journal of alerts keeps it: the fields of the change, `channel` and `cause`.

    The journal keeps each step of an alert once, and a released step stands there already. So a release is a record
    of its own: its `alert_id` ends in `:released`; `alert_of` gives the alert's.
    """
    change = delivery.change
    found: dict[str, Any] = dict(zip(_NAMES, _FIELDS(change), strict=True))
    if delivery.cause.startswith(RELEASE):
        found["alert_id"] += _RELEASED
    found |= {"values": dict(change.values), "parameters": dict(change.parameters), "reason": change.reason._asdict()}
    return found | {"channel": delivery.channel, "cause": delivery.cause}


def change_fields() -> tuple[str, ...]:
    """The names of what a change says, all of which a record of the journal has."""
    return _NAMES


def alert_of(kept: Mapping[str, Any]) -> str:
    """The id of the alert a record of the journal is about."""
    return str(kept["alert_id"]).removesuffix(_RELEASED)


def step_of(kept: Mapping[str, Any]) -> Change:
    """The step a record of the journal is about; its decimals, dates and moments are texts, as the journal has them."""
    found = {name: kept[name] for name in _NAMES}
    return Change(**{**found, "alert_id": alert_of(kept), "reason": Text(**kept["reason"])})


def channels_of(kept: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The channel each alert has by its records in the journal: once told, an alert stays told."""
    found: dict[str, str] = {}
    for one in kept:
        alert = alert_of(one)
        if found.get(alert) != EMITTED:
            found[alert] = one["channel"]
    return found


def plain_change(change: Change) -> dict[str, Any]:
    """A change as JSON-able values; decimals and dates keep their type, a tuple becomes a list."""
    found: dict[str, Any] = {name: getattr(change, name) for name in _NAMES}
    for name in ("values", "parameters"):
        found[name] = {key: _plain(value) for key, value in found[name].items()}
    return found | {"reason": list(change.reason)}


def change_of(found: Mapping[str, Any]) -> Change:
    """The change that `plain_change` gave."""
    typed = {name: {key: _typed(value) for key, value in found[name].items()} for name in ("values", "parameters")}
    return Change(**{**found, **typed, "reason": Text(*found["reason"])})


def _plain(value: Any) -> Any:
    if type(value) in _AS_JSON:
        return value
    if isinstance(value, Decimal):
        return {"decimal": str(value)}
    if isinstance(value, datetime):
        return {"moment": value.isoformat()}
    if isinstance(value, date):
        return {"day": value.isoformat()}
    if isinstance(value, Mapping):
        return {"map": {key: _plain(each) for key, each in value.items()}}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return _plain(value.item()) if isinstance(value, np.generic) else str(value)  # as the journal would write it


def _typed(value: Any) -> Any:
    if isinstance(value, list):
        return [_typed(each) for each in value]
    if not isinstance(value, dict):
        return value
    ((kind, said),) = value.items()
    if kind == "map":
        return {key: _typed(each) for key, each in said.items()}
    if kind == "decimal":
        return Decimal(said)
    return datetime.fromisoformat(said) if kind == "moment" else date.fromisoformat(said)
