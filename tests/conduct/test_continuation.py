"""New shells at the place of a firm that fell behind, against the same rule in plain Python; and the command line."""

from __future__ import annotations

import itertools
import json
import random
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from conduct.book_samples import PERIOD, Moving, make, submit
from conduct.conduct_samples import BANK, FIRM, OTHER_BANK
from houfeng.book.connection import connect
from houfeng.book.store import Book
from houfeng.clock import wall_clock
from houfeng.conduct.continuation import continuations
from houfeng.conduct.evidence.packing import check
from houfeng.conduct.reading import BookAsked
from houfeng.errors import HoufengError
from houfeng.office.access import EVERYTHING, Role, Scope
from houfeng.office.database import Office
from houfeng.office.identity import accounts
from houfeng_cli.market.conduct import command

DAY = date(2026, 2, 1)
FIRMS = 60


def _random_book(folder: Path, seed: int) -> tuple[Book, list[dict[str, Any]], list[dict[str, Any]], list[Any]]:
    chance = random.Random(seed)
    book = Book.create(folder, Moving(datetime(2026, 2, 1)), synthetic=True)
    firms: list[dict[str, Any]] = [
        {
            "enterprise_id": f"E{n:03}", "name": f"企业{n}", "valid_from": date(2010, 1, 1),
            "founded_on": date(2025, 1, 1) + timedelta(days=chance.randrange(700)) if n % 5 else None,
            "registered_address": chance.choice(["", " ", "甲路1号", "乙路2号", "丙路3号", f"独路{n}号"]),
            "phone": chance.choice([None, "111", "222", f"9{n}"]),
        }
        for n in range(FIRMS)
    ]  # fmt: skip
    loans: list[dict[str, Any]] = [
        {
            "institution_id": BANK, "contract_no": f"C{n}", "note_no": str(note), "borrower_id": f"E{n:03}",
            "period": PERIOD, "balance": Decimal(chance.choice([0, 100])), "balance_cny": Decimal(100),
            "overdue_days": chance.choice([None, 0, 5, 200]),
        }
        for n in range(0, FIRMS, 2)
        for note in range(2)
    ]  # fmt: skip
    pairs = sorted({(chance.randrange(FIRMS), chance.randrange(8)) for _ in range(200)})
    submit(book, "enterprise", "registry", firms)
    submit(book, "loan_balance", BANK, loans)
    invoices = [
        {"seller_id": f"E{seller:03}", "buyer_id": f"K{buyer}", "invoice_no": str(n), "issued_on": date(2025, 12, 1),
         "amount": Decimal(1), "total": Decimal(1), "status": "valid"}
        for n, (seller, buyer) in enumerate(pairs)
    ]  # fmt: skip
    submit(book, "invoice", "tax", invoices)
    return book, firms, loans, pairs


def _plainly(firms: list[dict[str, Any]], loans: list[dict[str, Any]], pairs: list[Any], days: int, most: int) -> Any:
    """The same by loops."""
    sold: dict[str, set[int]] = {}
    for seller, buyer in pairs:
        sold.setdefault(f"E{seller:03}", set()).add(buyer)
    late = {}
    for firm in firms:
        own = [one for one in loans if one["borrower_id"] == firm["enterprise_id"] and one["balance"] > 0]
        worst = max((one["overdue_days"] or 0 for one in own), default=0)
        if worst > 0:
            late[firm["enterprise_id"]] = DAY - timedelta(days=worst)
    found = set()
    for old, new in itertools.permutations(firms, 2):
        since = late.get(old["enterprise_id"])
        if since is None or new["founded_on"] is None or abs((new["founded_on"] - since).days) > days:
            continue
        same = []
        for name in ("registered_address", "phone"):
            value = (old[name] or "").strip()
            there = [one for one in firms if (one[name] or "").strip() == value]
            same.append(bool(value) and (new[name] or "").strip() == value and len(there) <= most)
        if any(same):
            mine, theirs = sold.get(new["enterprise_id"], set()), sold.get(old["enterprise_id"], set())
            found.add((old["enterprise_id"], new["enterprise_id"], *same, len(mine), len(mine & theirs)))
    return found


@pytest.mark.parametrize(("seed", "days", "most"), [(1, 183, 20), (2, 400, 60), (3, 183, 2)])
def test_pairs_are_those_of_the_rule_in_plain_words(tmp_path: Path, seed: int, days: int, most: int) -> None:
    book, firms, loans, pairs = _random_book(tmp_path / "book", seed)
    with connect() as connection:
        found = continuations(BookAsked(book.snapshot(), connection), DAY, window_days=days, most=most)
    told = {(o.old_id, o.new_id, o.same_address, o.same_phone, o.customers, o.shared) for o in found}
    assert told == _plainly(firms, loans, pairs, days, most)
    assert len(told) == len(found)
    assert [o.shared for o in found] == sorted((o.shared for o in found), reverse=True)
    assert all(o.share is None if not o.customers else 0 <= o.share <= 1 for o in found)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A book with an office in it."""
    make(tmp_path / "book")
    office = Office.create(f"sqlite:///{tmp_path / 'book' / 'office.db'}", wall_clock)
    with office.begin() as session:
        for login, role, scope in (
            ("officer", Role.OFFICER, EVERYTHING),
            ("bank", Role.REPORTER, Scope(institutions=frozenset({OTHER_BANK}))),
        ):
            user, _ = accounts.create(session, "test", login, login, [role], scope)
            user.must_change = False
    office.close()
    return tmp_path


def _run(place: Path, *arguments: str) -> Any:
    return CliRunner().invoke(command, [*arguments, "--book", str(place / "book")], catch_exceptions=False)


def test_the_command_line(place: Path) -> None:
    told = json.loads(_run(place, "portrait", FIRM.id, "--as", "officer", "--as-of", "2026-02-01", "--json").output)
    assert {row["domain"] for row in told} == {"register", "credit", "assets", "business", "records"}
    own = json.loads(_run(place, "portrait", FIRM.id, "--as", "bank", "--as-of", "2026-02-01", "--json").output)
    assert {row["reporter"] for row in own} == {"示例银行2"}
    out = place / "evidence.zip"
    made = _run(
        place, "evidence", FIRM.id, "--out", str(out), "--as", "officer", "--why", "移送", "--as-of", "2026-02-10"
    )
    assert made.exit_code == 0
    assert check(out.read_bytes()) == []
    runner = CliRunner()
    assert runner.invoke(command, ["check", str(out)]).exit_code == 0
    spoilt = bytearray(out.read_bytes())
    spoilt[len(spoilt) // 3] ^= 1
    out.write_bytes(spoilt)
    with pytest.raises(HoufengError):
        runner.invoke(command, ["check", str(out)], catch_exceptions=False)
    with pytest.raises(HoufengError):
        _run(place, "evidence", FIRM.id, "--out", str(out), "--as", "bank", "--why", "移送")
    for arguments in (("disputes", "--as", "officer"), ("lists", "--as", "officer"), ("round",)):
        assert _run(place, *arguments).exit_code == 0
    listed = place / "lists.csv"
    assert _run(place, "lists", "--as", "officer", "--out", str(listed)).exit_code == 0
    assert listed.read_text("utf-8-sig").startswith("list_code,member_id")
    assert json.loads(_run(place, "continuation", "--as-of", "2026-02-01", "--json").output) == []
