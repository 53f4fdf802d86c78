"""The commands from end to end, on a real folder, with and without a watch."""

from __future__ import annotations

import csv
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from houfeng.book.store import Book
from houfeng.clock import fixed_clock
from houfeng.errors import HoufengError
from houfeng.watch.journal.alerts import AlertJournal
from houfeng.watch.live.changes import CLEARED, ESCALATED, OPENED, Change
from houfeng.watch.operations.deliveries import Delivery, record
from houfeng.watch.operations.emission import Emission
from houfeng.watch.operations.inbox import Inbox, write_state
from houfeng.watch.operations.metrics import Metrics
from houfeng.watch.operations.told import read_steps
from houfeng_cli.main import cli
from houfeng_cli.watch import alerts as watch_alerts
from houfeng_cli.watch import rules as watch_rules
from watch.operations.makers import DAY, RULES, step

AT = datetime(2026, 1, 16, 9, 30)
BY = ["--who", "王五", "--why", "误报多"]


@dataclass
class Place:
    """A book's folder, and what a main loop does on it: take orders, route steps, keep alerts, tell its state."""

    book: Path

    def __post_init__(self) -> None:
        self.watch = self.book / "watch"
        self.inbox = Inbox(self.watch / "inbox")
        self.emission = Emission(RULES)
        self.seq = 0
        self.state = "running"

    def tell(self, state: str = "") -> None:
        """Write the state and the status."""
        self.state = state or self.state
        metrics = Metrics(fixed_clock(AT))
        metrics.events("files", "loan", "accepted", 12_345)
        metrics.gauge("watermark_seconds", 5 * DAY)
        write_state(self.watch / "state" / "emission.json", self.emission.summary())
        write_state(self.watch / "state" / "status.json", metrics.status(self.state))

    def keep(self, deliveries: list[Delivery]) -> None:
        """Store deliveries as the watch does."""
        with AlertJournal.open(self.watch / "alerts") as journal:
            self.seq += 1
            journal.append(self.seq, [record(delivery) for delivery in deliveries])

    def go(self, *changes: Change) -> None:
        """Route and keep steps."""
        self.keep(self.emission.route(changes))

    def take(self) -> int:
        """Take and answer what waits."""
        commands = self.inbox.take()
        for command in commands:
            self.seq += 1
            outcome = self.emission.apply(command, seq=self.seq, at=AT, watermark=5 * DAY)
            self.keep(list(outcome.deliveries))
            self.tell()
            self.inbox.done(command.id, outcome.accepted, outcome.text)
        return len(commands)

    def run(self, *words: str, lang: str = "en") -> Result:
        """Run `houfeng watch …` on the book."""
        return CliRunner().invoke(cli, ["watch", *words, "--book", str(self.book), "--lang", lang])

    def json(self, *words: str) -> Any:
        """What a command prints as JSON."""
        return json.loads(self.run(*words, "--json").output)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    Book.create(tmp_path / "book", fixed_clock(AT))
    ticks = count(2_000_000)
    monkeypatch.setattr(watch_rules.clock, "wall_clock", lambda: AT + timedelta(microseconds=next(ticks)))
    return Place(tmp_path / "book")


@pytest.fixture
def loop(place: Place) -> Iterator[Place]:
    """The place with a watch running on it."""
    place.tell()
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            place.take()
            stop.wait(0.01)

    thread = threading.Thread(target=work)
    thread.start()
    yield place
    stop.set()
    thread.join()


ORDERS = [
    (["rule", "A01", "--to", "shadow"], {"do": "life", "rule": "A01", "to": "shadow"}),
    (["rule", "A01", "--to", "percent:10"], {"do": "life", "rule": "A01", "to": "percent:10"}),
    (["rule", "A01", "--rollback"], {"do": "rollback", "rule": "A01"}),
    (
        ["silence", "--key", "91", "--tier", "yellow", "--until", "1970-02-01"],
        {"do": "silence", "key": "91", "tier": "yellow", "until": 32 * DAY - 1},
    ),
    (
        ["silence", "--rule", "A01", "--group", "credit", "--until", "1970-02-01T08:00"],
        {"do": "silence", "rule": "A01", "group": "credit", "until": 31 * DAY + 8 * 3_600},
    ),
    (["unsilence", "x1"], {"do": "unsilence", "silence": "x1"}),
    (["budget", "--per-day", "20"], {"do": "budget", "per_day": 20}),
    (["budget", "--rule", "A01", "--per-day", "none"], {"do": "budget", "rule": "A01", "per_day": "none"}),
    (["stop"], {"do": "stop"}),
    (["resume"], {"do": "resume"}),
    (["release"], {"do": "release"}),
    (["release", "--rule", "A01"], {"do": "release", "rule": "A01"}),
]


