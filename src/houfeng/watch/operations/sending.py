"""Handing an order to the watch: try it on the watch's last state, put it into the inbox, wait for the answer.

Both the command line and the desk send orders this way, so that neither puts down what the watch would refuse.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from houfeng import clock
from houfeng.errors import Text, UsageError
from houfeng.watch.journal.entries import Command
from houfeng.watch.operations.deliveries import Outcome
from houfeng.watch.operations.emission import Emission
from houfeng.watch.operations.inbox import Inbox, command_id, read_state
from houfeng.watch.operations.orders import Known, check_order, known_rules
from houfeng.watch.service.packs import kept

STALE = 10.0
"""Seconds after which a status that says “running” is not believed any more."""
LONG_AGO = -(1 << 60)
POLL = 0.05


class Sent(NamedTuple):
    """An order that stands in the inbox, and what the watch would say of it by its last state."""

    command: Command
    outcome: Outcome


def send_order(folder: Path, who: str, why: str, what: Mapping[str, Any], now: datetime, random: str) -> Sent:
    """Check an order as far as can be seen from here and put it into the inbox of the watch in `folder`.

    `random` keeps orders of one moment apart.

    Raises:
        UsageError: it would be refused; nothing was put down.
    """
    inbox = Inbox(folder / "inbox")
    command = Command(command_id(now, random), who, why, what)
    outcome = trial(folder, inbox, command, now)
    if not outcome.accepted:
        raise UsageError(outcome.text)
    inbox.put(command)
    return Sent(command, outcome)


def trial(folder: Path, inbox: Inbox, command: Command, now: datetime) -> Outcome:
    """What the watch would say, judged by its last state and the orders that wait before this one.

    Where no watch has run yet, the rules are not known: only the shape of the order is checked.
    """
    waiting = inbox.waiting()
    state = read_state(folder / "state" / "emission.json")
    if state is None:
        if not (command.who.strip() and command.why.strip()):
            return Outcome(False, Text("每项更改都要写明 --who 和 --why", "every change must say --who and --why"))
        check_order(command.what)
        return Outcome(True, Text("", ""))
    emission = Emission(Known(*rule) for rule in state["rules"])
    emission.load(state)
    status = read_state(folder / "state" / "status.json") or {}
    watermark = int(status.get("watermark_seconds") or LONG_AGO)
    for earlier in waiting:
        if emission.apply(earlier, seq=0, at=now, watermark=watermark).accepted and earlier.what["do"] == "load":
            emission.know(known_rules(kept(folder, earlier.what["digest"])))
    return emission.apply(command, seq=0, at=now, watermark=watermark)


def running(folder: Path, now: datetime) -> bool:
    """Whether a watch runs on the book, by its last word."""
    status = read_state(folder / "state" / "status.json")
    return status is not None and status["state"] != "ended" and age(status, now) <= STALE


def age(status: Mapping[str, Any], now: datetime) -> float:
    """Seconds since the status was written."""
    return (now - clock.parse_moment(status["written"])).total_seconds()


def wait_for_answer(inbox: Inbox, command: str, seconds: float) -> tuple[bool, Text] | None:
    """What became of a command, or nothing where no answer came within `seconds`."""
    until = time.monotonic() + seconds
    while (answer := inbox.answer(command)) is None and time.monotonic() < until:
        time.sleep(POLL)
    return answer
