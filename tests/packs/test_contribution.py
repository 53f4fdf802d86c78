"""What each term of a composite figure contributes: worked out by hand, and what must hold of every sum and product."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from houfeng.packs.contribution import Composition, composition
from houfeng.packs.explanation import Renderer, plain
from houfeng.packs.model import Pack
from houfeng.packs.roads.evaluate import Trace, evaluate
from houfeng.packs.roads.world import World
from packs.pack_text import read_text

DAY = date(2026, 1, 1)
PACK = read_text(
    """
parameters:
  half: {unit: ratio, label: half, values: {2020-01-01: 0.5}}
  most: {unit: ratio, label: most, values: {2020-01-01: 0.8}}
values:
  p: {label: {zh: 甲, en: first}, over: enterprise, value: "coalesce(revenue / 1000, 0)"}
  q: {label: {zh: 乙, en: second}, over: enterprise, value: "coalesce(total_assets / 1000, 0)"}
  r: {label: {zh: 丙, en: third}, over: enterprise, value: "coalesce(employees / 1000, 0)"}
  total: {label: total, over: enterprise, value: "round(100 * (:half * p + q - :most * r) + 7, 1)"}
  joint: {label: joint, over: enterprise, value: "100 * (1 - (1 - :half * p) * (1 - :most * q) * (1 - r))"}
  deep: {label: deep, over: enterprise, value: "round(10 * (:half * score + r), 2)"}
  score: {label: score, over: enterprise, value: "1 - (1 - :half * p) * (1 - :most * q)"}
  single: {label: single, over: enterprise, value: "round(100 - 100 * p / 3, 1)"}
  ratio: {label: ratio, over: enterprise, value: "p / q"}
  capped: {label: capped, over: enterprise, value: "least(1, p + q)"}
  clamped: {label: clamped, over: enterprise, value: "greatest(0, least(1, (p - 0.2) / 0.5)) + q"}
"""
)


def told(
    name: str, p: object = None, q: object = None, r: object = None, pack: Pack = PACK
) -> tuple[Trace, Composition | None]:
    row = {"enterprise_id": "E", "revenue": p, "total_assets": q, "employees": r}
    trace = evaluate(pack, World(DAY, DAY, rows={"enterprise": [row]}), pack.items[("enterprise", name)], row)
    return trace, composition(trace)


def drops(found: Composition | None) -> dict[str, float]:
    assert found is not None
    return {term.text.split()[-1]: term.drop for term in found.terms}


def test_a_weighted_sum() -> None:
    """100 × (0.5 × 0.4 + 0.3 − 0.8 × 0.1) + 7 = 49: 20, 30 and −8, and the constant 7."""
    trace, found = told("total", Decimal(400), Decimal(300), 100)
    assert float(trace.value) == 49.0
    assert found is not None
    assert [(term.text, term.drop, term.weight, term.value) for term in found.terms] == [
        ("q", 30.0, 100.0, 0.3),
        ("p", 20.0, 50.0, 0.4),
        ("r", -8.0, -80.0, 0.1),
    ]
    assert (found.additive, found.base, found.remainder) == (True, 7.0, 0.0)


def test_what_one_term_cannot_explain_is_said() -> None:
    """1 − 0.8 × 0.6 × 0.9 = 0.568. Without p: 0.46, without q: 0.28, without r: 0.52. Remainder 56.8 − 44.4."""
    trace, found = told("joint", Decimal(400), Decimal(500), 100)
    assert float(trace.value) == pytest.approx(56.8)
    assert drops(found) == {"q": 28.8, "p": 10.8, "r": 4.8}
    assert found is not None
    assert (found.additive, found.base, found.remainder) == (False, 0.0, 12.4)


def test_a_composite_term_is_opened_by_what_its_parts_do_to_the_whole() -> None:
    """score = 1 − 0.8 × 0.6 = 0.52; deep = 10 × (0.26 + 0.1) = 3.6. Without p the score is 0.4: deep drops by 0.6."""
    _, found = told("deep", Decimal(400), Decimal(500), 100)
    assert found is not None
    assert found.additive
    score, third = found.terms
    assert (score.drop, third.drop) == (2.6, 1.0)
    assert (score.weight, score.value) == (5.0, 0.52)
    assert [(part.label.en, part.drop) for part in score.parts] == [("second", 1.6), ("first", 0.6)]


def test_what_has_no_terms_has_no_contributions() -> None:
    for name in ("single", "ratio", "p"):
        assert told(name, Decimal(400), Decimal(500))[1] is None


def test_a_clamp_is_a_term_unless_a_sum_is_inside() -> None:
    _, capped = told("capped", Decimal(400), Decimal(900))
    assert drops(capped) == {"q": 0.6, "p": 0.1}
    _, clamped = told("clamped", Decimal(600), Decimal(500))
    assert clamped is not None
    assert sorted(term.drop for term in clamped.terms) == [0.5, 0.8]


def test_unknown_has_no_contributions() -> None:
    pack = read_text("values:\n  s: {label: s, over: enterprise, value: revenue + total_assets}\n")
    assert told("s", Decimal(1), None, pack=pack)[1] is None
    assert told("s", Decimal(1), Decimal(2), pack=pack)[1] is not None


def test_it_is_shown() -> None:
    trace, _ = told("joint", Decimal(400), Decimal(500), 100)
    text = "\n".join(Renderer("en").lines(trace))
    assert "contributions (the drop where the term is zero)" in text
    assert "28.8  q (second)  [0.8 × 0.5]" in text
    assert "12.4  explained by no single term" in text
    assert "28.8  q（乙）" in "\n".join(Renderer("zh").lines(trace))
    rounded, _ = told("total", Decimal(401), Decimal(300), 0)
    assert rounded.value != 57.05
    assert "  rounding" in "\n".join(Renderer("en").lines(rounded))
    nothing, _ = told("joint")
    assert "contributions" not in "\n".join(Renderer("en").lines(nothing))
    found = plain(trace)
    assert [term["contribution"] for term in found["contributions"]] == [28.8, 10.8, 4.8]
    assert found["unexplained"] == 12.4


shares = st.integers(0, 1000)


@given(shares, shares, shares)
def test_terms_base_and_remainder_make_the_figure(p: int, q: int, r: int) -> None:
    for name in ("total", "joint", "deep"):
        trace, found = told(name, Decimal(p), Decimal(q), r)
        assert found is not None
        whole = found.base + found.remainder + sum(term.drop for term in found.terms)
        assert whole == pytest.approx(float(trace.value), abs=0.001)


@given(shares, shares, shares)
def test_a_drop_in_a_product_is_what_the_others_leave(p: int, q: int, r: int) -> None:
    parts = {"p": 0.5 * p / 1000, "q": 0.8 * q / 1000, "r": r / 1000}
    _, found = told("joint", Decimal(p), Decimal(q), r)
    for name, drop in drops(found).items():
        others = prod(1 - value for other, value in parts.items() if other != name)
        assert drop == pytest.approx(100 * others * parts[name], abs=0.0002)
    assert found is not None
    assert found.remainder >= -0.001
