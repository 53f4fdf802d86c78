"""A correction run tells which alerts late events would have changed, by which of them, and nothing else."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path

from click.testing import CliRunner

from houfeng.book.store import Book
from houfeng.clock import fixed_clock
from houfeng.watch.compare.correction import Correction, correct
from houfeng.watch.compare.correction_page import correction_lines, difference_plain, span
from houfeng.watch.replay import Replay
from houfeng_cli.main import cli
from watch.streamed_samples import NOW, flow, new_book, pack, stream

DAYS = (date(2025, 1, 1), date(2025, 1, 31))


def day(number: int, hour: int = 12) -> datetime:
    return datetime(2025, 1, number, hour)


def corrected(tmp_path: Path) -> Correction:
    """Firm A: an alert comes too late on the 2nd, a tier too low on the 10th; B: one that never was, on the 20th."""
    book = new_book(tmp_path)
    on_time = [flow(1, "A", day(2), 90), flow(2, "A", day(3, 10), 60), flow(3, "A", day(10), 300)]
    on_time += [flow(4, "B", day(5), 20, "in"), flow(5, "B", day(20), 80)]
    late = [
        flow(6, "A", day(2, 13), 30),
        flow(7, "A", day(9), 250),
        flow(8, "B", day(20, 13), 50),
        flow(9, "X", day(4), 9),
    ]
    stream(book, on_time, late)
    return correct(book.snapshot(), pack(tmp_path), *DAYS, threads=1)


def test_each_difference_is_told_with_its_late_events(tmp_path: Path) -> None:
    found = corrected(tmp_path)
    told = {
        (d.notice.rule, d.notice.key, d.notice.opened_at.day): (d.what, [e.event for e in d.late])
        for d in found.differences
    }
    head = {place: (what, [event[-3:] for event in events]) for place, (what, events) in told.items()}
    assert head[("outflow", "A", 2)] == ("earlier", ["006"])
    assert head[("outflow", "A", 9)] == ("earlier", ["007"])  # 006 lies outside of its window
    assert head[("outflow", "B", 20)] == ("missed", ["008"])
    assert head[("busy", "A", 3)] == ("missed", ["006"])
    assert {place[1] for place in head} <= {"A", "B", "G"}
    assert [e.event for e in found.late] == [f"account_flow:P|{n}" for n in ("006", "009", "007", "008")]
    assert found.keys == 3  # A, B and G; nobody knows X
    assert all(NOW - e.at <= e.lateness < NOW - e.at + timedelta(seconds=1) for e in found.late)


def test_what_does_not_differ_is_not_told(tmp_path: Path) -> None:
    book = new_book(tmp_path)
    stream(book, [flow(1, "A", day(2), 200), flow(2, "B", day(3), 200)], [flow(3, "B", day(20), 1)])
    found = correct(book.snapshot(), pack(tmp_path), *DAYS, threads=1)
    assert (len(found.late), found.differences) == (1, ())
    assert all(s.unchanged for s in found.compared.situations)
    assert {n.key for n in found.compared.old} <= {"B", "G"}  # A has no late event and is not replayed


def test_no_late_events_no_replay(tmp_path: Path) -> None:
    book = new_book(tmp_path)
    stream(book, [flow(1, "A", day(2), 200)])
    found = correct(book.snapshot(), pack(tmp_path), *DAYS, threads=1)
    assert (found.late, found.keys, found.differences) == ((), 0, ())


def test_it_equals_two_full_replays(tmp_path: Path) -> None:
    found = corrected(tmp_path)
    book = Book.open(tmp_path / "book", fixed_clock(NOW))
    rules = pack(tmp_path)
    for view, notices in ((book.snapshot().without_late(), found.compared.old), (book.snapshot(), found.compared.new)):
        full = Replay(view, rules, *DAYS, threads=1).alerts()
        keys = {n.who for n in (*found.compared.old, *found.compared.new)}
        own = Counter(a.alert_id for a in full if (a.kind, a.key) in keys)
        assert own == Counter(n.alert_id for n in notices)


def test_lines_and_rows(tmp_path: Path) -> None:
    found = corrected(tmp_path)
    for lang, word in (("zh", "应开启而未开启"), ("en", "would have opened and did not")):
        text = "\n".join(correction_lines(found, {}, lang, 99))
        assert word in text
        assert "account_flow:P|008" in text
    plain = [difference_plain(d) for d in found.differences]
    missed = next(p for p in plain if p["rule"] == "outflow" and p["key"] == "B")
    assert (missed["difference"], missed["was_id"], missed["is_tier"]) == ("missed", None, "yellow")
    assert missed["late_events"][0]["seconds_late"] == int((NOW - day(20, 13)).total_seconds())
    assert span(timedelta(days=2, hours=3, minutes=4), "en") == "2 d 3 h"
    assert span(timedelta(seconds=5), "zh") == "5 秒"


def test_the_commands(tmp_path: Path) -> None:
    corrected(tmp_path)
    rules, book, out = str(tmp_path / "1.0.0"), str(tmp_path / "book"), tmp_path / "out.jsonl"
    days = ["--from", "2025-01-01", "--to", "2025-01-31", "--book", book, "--lang", "en"]
    run = CliRunner().invoke(cli, ["watch", "correct", rules, *days, "--out", str(out)])
    assert run.exit_code == 0, run.output
    assert "4 late events" in run.output
    assert {json.loads(line)["difference"] for line in out.read_text("utf-8").splitlines()} >= {"missed", "earlier"}
    numbers = []
    for more in ([], ["--with-late"]):
        told = CliRunner().invoke(cli, ["watch", "replay", rules, *days, "--rule", "busy", *more])
        assert told.exit_code == 0, told.output
        numbers.append(told.output.split()[0])
    assert numbers == ["0", "1"]
