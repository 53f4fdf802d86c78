"""An alert on a guarantee circle is where its members are, with what is lent to them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

from houfeng.office.alerts.bound import Asked, Bound, bind
from penetration.monthly.market import DAY, firms, loan, made

LATER = date(2026, 7, 5)


def test_a_circle_is_bound(tmp_path: Path) -> None:
    rows = {
        "enterprise": [*firms("a", region="410102"), *firms("b", region="410105"), *firms("c", region="410300")],
        "guarantee_circle": [{"circle_id": "HFC-a", "name": "a等2户担保圈"}],
        "circle_member": [{"circle_id": "HFC-a", "enterprise_id": name} for name in "ab"],
        "loan_balance": [loan("B1", "a", 80), loan("B1", "b", 7), loan("B1", "c", 500)],
    }
    book = made(tmp_path, rows, DAY)
    asked = [Asked("guarantee_circle", "HFC-a", LATER), Asked("guarantee_circle", "HFC-z", LATER)]
    found = bind(book.snapshot(), asked)
    assert found[asked[0]] == Bound("a等2户担保圈", "410100", None, None, Decimal(87))
    assert found[asked[1]].region is None
