"""A price that rests on relending: with quota, without it at the product's own rate, and never past a ceiling."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from houfeng.claims import quota
from houfeng.claims.tables import Quota
from houfeng.claims.tools import Bank, Tool
from houfeng.errors import Text
from houfeng.instruments.eligibility import Answer
from houfeng.matching.clearing import clear
from houfeng.matching.recommend import Asked, Bounds, Fund, Need, Quote, recommend
from houfeng.matching.recommend.funding import OWN, divided, left_of
from houfeng.office.database import Office
from houfeng.packs.loading.load import load_pack
from matching.delivery.delivery_samples import BANK, OTHER, People

D = Decimal
MILLION = D(1_000_000)
TOOL = "small_relending"
NEED = Need("N1", "E1", MILLION, 12)


def quote(product: str = "p", bank: str = BANK, **more: object) -> Quote:
    """A product at 3.5 % on relending money, at 4.5 % without."""
    plain = Quote(product, Text(product, product), bank, Answer.YES, (), D("3.5"))
    funded = replace(plain, funded_by=TOOL, funded_label=Text("支小再贷款", "small relending"), own_rate=D("4.5"))
    return replace(funded, **more)  # type: ignore[arg-type]


def fund(**ceilings: object) -> Fund:
    """What is left under each ceiling."""
    return Fund({name: None if left is None else D(str(left)) for name, left in ceilings.items()})


def bounds(left: Fund) -> Bounds:
    """The same for every tool and bank."""
    return Bounds(lambda tool, bank: left)


@pytest.mark.parametrize(
    ("left", "share", "funded", "said"),
    [
        (fund(bank=1_000_000), 100, True, "1,000,000.00 of quota, the bank has 1,000,000.00 left"),
        (fund(bank=999_999), 100, False, "1,000,000.00 needed, the bank has 999,999.00 left"),
        (fund(bank=600_000, pool=900_000), 60, True, "600,000.00 of quota, the bank has 600,000.00 left"),
        (fund(bank=600_000, pool=500_000), 60, False, "600,000.00 needed, the bank has 500,000.00 left"),
        (fund(tool=None), 100, True, "the bank has no ceiling left"),
        (fund(), 100, False, "the quota ledger has nothing of “small relending”"),
    ],
)
def test_the_price_goes_as_far_as_the_quota(left: Fund, share: int, funded: bool, said: str) -> None:
    """By hand: 3.5 % simple interest on a million for a year is 35,000; 4.5 % is 45,000."""
    offer = recommend(NEED, [quote(funded_share=D(share))], bounds=bounds(left))[0]
    assert offer.cost is not None
    assert abs(offer.cost.interest - (35_000 if funded else 45_000)) < D("0.10")  # twelve roundings to the fen
    assert any(said in reason.en for reason in offer.reasons), offer.reasons


def test_without_quota_another_product_may_be_cheaper() -> None:
    plain = replace(quote("plain", rate=D("4.0")), funded_by="", own_rate=None)
    for left, first in ((fund(bank=MILLION), "p"), (fund(bank=0), "plain")):
        assert recommend(NEED, [quote(), plain], bounds=bounds(left))[0].product == first


def test_a_product_without_a_price_of_its_own_is_not_known() -> None:
    offer = recommend(NEED, [quote(own_rate=None)], bounds=bounds(fund(bank=0)))[0]
    assert (offer.answer, offer.cost) == (Answer.UNKNOWN, None)
    assert "states no rate without it" in offer.reasons[0].en


def test_nobody_asked_says_so() -> None:
    assert any("quota was not asked for" in reason.en for reason in recommend(NEED, [quote()])[0].reasons)


def test_the_ledger_is_asked_bank_by_bank(office: Office, staff: People) -> None:
    """A bank's own part, the tool's ceiling for a bank without one, and a tool the ledger has nothing of."""
    tool = Tool(TOOL, Text("支小再贷款", "small relending"), "relending", "p", "d", quota=D(0))
    with office.begin() as session:
        quota.establish(session, [tool])
        part = quota.bank_part(session, tool, Bank(BANK, "甲", "410100"))
        session.flush()
        part.ceiling, part.used = 3 * MILLION, MILLION
        whole = session.get_one(Quota, part.parent_id)
        whole.ceiling, whole.used, whole.frozen = 9 * MILLION, MILLION, MILLION
        session.flush()
        funds = left_of(session, [(TOOL, BANK), (TOOL, OTHER), ("nothing", BANK)])
        assert (funds(TOOL, BANK).left(), funds(TOOL, OTHER).left()) == (2 * MILLION, 7 * MILLION)
        assert not funds("nothing", BANK).covers(D(1))


def test_a_product_stands_twice_where_quota_covers_part() -> None:
    """Four needs of a million, five million of capacity, quota for two: two lend at 3.5 %, two at 4.5 %."""
    asked = [Asked(replace(NEED, need_no=f"N{n}"), "CS03", None, (quote(),)) for n in range(4)]
    left = fund(bank=2 * MILLION)
    needs, capacity = divided(asked, {"p": 5 * MILLION}, lambda tool, bank: left)
    assert capacity == {"p": 2 * MILLION, "p" + OWN: 3 * MILLION}
    clearing = clear(needs, capacity, bounds=bounds(left))
    for way in ("stable", "best"):
        result = clearing.run(way)
        got = [clearing.got(result, number) for number in range(4)]
        assert sorted(offer.product for offer in got if offer is not None) == ["p", "p", "p" + OWN, "p" + OWN]
        assert {offer.base for offer in got if offer is not None} == {"p"}


@given(
    capacities=st.lists(st.integers(1, 50), min_size=1, max_size=5),
    pool=st.integers(0, 100),
    own=st.integers(0, 60),
    share=st.sampled_from([40, 60, 100]),
)
def test_products_never_draw_more_than_a_ceiling(capacities: list[int], pool: int, own: int, share: int) -> None:
    """Of several banks under one pool, whatever each could use: the parts with relending keep to pool and bank."""
    quotes = tuple(quote(f"p{n}", bank=f"b{n}", funded_share=D(share)) for n in range(len(capacities)))
    whole = {f"p{n}": D(size) * MILLION for n, size in enumerate(capacities)}
    asked = [Asked(replace(NEED, amount=D(1)), "CS03", None, quotes)]
    _, found = divided(asked, whole, lambda tool, bank: fund(pool=pool * MILLION, **{bank: own * MILLION}))
    with_it = {name: found[name] or D(0) for name in whole}
    drawn = {name: amount * share / 100 for name, amount in with_it.items()}
    assert all(with_it[name] + (found.get(name + OWN) or 0) == whole[name] for name in whole)
    if pool and own:
        assert sum(drawn.values()) <= pool * MILLION
        assert all(amount <= own * MILLION for amount in drawn.values())


def test_the_shipped_samples_state_what_they_cost_without_relending() -> None:
    funded = [one for one in load_pack("bank-products").products.values() if one.terms.funded_by]
    assert len(funded) == 3
    assert all(one.terms.own_rate is not None for one in funded)
