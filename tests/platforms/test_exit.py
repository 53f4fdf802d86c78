"""Leaving the lists: conditions, the count of a vote in each reading, monitoring, and what breaks the terms."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from houfeng.platforms.consent import consent
from houfeng.platforms.exit import Stage, examine
from houfeng.platforms.ledger import Platform
from platforms.platform_samples import DAY, debt, platform, terms, vote

GONE = {"hidden_zero_on": date(2025, 1, 1), "function_stripped_on": date(2025, 2, 1), "statement_no": "一号",
        "announced_on": None, "exited_on": None, "result": None}  # fmt: skip


def voted(*rows: tuple[str, str, str], **facts: Any) -> Platform:
    """Rows of (creditor, balance, answer)."""
    debts = [debt(f"d{n}", balance, creditor_id=who) for n, (who, balance, _) in enumerate(rows)]
    votes = {who: vote(who, answer) for who, _, answer in rows if answer}
    return platform(*debts, votes=tuple(votes.values()), **facts)


def test_two_thirds_exactly_and_the_readings() -> None:
    one = voted(("A", "60", "consent"), ("B", "30", "object"), ("C", "0.01", ""), exit=GONE)
    found = consent(one, terms())
    assert found.amount == (60, Decimal("90.01"))
    assert found.heads == (1, 3)
    assert found.reached is False
    exact = voted(("A", "60", "consent"), ("B", "30", "object"))
    assert consent(exact, terms()).reached is True
    assert consent(exact, terms(consent_boundary="strict")).reached is False
    assert consent(exact, terms(consent_basis="head")).reached is False
    assert consent(exact, terms(consent_basis="both")).reached is False
    assert consent(one, terms(consent_silence="left_out")).reached is True  # C is not counted


def test_what_is_wanting() -> None:
    one = voted(("A", "50", "consent"), ("B", "30", "object"), ("C", "15", ""), ("D", "5", ""))
    found = consent(one, terms())
    assert found.missing == (Decimal("16.67"), 2)  # 2/3 of 100 is 66.666…; of four heads, three
    assert found.enough == ("C", "D")
    assert consent(one, terms(consent_basis="head")).enough == ("C", "D")
    hopeless = voted(("A", "10", "consent"), ("B", "80", "object"), ("C", "10", ""))
    assert consent(hopeless, terms()).enough == ()


def test_a_vote_counts_before_the_mark_of_the_ledger() -> None:
    debts = (
        debt("1", "10", creditor_id="A", consented=True),
        debt("2", "20", creditor_id="A", consented=True),
        debt("3", "40", creditor_id="B", consented=True),
        debt("4", "40", creditor_id="B", consented=False),
        debt("5", "50", consented=True),
        debt("6", "70", creditor_id="C", consented=True),
        debt("7", "90", hidden=True, creditor_id="D", consented=True),
    )
    found = consent(platform(*debts, votes=(vote("C", "object"),)), terms())
    assert {one.creditor_id: (one.vote, one.basis, one.balance) for one in found.creditors} == {
        "A": ("consent", "ledger", 30),
        "B": ("pending", "", 80),
        "5": ("consent", "ledger", 50),  # nobody's code: the debt itself answers
        "C": ("object", "vote", 70),
    }
    assert found.amount == (80, 230)


def test_the_conditions_three_valued() -> None:
    ready = voted(("A", "70", "consent"), ("B", "30", "object"), exit=GONE)
    found = examine(ready, terms())
    assert found.ready is True
    assert found.stage is Stage.READY
    assert found.days_left == (date(2027, 6, 30) - DAY).days
    assert examine(voted(("A", "70", "consent"), exit={}), terms()).ready is None  # no record of an exit
    untold = platform(debt("d", "1", creditor_id="A", hidden=None), votes=(vote("A", "consent"),), exit=GONE)
    assert [one.met for one in examine(untold, terms()).conditions] == [None, True, True, True]
    hidden = platform(debt("d", "1", hidden=True), exit=GONE)
    assert [one.met for one in examine(hidden, terms()).conditions] == [False, True, None, True]
    assert examine(hidden, terms()).ready is False


@pytest.mark.parametrize(
    "facts", [{"function_stripped_on": None}, {"statement_no": None}, {"result": "same"},
              {"function_stripped_on": date(2026, 6, 1)}]
)  # fmt: skip
def test_the_function_must_be_stripped_in_writing(facts: dict[str, Any]) -> None:
    found = examine(voted(("A", "1", "consent"), exit=GONE | facts), terms())
    assert found.conditions[1].met is False
    assert found.ready is False


def test_the_deadline() -> None:
    late = date(2027, 7, 1)
    assert examine(voted(("A", "1", "consent"), exit=GONE), terms(late)).conditions[3].met is False
    left = voted(("A", "1", "consent"), exit=GONE | {"exited_on": date(2027, 6, 30)})
    assert examine(left, terms(late)).conditions[3].met is True
    assert examine(voted(("A", "1", "consent"), exit=GONE), terms(date(2024, 7, 31))).conditions[3].met is None


def test_a_year_of_monitoring_and_its_breaches() -> None:
    exited = date(2025, 2, 28)
    debts = (
        debt("old", "1", creditor_id="A", starts_on=date(2025, 2, 27), hidden=True),
        debt("hid", "1", creditor_id="A", starts_on=exited, hidden=True),
        debt("gov", "1", creditor_id="A", starts_on=date(2025, 3, 1), government_credit=True),
        debt("use", "1", creditor_id="A", starts_on=date(2025, 3, 1), use="special_bond_match"),
        debt("own", "1", creditor_id="A", starts_on=date(2025, 3, 1), use="own_project"),
    )
    one = platform(*debts, exit=GONE | {"exited_on": exited, "result": "ended"})
    found = examine(one, terms())
    assert found.monitoring_ends == date(2026, 2, 28)
    assert found.stage is Stage.MONITORED
    assert [debt.debt_no for debt, _ in found.breaches if debt] == ["hid", "gov", "use"]
    assert examine(one, terms(date(2026, 2, 27))).stage is Stage.MONITORED
    assert examine(one, terms(date(2026, 2, 28))).stage is Stage.OVER
    assert examine(one, terms(date(2025, 2, 27))).breaches == ()  # not known to have left then
    named = examine(platform(exit=GONE | {"exited_on": exited, "result": "same"}), terms())
    assert [debt for debt, _ in named.breaches] == [None]


def test_stages_before_the_exit() -> None:
    assert examine(platform(), terms()).stage is Stage.NONE
    assert examine(voted(("A", "1", "object")), terms()).stage is Stage.PREPARING
    announced = GONE | {"announced_on": DAY}
    assert examine(voted(("A", "1", "object"), exit=announced), terms()).stage is Stage.ANNOUNCED


ROWS = st.lists(st.tuples(st.integers(1, 400), st.sampled_from(["consent", "object", ""])), min_size=1, max_size=7)


@given(ROWS, st.sampled_from(["amount", "head", "both"]), st.booleans(), st.booleans())
def test_against_fractions_and_all_subsets(
    rows: list[tuple[int, str]], basis: str, strict: bool, left_out: bool
) -> None:
    """The verdict, and the fewest further creditors that would do, by trying every set of them."""
    one = voted(*((f"C{n}", str(amount), answer) for n, (amount, answer) in enumerate(rows)))
    read = {"consent_basis": basis, "consent_boundary": "strict" if strict else "closed",
            "consent_silence": "left_out" if left_out else "counted"}  # fmt: skip
    found = consent(one, terms(**read))

    def passes(yes: set[int]) -> bool | None:
        counted = {n for n, (_, answer) in enumerate(rows) if answer or not left_out or n in yes}
        if not counted:
            return None
        money = Fraction(sum(rows[n][0] for n in yes), sum(rows[n][0] for n in counted))
        heads = Fraction(len(yes), len(counted))
        over = [share > Fraction(2, 3) if strict else share >= Fraction(2, 3) for share in (money, heads)]
        return {"amount": over[0], "head": over[1]}.get(basis, all(over))

    yes = {n for n, (_, answer) in enumerate(rows) if answer == "consent"}
    assert found.reached is passes(yes)
    if found.reached is not False:
        assert found.enough == ()
        return
    pending = [n for n, (_, answer) in enumerate(rows) if not answer]
    sizes = [k for k in range(1, len(pending) + 1) if any(passes(yes | set(c)) for c in combinations(pending, k))]
    assert len(found.enough) == min(sizes, default=0)
