"""What the replay accepts, and how it refuses the rest."""

# ruff: noqa: E501 (packs are read best with one item a line)

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest

from houfeng.book.store import Book
from houfeng.clock import fixed_clock
from houfeng.errors import InputError, UsageError
from houfeng.packs.loading.load import load_pack
from houfeng.packs.loading.source import shipped
from houfeng.watch.plan import plan_rules
from houfeng.watch.replay import Replay

HEAD = "pack: p\nversion: '1'\nlabel: p\n"


def write(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pack.yaml").write_text(HEAD + text, "utf-8")
    return folder


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_rule_can_be_replayed(name: str) -> None:
    pack = load_pack(name)
    for kind in {rule.over for rule in pack.rules.values()}:
        rules = [rule for rule in pack.rules.values() if rule.over == kind]
        assert plan_rules(pack, kind, rules).rules == rules


def test_every_rule_that_cannot_is_told(tmp_path: Path) -> None:
    text = """
indicators:
  far: {label: f, over: enterprise, from: loan_balance, where: "loan.product = 'F022'", measure: count()}
  aging: {label: a, over: enterprise, from: loan_flow, by: borrower_id, where: "occurred_on < as_of()", measure: count(), window: 9 days}
rules:
  one: {label: r, over: enterprise, when: far > 0, tier: blue, reason: x}
  two: {label: r, over: enterprise, when: aging > 0, tier: blue, reason: x}
  three: {label: r, over: enterprise, when: controller.revenue > 0, tier: blue, reason: x}
  four: {label: r, over: enterprise, when: revenue > 0, tier: blue, reason: x}
"""
    pack = load_pack(write(tmp_path / "p", text))
    with pytest.raises(InputError) as caught:
        plan_rules(pack, "enterprise", list(pack.rules.values()))
    told = [problem.message.en for problem in caught.value.problems]
    assert [problem.code for problem in caught.value.problems] == ["watch.scope"] * 3
    assert [line.split(":")[0] for line in told] == [
        "rule one uses far",
        "rule two uses aging",
        "rule three uses controller.revenue",
    ]


def test_clear_refusals(tmp_path: Path) -> None:
    pack = load_pack(
        write(
            tmp_path / "p", "rules:\n  late: {label: r, over: enterprise, when: revenue > 0, tier: blue, reason: x}\n"
        )
    )
    snapshot = Book.create(tmp_path / "book", fixed_clock(datetime(2025, 2, 1))).snapshot()
    first, last = date(2025, 1, 1), date(2025, 1, 2)
    with pytest.raises(UsageError, match="no rule lat"):
        list(Replay(snapshot, pack, first, last, only=["lat"]).alerts())
    with pytest.raises(UsageError, match="after it ends"):
        list(Replay(snapshot, pack, last, first).alerts())
    with pytest.raises(InputError, match="nobody to watch: no Enterprise"):
        list(Replay(snapshot, pack, first, last).alerts())
    with pytest.raises(UsageError, match="no warning rules"):
        list(Replay(snapshot, load_pack("china-base"), first, last).alerts())
