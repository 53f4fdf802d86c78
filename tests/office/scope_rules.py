"""What each side may see of each kind, written down a second time in plain Python."""

from __future__ import annotations

from collections.abc import Callable

from houfeng.book.model import kinds
from office.scope_market import Market, Row


def _names(market: Market, kind: str, field: str, test: Callable[[Row], bool] = lambda row: True) -> set[str]:
    return {row[field] for row in market.rows[kind] if test(row)}


Rule = Callable[[Row], bool]


def city_rules(market: Market) -> dict[str, Rule]:
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
        "credit_segment": lambda r: here(r["region"]),
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


def bank_rules(market: Market, bank: str) -> dict[str, Rule]:
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
        | dict.fromkeys(
            ["credit_segment", "penetration_finding", "platform_plan", "platform_report", "region_finance"], nothing
        )
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


def firm_rules(firm: str) -> dict[str, Rule]:
    """What a firm may see."""

    def one(*fields: str) -> Rule:
        return lambda row: any(row[field] == firm for field in fields)

    nothing = ["connected_group", "consumer_purchase", "group_member", "interbank_exposure", "person", "region_finance"]
    nothing += ["circle_member", "debtor_standing", "group_exposure", "guarantee_circle", "penetration_finding"]
    nothing += ["credit_segment", "person_record"]
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
