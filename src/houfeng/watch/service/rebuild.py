"""Evaluating again what the book has of the streams: for another pack, or where no state is left to go on from.

Nobody is told. Steps that were never stored are stored as `warmed`; what was stored stays as it was: an alert that is
open keeps its id and its channel, and one that the pack of now does not know as open is cleared, with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from houfeng.book.connection import connect
from houfeng.errors import Text
from houfeng.packs.roads.measures import DAY
from houfeng.watch.journal.entries import Advance, Command, Events
from houfeng.watch.live.changes import BY_PACK, CLEARED, OPENED, Change
from houfeng.watch.operations.deliveries import Delivery, alert_of, change_fields, record
from houfeng.watch.operations.inbox import read_state
from houfeng.watch.operations.life import EMITTED, STOPPED, WARMED
from houfeng.watch.service import history
from houfeng.watch.service import state as states
from houfeng.watch.service.core import Core

DAYS = 31
"""Days of the book evaluated at once."""
FAR = 1 << 61


def stand(core: Core, upto: int) -> None:
    """Bring watermark, ids and emission to where they were after entry `upto`, from a state of any pack and the log.

    Raises:
        EnvironmentFault: the log is damaged, or the file that stands in for the states is.
    """
    found, _ = states.load(core.folder, None, upto)
    if found is not None:
        after, emission = found["seq"], found["plain"]["emission"]
        core.watermark.load(found["plain"]["watermark"])
        core.admission.load(found["tables"]["admission"])
    else:
        kept = read_state(core.folder / states.STANDING) if core.log.first > 1 else None
        after, emission = (kept["seq"], kept["emission"]) if kept and kept["seq"] <= upto else (0, None)
        if after:
            core.watermark.load(kept["watermark"])  # type: ignore[index]
    if emission is not None:
        core.emission.load(emission)
        core.emission.keep_waiting_only()
    if after + 1 < core.log.first:
        _stand_by_book(core)
    for entry in core.log.read(max(after, core.log.first - 1)):
        if entry.seq > upto:
            break
        if isinstance(entry.body, Events):
            core.admission.learn(entry.body.source, entry.body.kind, entry.body.rows)
        elif isinstance(entry.body, Advance):
            core.watermark.advance(entry.body.until, entry.body.source)
        elif isinstance(entry.body, Command):
            core.command(entry, entry.body)
    if found is None and core.log.first > 1:
        _recall(core)


def _stand_by_book(core: Core) -> None:
    snapshot, mark = core.snapshot(), core.watermark.dump()
    found: dict[str, int] = mark["reached"]
    with connect(memory=core.limits.memory) as connection:
        for kind in _streamed_kinds(core):
            for source, t in history.reached(connection, snapshot, kind):
                found[source] = max(t, found.get(source, t))
    if found:  # all at once: the slowest of them decides
        value = max(mark["value"], min(found.values()) - core.watermark.lateness)
        core.watermark.load({**mark, "value": value})


def _recall(core: Core) -> None:
    """Remember the ids of events that may still come again, from the book: no state has them."""
    snapshot, since = core.book.snapshot(), max(0, core.watermark.value - core.remember)
    with connect(memory=core.limits.memory) as connection:
        for kind in _streamed_kinds(core):
            for source, rows in history.recent(connection, snapshot, kind, since):
                core.admission.learn(source, kind, rows)


def _streamed_kinds(core: Core) -> list[str]:
    return sorted({entry.kind for entry in core.book.entries() if entry.streamed and entry.kind})


def rebuild(core: Core, upto: int) -> list[Delivery]:
    """Evaluate all that the book has of entries up to `upto`: it must have all of them, and no more.

    Gives what ends alerts that no longer hold, or opens again those that do.

    Raises:
        HoufengError: book or journal say no, or the engine has no room.
    """
    core.begin(core.first).start()
    for changes in _changes(core):
        core.journal.append(upto, [record(Delivery(change, WARMED, "")) for change in changes])
    core.seq = upto
    return settle(core)


def _changes(core: Core) -> Iterator[list[Change]]:
    engine, snapshot = core.engine, core.snapshot()
    at, end = engine.until, max(engine.until, core.watermark.value)
    began = at
    with connect(memory=core.limits.memory, threads=core.limits.threads) as connection:
        while at < end:
            to = min(end, at + DAYS * DAY)
            batches = [
                (kind, history.stored(connection, snapshot, kind, at, to, before=began))
                for kind in sorted(engine.kinds)
            ]
            yield engine.feed(batches, to)
            at = to
        waiting = [
            (kind, history.stored(connection, snapshot, kind, end, FAR, before=began)) for kind in sorted(engine.kinds)
        ]
        yield engine.feed(waiting, end)


def settle(core: Core) -> list[Delivery]:
    """Bring the stored alerts and those that are open now together, and tell the emission of both; gives what turns."""
    open_ = {held.alert_id: held for watch in core.engine.keywatches for held in watch.alerting.open.values()}
    told: dict[str, tuple[dict[str, Any], str]] = {}  # open by the journal: its last step, the channel it has
    shut: dict[str, dict[str, Any]] = {}  # over by the journal, but open now: its last step before the end
    for one in core.journal.read():
        alert = alert_of(one)
        if alert not in told and one["alert_id"] != alert:
            continue  # a release of what is over
        last, channel = told.pop(alert, (one, one["channel"]))
        if one["what"] != CLEARED:
            told[alert] = (one, EMITTED if EMITTED in (channel, one["channel"]) else one["channel"])
            shut.pop(alert, None)
        elif alert in open_:
            shut[alert] = last
    again = [_again(core, alert, one, open_[alert].tier) for alert, one in shut.items()]
    for alert, held in open_.items():  # else a later step could be taken for one that another pack had stored
        held.steps = max(held.steps, core.journal.last_step(alert) + 1 + (alert in shut))
    stopped = [_change(one) for one, channel in told.values() if channel == STOPPED]
    core.emission.adopt({alert: channel for alert, (_, channel) in sorted(told.items())}, stopped)
    over = [_cleared(core, alert, one) for alert, (one, _) in told.items() if alert not in open_]
    turned = core.emission.route([*over, *again])
    core.journal.append(core.seq, [record(delivery) for delivery in turned])
    core.emission.adopt(dict.fromkeys(sorted(open_), WARMED))
    return turned


def _change(kept: dict[str, Any]) -> Change:
    """The step that a record of the journal tells of; its values are texts."""
    return Change(
        **{name: kept[name] for name in change_fields()} | {"alert_id": alert_of(kept), "reason": _text(kept)}
    )


def _cleared(core: Core, alert: str, kept: dict[str, Any]) -> Change:
    return _by_pack(core, alert, kept, what=CLEARED, said=Text("改用 {} 后不再成立", "no longer holds under {}"))


def _again(core: Core, alert: str, kept: dict[str, Any], tier: str) -> Change:
    said = Text("改用 {} 后仍成立", "holds again under {}")
    return _by_pack(core, alert, {**kept, "tier": tier}, what=OPENED, said=said)


def _by_pack(core: Core, alert: str, kept: dict[str, Any], *, what: str, said: Text) -> Change:
    """A step that no event made but another version of the pack; it follows the last one stored."""
    pack = f"{core.pack.name} {core.pack.version}"
    told = {name: kept[name] for name in change_fields()} | {"alert_id": alert, "what": what}
    told |= {"step": core.journal.last_step(alert) + 1, "event": f"{BY_PACK}{pack}", "values": {}, "parameters": {}}
    told |= {"at": max(kept["at"], core.watermark.value), "pack": core.pack.name, "version": core.pack.version}
    return Change(**told | {"reason": Text(*(text.format(pack) for text in said))})


def _text(kept: dict[str, Any]) -> Text:
    return Text(kept["reason"]["zh"], kept["reason"]["en"])
