"""The book through a scope, kind by kind, against rules written down a second time in plain Python."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import date
from itertools import pairwise
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa
import pytest

from houfeng.book.connection import connect
from houfeng.book.draft import QUARANTINE, Draft, row_schema
from houfeng.book.model import Time, kinds
from houfeng.book.snapshot import Snapshot
from houfeng.book.store import Book
from houfeng.clock import fixed_clock, parse_moment
from houfeng.errors import UsageError
from houfeng.office.access import EVERYTHING, Scope
from houfeng.office.paths import WAYS, Own, OwnUnless, Via
from houfeng.office.scope import ScopedViews, stem
from houfeng.simulate.loading import load_province
from houfeng.simulate.province import simulate

END = date(2025, 12, 31)
CITY = "410100"  # where most banks are
Row = dict[str, Any]


class Market(NamedTuple):
    """A simulated province, and all its rows as of the end."""

    snapshot: Snapshot
    rows: dict[str, list[Row]]
    asking: duckdb.DuckDBPyConnection


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Market:
    """A thousand firms, and a few rows of the kinds the simulation knows nothing of."""
    folder = tmp_path_factory.mktemp("market")
    simulate(folder / "files", enterprises=1000, seed=7, months=2, end=END)
    book = Book.create(folder / "book", fixed_clock(parse_moment("2026-02-01")), synthetic=True)
    load_province(book, folder / "files")
    asking = connect()
    firms = _rows(asking, book.snapshot().select("enterprise", as_of=END))[::15]
    heads = [{"group_id": f"G{n}", "head_id": firm["enterprise_id"]} for n, firm in enumerate(firms[:20])]
    _submit(book, "connected_group", heads)
    members = [{"group_id": f"G{n % 20}", "enterprise_id": firm["enterprise_id"]} for n, firm in enumerate(firms)]
    _submit(book, "group_member", members)
    people = _rows(asking, book.snapshot().select("person", as_of=END))[::30]
    listed = [firm["enterprise_id"] for firm in firms] + [person["person_id"] for person in people]
    gone = {"transferred_on": date(2025, 6, 1), "asset_type": "vehicle", "transfer_type": "sale"}
    sold = [gone | {"transfer_no": f"T{n}", "enterprise_id": f["enterprise_id"]} for n, f in enumerate(firms)]
    _submit(book, "asset_transfer", sold)
    _submit(book, "list_membership", [{"list_code": "L1", "member_id": member} for member in listed])
    _submit(book, "programme_participation", [{"programme": "P", "enterprise_id": f["enterprise_id"]} for f in firms])
    pacts = [{"agreement_no": f"A{n // 2}", "party_id": firm["enterprise_id"]} for n, firm in enumerate(firms)]
    _submit(book, "concert_agreement", pacts)
    pairs = [(one["enterprise_id"], other["enterprise_id"]) for one, other in pairwise(firms)]
    seat = {"interest": "board_member", "reach": "direct"}
    _submit(book, "control_interest", [{"holder_id": who, "enterprise_id": firm, **seat} for who, firm in pairs])
    _penetrated(book, firms, people)
    snapshot = book.snapshot()
    return Market(snapshot, {kind: _rows(asking, snapshot.select(kind, as_of=END)) for kind in kinds()}, asking)


def _penetrated(book: Book, firms: list[Row], people: list[Row]) -> None:
    """What penetration keeps and needs: circles, controllers, exposures, findings, joint limits, records of persons."""
    named = [{"enterprise_id": firm["enterprise_id"]} for firm in firms]
    bank = {"institution_id": _rows(connect(), book.snapshot().select("institution", as_of=END))[0]["institution_id"]}
    circles = [firm | {"circle_id": f"C{n // 3}", "firms": 3} for n, firm in enumerate(named)]
    _submit(book, "guarantee_circle", [{"circle_id": one} for one in sorted({m["circle_id"] for m in circles})])
    _submit(book, "circle_member", circles)
    _submit(book, "ultimate_controller", [firm | {"controller_id": "P"} for firm in named])
    _submit(book, "group_exposure", [bank | {"group_id": f"G{n}", "period": END} for n in range(20)])
    _submit(book, "debtor_standing", [firm | bank | {"period": END} for firm in named])
    _submit(book, "penetration_finding", [f | {"finding": "round_trip", "subject": "X", "period": END} for f in named])
    limits = [{"agreement_no": f"J{n}", "group_id": f"G{n}", "limit_total": 1} for n in range(20)]
    _submit(
        book, "joint_credit", [*limits, *(f | {"agreement_no": f["enterprise_id"], "limit_total": 1} for f in named)]
    )
    records = [{"record_no": p["person_id"], "person_id": p["person_id"], "occurred_on": END} for p in people]
    _submit(book, "person_record", [one | {"record_type": "enforcement"} for one in records])


def _submit(book: Book, kind: str, rows: list[Row]) -> None:
    full = [{"valid_from": date(2025, 1, 1), "name": "G", "_row": n} | row for n, row in enumerate(rows, start=1)]
    table = pa.Table.from_pylist(full, schema=row_schema(kinds()[kind]))
    nothing = QUARANTINE.empty_table()
    period = None if kinds()[kind].time is Time.EVENT else END
    book.submit(
        [Draft(kind, "test", period, table, nothing, f"{kind}.csv", "", hashlib.sha256(kind.encode()).hexdigest())]
    )


def _rows(asking: duckdb.DuckDBPyConnection, sql: str) -> list[Row]:
    return asking.sql(sql).to_arrow_table().to_pylist()


def _names(market: Market, kind: str, field: str, test: Callable[[Row], bool] = lambda row: True) -> set[str]:
    return {row[field] for row in market.rows[kind] if test(row)}


Rule = Callable[[Row], bool]


def _city(market: Market) -> dict[str, Rule]:
    """What an officer of the city may see."""
    here = lambda code: bool(code) and code.startswith("4101")  # noqa: E731
    firms = _names(market, "enterprise", "enterprise_id", lambda r: here(r["region"]))
    every = _names(market, "enterprise", "enterprise_id")
    people = _names(market, "person", "person_id", lambda r: here(r["region"]))
    banks = _names(market, "institution", "institution_id", lambda r: here(r["region"]))
    groups = {r["group_id"] for r in market.rows["group_member"] if r["enterprise_id"] in firms}

    def borrower(row: Row) -> bool:
        known = row["borrower_id"] in every
        return row["borrower_id"] in firms if known else here(row["borrower_region"])

    def note(row: Row) -> tuple[str, str, str]:
        return row["institution_id"], row["contract_no"], row["note_no"]

    def deed(row: Row) -> tuple[str, str, str]:
        return row["institution_id"], row["guarantee_no"], row["contract_no"]

    def guaranteed(row: Row) -> bool:
        return row["borrower_id"] in firms or row["guarantor_id"] in firms

    notes = {note(row) for row in market.rows["loan"] if borrower(row)}
    deeds = {deed(row) for row in market.rows["guarantee"] if guaranteed(row)}
    by_firm: Rule = lambda row: row["enterprise_id"] in firms  # noqa: E731
    every_row: Rule = lambda row: True  # noqa: E731
    firmly = ["account_flow", "credit_line", "enterprise", "enterprise_status", "financial_statement", "group_member"]
    firmly += ["need", "platform", "platform_debt", "programme_participation", "public_record", "registration_change"]
    firmly += ["platform_exit", "platform_plan", "platform_report", "platform_vote"]
    firmly += ["asset_transfer", "circle_member", "debtor_standing", "penetration_finding", "ultimate_controller"]
    seen = {r["group_id"] for r in market.rows["connected_group"] if r["head_id"] in firms} | groups
    circles = {r["circle_id"] for r in market.rows["circle_member"] if r["enterprise_id"] in firms}
    same = dict.fromkeys(firmly, by_firm)
    return same | {
        "collateral": lambda r: r["owner_id"] in firms or deed(r) in deeds,
        "concert_agreement": lambda r: r["party_id"] in firms or r["enterprise_id"] in firms,
        "connected_group": lambda r: r["head_id"] in firms or r["group_id"] in groups,
        "control_interest": lambda r: r["enterprise_id"] in firms or r["holder_id"] in firms,
        "consumer_purchase": lambda r: note(r) in notes,
        "group_exposure": lambda r: r["group_id"] in seen,
        "guarantee": guaranteed,
        "guarantee_circle": lambda r: r["circle_id"] in circles,
        "holding": lambda r: r["enterprise_id"] in firms or r["holder_id"] in firms,
        "institution": every_row,
        "interbank_exposure": lambda r: r["lender_id"] in banks,
        "invoice": lambda r: r["seller_id"] in firms or r["buyer_id"] in firms,
        "joint_credit": lambda r: r["enterprise_id"] in firms or r["group_id"] in seen,
        "list_membership": lambda r: r["member_id"] in firms or r["member_id"] in people,
        "loan": borrower,
        "loan_balance": lambda r: r["borrower_id"] in firms or note(r) in notes,
        "loan_flow": lambda r: r["borrower_id"] in firms or note(r) in notes,
        "person": lambda r: here(r["region"]),
        "person_record": lambda r: r["person_id"] in people,
        "product": every_row,
        "region_finance": lambda r: here(r["region"]),
    }


def _bank(market: Market, bank: str) -> dict[str, Rule]:
    """What a bank may see."""
    own: Rule = lambda row: row["institution_id"] == bank  # noqa: E731
    debtors = _names(market, "loan", "borrower_id", own)
    guarantors = _names(market, "guarantee", "guarantor_id", own)
    known = debtors | _names(market, "credit_line", "enterprise_id", own) | guarantors
    firms = known & _names(market, "enterprise", "enterprise_id")
    heads = _names(market, "enterprise", "legal_representative_id", lambda r: r["enterprise_id"] in firms)
    groups = {r["group_id"] for r in market.rows["group_member"] if r["enterprise_id"] in firms}
    persons = _names(market, "person", "person_id")
    by_firm: Rule = lambda row: row["enterprise_id"] in firms  # noqa: E731
    nothing: Rule = lambda row: False  # noqa: E731
    banks = [
        "account_flow",
        "collateral",
        "consumer_purchase",
        "credit_line",
        "debtor_standing",
        "group_exposure",
        "guarantee",
        "loan",
        "loan_balance",
        "loan_flow",
        "product",
    ]
    firmly = ["enterprise", "enterprise_status", "group_member", "holding", "platform", "programme_participation"]
    firmly += ["platform_exit", "circle_member", "ultimate_controller"]
    seen = {r["group_id"] for r in market.rows["connected_group"] if r["head_id"] in firms} | groups
    circles = {r["circle_id"] for r in market.rows["circle_member"] if r["enterprise_id"] in firms}
    return (
        dict.fromkeys(banks, own)
        | dict.fromkeys([*firmly, "asset_transfer", "public_record", "registration_change"], by_firm)
        | dict.fromkeys(["financial_statement", "invoice", "need"], nothing)
        | dict.fromkeys(["penetration_finding", "platform_plan", "platform_report", "region_finance"], nothing)
        | {
            "concert_agreement": by_firm,
            "connected_group": lambda r: r["head_id"] in firms or r["group_id"] in groups,
            "control_interest": by_firm,
            "guarantee_circle": lambda r: r["circle_id"] in circles,
            "institution": lambda r: True,
            "interbank_exposure": lambda r: r["lender_id"] == bank,
            "joint_credit": lambda r: r["enterprise_id"] in firms or r["group_id"] in seen,
            "list_membership": lambda r: r["member_id"] in firms,
            "person": lambda r: r["person_id"] in debtors | heads | guarantors,
            "person_record": lambda r: r["person_id"] in (debtors | heads | guarantors) & persons,
            "platform_debt": lambda r: r["creditor_id"] == bank,
            "platform_vote": lambda r: r["creditor_id"] == bank,
        }
    )


def _firm(firm: str) -> dict[str, Rule]:
    """What a firm may see."""

    def one(*fields: str) -> Rule:
        return lambda row: any(row[field] == firm for field in fields)

    nothing = ["connected_group", "consumer_purchase", "group_member", "interbank_exposure", "person", "region_finance"]
    nothing += ["circle_member", "debtor_standing", "group_exposure", "guarantee_circle", "penetration_finding"]
    nothing += ["person_record"]
    return (
        dict.fromkeys(kinds(), one("enterprise_id"))
        | dict.fromkeys(nothing, lambda r: False)
        | dict.fromkeys(["institution", "product"], lambda r: True)
        | dict.fromkeys(["loan", "loan_balance", "loan_flow"], one("borrower_id"))
        | {
            "collateral": one("owner_id"),
            "concert_agreement": one("party_id", "enterprise_id"),
            "control_interest": one("enterprise_id", "holder_id"),
            "guarantee": one("borrower_id", "guarantor_id"),
            "holding": one("enterprise_id", "holder_id"),
            "invoice": one("seller_id", "buyer_id"),
            "list_membership": one("member_id"),
        }
    )


def _big_bank(market: Market) -> str:
    lent = [row["institution_id"] for row in market.rows["loan"]]
    return max(sorted(set(lent)), key=lent.count)


def _seen(market: Market, scope: Scope, kind: str, day: date | None = END) -> list[Row]:
    return _rows(market.asking, ScopedViews(market.snapshot, scope).select(kind, as_of=day))


def _key(row: Row) -> tuple[str, int]:
    return row["_submission"], row["_row"]


@pytest.mark.parametrize("kind", sorted(kinds()))
@pytest.mark.parametrize("side", ["city", "bank", "firm", "city and bank"])
def test_each_kind_shows_what_the_scope_may_see_and_nothing_else(market: Market, side: str, kind: str) -> None:
    bank = _big_bank(market)
    firm = next(row["borrower_id"] for row in market.rows["guarantee"] if row["institution_id"] == bank)
    scope, rules = {
        "city": (Scope(regions=frozenset({CITY})), [_city(market)]),
        "bank": (Scope(institutions=frozenset({bank})), [_bank(market, bank)]),
        "firm": (Scope(enterprise=firm), [_firm(firm)]),
        "city and bank": (
            Scope(regions=frozenset({CITY}), institutions=frozenset({bank})),
            [_city(market), _bank(market, bank)],
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
    rows = _rows(market.asking, views.select("loan", as_of=END, columns=["principal"]))
    assert set(rows[0]) == {"principal", "_submission", "_row"}
    whole = _rows(market.asking, views.select("loan", as_of=END))
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
