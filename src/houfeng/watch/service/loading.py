"""Another version of the pack, while the stream runs: taken at its place in the log, warmed up from the book.

The order stands in the log, so a restart that comes to it does the same again. What makes it final is `about.json`: the
pack in force, and since which entry. A watch that ends before that is written comes back with the version before and
meets the order again; one that ends after it, with the new one, from the state saved next or else from the book.
"""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

from houfeng.errors import InputError, Text, UsageError
from houfeng.packs.model import Pack
from houfeng.watch.journal.entries import Command, Entry
from houfeng.watch.journal.flush import flush
from houfeng.watch.operations.deliveries import Delivery
from houfeng.watch.operations.inbox import read_state
from houfeng.watch.operations.orders import known_rules
from houfeng.watch.service import packs
from houfeng.watch.service import state as states
from houfeng.watch.service.core import Core
from houfeng.watch.service.rebuild import rebuild

ABOUT = "about.json"


def load(core: Core, entry: Entry) -> list[Delivery]:
    """Take the order `load` at its place in the log. Gives what alerts it ends: those that no longer hold.

    Raises:
        HoufengError: book, journal or disk say no; the order is met again after a restart.
    """
    assert isinstance(entry.body, Command)
    pack = _wanted(core, entry, entry.body)
    if pack is None or pack.digest == core.pack.digest:
        core.journal.append(entry.seq, [])
        core.seq = entry.seq
        return []
    with core.storing:
        flush(core.log, core.book, core.seq)
    before = core.pack
    try:
        ended = _go_on_by(core, pack, entry.seq)
    except InputError as refused:  # there is nobody whom this version could watch
        ended = _go_on_by(core, before, entry.seq)
        core.emission.refuse(entry.body, refused.message)
        return ended
    core.since = entry.seq
    write_about(core)
    core.save()
    return ended


def _go_on_by(core: Core, pack: Pack, seq: int) -> list[Delivery]:
    core.pack = pack
    core.emission.know(known_rules(pack))
    core.emission.keep_waiting_only()  # what is open is told anew by the journal, the same after a crash
    vars(core).pop("engine", None)
    gc.collect()  # the windows of both versions need not fit at once
    return rebuild(core, seq)


def _wanted(core: Core, entry: Entry, command: Command) -> Pack | None:
    """The version an order names, or nothing where it is refused, or was taken before."""
    known = core.emission.knows(command.id)
    outcome = core.command(entry, command)
    if known or not outcome.accepted or entry.seq <= core.since:
        return None
    try:
        if not core.stores:
            raise UsageError(
                Text("演练不能换版：事件不在账簿里", "a drill cannot change its pack: its events are not in the book")
            )
        return packs.kept(core.place, command.what["digest"])
    except (InputError, UsageError) as refused:
        core.emission.refuse(command, refused.message)
        return None


def in_force(place: Path, about: dict[str, Any], given: Pack) -> Pack:
    """The pack a watch goes on with: the one loaded last, unless another one is `given` now than when it began.

    Raises:
        InputError: it is not kept any more.
    """
    if about["pack"] == given.digest or about.get("given", about["pack"]) != given.digest:
        return given
    return packs.kept(place, about["pack"])


def about_of(place: Path) -> dict[str, Any] | None:
    """What a watch says of itself: first day, lateness, the pack it was given, the one in force, since which entry."""
    return read_state(place / ABOUT)


def write_about(core: Core, **more: Any) -> None:
    """Make the pack in force final."""
    held = about_of(core.place) or {}
    states.keep(core.place / ABOUT, {**held, **more, "pack": core.pack.digest, "since": core.since})
