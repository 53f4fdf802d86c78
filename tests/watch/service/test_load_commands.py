"""The commands around versions and stored alerts: load, alerts --id --evidence, overlap --live."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from houfeng.book.store import Book
from houfeng.clock import fixed_clock
from houfeng.errors import HoufengError
from houfeng.watch.replay import Replay
from houfeng_cli.main import cli
from watch.service.loading_samples import EARLY, END, FIRST, HEAVY, LAST, LATER, asks, journal, opened, run
from watch.streamed_samples import NOW, new_book, pack


def houfeng(*words: str, book: Book, lang: str = "en") -> Result:
    return CliRunner().invoke(cli, ["watch", *words, "--book", str(book.path), "--lang", lang])


def refusal(result: Result) -> str:
    assert isinstance(result.exception, HoufengError)
    return result.exception.message.en


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A book whose watch ran by 1.0.0, and from the middle on by 1.1.0."""
    book = new_book(tmp_path)
    old, new = pack(tmp_path, "1.0.0"), pack(tmp_path, "1.1.0", more=HEAVY)
    run(book, old, [EARLY, asks(book, new), LATER], END)
    return tmp_path


def test_an_alert_in_full(place: Path) -> None:
    book = Book.open(place / "book", fixed_clock(NOW))
    wanted = {
        version: {
            a.alert_id: a.line()
            for a in Replay(book.snapshot(), pack(place, version, more=more), FIRST, LAST, threads=1).alerts()
        }
        for version, more in (("1.0.0", ""), ("1.1.0", HEAVY))
    }
    seen = set()
    for step in [s for s in journal(book) if s["step"] == 0]:
        out = place / "one.jsonl"
        shown = houfeng("alerts", "--id", step["alert_id"], "--evidence", "--out", str(out), book=book)
        assert shown.exit_code == 0, shown.output
        assert out.read_text("utf-8") == wanted[step["version"]][step["alert_id"]] + "\n"
        assert "opened" in shown.output
        seen.add((step["version"], step["rule"]))
    assert {("1.0.0", "flows/outflow"), ("1.1.0", "flows/heavy"), ("1.1.0", "flows/both")} <= seen
    steps = houfeng("alerts", "--id", step["alert_id"], book=book, lang="zh")
    assert "开启" in steps.output
    assert "there is no alert" in refusal(houfeng("alerts", "--id", "no", "--evidence", book=book))
    assert "belongs to --id" in refusal(houfeng("alerts", "--evidence", book=book))


def test_the_overlap_of_what_was_told(place: Path) -> None:
    book = Book.open(place / "book", fixed_clock(NOW))
    out = place / "overlap.jsonl"
    shown = houfeng("overlap", str(place / "1.1.0"), "--live", "--out", str(out), book=book)
    assert shown.exit_code == 0, shown.output
    live = {one["rule"]: one for one in map(json.loads, out.read_text("utf-8").splitlines())}
    again = houfeng(
        "overlap", str(place / "1.1.0"), "--from", "2025-01-02", "--to", "2025-01-20", "--out", str(out), book=book
    )
    assert again.exit_code == 0, again.output
    replayed = {one["rule"]: one for one in map(json.loads, out.read_text("utf-8").splitlines())}
    assert live["heavy"]["alerts"] == 3
    assert live == replayed


def test_load_waits_in_the_inbox_and_is_taken(place: Path) -> None:
    book = Book.open(place / "book", fixed_clock(NOW))
    who = ("--who", "王敏", "--why", "误报多")
    refused = houfeng("load", "five-articles", *who, book=book)
    assert "is no version" in refusal(refused)
    back = houfeng("load", str(place / "1.0.0"), *who, book=book)
    assert "is in the inbox" in back.output
    # rules are judged by the version that waits: heavy is not in it
    assert "there is no rule heavy" in refusal(houfeng("rule", "heavy", "--to", "shadow", *who, book=book))
    core = run(book, pack(place, "1.0.0"), [])
    assert core.pack.version == "1.0.0"
    told = houfeng("rules", book=book).output
    assert "loaded flows 1.0.0 (王敏" in told
    core = opened(book, pack(place, "1.0.0"))
    assert core.pack.version == "1.0.0"
    core.close()
