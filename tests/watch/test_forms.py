"""Sequences, absences, the calendar, groups, single events and parallel alerts: known answers, reasons, evidence."""

# ruff: noqa: E501 (packs and rows are read best with one item a line)

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from houfeng.book.store import Book
from houfeng.clock import fixed_clock
from houfeng.packs.loading.load import load_pack
from houfeng.watch.alerts import Alert
from houfeng.watch.replay import Replay
from watch.replay_samples import submit

FIRST, LAST = date(2025, 3, 1), date(2025, 4, 10)
START = datetime(2025, 2, 1)
Rows = list[dict[str, Any]]


class Tried:
    """A pack and a book of one firm, F, made for one test; events are received at the end, the rest as stated."""

    def __init__(self, folder: Path, pack: str) -> None:
        (folder / "pack").mkdir()
        (folder / "pack" / "pack.yaml").write_text("pack: p\nversion: '1'\nlabel: p\n" + pack, "utf-8")
        self.pack = load_pack(folder / "pack")
        self.book = Book.create(folder / "book", fixed_clock(datetime(2025, 6, 1)))
        self.sent = 0
        self.send("enterprise", date(2025, 1, 1), [{"enterprise_id": "F", "name": "甲"}], START)

    def send(self, kind: str, period: date | None, rows: Rows, received: datetime | None = None) -> None:
        self.sent += 1
        moment = (received or datetime(2025, 5, 1)) + timedelta(microseconds=self.sent)
        submit(self.book, kind, "bank", period, rows, moment)

    def flows(self, *rows: tuple[str, str, int]) -> None:
        """Account flows of F: moment, direction, amount."""
        made = [
            {
                "enterprise_id": "F",
                "institution_id": "B",
                "flow_no": f"{n}",
                "occurred_at": datetime.fromisoformat(at),
                "direction": direction,
                "amount": Decimal(amount),
            }
            for n, (at, direction, amount) in enumerate(rows)
        ]
        self.send("account_flow", None, made)

    def alerts(self, only: Sequence[str] = ()) -> list[Alert]:
        return list(Replay(self.book.snapshot(), self.pack, FIRST, LAST, only=only, threads=1).alerts())


def lives(alerts: Sequence[Alert]) -> list[tuple[str, str, str, str]]:
    """Rule, opening, highest tier, clearing of each alert."""
    return [(a.rule, str(a.opened_at), a.tier, str(a.cleared_at or "")) for a in alerts]


ORDER = """
indicators:
  loan: {label: l, over: enterprise, from: account_flow, where: direction = 'in', measure: last(amount), window: 7 days}
  passed: {label: p, over: enterprise, from: account_flow, where: direction = 'out', measure: sum(amount), window: 7 days, after: {from: account_flow, where: direction = 'in'}}
rules:
  passed_on: {label: r, over: enterprise, when: passed >= 0.5 * loan, tier: red, reason: "{passed} of {loan}"}
"""


def test_a_sequence_counts_from_the_latest_first_event(tmp_path: Path) -> None:
    """What went out before is not counted, what goes out in the same second is; a second loan begins anew."""
    tried = Tried(tmp_path, ORDER)
    tried.flows(
        ("2025-03-02 08:59:59", "out", 900), ("2025-03-02 09:00:00", "in", 1000), ("2025-03-02 09:00:00", "out", 400),
        ("2025-03-05 10:00:00", "out", 100), ("2025-03-06 10:00:00", "in", 1000), ("2025-03-07 10:00:00", "out", 499),
    )  # fmt: skip
    (alert,) = tried.alerts()
    assert lives([alert]) == [("passed_on", "2025-03-05 10:00:00", "red", "2025-03-06 10:00:00")]
    assert alert.reason.en == "500 of 1,000"
    passed = [(e.row_id, e.facts["occurred_at"].day) for e in alert.evidence if e.item == "passed"]
    assert passed == [("B|1", 2), ("B|3", 5), ("B|2", 2)]  # the loan it began with, then the latest first
    assert {e.item for e in alert.evidence} == {"loan", "passed"}


ABSENCE = """
indicators:
  waiting: {label: w, over: enterprise, from: account_flow, where: direction = 'in', measure: days_since(), without: {from: account_flow, where: direction = 'out'}}
rules:
  unserved: {label: r, over: enterprise, when: waiting >= 10, tier: yellow, reason: "{waiting}"}
"""


