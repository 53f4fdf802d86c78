"""The portrait: every row with its source, sums by reporter, scopes, persons hidden, names that stay."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from conduct.book_samples import PERIOD, loan, make, submit
from conduct.conduct_samples import BANK, FIRM, OTHER, OTHER_BANK
from houfeng.book.connection import connect
from houfeng.book.model import kinds
from houfeng.book.store import Book
from houfeng.conduct.portrait import Portrait, masked, shown
from houfeng.conduct.reading import BookAsked, read
from houfeng.conduct.shapes import SHAPES, SUMMED
from houfeng.errors import Text
from houfeng.office.access import EVERYTHING, Scope
from houfeng.office.scope import ScopedViews

DAY = date(2026, 2, 1)
NAMES = {BANK: "示例银行1", OTHER_BANK: "示例银行2"}


@pytest.fixture
def book(tmp_path: Path) -> Book:
    """A book of the test's own."""
    return make(tmp_path / "book")


def _read(book: Book, scope: Scope = EVERYTHING, *, persons: bool = False) -> Portrait:
    snapshot = book.snapshot()
    with connect() as connection:
        asked = BookAsked(ScopedViews(snapshot, scope), connection)
        return read(asked, snapshot, FIRM.id, DAY, NAMES, persons=persons)


def test_every_line_says_what_who_and_when(book: Book) -> None:
    found = _read(book)
    told = {(one.kind, one.field, one.source.reporter): one for one in found.lines}
    owed = told["loan_balance", "", BANK]
    assert (owed.value.zh, owed.day, owed.corrects) == ("1,000,000.00 元", PERIOD, BANK)
    assert owed.source.reporter_name == "示例银行1"
    assert owed.source.received_at is not None
    assert owed.also == Text("逾期天数 9 天", "Days overdue 9 days")
    car = told["asset_transfer", "", "registry"]
    assert car.label.zh == "车辆"
    assert "与受让方关系 控制人亲属" in car.also.zh
    assert told["enterprise", "name", "registry"].value.zh == FIRM.name
    assert told["public_record", "", "court"].value.en == "400,000.00 yuan"


def test_many_rows_are_summed_to_the_fen_and_cannot_be_disputed(book: Book) -> None:
    flows = [one for one in _read(book).lines if one.kind == "account_flow"]
    assert [(one.value.zh, one.corrects) for one in flows] == [("3,001.50 元", "")]
    assert flows[0].also.zh == "3 笔，2026-01-05 至 2026-01-07，1 次报送"


def test_a_bank_has_its_own_loans_only_and_a_firm_itself(book: Book) -> None:
    loans = {one.source.reporter for one in _read(book).lines if one.kind == "loan_balance"}
    of_bank = _read(book, Scope(institutions=frozenset({OTHER_BANK}))).lines
    assert loans == {BANK, OTHER_BANK}
    assert {one.source.reporter for one in of_bank if one.kind == "loan_balance"} == {OTHER_BANK}
    assert not [one for one in of_bank if one.kind == "account_flow"]
    own = _read(book, Scope(enterprise=FIRM.id)).lines
    assert {one.ref for one in own} == {one.ref for one in _read(book).lines}
    assert _read(book, Scope(enterprise="nobody")).lines == []
    assert _read(book, Scope(regions=frozenset({"410200"}))).lines == []


def test_a_line_keeps_its_name_when_it_is_reported_anew(book: Book) -> None:
    before = next(one for one in _read(book).lines if one.kind == "loan_balance" and one.corrects == BANK)
    submit(book, "loan_balance", BANK, [loan(FIRM.id, BANK, 0, 0), loan(OTHER.id, BANK, 500_000, 0)])
    after = next(one for one in _read(book).lines if one.kind == "loan_balance" and one.corrects == BANK)
    assert (after.id, after.mark_key) == (before.id, before.mark_key)
    assert after.value.zh == "0.00 元"
    assert after.source.submission != before.source.submission


def test_persons_are_told_by_their_beginning(book: Book) -> None:
    def head(found: Portrait) -> str:
        return next(one.value.zh for one in found.lines if one.field == "legal_representative_id")

    assert head(_read(book)) == "410******11"
    assert head(_read(book, persons=True)) == "410101198001010011"
    assert masked("张三丰") == "张＊＊"
    assert masked("示例机械有限公司") == "示例机械有限公司"
    assert masked(FIRM.id) == FIRM.id
    assert masked("91410100170000003T") == "91410100170000003T"  # of digits but the last: it checks
    assert masked("410101198001010011") == "410******11"  # shaped as a firm's code, and does not check
    assert masked(None) is None


def test_each_kind_and_field_of_the_shapes_exists() -> None:
    for kind, shape in SHAPES.items():
        fields = kinds()[kind].fields
        named = {*shape.firm, *shape.each, *shape.also, *(name for names in shape.main for name in names)}
        assert named | ({shape.title} if shape.title else set()) <= set(fields), kind
    for kind, (firm, amount) in SUMMED.items():
        assert {firm, amount} <= set(kinds()[kind].fields)


def test_values_in_words() -> None:
    balance, change = kinds()["loan_balance"], kinds()["registration_change"]
    assert shown(balance, "rate", Decimal("3.85000")) == Text("3.85%", "3.85 %")
    assert shown(balance, "rate", Decimal("4.00000")).zh == "4%"
    assert shown(change, "item", "address").en == "Address"
    assert shown(balance, "overdue_days", None).zh == "—"
