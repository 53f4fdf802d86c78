"""What is recommended: order, reasons, chance known or not, one subsidy, and the shipped samples over a case's rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from houfeng.errors import Text
from houfeng.instruments.eligibility import Answer, Reason, State
from houfeng.matching.recommend import BankAnswer, History, Need, Quote, Standing, Support, recommend, reliability
from houfeng.packs.loading.load import load_pack

D = Decimal
NEED = Need("N1", "E1", D(1_000_000), 12, guarantee="B01", deadline=date(2026, 3, 1), segment="CS03/B")


def quote(product: str, rate: str, **more: object) -> Quote:
    """A product that fits, but for `more`."""
    plain = Quote(product, Text(product, product), "bank", Answer.YES, (), D(rate))
    return replace(plain, **more)  # type: ignore[arg-type]


def answers(product: str, yes: int, no: int, on: date = date(2025, 6, 1)) -> list[BankAnswer]:
    """So many answers of a product."""
    return [BankAnswer(product, "CS03/B", at < yes, on) for at in range(yes + no)]


def test_the_cheapest_all_in_comes_first_not_the_lowest_rate() -> None:
    offers = recommend(NEED, [quote("low", "4.0", fee=D(10_000)), quote("plain", "4.5")])
    assert [offer.product for offer in offers] == ["plain", "low"]
    assert offers[0].best
    assert not offers[1].best


def test_what_does_not_fit_says_so() -> None:
    late = {"answer_days": 10}
    quotes = [
        quote("small", "3", max_amount=D(500_000)),
        quote("big", "3", min_amount=D(5_000_000)),
        quote("short", "3", months=6),
        quote("credit", "3", guarantees=("D",)),
        quote("slow", "3", **late),
        quote("mortgage", "3", guarantees=("B",)),
    ]
    offers = {offer.product: offer for offer in recommend(NEED, quotes, today=date(2026, 2, 25))}
    assert [name for name, offer in offers.items() if offer.eligible] == ["mortgage"]
    assert offers["slow"].reasons[0].en == "it answers within 10 days; 4 are left"
    assert offers["small"].cost is None


def test_conditions_are_told_in_words() -> None:
    holder, changes = Text("税务局", "tax office"), Text("补税", "pay the tax")
    failed = Reason("clean", State.FAILED, Text("无欠税", "no tax owed"), "", holder, changes)
    missing = Reason("size", State.UNKNOWN, Text("小微", "small"), "", holder, changes)
    offers = recommend(
        NEED,
        [
            quote("no", "3", answer=Answer.NO, reasons=(failed,)),
            quote("maybe", "3", answer=Answer.UNKNOWN, reasons=(missing,)),
            quote("yes", "9"),
        ],
    )
    assert [offer.product for offer in offers] == ["yes", "maybe", "no"]
    assert offers[1].reasons[0].en == "not known: small (held by tax office)"
    assert offers[2].reasons[0].en == "not met: no tax owed; pay the tax"


def test_one_subsidy_the_best_and_only_if_entitled() -> None:
    def standing(name: str, points: str, answer: Answer) -> Standing:
        return Standing(Support(name, D(points), 12), Text(name, name), answer)

    held = [standing("a", "1", Answer.YES), standing("b", "1.5", Answer.YES), standing("c", "9", Answer.UNKNOWN)]
    offer = recommend(NEED, [quote("p", "4.5")], held)[0]
    assert offer.support == "b"
    assert offer.cost is not None
    assert offer.cost.subsidy == D("15000.00")
    assert any("“c” applies is not known yet" in reason.en for reason in offer.reasons)


def test_a_chance_needs_answers() -> None:
    history = History([*answers("often", 80, 20), *answers("rare", 3, 0)])
    assert not history.chance("rare", "CS03/B").known
    assert not history.chance("never", "CS03/B").known
    often = history.chance("often", "CS03/B")
    assert often.known
    assert 0.7 < often.low < often.value < often.high < 0.9
    offers = recommend(NEED, [quote("rare", "3"), quote("often", "5")], history=history, order="chance")
    assert [offer.product for offer in offers] == ["often", "rare"]
    assert "unknown" in offers[1].reasons[-1].en


def test_chances_hold_on_later_answers() -> None:
    """Banks that approve 20 % and 80 %: chances from the first half predict the second better than one rate."""
    rng = np.random.default_rng(5)
    drawn = [
        BankAnswer(product, "s", bool(rng.random() < share), on)
        for on in (date(2025, 3, 1), date(2025, 9, 1))
        for product, share in (("strict", 0.2), ("open", 0.8))
        for _ in range(400)
    ]
    found = reliability(drawn, date(2025, 6, 1))
    assert found.answers == 800
    assert found.brier < 0.75 * found.brier_of_mean
    assert all(abs(chance - share) < 0.08 for chance, share, _ in found.tenths)


def test_no_answer_judges_itself() -> None:
    late = answers("p", 50, 0, date(2025, 9, 1))
    assert not History(late, date(2025, 6, 1)).chance("p", "s").known


def test_the_shipped_products_are_samples_that_load() -> None:
    pack = load_pack("bank-products")
    assert len(pack.products) == 20
    assert all("样例" in product.label.zh and "样例" in product.document for product in pack.products.values())
    assert {product.terms.funded_by for product in pack.products.values()} == {"", "agri_relending", "small_relending"}
    assert "enterprise.size" in pack.products["state_credit"].conditions[1].when.text


@pytest.mark.parametrize("order", ["cost", "chance"])
def test_an_eligible_product_never_stands_behind_a_refused_one(order: str) -> None:
    quotes = [quote("a", "9"), quote("b", "1", answer=Answer.NO), replace(quote("c", "2"), rate=None)]
    assert [offer.answer for offer in recommend(NEED, quotes, order=order)] == [Answer.YES, Answer.UNKNOWN, Answer.NO]