def test_an_absence_counts_from_the_earliest_unanswered(tmp_path: Path) -> None:
    """An answer in the same second counts; the days run from the first of those that nothing has followed."""
    tried = Tried(tmp_path, ABSENCE)
    tried.flows(
        ("2025-03-01 10:00:00", "in", 1), ("2025-03-02 10:00:00", "in", 2), ("2025-03-02 10:00:00", "out", 3),
        ("2025-03-03 10:00:00", "in", 4), ("2025-03-05 10:00:00", "in", 5), ("2025-03-20 10:00:00", "out", 6),
    )  # fmt: skip
    (alert,) = tried.alerts()
    assert lives([alert]) == [("unserved", "2025-03-13 23:59:59", "yellow", "2025-03-20 10:00:00")]
    assert [(e.row_id, e.facts["occurred_at"].day) for e in alert.evidence] == [("B|3", 3), ("B|4", 5)]
    assert alert.reason.zh == "10"


CALENDAR = """
indicators:
  paid: {label: p, over: enterprise, from: account_flow, measure: sum(amount), since: quarter}
rules:
  none: {label: r, over: enterprise, when: paid = 0 and as_of() - quarter_start(as_of()) >= 5, tier: blue, reason: "{paid}"}
"""


def test_the_calendar_begins_with_its_first_second(tmp_path: Path) -> None:
    tried = Tried(tmp_path, CALENDAR)
    tried.flows(("2025-03-31 23:59:59", "out", 1), ("2025-04-08 09:00:00", "out", 1))
    found = lives(tried.alerts())
    assert found == [
        ("none", "2025-03-01 23:59:59", "blue", "2025-03-31 23:59:59"),
        ("none", "2025-04-06 23:59:59", "blue", "2025-04-08 09:00:00"),
    ]


SINGLE = """
parameters:
  large: {unit: CNY, label: l, values: {2025-01-01: 100, 2025-04-01: 50}}
indicators:
  twice: {label: t, over: account_flow, value: amount * 2}
rules:
  large: {label: r, over: account_flow, when: twice >= 2 * :large and direction = 'out', tier: orange, reason: "{amount} over {:large}"}
"""


def test_a_rule_over_events_looks_at_each_once(tmp_path: Path) -> None:
    """Open and closed at the event, by the parameters of its day, whoever's event it is."""
    tried = Tried(tmp_path, SINGLE)
    tried.flows(
        ("2025-03-31 23:59:59", "out", 99), ("2025-04-01 00:00:00", "out", 50), ("2025-03-02 12:00:00", "in", 500)
    )
    row = {
        "enterprise_id": "nobody",
        "institution_id": "B",
        "flow_no": "x",
        "occurred_at": datetime(2025, 3, 3),
        "direction": "out",
        "amount": Decimal(100),
    }
    tried.send("account_flow", None, [row])
    found = tried.alerts(only=["large"])
    assert [
        (a.key, a.opening_event, str(a.opened_at), a.cleared_at == a.opened_at, a.clearing_event) for a in found
    ] == [
        ("B|x", "account_flow:B|x", "2025-03-03 00:00:00", True, "account_flow:B|x"),
        ("B|1", "account_flow:B|1", "2025-04-01 00:00:00", True, "account_flow:B|1"),
    ]
    assert [a.reason.en for a in found] == ["100 over 100", "50 over 50"]
    assert found[0].evidence[0].facts == {"amount": Decimal(100), "direction": "out"}
    assert found[0].kind == "account_flow"


GROUPS = """
indicators:
  out: {label: o, over: connected_group, from: account_flow, through: group_member, where: direction = 'out', measure: sum(amount), window: 30 days}
  lent: {label: l, over: connected_group, from: loan_balance, by: borrower_id, through: group_member, measure: sum(balance)}
rules:
  moved: {label: r, over: connected_group, tiers: {yellow: out >= 10, orange: out >= 10 and lent >= 70}, reason: "{name}: {out}, {lent}"}
"""


