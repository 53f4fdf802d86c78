"""Orders reach a watch that runs: kill switch, life of a rule, shares of keys, budgets; all is evaluated still."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from houfeng.book.store import Book
from houfeng.clock import fixed_clock
from houfeng.packs.loading.load import load_pack
from houfeng.watch.journal.alerts import ROLL, AlertJournal
from houfeng.watch.journal.entries import Command, Events
from houfeng.watch.operations.deliveries import Delivery
from houfeng.watch.operations.inbox import Inbox
from houfeng.watch.service.core import Limits
from houfeng.watch.service.recovery import open_core
from houfeng.watch.service.watcher import Pace, Watcher
from houfeng.watch.sources.parsing import Parser
from houfeng.watch.sources.queue import Put, Source, ended, incoming
from watch.service import running
from watch.sources.event_samples import lines

LIMITS = Limits(threads=1, max_keys=1 << 12, state_memory=1 << 24)
COUNT = 2_000


class Slow(Source):
    """Gives events a few at a time; before some of them it puts an order into the inbox and waits for the answer."""

    def __init__(self, some: Sequence[dict[str, Any]], orders: dict[int, dict[str, Any]], inbox: Inbox) -> None:
        super().__init__("slow")
        self.some, self.orders, self.inbox = some, orders, inbox

    def _run(self, put: Put, offsets: Any) -> None:
        parser = Parser("account_flow")
        last = offsets.get("slow", 0)
        for start in range(last, len(self.some), 50):
            if start in self.orders:
                self._order(start)
            part = self.some[start : start + 50]
            put(*incoming("slow", parser.lines(lines(part), start + 1), start + 1, start + len(part)))
        put(ended("slow", len(self.some)))

    def _order(self, number: int) -> None:
        name = f"{number:06d}"
        if self.inbox.answer(name) is None:
            self.inbox.put(Command(name, "Li", "a test", self.orders[number]))
        while self.inbox.answer(name) is None and not self.stopping.wait(0.01):
            pass


def run(folder: Path, orders: dict[int, dict[str, Any]]) -> tuple[list[dict[str, Any]], list[Delivery], Inbox]:
    """What the journal has, and what people were told, after a run with orders."""
    path, pack = running.prepare(folder)
    book = Book.open(path, fixed_clock(datetime(2026, 1, 20)))
    core = open_core(book, load_pack(str(pack)), book.clock, date(2026, 1, 1), limits=LIMITS)
    told: list[Delivery] = []
    inbox = Inbox(core.place / "inbox")
    source = Slow(running.events(COUNT)[1:], orders, inbox)
    watcher = Watcher(core, [source], Pace(live=False))
    watcher.tell = told.extend
    watcher.run()
    return list(AlertJournal(path / "watch" / "alerts", ROLL).read()), told, inbox


def steps(records: Sequence[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """What was evaluated, whoever was told of it."""
    return sorted(
        (r["alert_id"], r["step"], r["at"], r["tier"], str(r["values"])) for r in records if ":" not in r["alert_id"]
    )


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The journal of a run without orders."""
    return run(tmp_path_factory.mktemp("plain"), {})[0]


def test_the_kill_switch_stops_telling_and_nothing_else(tmp_path: Path, plain: list[dict[str, Any]]) -> None:
    records, told, inbox = run(tmp_path, {500: {"do": "stop"}, 1000: {"do": "resume"}, 1200: {"do": "release"}})
    assert steps(records) == steps(plain)
    assert len(running.rows(tmp_path / "book")) > COUNT * 0.98
    kept = [r for r in records if r["channel"] == "stopped"]
    assert kept
    released = [r for r in records if r["alert_id"].endswith(":released")]
    assert released
    assert all(r["channel"] == "emitted" for r in released)
    emitted = [d for d in told if d.channel == "emitted"]
    assert len(emitted) == sum(r["channel"] == "emitted" for r in records)
    assert all(inbox.answer(f"{n:06d}")[0] for n in (500, 1000, 1200))  # type: ignore[index]


def test_a_rule_goes_from_shadow_to_active_while_the_stream_runs(tmp_path: Path, plain: list[dict[str, Any]]) -> None:
    orders = {
        0: {"do": "life", "rule": "outflow", "to": "shadow"},
        800: {"do": "life", "rule": "outflow", "to": "percent:50"},
        1400: {"do": "life", "rule": "outflow", "to": "active"},
        1450: {"do": "budget", "rule": "large", "per_day": 1},
    }
    records, _, _ = run(tmp_path, orders)
    assert steps(records) == steps(plain)
    openings = [r for r in records if r["rule"] == "small/outflow" and r["step"] == 0]
    first = min(r["at"] for r in openings if r["channel"] in ("emitted", "outside"))
    assert {r["channel"] for r in openings if r["at"] < first} == {"shadow"}
    assert Counter(r["channel"] for r in openings).keys() == {"shadow", "emitted", "outside"}
    assert openings[-1]["channel"] == "emitted"
    large = [r for r in records if r["rule"] == "small/large" and r["step"] == 0]
    assert {r["channel"] for r in large} == {"emitted", "held"}


def test_orders_outlive_a_lost_state(tmp_path: Path) -> None:
    path, pack = running.prepare(tmp_path)
    book = Book.open(path, fixed_clock(datetime(2026, 1, 20)))
    options: dict[str, Any] = {"limits": LIMITS}
    core = open_core(book, load_pack(str(pack)), book.clock, date(2026, 1, 1), **options)
    core.save()
    core.take(core.log.append([Command("c1", "Li", "a test", {"do": "stop"})]))
    parser = Parser("account_flow")
    (item,) = incoming("s", parser.lines(lines(running.events(900)[1:]), 1), 1, 899)
    (one,) = core.admission.admit([item])

    core.take(core.log.append([Events("s", "account_flow", one.rows, 1, 899)]))
    waiting = core.emission.summary()["waiting"]
    assert waiting
    core.close()
    text = (pack / "pack.yaml").read_text("utf-8")
    (pack / "pack.yaml").write_text(text.replace("1.0.0", "1.1.0").replace("out_1h > 600", "out_1h > 100000"), "utf-8")
    core = open_core(book, load_pack(str(pack)), book.clock, date(2026, 1, 1), **options)
    assert core.emission.stop is not None
    journal = list(core.journal.read())
    over = [r for r in journal if r["event"].startswith("pack:")]
    assert {r["rule"] for r in over} <= {"small/outflow"}
    assert {r["channel"] for r in over} == {"stopped"}
    assert core.pack.version == "1.1.0"
    core.save()
    core.close()
