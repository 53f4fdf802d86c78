"""Another version of the pack while the stream runs: warmed up from the book, same alerts as its replay, no gap."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from houfeng.book.store import Book
from houfeng.errors import InputError, Text
from houfeng.packs.model import Pack
from houfeng.packs.roads.measures import seconds
from houfeng.watch.compare.notice import Notice, notices_from, notices_of
from houfeng.watch.journal.entries import Command
from houfeng.watch.operations.deliveries import step_of
from houfeng.watch.replay import Replay
from houfeng.watch.service import loading, packs
from houfeng.watch.service.core import Core
from houfeng.watch.showing import alerts_in_full
from nightly import NIGHTLY
from watch.service.loading_samples import (
    BIG,
    EARLY,
    END,
    FIRST,
    HEAVY,
    LAST,
    LATER,
    asks,
    day,
    journal,
    opened,
    order,
    run,
)
from watch.streamed_samples import NOW, flow, new_book, pack


def told(book: Book) -> list[tuple[Any, ...]]:
    return outline(notices_from(step_of(one) for one in journal(book)))


def outline(notices: Sequence[Notice]) -> list[tuple[Any, ...]]:
    return sorted(
        (n.alert_id, n.rule.partition("/")[2] or n.rule, n.key, n.steps, n.cleared_at or NOW) for n in notices
    )


def replayed(book: Book, version: Pack) -> list[tuple[Any, ...]]:
    return outline(notices_of(Replay(book.snapshot().without_late(), version, FIRST, LAST, threads=1).alerts()))


def test_a_rule_added_while_the_stream_runs(tmp_path: Path) -> None:
    book = new_book(tmp_path)
    old, new = pack(tmp_path, "1.0.0"), pack(tmp_path, "1.1.0", more=f"{HEAVY}\n{BIG}")
    run(book, old, [EARLY, asks(book, new), LATER], END)
    steps = journal(book)
    assert told(book) == replayed(book, new)
    heavy = {(s["key"], s["what"], s["channel"]) for s in steps if s["rule"].endswith("/heavy")}
    # 90 of A stood in the window before the load; B had it before the load: history, told to nobody
    assert ("A", "opened", "emitted") in heavy
    assert ("B", "opened", "warmed") in heavy
    assert {s["channel"] for s in steps if s["rule"].endswith("/big") and s["at"] < seconds(day(3))} == {"warmed"}
    assert not [s for s in steps if s["event"].startswith("pack:")]
    about = loading.about_of(book.path / "watch")
    assert about is not None
    assert (about["given"], about["pack"]) == (old.digest, new.digest)
    shown = alerts_in_full(book.snapshot(), new, [step_of({**s, "version": "1.1.0"}) for s in steps], threads=1)
    wanted = Replay(book.snapshot().without_late(), new, FIRST, LAST, threads=1).alerts()
    assert sorted(a.line() for a in shown) == sorted(a.line() for a in wanted)


def test_alerts_that_no_longer_hold_end_and_come_back_with_a_rollback(tmp_path: Path) -> None:
    book = new_book(tmp_path)
    old, high = pack(tmp_path, "1.0.0"), pack(tmp_path, "2.0.0", limit=1000)
    wait = [flow(4, "A", day(2, 15), 1, "in")]  # B's alert is open when the other version comes
    run(book, old, [EARLY, wait, asks(book, high), asks(book, old, 2), [flow(5, "A", day(2, 16), 1, "in")]], END)
    steps = [s for s in journal(book) if s["rule"].endswith("/outflow") and s["key"] == "B"]
    assert [s["what"] for s in steps] == ["opened", "cleared", "opened", "cleared"]
    assert [s["channel"] for s in steps] == ["emitted"] * 4
    assert [s["step"] for s in steps] == [0, 1, 2, 3]
    assert "2.0.0" in steps[1]["reason"]["en"]
    assert told(book) == replayed(book, old)


def test_a_restart_goes_on_with_what_was_loaded(tmp_path: Path) -> None:
    book = new_book(tmp_path)
    old, new = pack(tmp_path, "1.0.0"), pack(tmp_path, "1.1.0", more=HEAVY)
    run(book, old, [EARLY, asks(book, new)])
    core = run(book, old, [LATER], END)
    assert core.pack.version == "1.1.0"
    assert any("1.1.0" in said.en for said in core.said)
    assert told(book) == replayed(book, new)
    shutil.rmtree(book.path / "watch" / "state")
    core = opened(book, old)  # from the book
    assert core.pack.version == "1.1.0"
    core.close()
    other = opened(book, pack(tmp_path, "3.0.0", limit=1000))  # who names another one means it
    assert (other.pack.version, other.emission.loads[-1]["version"]) == ("3.0.0", "1.1.0")
    other.close()


class Killed(Exception):
    """The process is gone."""


PLACES = ("flush", "rebuild", "write_about", "save", "after")
"""Where it dies; by day either with the state saved or without, in turn."""


@pytest.mark.parametrize(
    ("where", "saved"),
    [(where, saved) for n, where in enumerate(PLACES) for saved in (True, False) if NIGHTLY or saved == (n % 2 == 0)],
)
def test_a_crash_around_the_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, saved: bool) -> None:
    book = new_book(tmp_path)
    old, new = pack(tmp_path, "1.0.0"), pack(tmp_path, "1.1.0", limit=190, more=f"{HEAVY}\n{BIG}")
    packs.keep(book.path / "watch", new)
    run(book, old, [EARLY])
    if not saved:
        shutil.rmtree(book.path / "watch" / "state")
    core = opened(book, old)
    entries = core.log.append([order(new)])

    def dies(*_: Any, **__: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        if where == "save":
            patch.setattr(Core, "save", dies)
        elif where != "after":
            patch.setattr(loading, where, dies)
        try:
            core.take(entries)
        except Killed:
            assert where != "after"
    core.close()
    core = run(book, old, [LATER], END)
    assert core.pack.version == "1.1.0"
    assert core.emission.answer("load-1")[0]
    assert [one["version"] for one in core.emission.loads] == ["1.1.0"]
    assert told(book) == replayed(book, new)
    # and a restart after that finds nothing left to do
    number = len(journal(book))
    opened(book, old).close()
    assert len(journal(book)) == number


def test_what_cannot_be_loaded_is_refused(tmp_path: Path) -> None:
    book = new_book(tmp_path)
    old = pack(tmp_path, "1.0.0")
    core = opened(book, old)
    cases = [
        ({"do": "load", "pack": "flows", "version": "9", "digest": "0" * 64}, "has no pack"),
        ({"do": "load", "pack": "other", "version": "9", "digest": "0" * 64}, "no version"),
        ({"do": "load", "pack": "flows"}, "lacks"),
    ]
    for number, (what, said) in enumerate(cases):
        core.take(core.log.append([Command(f"c{number}", "王敏", "试", what)]))
        accepted, text = core.emission.answer(f"c{number}")
        assert not accepted
        assert said in text.en
    same = packs.keep(core.place, old)
    core.take(core.log.append([order(same)]))
    assert core.emission.answer("load-1")[0]
    assert (core.pack.version, core.seq, core.since, len(core.emission.loads)) == ("1.0.0", 4, 0, 1)
    core.close()


def test_a_version_that_can_watch_nobody_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    book = new_book(tmp_path)
    old, new = pack(tmp_path, "1.0.0"), pack(tmp_path, "1.1.0", more=HEAVY)
    real = loading.rebuild

    def nobody(core: Core, upto: int) -> Any:
        if core.pack.version == "1.1.0":
            raise InputError(Text("没有对象", "nobody"))
        return real(core, upto)

    monkeypatch.setattr(loading, "rebuild", nobody)
    core = run(book, old, [EARLY, asks(book, new), LATER], END)
    assert core.emission.answer("load-1") == (False, Text("没有对象", "nobody"))
    assert (core.pack.version, core.emission.loads, core.since) == ("1.0.0", [], 0)
    assert told(book) == replayed(book, old)
    assert {step["channel"] for step in journal(book)} == {"emitted"}
