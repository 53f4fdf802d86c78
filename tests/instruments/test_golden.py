"""The ledgers worked by hand that the packs carry: all agree to the fen, and one that is wrong is told."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import pytest

from houfeng.instruments.golden import run_golden
from houfeng.packs.grants import Golden, GoldenLine
from houfeng.packs.loading.load import load_pack
from houfeng.packs.model import Pack

PACKS = ("interest-subsidies", "relending-tools")


@pytest.fixture(scope="module", params=PACKS)
def pack(request: pytest.FixtureRequest) -> Pack:
    return load_pack(request.param)


def test_every_ledger_agrees_to_the_fen(pack: Pack) -> None:
    told = [problem.render("en") for _, problems in run_golden(pack) for problem in problems]
    assert told == []


def test_there_are_enough_of_them_over_the_boundary_of_the_years() -> None:
    ledgers = [ledger for name in PACKS for ledger in load_pack(name).golden]
    lines = [line for ledger in ledgers for claim in ledger.claims for line in claim.expect]
    days = {claim.first.year for ledger in ledgers for claim in ledger.claims}
    assert len(lines) >= 60
    assert {2025, 2026} <= days
    assert all(ledger.clause for ledger in ledgers)
    assert sum(bool(line.refused) for line in lines) >= 20


def _with_lines(pack: Pack, change: dict[int, GoldenLine | None]) -> Pack:
    first: Golden = pack.golden[0]
    claim = first.claims[0]
    lines = [change.get(at, line) for at, line in enumerate(claim.expect)]
    claim = dataclasses.replace(claim, expect=tuple(line for line in lines if line is not None))
    return dataclasses.replace(pack, golden=(dataclasses.replace(first, claims=(claim,)),))


def test_a_wrong_amount_a_wrong_share_and_a_missing_line_are_told(pack: Pack) -> None:
    right = pack.golden[0].claims[0].expect
    paid = next(at for at, line in enumerate(right) if line.amount is not None)
    no = next(at for at, line in enumerate(right) if line.refused)
    cent = dataclasses.replace(right[paid], amount=right[paid].amount + Decimal("0.01"))  # type: ignore[operator]
    share = dataclasses.replace(right[paid], central=Decimal("12345.67"))
    other = dataclasses.replace(right[no], refused="no_such_condition")
    absent = dataclasses.replace(right[paid], contract_no="nowhere")
    for change in ({paid: cent}, {paid: share}, {no: other}, {paid: absent}, {paid: None}):
        ((_, problems),) = run_golden(_with_lines(pack, change))
        assert [problem.code for problem in problems] in (["pack.golden"], ["pack.golden"] * 2), change