@pytest.mark.parametrize(("words", "what"), ORDERS)
def test_an_order_waits_where_no_watch_runs(place: Place, words: list[str], what: dict[str, Any]) -> None:
    """Before any watch ran there is nothing to check it against but its shape."""
    done = place.run(*words, *BY)
    assert done.exit_code == 0, done.output
    assert "is in the inbox" in done.output
    assert "no watch is running" in done.output
    (command,) = place.inbox.take()
    assert (command.who, command.why, command.what) == ("王五", "误报多", what)
    assert command.id.startswith("20260116T093002")


def test_orders_are_answered_by_a_running_watch(loop: Place) -> None:
    """The life of a rule, through the front door, in both languages."""
    assert "demo/overdue: shadow" in loop.run("rule", "A01", "--to", "shadow", *BY).output
    assert "demo/overdue：部分对象 10%" in loop.run("rule", "A01", "--to", "percent:10", *BY, lang="zh").output
    assert "back to: shadow" in loop.run("rule", "A01", "--rollback", *BY).output
    assert "in force" in loop.run("silence", "--rule", "F03", "--until", "1970-02-01", *BY).output
    assert "no limit" in loop.run("budget", "--per-day", "none", *BY).output
    assert "stopped" in loop.run("stop", *BY).output
    listed = loop.run("rules").output
    assert "!! emission is stopped (王五, 2026-01-16 09:30:00: 误报多)" in listed
    assert "A01    demo/overdue | shadow | 2026-01-16 09:30:00 王五: 误报多" in listed
    assert "rule=demo/siphoning, up to orange, until 1970-02-01 23:59:59" in listed
    assert "外发已停止" in loop.run("rules", lang="zh").output
    silence = loop.json("rules")["silences"]["in_force"][0]["id"]
    assert "is over" in loop.run("unsilence", silence, *BY).output
    assert loop.inbox.take() == []


def fails(place: Place, *words: str) -> HoufengError:
    done = place.run(*words, *BY)
    assert isinstance(done.exception, HoufengError), done.output
    return done.exception


def test_what_would_be_refused_is_not_put_down(place: Place) -> None:
    """Judged by the last state and by what waits already; the text is the watch's own."""
    place.tell("ended")
    assert "“A01”" in fails(place, "rule", "A0", "--to", "shadow").message.en
    assert "already is: active" in fails(place, "rule", "A01", "--to", "active").message.en
    assert place.run("rule", "A01", "--to", "draft", *BY).exit_code == 0
    assert "cannot go straight" in fails(place, "rule", "A01", "--to", "active").message.en
    assert place.run("rule", "A01", "--to", "shadow", *BY).exit_code == 0
    assert place.run("rule", "A01", "--to", "active", *BY).exit_code == 0
    assert "watermark" in fails(place, "silence", "--key", "1", "--until", "1970-01-05").message.en
    assert "one of --to and --rollback" in fails(place, "rule", "A01").message.en
    assert "not stopped" in fails(place, "resume").message.en
    assert place.take() == 3
    assert [turn.to for turn in place.emission.lives["demo/overdue"].turns] == ["draft", "shadow", "active"]


def test_who_and_why_are_asked_for(place: Place) -> None:
    """Also where they are only blanks; and there must be a book."""
    assert "--who" in place.run("stop", "--why", "x").output
    assert "--why" in place.run("stop", "--who", "x").output
    done = place.run("stop", "--who", " ", "--why", "x")
    assert isinstance(done.exception, HoufengError)
    assert "who" in done.exception.message.en
    done = Place(place.book.parent).run("stop", *BY)
    assert isinstance(done.exception, HoufengError)
    assert "houfeng book init" in done.exception.message.en


