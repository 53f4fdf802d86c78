"""Opening a watch: from a state and the rest of the log, or from the book where there is no state to use.

The three roads lead to the same place:

- a state of this pack, then the log after it;
- no state, but the log from its beginning: all of it again;
- another pack than before, or a log whose beginning was let go: what the book has of everything that was evaluated is
  evaluated again, telling nobody (see `rebuild`), then the log after it, as ever.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Any

from houfeng.book.store import Book
from houfeng.clock import Clock
from houfeng.errors import ConflictError, Text
from houfeng.packs.model import Pack
from houfeng.packs.roads.measures import DAY, day_number
from houfeng.watch.journal.alerts import AlertJournal
from houfeng.watch.journal.entries import Entry, Events
from houfeng.watch.journal.flush import flush
from houfeng.watch.journal.log import Log
from houfeng.watch.journal.watermark import Watermark
from houfeng.watch.service import packs
from houfeng.watch.service import state as states
from houfeng.watch.service.core import Core, Limits
from houfeng.watch.service.loading import about_of, in_force, load, write_about
from houfeng.watch.service.process import keep_house, load_code
from houfeng.watch.service.rebuild import rebuild, stand

ROWS = 200_000


def open_core(
    book: Book,
    pack: Pack,
    clock: Clock,
    first: date,
    *,
    lateness: int = 0,
    limits: Limits | None = None,
    place: Path | None = None,
    **options: Any,
) -> Core:
    """The watch of `book` by `pack`, up to date with its log. A watch that ran before goes on from its own first day.

    Raises:
        ConflictError: another watch runs on the book, or it was begun with another lateness.
        InputError: the book holds nobody to watch.
        EnvironmentFault: log or journal is damaged, or the disk says no.
    """
    keep_house()
    folder = place or book.path / "watch"
    stores = place is None
    with ExitStack() as undo:
        log = undo.enter_context(Log.open(folder / "log", clock, after=book.streamed_upto() if stores else 0))
        about = _about(folder, {"first": first.isoformat(), "lateness": lateness, "pack": pack.digest})
        journal = undo.enter_context(AlertJournal.open(folder / "alerts"))
        began, mark = date.fromisoformat(about["first"]), Watermark(lateness)
        mark.advance(day_number(began) * DAY)
        given, pack = pack, in_force(folder, about, pack)
        since = about.get("since", 0) if about["pack"] == pack.digest else log.last
        core = Core(book, pack, clock, log, journal, began, mark, folder, load, stores, limits or Limits(), **options)
        core.since = since  # loads up to there are done, or given up for the pack that was named now
        core.said += [problem.message for problem in (*log.problems, *journal.problems)]
        if Path(pack.folder).is_dir():
            packs.keep(folder, pack)
        if pack is not given:
            core.said.append(_goes_on(pack, given))
        _recover(core, same=about["pack"] == pack.digest and not since)
        write_about(core, **{**about, "given": given.digest})
        undo.pop_all()
    return core


def _recover(core: Core, *, same: bool) -> None:
    """Bring a new core to the end of its log; `same` says whether the watch ran by the same pack before."""
    told = min(core.journal.upto, core.log.last)
    found, said = states.load(core.folder, core.identity, told)
    core.said += said
    if found is not None and found["seq"] + 1 >= core.log.first:
        core.restore(found)
    elif not core.stores or (same and core.log.first <= 1):
        core.begin(core.first).start()
    else:
        flush(core.log, core.book, told)
        upto = max(core.book.streamed_upto(), told)
        stand(core, upto)
        rebuild(core, upto)
    for entries in _groups(core.log.read(core.seq)):
        core.take(entries, again=True)
    for kind in sorted(core.engine.kinds):
        load_code(kind)


def _goes_on(pack: Pack, given: Pack) -> Text:
    return Text(
        f"{given.version} 之后装入过 {pack.version}，继续用它；要换回，用 houfeng watch load",
        f"{pack.version} was loaded after {given.version} and stays in force; houfeng watch load goes back",
    )


def _about(folder: Path, new: dict[str, Any]) -> dict[str, Any]:
    held = about_of(folder)
    if held is None:
        return new
    if held["lateness"] != new["lateness"]:
        raise ConflictError(
            Text(
                f"此监测始于允许迟到 {held['lateness']} 秒，不能改为 {new['lateness']} 秒",
                f"this watch began with a lateness of {held['lateness']} s; it cannot go on with {new['lateness']} s",
            )
        )
    return held


def _groups(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    held: list[Entry] = []
    rows = 0
    for entry in entries:
        held.append(entry)
        rows += entry.body.rows.num_rows if isinstance(entry.body, Events) else 0
        if rows >= ROWS or len(held) >= ROWS:
            yield held
            held, rows = [], 0
    if held:
        yield held
