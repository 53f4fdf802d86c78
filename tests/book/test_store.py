"""The store: what enters, what replaces what, and what a view as known at some moment shows."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from book.store_samples import (
    BALANCE,
    FLOW,
    JANUARY,
    KINDS,
    MEMBER,
    START,
    Ticking,
    ask,
    balances,
    draft,
    flows,
    members,
    shown,
)
from houfeng.book.store import Book, Status
from houfeng.errors import ConflictError, EnvironmentFault, InputError, UsageError

FEBRUARY = date(2026, 2, 28)


@pytest.fixture
def clock() -> Ticking:
    return Ticking()


@pytest.fixture
def book(tmp_path: Path, clock: Ticking) -> Book:
    return Book.create(tmp_path / "book", clock, kinds=KINDS)


def test_money_survives_to_the_fen(book: Book) -> None:
    book.submit([balances({"n1": "3000000000", "n2": "16777217.01"})])
    assert shown(book.snapshot(), "balance", "note", "balance") == [
        ("n1", Decimal("3000000000.00")),
        ("n2", Decimal("16777217.01")),
    ]


def test_an_empty_kind_has_the_right_columns(book: Book) -> None:
    sql = book.snapshot().select("balance")
    described = ask(f"SELECT column_name, column_type FROM (DESCRIBE {sql})")
    assert described == [
        ("bank", "VARCHAR"),
        ("note", "VARCHAR"),
        ("period", "DATE"),
        ("balance", "DECIMAL(20,2)"),
        ("_submission", "VARCHAR"),
        ("_row", "BIGINT"),
    ]
    assert ask(sql) == []


def test_a_later_arrival_replaces_and_the_past_stays(book: Book, clock: Ticking) -> None:
    first = book.submit([balances({"n1": "1"})])
    clock.later(days=2)
    second = book.submit([balances({"n1": "2"})])
    assert second.outcomes[0].replaces == first.outcomes[0].submission_id
    assert shown(book.snapshot(), "balance", "balance") == [(Decimal(2),)]
    assert shown(book.snapshot(START + timedelta(days=1)), "balance", "balance") == [(Decimal(1),)]
    assert shown(book.snapshot(START - timedelta(days=1)), "balance", "balance") == []
    history = book.snapshot().history("balance")
    assert [(entry.known_from, entry.known_to) for entry in history] == [
        (START, START + timedelta(days=2)),
        (START + timedelta(days=2), None),
    ]


def test_the_same_bytes_do_nothing(book: Book) -> None:
    book.submit([balances({"n1": "1"})])
    again = book.submit([balances({"n1": "1"})])
    assert again.outcomes[0].status is Status.UNCHANGED
    assert not again.written
    assert len(book.snapshot().history("balance")) == 1


def test_an_old_file_sent_again_without_a_stated_order_counts_as_new(book: Book, clock: Ticking) -> None:
    for amount in ("1", "2", "1"):
        clock.later(hours=1)
        book.submit([balances({"n1": amount})])
    assert shown(book.snapshot(), "balance", "balance") == [(Decimal(1),)]


def test_a_lower_version_never_comes_into_force(book: Book) -> None:
    book.submit([balances({"n1": "2"}, version=2)])
    late = book.submit([balances({"n1": "1"}, version=1)])
    assert late.outcomes[0].status is Status.NOT_IN_FORCE
    assert [problem.code for problem in late.problems] == ["book.not_in_force"]
    assert shown(book.snapshot(), "balance", "balance") == [(Decimal(2),)]
    assert [entry.ever_in_force for entry in book.snapshot().history("balance")] == [True, False]
    repeated = book.submit([balances({"n1": "1"}, version=1)])
    assert repeated.outcomes[0].status is Status.NOT_IN_FORCE
    assert not repeated.written


@pytest.mark.parametrize("stated", [{"version": 1}, {"sent_at": START}, {"version": 3, "sent_at": START}])
def test_the_same_place_in_the_order_with_other_content_is_refused(book: Book, stated: dict[str, object]) -> None:
    book.submit([balances({"n1": "1"}, **stated)])
    with pytest.raises(ConflictError) as refused:
        book.submit([balances({"n1": "2"}, **stated), balances({"n1": "3"}, bank="bank-b")])
    assert [problem.code for problem in refused.value.problems] == ["book.same_order"]
    assert len(book.snapshot().history("balance")) == 1


def test_vanishing_rows_want_a_confirmation(book: Book) -> None:
    book.submit([balances({"n1": "1", "n2": "1", "n3": "1"})])
    fewer = [balances({"n1": "1"}), balances({"n9": "1"}, bank="bank-b")]
    asked = book.submit(fewer)
    assert asked.needs_confirmation
    assert not asked.written
    assert [outcome.status for outcome in asked.outcomes] == [Status.NEEDS_CONFIRMATION, Status.HELD]
    assert asked.outcomes[0].vanishing == 2
    assert asked.outcomes[0].vanishing_keys == ("bank-a n2", "bank-a n3")
    assert len(shown(book.snapshot(), "balance", "note")) == 3
    assert book.submit(fewer, confirm=True).written
    assert shown(book.snapshot(), "balance", "note") == [("n1",), ("n9",)]


def test_emptying_a_period_wants_a_confirmation(book: Book) -> None:
    book.submit([balances({"n1": "1"})])
    assert book.submit([balances({}, bad=1)]).needs_confirmation
    assert book.submit([balances({}, bad=1)], confirm=True).quarantined == 1
    assert shown(book.snapshot(), "balance", "note") == []


def test_periods_as_of_a_day(book: Book) -> None:
    book.submit([balances({"n1": "1"}), balances({"n1": "2"}, period=FEBRUARY), balances({"n2": "3"}, bank="bank-b")])
    view = book.snapshot()
    assert len(shown(view, "balance", "note")) == 3
    assert shown(view, "balance", "note", "balance", as_of=FEBRUARY) == [("n1", Decimal(2)), ("n2", Decimal(3))]
    assert shown(view, "balance", "note", as_of=FEBRUARY, exact=True) == [("n1",)]
    assert shown(view, "balance", "note", as_of=date(2026, 1, 30)) == []


def test_lists_as_of_a_day(book: Book) -> None:
    book.submit([members({"m1": "jan", "m2": "jan"}), members({"m1": "feb"}, day=FEBRUARY)])
    view = book.snapshot()
    assert shown(view, "member", "member", "label", as_of=date(2026, 2, 1)) == [("m1", "jan"), ("m2", "jan")]
    assert shown(view, "member", "label", as_of=FEBRUARY) == [("feb",)]
    assert shown(view, "member", "label", as_of=date(2025, 1, 1)) == [("jan",), ("jan",)]
    assert shown(view, "member", "label", as_of=date(2025, 1, 1), exact=True) == []
    assert len(shown(view, "member", "label")) == 3


def test_validity_is_half_open(book: Book) -> None:
    rows = [
        {"member": "m", "label": "old", "valid_from": date(2025, 1, 1), "valid_to": date(2026, 1, 1)},
        {"member": "m", "label": "new", "valid_from": date(2026, 1, 1)},
    ]
    book.submit([draft(MEMBER, rows, reporter="office", period=JANUARY)])
    view = book.snapshot()
    assert shown(view, "member", "label", as_of=date(2025, 12, 31)) == [("old",)]
    assert shown(view, "member", "label", as_of=date(2026, 1, 1)) == [("new",)]
    assert shown(view, "member", "label", as_of=date(2024, 12, 31)) == []


def test_of_two_reporters_of_one_key_the_latest_list_counts(book: Book, clock: Ticking) -> None:
    book.submit([members({"m1": "office", "m2": "office"})])
    book.submit([members({"m1": "bureau"}, day=FEBRUARY, reporter="bureau")])
    view = book.snapshot()
    assert shown(view, "member", "member", "label", as_of=FEBRUARY) == [("m1", "bureau"), ("m2", "office")]
    book.submit([members({"m2": "late"}, reporter="ally")])
    assert shown(book.snapshot(), "member", "label", as_of=FEBRUARY) == [("bureau",), ("late",)]


def test_repeated_events_are_ignored_and_contradicting_ones_quarantined(book: Book, clock: Ticking) -> None:
    first = book.submit([flows({"f1": "1", "f2": "2"})])
    clock.later(hours=1)
    second = book.submit([flows({"f1": "1", "f2": "20", "f3": "3"}, reporter="bank-b")])
    outcome = second.outcomes[0]
    assert (outcome.rows, outcome.ignored, outcome.quarantined) == (1, 1, 1)
    assert shown(book.snapshot(), "flow", "flow_no", "amount") == [
        ("f1", Decimal(1)),
        ("f2", Decimal(2)),
        ("f3", Decimal(3)),
    ]
    bad = book.quarantine([outcome.submission_id]).to_pylist()
    assert [row["row"] for row in bad] == [2]
    assert first.outcomes[0].submission_id in bad[0]["problems"]
    assert '"amount":"20.00"' in bad[0]["raw"]
    again = book.submit([flows({"f1": "1", "f2": "20", "f3": "3"}, reporter="bank-b")])
    assert again.outcomes[0].status is Status.UNCHANGED
    assert not again.written


def test_events_repeated_within_one_call(book: Book) -> None:
    rows = [{"flow_no": "f", "amount": Decimal(a)} for a in (1, 1, 2)]
    receipt = book.submit([draft(FLOW, rows), flows({"g": "1"}), flows({"g": "1", "h": "1"}, reporter="bank-b")])
    assert [(o.rows, o.ignored, o.quarantined) for o in receipt.outcomes] == [(1, 1, 1), (1, 0, 0), (1, 1, 0)]


def test_an_empty_key_part_counts_as_the_empty_text(book: Book) -> None:
    book.submit([draft(FLOW, [{"flow_no": "f", "branch": None, "amount": Decimal(1)}])])
    receipt = book.submit([draft(FLOW, [{"flow_no": "f", "branch": "", "amount": Decimal(2)}], reporter="bank-b")])
    assert receipt.quarantined == 1


def test_events_up_to_the_end_of_a_day(book: Book) -> None:
    book.submit([flows({"f1": "1"}, day=datetime(2026, 1, 5, 23, 59, 59)), flows({"f2": "1"}, day=START)])
    view = book.snapshot()
    assert shown(view, "flow", "flow_no", as_of=date(2026, 1, 5)) == [("f1",)]
    assert shown(view, "flow", "flow_no", as_of=date(2026, 1, 14), exact=True) == [("f2",)]


def test_a_view_of_one_month_opens_only_its_files(book: Book) -> None:
    for month in range(1, 7):
        book.submit([balances({"n1": "1"}, period=date(2026, month, 28))])
    assert len(book.snapshot().files("balance")) == 6
    assert book.snapshot().select("balance", as_of=date(2026, 3, 28)).count(".parquet'") == 1
    assert "WHERE" not in book.snapshot().select("balance")


def test_part_of_a_call_is_filtered(book: Book) -> None:
    book.submit([balances({"n1": "1"}), balances({"n2": "1"}, bank="bank-b")])
    book.submit([balances({"n1": "5"})])
    assert shown(book.snapshot(), "balance", "note", "balance") == [("n1", Decimal(5)), ("n2", Decimal(1))]


def test_columns_and_wrong_names(book: Book) -> None:
    book.submit([balances({"n1": "1"})])
    view = book.snapshot()
    assert ask(f"SELECT * FROM ({view.select('balance', columns=['note'])})")[0][0] == "n1"
    with pytest.raises(UsageError, match="balance"):
        view.select("balance", columns=["balence"])
    with pytest.raises(UsageError, match="balance"):
        view.select("balanse")


def test_a_kind_that_gains_a_field_keeps_its_old_rows(book: Book, tmp_path: Path, clock: Ticking) -> None:
    rows = [{"flow_no": "f1", "amount": Decimal(1)}]
    book.submit([draft(FLOW, rows)])
    raw_fields = {**FLOW.fields, "note": BALANCE.fields["note"]}
    wider = type(FLOW)(**{name: getattr(FLOW, name) for name in FLOW.__slots__} | {"fields": raw_fields})
    newer = Book.open(tmp_path / "book", clock, kinds={"flow": wider})
    assert shown(newer.snapshot(), "flow", "flow_no", "note") == [("f1", None)]
    receipt = newer.submit([draft(wider, [*rows, {"flow_no": "f2", "note": "new"}])])
    assert (receipt.rows, receipt.ignored) == (1, 1)
    assert shown(newer.snapshot(), "flow", "flow_no", "note") == [("f1", None), ("f2", "new")]


def test_one_call_is_one_moment_and_moments_only_grow(book: Book, clock: Ticking) -> None:
    stamps = [book.submit([balances({"n1": str(n)}), flows({f"f{n}": "1"})]).received_at for n in range(1, 4)]
    assert stamps == [START, START + timedelta(microseconds=1), START + timedelta(microseconds=2)]
    clock.later(seconds=-3)
    assert book.submit([balances({"n1": "9"})]).received_at == START + timedelta(microseconds=3)
    assert shown(book.snapshot(), "balance", "balance") == [(Decimal(9),)]
    clock.later(seconds=-3)
    with pytest.raises(EnvironmentFault, match="clock"):
        book.submit([balances({"n1": "10"})])


def test_history_is_loaded_in_order_before_the_book_is_live(book: Book, clock: Ticking) -> None:
    book.submit([balances({"n1": "1"})], received_at=datetime(2025, 2, 1))
    book.submit([balances({"n1": "2"})], received_at=datetime(2025, 3, 1))
    assert shown(book.snapshot(datetime(2025, 2, 2)), "balance", "balance") == [(Decimal(1),)]
    for wrong in (datetime(2025, 3, 1), datetime(2025, 1, 1), START + timedelta(days=1)):
        with pytest.raises(UsageError):
            book.submit([balances({"n1": "3"})], received_at=wrong)
    book.submit([balances({"n1": "3"})])
    clock.later(days=9)
    with pytest.raises(UsageError, match="live"):
        book.submit([balances({"n1": "4"})], received_at=START + timedelta(days=1))


def test_two_parts_for_one_period_in_one_call_are_refused(book: Book) -> None:
    with pytest.raises(InputError) as refused:
        book.submit([balances({"n1": "1"}), balances({"n2": "1"})])
    assert [problem.code for problem in refused.value.problems] == ["book.same_period_twice"]


def test_a_draft_of_the_wrong_shape_is_refused(book: Book) -> None:
    with pytest.raises(InputError) as refused:
        book.submit([draft(FLOW, [], reporter=" ", period=JANUARY)])
    assert [problem.code for problem in refused.value.problems] == ["book.no_reporter", "book.period"]
    with pytest.raises(UsageError, match="flow"):
        book.submit([type(flows({}))(**{**_as_dict(flows({})), "kind": "flwo"})])


def _as_dict(one: object) -> dict[str, object]:
    return {name: getattr(one, name) for name in type(one).__slots__}  # type: ignore[attr-defined]
