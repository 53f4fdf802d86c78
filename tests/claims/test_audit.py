"""Audits: the same seed the same sample, findings projected to the whole; the pace of a quota; terms; the command."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from claims.claim_samples import Walk, loan
from databases import Ticking
from houfeng.claims import audit
from houfeng.claims.files import months_later
from houfeng.claims.pace import pace
from houfeng.claims.tables import Quota, QuotaMove
from houfeng.claims.terms import read_terms, terms_on
from houfeng.errors import AccessError, ConflictError, InputError, UsageError


def make(walk: Walk, method: str = "random", size: int = 4, seed: int = 7) -> int:
    today = walk.office.clock().date()
    with walk.office.begin() as session:
        return audit.make(
            session, walk.people.officer, instrument="", institution_id="", first=today, last=today, method=method,
            size=size, seed=seed, why="季度抽查",
        ).id  # fmt: skip


def chosen(walk: Walk, number: int) -> list[tuple[int, int, Decimal]]:
    with walk.office.read() as session:
        found = audit.find(session, walk.people.officer, number)
        return [(sample.id, line.id, line.granted) for sample, line, _ in audit.samples(session, found)]


@pytest.mark.parametrize("method", ["random", "money", "risk"])
def test_the_same_seed_draws_the_same_loans(walk: Walk, method: str) -> None:
    """Twice the same, another seed another; repaid loans stay in the population."""
    walk.grant(10_000)
    walk.funded(*(loan(f"L{n}", 10 + n) for n in range(20)))
    first, again, other = make(walk, method), make(walk, method), make(walk, method, seed=8)
    assert [line for _, line, _ in chosen(walk, first)] == [line for _, line, _ in chosen(walk, again)]
    assert len(chosen(walk, first)) >= 2
    assert chosen(walk, first) != chosen(walk, other)


def test_what_is_found_is_projected(walk: Walk) -> None:
    """All of 4 loans looked at, one 30 too much: 30 in the whole, with no interval left."""
    walk.grant(10_000)
    walk.funded(*(loan(f"L{n}", 100) for n in range(4)))
    number = make(walk, size=4)
    officer = walk.people.officer
    rows = chosen(walk, number)
    with pytest.raises(ConflictError, match="4 loans"), walk.office.begin() as session:
        audit.close(session, officer, number, "结束")
    for at, (sample, _, _) in enumerate(rows):
        with walk.office.begin() as session:
            outcome, error = ("error", Decimal("30.00")) if at == 0 else ("clean", Decimal(0))
            audit.record(session, officer, number, sample, outcome, error, "少一张发票" if at == 0 else "")
    with walk.office.begin() as session:
        told = audit.close(session, officer, number, "结束").projection
    assert told is not None
    assert (told["error"], told["low"], told["high"], told["wrong"]) == ("30.00", "30.00", "30.00", 1)
    with pytest.raises(ConflictError), walk.office.begin() as session:
        audit.record(session, officer, number, rows[0][0], "clean", Decimal(0), "")


def test_who_may_audit(walk: Walk) -> None:
    """Nothing paid, an unknown method, a bank, an amount beyond what was granted."""
    with pytest.raises(InputError):
        make(walk)
    with pytest.raises(UsageError):
        make(walk, "lottery")
    with pytest.raises(AccessError), walk.office.read() as session:
        audit.audits(session, walk.people.reporter)
    walk.grant(10_000)
    walk.funded(loan("A", 100))
    number = make(walk)
    with walk.office.read() as session:
        assert audit.audits(session, walk.people.elsewhere) == []
        assert len(audit.audits(session, walk.people.approver)) == 1
    sample = chosen(walk, number)[0][0]
    with pytest.raises(UsageError), walk.office.begin() as session:
        audit.record(session, walk.people.officer, number, sample, "error", Decimal(101), "多领")


def test_the_pace_of_a_quota() -> None:
    """900 used and 450 returned in 90 days is 5 a day; 550 left last 110 days. Worked by hand."""
    today = date(2026, 6, 30)
    quota = Quota(ceiling=Decimal(1000), used=Decimal(450), frozen=Decimal(0), returned=Decimal(450), revolving=True)

    def move(act: str, yuan: int, before: int) -> QuotaMove:
        return QuotaMove(act=act, amount=Decimal(yuan), day=today - timedelta(days=before))

    moves = [move("use", 999, 90), move("use", 900, 89), move("return", 450, 0), move("freeze", 77, 1)]
    found = pace(quota, moves, today, 90)
    assert (found.net, found.per_day, found.left) == (450, Decimal("5.00"), 550)
    assert found.ends == today + timedelta(days=110)
    assert pace(quota, [], today, 90).ends is None


def test_months_later() -> None:
    """The same day, or the month's last."""
    assert months_later(date(2026, 1, 31), 1) == date(2026, 2, 28)
    assert months_later(date(2027, 12, 31), 2) == date(2028, 2, 29)
    assert months_later(date(2026, 4, 1), -3) == date(2026, 1, 1)


def test_terms_with_faults(tmp_path: Path) -> None:
    """A missing, an unknown and an impossible term: all are told."""
    path = tmp_path / "terms.yaml"
    path.write_text("terms:\n  sign_above:\n    label: x\n    reference: y\n    values: {2020-01-01: -1}\n  odd: {}\n")
    with pytest.raises(InputError) as caught:
        read_terms(path)
    assert len(caught.value.problems) > 6
    assert terms_on(date(2026, 1, 1)).last_claim == "part"


def test_the_clock_of_the_tests(clock: Ticking) -> None:
    """It never stands still, so that two entries never have the same moment."""
    assert clock() < clock()