def test_status(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Running, ended, silent for too long, never there: each is said, and told by the exit code."""
    done = place.run("status")
    assert (done.exit_code, done.output) == (1, "no watch has run on this book yet\n")
    assert place.json("status") == {"running": False, "age_seconds": None, "status": None}
    place.tell()
    done = place.run("status")
    assert done.exit_code == 0
    assert "a watch is running since 2026-01-16 09:30:00" in done.output
    assert "accepted 12,345" in done.output
    assert "watermark: 1970-01-06 00:00:00" in done.output
    assert "监测正在运行" in place.run("status", lang="zh").output
    assert place.json("status")["running"]
    monkeypatch.setattr(watch_rules.clock, "wall_clock", fixed_clock(AT + timedelta(seconds=75)))
    done = place.run("status")
    assert (done.exit_code, "75 s old" in done.output) == (1, True)
    place.tell("ended")
    done = place.run("status")
    assert (done.exit_code, "it ended at 2026-01-16 09:30:00" in done.output) == (1, True)


def history(place: Place) -> None:
    """Five alerts: told and cleared, told and escalated, in shadow, held back by a stop and released."""
    place.go(step(OPENED, "a1", 10), step(OPENED, "a2", DAY), step(CLEARED, "a1", DAY + 5, number=1))
    place.go(step(ESCALATED, "a2", 2 * DAY, "red", number=1))
    place.tell("ended")
    assert place.run("rule", "F03", "--to", "shadow", *BY).exit_code == 0
    assert place.run("stop", *BY).exit_code == 0
    place.take()
    place.go(step(OPENED, "b3", 3 * DAY, rule="siphoning"), step(OPENED, "c4", 3 * DAY, rule="news", tier="blue"))
    place.go(step(OPENED, "c5", 3 * DAY, rule="news"), step(CLEARED, "c5", 4 * DAY, rule="news", number=1))
    for words in (["resume"], ["release"]):
        assert place.run(*words, *BY).exit_code == 0
        place.take()


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ([], ["1", "2", "4"]),
        (["--channel", "all"], ["1", "2", "3", "4", "5"]),
        (["--channel", "shadow"], ["3"]),
        (["--channel", "stopped"], ["5"]),
        (["--open"], ["2", "4"]),
        (["--open", "--channel", "all"], ["2", "3", "4"]),
        (["--rule", "N01"], ["4"]),
        (["--rule", "demo/news", "--channel", "all"], ["4", "5"]),
        (["--key", "2"], ["2"]),
        (["--tier", "yellow"], ["1", "2"]),
        (["--tier", "red"], ["2"]),
        (["--since", "1970-01-02"], ["2", "4"]),
        (["--since", "1970-01-02T00:00:01"], ["4"]),
        (["--show", "1"], ["4"]),
        (["--show", "0"], []),
    ],
)
def test_alerts_are_listed(place: Place, words: list[str], found: list[str]) -> None:
    """One line each, whatever the number of steps, and how many there are in all."""
    history(place)
    done = place.run("alerts", *words)
    *lines, summary = done.output.splitlines()
    assert [line.split()[2] for line in lines] == found
    assert "in all: emitted 3  shadow 1  stopped 1" in summary


def test_how_an_alert_reads(place: Place) -> None:
    """The highest tier it reached, from when to when, why; and that a rule has no alerts is said too."""
    assert place.run("alerts").output == "0 found; in all: none\n"
    history(place)
    assert "[red] A01 2  1970-01-02 00:00:00 – open  overdue  (a2)" in place.run("alerts").output
    assert "[黄] A01 1  1970-01-01 00:00:10 – 1970-01-02 00:00:05  逾期  (a1)" in place.run("alerts", lang="zh").output
    assert "N01    demo/news | active | released 1  stopped 2" in place.run("rules").output


def test_alerts_are_written(place: Place, tmp_path: Path) -> None:
    """The list as CSV and xlsx, everything as JSON lines; another ending is refused."""
    history(place)
    for name in ("a.csv", "a.jsonl", "a.xlsx"):
        assert place.run("alerts", "--out", str(tmp_path / name)).exit_code == 0
    rows = list(csv.DictReader((tmp_path / "a.csv").read_text("utf-8-sig").splitlines()))
    assert [(r["alert_id"], r["state"], r["tier"]) for r in rows] == [
        ("a1", "cleared", "yellow"),
        ("a2", "open", "red"),
        ("c4", "open", "blue"),
    ]
    plain = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text("utf-8").splitlines()]
    assert [len(alert["steps"]) for alert in plain] == [2, 2, 2]
    assert plain[0]["steps"][0]["values"]["balance"] == "10.50"
    assert ".doc" in str(place.run("alerts", "--out", str(tmp_path / "a.doc")).exception)


def test_following(place: Place) -> None:
    """Each step once, as it comes, until Ctrl-C."""
    history(place)
    before = len(list(read_steps(place.watch / "alerts")))
    rounds = iter(range(3))

    def sleep(seconds: float) -> None:
        number = next(rounds, None)
        if number is None:
            raise KeyboardInterrupt
        place.go(step(OPENED, f"a{number + 10}", 6 * DAY))

    steps = list(watch_alerts.tail(place.watch / "alerts", before, sleep))
    assert [kept["alert_id"] for kept in steps] == ["a10", "a11", "a12"]
    assert watch_alerts.step_line(steps[0], "en") == (
        "1970-01-07 00:00:00 opened [yellow] A01 10 emitted  overdue  (a10)"
    )
    done = place.run("alerts", "--follow", "--open")
    assert isinstance(done.exception, HoufengError)
