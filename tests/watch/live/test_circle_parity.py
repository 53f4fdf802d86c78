"""Circles, computed controllers and kept findings: the live watch equals the replay, in any batching.

Beside the groups of `histories`: keys of another kind with members, and enterprises that have events of their
own and, through their controllers, those of persons.
"""

from __future__ import annotations

import tempfile
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from houfeng.packs.loading.load import load_pack
from houfeng.packs.model import Pack
from houfeng.watch.live.engine import Engine
from houfeng.watch.replay import Replay
from watch.histories import FIRST, LAST, PHASES, received
from watch.live.comparing import of_live, of_replay
from watch.live.live_samples import KEYS, STATE, book_of, cuts, events_of
from watch.replay_samples import Sent, instant

START, END = instant(FIRST), instant(LAST) + 86400
PACK = """
pack: circles
version: '1'
label: circles
indicators:
  firms: {label: f, over: enterprise, from: circle_member, by: enterprise_id, measure: max(firms)}
  came_back: {label: f, over: enterprise, from: penetration_finding, where: finding = 'round_trip', measure: max(amount)}
  suits: {label: s, over: enterprise, from: public_record, measure: count(), window: 3 days}
  his: {label: s, over: enterprise, from: person_record, through: ultimate_controller, measure: count(), window: 2 days}
  since: {label: s, over: enterprise, from: person_record, through: ultimate_controller, measure: days_since()}
  sued: {label: s, over: guarantee_circle, from: public_record, through: circle_member, measure: distinct(enterprise_id), window: 2 days}
  lent: {label: s, over: guarantee_circle, from: loan_balance, by: borrower_id, through: circle_member, measure: sum(balance)}
rules:
  member: {label: r, over: enterprise, tiers: {blue: firms >= 2, yellow: firms >= 3 and came_back >= 50}, reason: "{firms}"}
  person: {label: r, over: enterprise, tiers: {blue: his >= 1, red: his >= 1 and suits >= 1}, clear_when: since >= 1, reason: "{his} {suits}"}
  court: {label: r, over: guarantee_circle, tiers: {blue: sued >= 1, red: sued >= 2 and lent > 100}, cooldown: 1 day, reason: "{name} {sued} {lent}"}
"""  # noqa: E501
SEEN: set[str] = set()
FIRMS = st.sampled_from("ABC")
PERSONS = st.sampled_from(["P", "Q", "nobody"])
DAYS = st.integers(0, 8).map(lambda n: date(2025, 1, 1) + timedelta(days=n))
records = st.lists(st.tuples(FIRMS, DAYS), max_size=6)
personal = st.lists(st.tuples(PERSONS, DAYS), max_size=6)
kept = st.lists(
    st.tuples(
        received,
        st.sampled_from([date(2024, 11, 30), date(2024, 12, 31), date(2025, 1, 3)]),
        st.lists(st.tuples(st.sampled_from("XY"), FIRMS), max_size=4, unique=True),
        st.lists(st.tuples(FIRMS, PERSONS), max_size=4, unique=True),
        st.lists(st.tuples(FIRMS, st.sampled_from([20, 70])), max_size=2, unique_by=lambda row: row[0]),
    ),
    max_size=4,
)


@cache
def sample() -> Pack:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "pack.yaml").write_text(PACK, "utf-8")
        return load_pack(Path(folder))


def history(suits: list[Any], named: list[Any], lists: list[Any]) -> list[Sent]:
    start = datetime(2024, 12, 1)
    loans = [
        {"institution_id": "B", "contract_no": f, "note_no": f, "borrower_id": f, "balance": 60, "period": start.date()}
        for f in "ABC"
    ]
    firms = [{"enterprise_id": firm, "name": firm} for firm in "ABC"]
    court = [
        {"record_no": f"{n}", "enterprise_id": firm, "occurred_on": day, "record_type": "enforcement"}
        for n, (firm, day) in enumerate(suits)
    ]
    told = [
        {"record_no": f"{n}", "person_id": who, "occurred_on": day, "record_type": "enforcement"}
        for n, (who, day) in enumerate(named)
    ]
    sent = [
        Sent("enterprise", "registry", start.date(), firms, start),
        Sent("loan_balance", "B", start.date(), loans, start + timedelta(seconds=1)),
        Sent("public_record", "court", None, court, start + timedelta(seconds=2)),
        Sent("person_record", "court", None, told, start + timedelta(seconds=3)),
    ]
    for number, (when, day, members, controllers, trips) in enumerate(sorted(lists, key=lambda one: one[0])):
        sizes = {circle: sum(1 for other, _ in members if other == circle) for circle, _ in members}
        rows: dict[str, list[dict[str, Any]]] = {
            "guarantee_circle": [{"circle_id": circle, "name": circle, "firms": n} for circle, n in sizes.items()],
            "circle_member": [{"circle_id": c, "enterprise_id": f, "firms": sizes[c]} for c, f in members],
            "ultimate_controller": [{"enterprise_id": firm, "controller_id": who} for firm, who in controllers],
            "penetration_finding": [
                {"enterprise_id": f, "finding": "round_trip", "subject": "S", "period": day, "amount": amount}
                for f, amount in trips
            ],
        }
        for place, (kind, own) in enumerate(rows.items()):
            sent.append(Sent(kind, "houfeng", day, own, when + timedelta(microseconds=10 * number + place)))
    return sorted(sent, key=lambda one: one.received)


@settings(max_examples=10, deadline=None, derandomize=True, phases=PHASES, suppress_health_check=list(HealthCheck))
@given(records, personal, kept, cuts)
def test_live_equals_replay(suits: list[Any], named: list[Any], lists: list[Any], marks: list[int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        book = book_of(Path(folder), history(suits, named, lists))
        wanted = of_replay(Replay(book.snapshot(), sample(), FIRST, LAST, threads=1).alerts())
        engine = Engine(sample(), book.snapshot(), FIRST, threads=1, max_keys=KEYS, state_memory=STATE).start()
        events = {kind: events_of(book.snapshot(), kind) for kind in engine.kinds}
        changes, at = [], START
        for mark in sorted({*marks, END}):
            between = [
                (kind, rows.filter((rows["_t"].to_numpy() >= at) & (rows["_t"].to_numpy() < mark)))
                for kind, rows in events.items()
            ]
            changes += engine.feed(between, mark)
            at = mark
    assert of_live(changes) == wanted
    SEEN.update(change.rule for change in changes)


def test_every_rule_has_spoken() -> None:
    """Runs after the random histories: none of the rules was silent in all of them."""
    assert {rule.partition("/")[2] for rule in SEEN} == set(sample().rules)
