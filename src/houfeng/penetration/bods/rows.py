"""What Houfeng holds of a BODS package: rows of four record kinds, and the words of the standard for our codes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from houfeng.errors import Problem

Row = dict[str, Any]
"""A row by field; fields without a value are absent."""

SCHEME = "CN-SAIC"
"""The org-id.guide code of Chinese company registers, under which a unified social credit code stands."""

FIELDS: Mapping[str, tuple[str, ...]] = {
    "person": ("person_id", "name"),
    "enterprise": ("enterprise_id", "name", "founded_on", "registered_address", "is_listed", "controller_id"),
    "holding": (
        "holder_id", "enterprise_id", "holder_kind", "share", "share_min", "share_max", "votes", "valid_from",
        "valid_to",
    ),
    "control_interest": (
        "holder_id", "enterprise_id", "interest", "reach", "beneficial", "share", "share_min", "share_max",
        "valid_from", "valid_to",
    ),
}  # fmt: skip
"""The fields of each kind that a package carries; others are told of when written."""

INTERESTS: Mapping[str, str] = {
    "shareholding": "shareholding",
    "votingRights": "voting_rights",
    "appointmentOfBoard": "appointment_of_board",
    "boardMember": "board_member",
    "boardChair": "board_chair",
    "seniorManagingOfficial": "senior_managing_official",
    "controlViaCompanyRulesOrArticles": "control_by_articles",
    "controlByLegalFramework": "control_by_law",
    "rightsGrantedByContract": "rights_by_contract",
    "conditionalRightsGrantedByContract": "conditional_rights_by_contract",
    "rightsToProfitOrIncome": "profit_or_income",
    "rightsToSurplusAssetsOnDissolution": "surplus_on_dissolution",
    "enjoymentAndUseOfAssets": "use_of_assets",
    "rightToProfitOrIncomeFromAssets": "income_from_assets",
    "settlor": "settlor",
    "trustee": "trustee",
    "protector": "protector",
    "beneficiaryOfLegalArrangement": "beneficiary",
    "nominator": "nominator",
    "nominee": "nominee",
    "otherInfluenceOrControl": "other",
    "unknownInterest": "unknown",
    "unpublishedInterest": "unpublished",
}
"""Codes of the standard's list `interestType` and ours (`interest_kind`)."""

ENTITIES: Mapping[str, Mapping[str, str]] = {
    "enterprise": {"type": "registeredEntity"},
    "state": {"type": "stateBody"},
    "foreign": {"type": "legalEntity", "details": "foreign"},
    "fund": {"type": "arrangement", "details": "fund"},
    "other": {"type": "legalEntity", "details": "other"},
}
"""How a kind of holder is written; a person is a record of its own type."""

REGISTERED = "registered controller"
"""What stands in the details of an interest that is the register's word on who controls an enterprise."""


@dataclass(frozen=True)
class Package:
    """The rows of a package by kind, each list in order, and notes on what was read in a way that should be known."""

    persons: tuple[Row, ...] = ()
    enterprises: tuple[Row, ...] = ()
    holdings: tuple[Row, ...] = ()
    interests: tuple[Row, ...] = ()
    notes: tuple[Problem, ...] = ()

    def kinds(self) -> dict[str, tuple[Row, ...]]:
        """The rows by the name of their record kind."""
        return {
            "person": self.persons,
            "enterprise": self.enterprises,
            "holding": self.holdings,
            "control_interest": self.interests,
        }


def holder_kind(details: Mapping[str, Any], home: str = "") -> str:
    """What kind of holder an entity record describes; with `home`, whoever is of another jurisdiction is foreign."""
    told = details.get("entityType") or {}
    code = (details.get("jurisdiction") or {}).get("code", "")
    if told.get("details") in ENTITIES:
        return str(told["details"])
    if home and code and code.split("-")[0] != home:
        return "foreign"
    kind = told.get("type", "")
    if kind in ("state", "stateBody"):
        return "state"
    return "enterprise" if kind in ("registeredEntity", "legalEntity") else "other"
