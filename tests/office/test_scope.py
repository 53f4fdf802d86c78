"""The book through a scope, kind by kind, against rules written down a second time in plain Python."""

from __future__ import annotations

from datetime import date

import pytest

from houfeng.book.model import kinds
from houfeng.errors import UsageError
from houfeng.office.access import EVERYTHING, Scope
from houfeng.office.paths import WAYS, Own, OwnUnless, Via
from houfeng.office.scope import ScopedViews, stem
from office.scope_market import END, Market, Row, make_market, rows_of
from office.scope_rules import bank_rules, city_rules, firm_rules

CITY = "410100"  # where most banks are


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Market:
    """A province, made once."""
    return make_market(tmp_path_factory.mktemp("market"))


def _big_bank(market: Market) -> str:
    lent = [row["institution_id"] for row in market.rows["loan"]]
    return max(sorted(set(lent)), key=lent.count)


def _seen(market: Market, scope: Scope, kind: str, day: date | None = END) -> list[Row]:
    return rows_of(market.asking, ScopedViews(market.snapshot, scope).select(kind, as_of=day))


def _key(row: Row) -> tuple[str, int]:
    return row["_submission"], row["_row"]


@pytest.mark.parametrize("kind", sorted(kinds()))
@pytest.mark.parametrize("side", ["city", "bank", "firm", "city and bank"])
def test_each_kind_shows_what_the_scope_may_see_and_nothing_else(market: Market, side: str, kind: str) -> None:
    bank = _big_bank(market)
    firm = next(row["borrower_id"] for row in market.rows["guarantee"] if row["institution_id"] == bank)
    scope, rules = {
        "city": (Scope(regions=frozenset({CITY})), [city_rules(market)]),
        "bank": (Scope(institutions=frozenset({bank})), [bank_rules(market, bank)]),
        "firm": (Scope(enterprise=firm), [firm_rules(firm)]),
        "city and bank": (
            Scope(regions=frozenset({CITY}), institutions=frozenset({bank})),
            [city_rules(market), bank_rules(market, bank)],
        ),
    }[side]
    wanted = [row for row in market.rows[kind] if all(rule[kind](row) for rule in rules)]
    seen = _seen(market, scope, kind)
    assert sorted(seen, key=_key) == sorted(wanted, key=_key)
    if side == "city":
        assert wanted
        assert len(wanted) < len(market.rows[kind]) or kind in ("institution", "product")


def test_every_kind_has_a_decision_for_every_side_over_fields_it_has() -> None:
    for ways in WAYS.values():
        assert set(ways) == set(kinds())
        for kind, found in ways.items():
            for way in found:
                if isinstance(way, Own | OwnUnless):
                    assert way.field in kinds()[kind].fields
                if isinstance(way, OwnUnless):
                    assert way.there in kinds()[way.kind].fields
                if isinstance(way, Via):
                    assert set(way.on) <= set(kinds()[kind].fields)
                    assert set(way.on.values()) <= set(kinds()[way.kind].fields)


def test_a_kind_that_nobody_decided_about_shows_nothing(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    for ways in WAYS.values():
        monkeypatch.delitem(ways, "public_record")  # type: ignore[arg-type]
    for scope in (Scope(regions=frozenset({"41"})), Scope(institutions=frozenset({"x"})), Scope(enterprise="x")):
        assert _seen(market, scope, "public_record") == []


@pytest.mark.parametrize(
    "scope", [Scope(regions=frozenset()), Scope(institutions=frozenset()), Scope(enterprise="' OR 1=1 --")]
)
def test_an_empty_or_hostile_scope_sees_no_firm(market: Market, scope: Scope) -> None:
    for kind in ("enterprise", "loan", "loan_balance", "account_flow"):
        assert _seen(market, scope, kind) == []


def test_the_cities_together_see_what_the_province_sees(market: Market) -> None:
    cities = {row["region"][:4] + "00" for row in market.rows["enterprise"]}
    assert len(cities) > 5
    for kind in ("enterprise", "loan_balance"):
        each = [len(_seen(market, Scope(regions=frozenset({city})), kind)) for city in cities]
        assert sum(each) == len(_seen(market, Scope(regions=frozenset({"410000"})), kind))
    assert len(_seen(market, Scope(regions=frozenset({"41"})), "enterprise")) == len(market.rows["enterprise"])


def test_who_may_see_everything_gets_the_snapshots_own_sql(market: Market) -> None:
    assert ScopedViews(market.snapshot, EVERYTHING).select("loan") == market.snapshot.select("loan")


def test_columns_are_those_asked_for_also_where_the_scope_needs_others(market: Market) -> None:
    views = ScopedViews(market.snapshot, Scope(regions=frozenset({CITY})))
    rows = rows_of(market.asking, views.select("loan", as_of=END, columns=["principal"]))
    assert set(rows[0]) == {"principal", "_submission", "_row"}
    whole = rows_of(market.asking, views.select("loan", as_of=END))
    assert list(whole[0]) == [*kinds()["loan"].fields, "_submission", "_row"]
    for wrong in (["principle"], ['x" FROM loan --']):
        with pytest.raises(UsageError):
            views.select("loan", columns=wrong)
    with pytest.raises(UsageError):
        views.select("lone")


def test_without_a_day_the_scope_is_that_of_the_day_of_knowledge(market: Market) -> None:
    scope = Scope(institutions=frozenset({_big_bank(market)}))
    history = _seen(market, scope, "loan_balance", None)
    assert len(history) > len(_seen(market, scope, "loan_balance"))
    assert {row["institution_id"] for row in history} == scope.institutions


def test_submissions_are_known_of_only_to_who_sent_them(market: Market) -> None:
    bank = _big_bank(market)
    own = ScopedViews(market.snapshot, Scope(institutions=frozenset({bank})))
    assert {entry.reporter for entry in own.submissions("loan_balance")} == {bank}
    assert own.submissions("enterprise") == ()
    assert ScopedViews(market.snapshot, Scope(regions=frozenset({CITY}))).history("loan") == ()
    assert ScopedViews(market.snapshot, EVERYTHING).history("loan") == market.snapshot.history("loan")


@pytest.mark.parametrize(
    ("code", "begins"), [("41", "41"), ("410000", "41"), ("410100", "4101"), ("410102", "410102"), ("419001", "419001")]
)
def test_a_region_holds_all_below_it(code: str, begins: str) -> None:
    assert stem(code) == begins


@pytest.mark.parametrize("code", ["", "0", "000000", "4", "41010", "郑州", "41%", "４１"])
def test_what_is_no_region_lets_nothing_through(code: str) -> None:
    with pytest.raises(UsageError):
        stem(code)
