"""The ways from a row of each record kind to a scope: the one table that says who may see which row.

A kind with no way to a scope is empty for who has that scope. Every kind stands here for every scope, also where
nothing may be seen: a new kind fails a test until somebody has decided. docs/concepts/office.md tells it in words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Side(StrEnum):
    """The three things a scope may be made of."""

    REGION = "region"
    INSTITUTION = "institution"
    ENTERPRISE = "enterprise"


@dataclass(frozen=True, slots=True)
class Own:
    """The row itself says it, in `field`."""

    field: str


@dataclass(frozen=True, slots=True)
class OwnUnless:
    """The row itself says it in `field`, but only where `key` is no `kind` of the book (which would know better)."""

    field: str
    kind: str
    key: str
    there: str


@dataclass(frozen=True, slots=True)
class Via:
    """A row of `kind` that may be seen stands at the other end: own fields → fields there."""

    kind: str
    on: Mapping[str, str] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Open:
    """Everybody may read it: names of institutions, offers to the public."""


Way = Own | OwnUnless | Via | Open
Ways = tuple[Way, ...]

NOBODY: Ways = ()
OPEN: Ways = (Open(),)


def _firm(*fields: str) -> Ways:
    return tuple(Via("enterprise", {name: "enterprise_id"}) for name in fields)


def _own(*fields: str) -> Ways:
    return tuple(Own(name) for name in fields)


_LOAN = Via("loan", {"institution_id": "institution_id", "contract_no": "contract_no", "note_no": "note_no"})

REGION: Mapping[str, Ways] = {
    "account_flow": _firm("enterprise_id"),
    "asset_transfer": _firm("enterprise_id"),
    "circle_member": _firm("enterprise_id"),
    "collateral": (
        *_firm("owner_id"),
        Via(
            "guarantee",
            {"institution_id": "institution_id", "guarantee_no": "guarantee_no", "contract_no": "contract_no"},
        ),
    ),
    "concert_agreement": _firm("party_id", "enterprise_id"),
    "connected_group": (*_firm("head_id"), Via("group_member", {"group_id": "group_id"})),
    "consumer_purchase": (_LOAN,),
    "control_interest": _firm("enterprise_id", "holder_id"),
    "credit_line": _firm("enterprise_id"),
    "credit_segment": _own("region"),
    "debtor_standing": _firm("enterprise_id"),
    "enterprise": _own("region"),
    "enterprise_status": _firm("enterprise_id"),
    "financial_statement": _firm("enterprise_id"),
    "group_exposure": (Via("connected_group", {"group_id": "group_id"}),),
    "group_member": _firm("enterprise_id"),
    "guarantee": _firm("borrower_id", "guarantor_id"),
    "guarantee_circle": (Via("circle_member", {"circle_id": "circle_id"}),),
    "holding": _firm("enterprise_id", "holder_id"),
    "institution": OPEN,
    "interbank_exposure": (Via("institution", {"lender_id": "institution_id"}),),
    "invoice": _firm("seller_id", "buyer_id"),
    "joint_credit": (*_firm("enterprise_id"), Via("connected_group", {"group_id": "group_id"})),
    "list_membership": (*_firm("member_id"), Via("person", {"member_id": "person_id"})),
    "loan": (*_firm("borrower_id"), OwnUnless("borrower_region", "enterprise", "borrower_id", "enterprise_id")),
    "loan_balance": (*_firm("borrower_id"), _LOAN),
    "loan_flow": (*_firm("borrower_id"), _LOAN),
    "need": (*_firm("enterprise_id"), OwnUnless("region", "enterprise", "enterprise_id", "enterprise_id")),
    "penetration_finding": _firm("enterprise_id"),
    "person": _own("region"),
    "person_record": (Via("person", {"person_id": "person_id"}),),
    "platform": _firm("enterprise_id"),
    "platform_debt": _firm("enterprise_id"),
    "platform_exit": _firm("enterprise_id"),
    "platform_plan": _firm("enterprise_id"),
    "platform_report": _firm("enterprise_id"),
    "platform_vote": _firm("enterprise_id"),
    "product": OPEN,
    "programme_participation": _firm("enterprise_id"),
    "public_record": _firm("enterprise_id"),
    "region_finance": _own("region"),
    "registration_change": _firm("enterprise_id"),
    "ultimate_controller": _firm("enterprise_id"),
}

INSTITUTION: Mapping[str, Ways] = {
    "account_flow": _own("institution_id"),
    "asset_transfer": _firm("enterprise_id"),
    "circle_member": _firm("enterprise_id"),
    "collateral": _own("institution_id"),
    "concert_agreement": _firm("enterprise_id"),
    "connected_group": (*_firm("head_id"), Via("group_member", {"group_id": "group_id"})),
    "consumer_purchase": _own("institution_id"),
    "control_interest": _firm("enterprise_id"),
    "credit_line": _own("institution_id"),
    "credit_segment": NOBODY,  # sums over all banks
    "debtor_standing": _own("institution_id"),
    "enterprise": (
        Via("loan", {"enterprise_id": "borrower_id"}),
        Via("credit_line", {"enterprise_id": "enterprise_id"}),
        Via("guarantee", {"enterprise_id": "guarantor_id"}),
    ),
    "enterprise_status": _firm("enterprise_id"),
    "financial_statement": NOBODY,  # may have been given to another bank
    "group_exposure": _own("institution_id"),
    "group_member": _firm("enterprise_id"),
    "guarantee": _own("institution_id"),
    "guarantee_circle": (Via("circle_member", {"circle_id": "circle_id"}),),
    "holding": _firm("enterprise_id"),
    "institution": OPEN,
    "interbank_exposure": _own("lender_id"),
    "invoice": NOBODY,
    "joint_credit": (*_firm("enterprise_id"), Via("connected_group", {"group_id": "group_id"})),
    "list_membership": _firm("member_id"),
    "loan": _own("institution_id"),
    "loan_balance": _own("institution_id"),
    "loan_flow": _own("institution_id"),
    "need": NOBODY,  # until matching says to whom a firm showed its need
    "penetration_finding": NOBODY,  # rests on what other banks reported too
    "person": (
        Via("loan", {"person_id": "borrower_id"}),
        Via("enterprise", {"person_id": "legal_representative_id"}),
        Via("guarantee", {"person_id": "guarantor_id"}),
    ),
    "person_record": (Via("person", {"person_id": "person_id"}),),
    "platform": _firm("enterprise_id"),
    "platform_debt": _own("creditor_id"),
    "platform_exit": _firm("enterprise_id"),
    "platform_plan": NOBODY,  # how a government means to resolve hidden debt
    "platform_report": NOBODY,
    "platform_vote": _own("creditor_id"),  # what other creditors say is theirs
    "product": _own("institution_id"),
    "programme_participation": _firm("enterprise_id"),
    "public_record": _firm("enterprise_id"),
    "region_finance": NOBODY,
    "registration_change": _firm("enterprise_id"),
    "ultimate_controller": _firm("enterprise_id"),
}

ENTERPRISE: Mapping[str, Ways] = {
    "account_flow": _own("enterprise_id"),
    "asset_transfer": _own("enterprise_id"),
    "circle_member": NOBODY,
    "collateral": _own("owner_id"),
    "concert_agreement": _own("party_id", "enterprise_id"),
    "connected_group": NOBODY,
    "consumer_purchase": NOBODY,  # of persons
    "control_interest": _own("enterprise_id", "holder_id"),
    "credit_line": _own("enterprise_id"),
    "credit_segment": NOBODY,
    "debtor_standing": NOBODY,
    "enterprise": _own("enterprise_id"),
    "enterprise_status": _own("enterprise_id"),
    "financial_statement": _own("enterprise_id"),
    "group_exposure": NOBODY,
    "group_member": NOBODY,
    "guarantee": _own("borrower_id", "guarantor_id"),
    "guarantee_circle": NOBODY,
    "holding": _own("enterprise_id", "holder_id"),
    "institution": OPEN,
    "interbank_exposure": NOBODY,
    "invoice": _own("seller_id", "buyer_id"),
    "joint_credit": _own("enterprise_id"),
    "list_membership": _own("member_id"),
    "loan": _own("borrower_id"),
    "loan_balance": _own("borrower_id"),
    "loan_flow": _own("borrower_id"),
    "need": _own("enterprise_id"),
    "penetration_finding": NOBODY,
    "person": NOBODY,
    "person_record": NOBODY,
    "platform": _own("enterprise_id"),
    "platform_debt": _own("enterprise_id"),
    "platform_exit": _own("enterprise_id"),
    "platform_plan": _own("enterprise_id"),
    "platform_report": _own("enterprise_id"),
    "platform_vote": _own("enterprise_id"),
    "product": OPEN,
    "programme_participation": _own("enterprise_id"),
    "public_record": _own("enterprise_id"),
    "region_finance": NOBODY,
    "registration_change": _own("enterprise_id"),
    "ultimate_controller": _own("enterprise_id"),
}

WAYS: Mapping[Side, Mapping[str, Ways]] = {
    Side.REGION: REGION,
    Side.INSTITUTION: INSTITUTION,
    Side.ENTERPRISE: ENTERPRISE,
}