def test_a_member_moves_its_group(tmp_path: Path) -> None:
    """Only events of days on which the member belonged, as known when the day began; balances while it does."""
    tried = Tried(tmp_path, GROUPS)
    tried.send("connected_group", date(2025, 1, 1), [{"group_id": "G", "name": "集团"}], START)
    loan = {"institution_id": "bank", "contract_no": "1", "note_no": "1", "borrower_id": "F", "balance": Decimal(70)}
    tried.send("loan_balance", date(2025, 1, 31), [{**loan, "period": date(2025, 1, 31)}], START)
    joined = {"group_id": "G", "enterprise_id": "F", "valid_from": date(2025, 3, 3), "valid_to": date(2025, 3, 10)}
    tried.send("group_member", date(2025, 3, 1), [joined], datetime(2025, 3, 5, 12))
    tried.flows(
        ("2025-03-02 10:00:00", "out", 100), ("2025-03-05 10:00:00", "out", 100), ("2025-03-06 00:00:00", "out", 4),
        ("2025-03-09 10:00:00", "out", 6), ("2025-03-10 10:00:00", "out", 100),
    )  # fmt: skip
    (alert,) = tried.alerts()
    assert lives([alert]) == [("moved", "2025-03-09 10:00:00", "orange", "2025-04-05 23:59:59")]
    assert (alert.key, alert.opening_event) == ("G", "account_flow:B|3")
    assert alert.reason.zh == "集团: 10, 70"
    assert [(e.item, e.row_id) for e in alert.evidence] == [
        ("out", "B|3"),
        ("out", "B|2"),
        ("lent", "bank|1|1"),
    ]


MERGING = """
indicators:
  spent: {label: s, over: enterprise, from: account_flow, where: direction = 'out', measure: sum(amount), window: 1 day, hop: 1 hour}
  got: {label: g, over: enterprise, from: account_flow, where: direction = 'in', measure: sum(amount), window: 1 day, hop: 1 hour}
rules:
  one: {label: r, over: enterprise, group: a, when: spent >= 1, tier: blue, reason: x}
  two: {label: r, over: enterprise, group: b, tiers: {yellow: spent >= 2, red: spent >= 100}, reason: x}
  again: {label: r, over: enterprise, group: b, when: spent >= 2, tier: orange, reason: x}
  loose: {label: r, over: enterprise, when: spent >= 1, tier: red, reason: x}
  three: {label: r, over: enterprise, group: c, when: got >= 1, tier: blue, reason: x}
  many: {label: r, over: enterprise, merge: {groups: 3}, cooldown: 2 days, reason: "{groups}: {open_groups}"}
"""


def test_parallel_alerts_make_one_above_the_highest(tmp_path: Path) -> None:
    """Two groups are too few; a rule without a group does not count; red stays red; a cooldown holds it back."""
    tried = Tried(tmp_path, MERGING)
    tried.flows(
        ("2025-03-02 10:00:00", "out", 5), ("2025-03-02 11:00:00", "in", 5), ("2025-03-02 12:00:00", "out", 100),
        ("2025-03-04 10:00:00", "out", 5), ("2025-03-04 10:00:00", "in", 5),
        ("2025-03-08 10:00:00", "in", 5), ("2025-03-08 10:00:00", "out", 1), ("2025-03-08 10:00:01", "out", 1),
    )  # fmt: skip
    alerts = tried.alerts()
    found = [a for a in alerts if a.rule == "many"]
    assert lives(found) == [
        ("many", "2025-03-02 11:00:00", "red", "2025-03-03 23:59:59"),
        ("many", "2025-03-08 10:00:01", "red", "2025-03-09 23:59:59"),
    ]
    assert found[0].reason.en == "3: a, b, c"
    assert [(e.item, e.kind, e.facts["group"]) for e in found[0].evidence] == [
        ("one", "alert", "a"), ("two", "alert", "b"), ("again", "alert", "b"), ("three", "alert", "c"),
    ]  # fmt: skip
    opened = {a.rule: a.alert_id for a in alerts if a.opened_at <= found[0].opened_at}
    assert [e.row_id for e in found[0].evidence] == [opened[e.item] for e in found[0].evidence]
    assert [a.line() for a in tried.alerts(only=["many"])] == [a.line() for a in found]


@pytest.mark.parametrize("only", ["one", "three"])
def test_one_rule_alone_is_the_same_as_among_others(tmp_path: Path, only: str) -> None:
    tried = Tried(tmp_path, MERGING)
    tried.flows(("2025-03-02 10:00:00", "out", 5), ("2025-03-02 11:00:00", "in", 5))
    whole = [a.line() for a in tried.alerts() if a.rule == only]
    assert [a.line() for a in tried.alerts(only=[only])] == whole != []
