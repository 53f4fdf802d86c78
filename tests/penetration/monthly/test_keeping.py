"""What is kept in the book, as known when, under which names; and that rules and the watch see it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from houfeng.book.storage.receipt import Status
from houfeng.book.store import Book
from houfeng.engine.duckdb import Engine
from houfeng.packs.loading.load import load_pack
from houfeng.penetration.monthly.history import Keeper
from houfeng.penetration.monthly.keeping import keep
from houfeng.watch.replay import Replay
from penetration.monthly.market import add, firms, loan, made, stake, surety

MAY, JUNE, JULY = date(2026, 5, 31), date(2026, 6, 30), date(2026, 7, 31)
BANKS = [{"institution_id": "B1", "name": "一行", "net_capital": 1000, "tier1_capital": 800}]
LOANS = [loan("B1", "a", 80), loan("B1", "b", 90), loan("B1", "c", 10), loan("B1", "d", 1)]
ROWS = {
    "institution": BANKS,
    "enterprise": firms(*"abcd"),
    "person": [{"person_id": "P"}, {"person_id": "Q"}],
    "holding": [
        stake("P", "a", 60, "person"), stake("a", "b", 51), stake("S", "d", 100, "state"), stake("S", "c", 60, "state"),
    ],
    "guarantee": [surety("a", "c"), surety("c", "d"), surety("d", "a"), surety("b", "a")],
    "loan_balance": LOANS,
}  # fmt: skip


def rows(book: Book, kind: str, day: date, *columns: str) -> list[tuple[Any, ...]]:
    with Engine() as engine:
        return engine.rows(f"SELECT {', '.join(columns)} FROM ({book.snapshot().select(kind, as_of=day)}) ORDER BY ALL")


def test_what_is_kept(tmp_path: Path) -> None:
    book = made(tmp_path, ROWS, JUNE)
    found, receipt = keep(book, JUNE)
    assert {one.status for one in receipt.outcomes} == {Status.ACCEPTED}
    assert rows(book, "connected_group", JUNE, "group_id", "name", "head_id") == [("HFG-P", "P（穿透集团）", "P")]
    assert rows(book, "group_member", JUNE, "group_id", "enterprise_id") == [("HFG-P", "a"), ("HFG-P", "b")]
    assert rows(book, "guarantee_circle", JUNE, "circle_id", "form", "firms") == [("HFC-a", "ring", 3)]
    assert [row[0] for row in rows(book, "circle_member", JUNE, "enterprise_id", "firms")] == ["a", "c", "d"]
    assert rows(book, "ultimate_controller", JUNE, "enterprise_id", "controller_id", "controller_kind") == [
        ("a", "P", "person"), ("b", "P", "person"), ("c", "S", "state"), ("d", "S", "state"),
    ]  # fmt: skip
    assert rows(book, "group_exposure", JUNE, "group_id", "exposure", "tier1_share", "known_share") == [
        ("HFG-P", Decimal(170), Decimal("21.25"), Decimal("11.25"))
    ]
    again, receipt = keep(book, JUNE)
    assert again == found
    assert {one.status for one in receipt.outcomes} == {Status.UNCHANGED}


def test_a_reported_group_is_not_kept_twice_and_agreements_count(tmp_path: Path) -> None:
    listed = [{"group_id": "R", "enterprise_id": name} for name in "abd"]
    pact = [{"agreement_no": "A", "party_id": name} for name in ("P", "Q")]
    stakes = [*ROWS["holding"], stake("P", "c", 30, "person"), stake("Q", "c", 30, "person")]
    stakes = [one for one in stakes if (one["holder_id"], one["enterprise_id"]) != ("S", "c")]
    book = made(tmp_path, ROWS | {"group_member": listed, "concert_agreement": pact, "holding": stakes}, JUNE)
    found, _ = keep(book, JUNE)
    assert rows(book, "connected_group", JUNE, "group_id") == [("HFG-P",)]  # c is in by the agreement, and in no list
    assert [row[1] for row in rows(book, "group_member", JUNE, "group_id", "enterprise_id")][:3] == ["a", "b", "c"]
    assert {row["controller_id"] for row in found.rows["ultimate_controller"] if row["enterprise_id"] == "c"} == {
        "P",
        "Q",
    }
    book = made(tmp_path / "2", ROWS | {"group_member": listed}, JUNE)
    keep(book, JUNE)
    assert rows(book, "connected_group", JUNE, "group_id") == []
    assert rows(book, "group_exposure", JUNE, "group_id", "is_reported") == [("R", True)]


def test_month_by_month_names_last_and_ends_are_seen(tmp_path: Path) -> None:
    """The circle loses d and keeps its name; then it is broken, and is no more; the past stays as it was known."""
    book = made(tmp_path, ROWS, MAY)
    keep(book, MAY, received_at=datetime(2026, 6, 16))
    add(book, {"guarantee": [surety("c", "a"), surety("a", "c")], "loan_balance": LOANS}, JUNE)
    stakes = [stake("Q", "a", 60, "person"), stake("a", "b", 51)]
    add(book, {"holding": stakes}, JUNE, datetime(2026, 7, 12))
    found, _ = keep(book, JUNE, received_at=datetime(2026, 7, 16))
    assert [(one["circle_id"], one["firms"]) for one in found.rows["guarantee_circle"]] == [("HFC-a", 2)]
    assert [one["group_id"] for one in found.rows["connected_group"]] == [
        "HFG-P"
    ]  # the head is another, the key is not
    moved = [one for one in found.rows["penetration_finding"] if one["finding"] == "controller_moved"]
    assert [(one["enterprise_id"], one["subject"]) for one in moved] == [
        ("a", "P"), ("b", "P"), ("c", "S"), ("d", "S"),
    ]  # fmt: skip
    add(book, {"guarantee": [surety("a", "c")]}, JULY)
    keep(book, JULY)
    assert rows(book, "guarantee_circle", JULY, "circle_id") == []
    assert len(rows(book, "circle_member", JUNE, "circle_id")) == 2
    assert len(rows(book, "circle_member", MAY, "circle_id")) == 3


def test_history_is_kept_as_it_is_loaded(tmp_path: Path) -> None:
    book = made(tmp_path, ROWS, MAY)
    keeper = Keeper(book)
    day = date(2026, 5, 1)
    while day <= date(2026, 8, 1):
        keeper.told(day.isoformat(), 1)
        day += timedelta(days=1)
    assert [one.as_of for one in keeper.found] == [MAY, JUNE]
    stamps = [str(one.received_at) for one in book.entries() if one.reporter == "houfeng"]
    assert {stamp[:16] for stamp in stamps} == {"2026-06-16 23:59", "2026-07-16 23:59"}


def test_the_watch_sees_it(tmp_path: Path) -> None:
    """Known from the morning after; an event of a member moves its circle, one of the controller his firms."""
    book = made(tmp_path, ROWS, MAY)
    keep(book, MAY, received_at=datetime(2026, 6, 16, 12))
    suits = [
        {"record_no": f"R{n}", "enterprise_id": who, "occurred_on": day, "record_type": "enforcement"}
        for n, (who, day) in enumerate([("c", date(2026, 6, 16)), ("a", date(2026, 6, 20)), ("d", date(2026, 6, 25))])
    ]
    seized = {"record_no": "S", "person_id": "P", "occurred_on": date(2026, 6, 22), "record_type": "asset_seizure"}
    add(book, {"public_record": suits, "person_record": [seized]}, JUNE)
    rules = ["G03", "C08", "L05", "O07", "CR08"]
    replay = Replay(book.snapshot(), load_pack("warning-rules"), date(2026, 6, 1), JUNE, only=rules, threads=1)
    told = {(one.rule_id, one.key): (str(one.opened_at), one.opening_event, one.tier) for one in replay.alerts()}
    morning = ("2026-06-17 23:59:59", "tick:2026-06-17")
    assert told == {
        **{("G03", name): (*morning, "yellow") for name in "acd"},
        ("C08", "HFC-a"): ("2026-06-25 00:00:00", "public_record:R2", "orange"),
        ("L05", "a"): ("2026-06-22 00:00:00", "person_record:S", "orange"),
        ("L05", "b"): ("2026-06-22 00:00:00", "person_record:S", "orange"),
        ("O07", "HFG-P"): (*morning, "red"),
        ("CR08", "HFG-P"): (*morning, "red"),
    }
