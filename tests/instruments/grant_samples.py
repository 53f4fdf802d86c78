"""Random firms and loans with facts missing here and there, for tests that hold two roads to the same answers."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

AS_OF = date(2026, 3, 31)
BANKS: list[dict[str, Any]] = [
    {"institution_id": "B1", "name": "国有大行", "institution_type": "state_bank", "is_local": False},
    {
        "institution_id": "B2",
        "name": "江苏银行股份有限公司",
        "institution_type": "city_bank",
        "supervisory_rating": "2C",
    },
    {"institution_id": "B3", "name": "某农商行", "institution_type": "rural_commercial", "supervisory_rating": "3B"},
    {"institution_id": "B4", "name": "某村镇银行", "institution_type": "village_bank", "is_local": True},
    {"institution_id": "B5", "name": "政策性银行", "institution_type": "policy_bank"},
    {"institution_id": "B6"},
]
LISTS = (
    "tech_first_loan",
    "tech_upgrade_project",
    "carbon_reduction",
    "equipment_renewal",
    "key_chain",
    "share_buyback",
)
STATUSES = ("hnte", "tech_sme", "srdi", "little_giant", "elderly_institution")
INDUSTRIES = ("C2710", "H6210", "F5211", "Q8411", "Q8514", "A0111", "K7010", "G5431")


def maybe(values: Any) -> Any:
    """One of `values`, or nothing: the fact is missing."""
    return st.one_of(st.none(), st.sampled_from(list(values)))


@st.composite
def firms(draw: st.DrawFn, number: int) -> dict[str, list[dict[str, Any]]]:
    """One firm with its statuses, lists and records, by record kind."""
    key = f"E{number}"
    firm = {
        "enterprise_id": key,
        "operating_state": draw(maybe(["in_operation", "in_operation", "revoked"])),
        "borrower_class": draw(
            maybe(["enterprise", "enterprise", "individual_business", "cooperative", "public_body"])
        ),
        "size": draw(maybe(["CS01", "CS02", "CS03", "CS04"])),
        "industry": draw(maybe(INDUSTRIES)),
        "ownership": draw(maybe(["A0102", "B01"])),
        "is_private": draw(maybe([True, False])),
        "is_rural": draw(maybe([True, False])),
        "high_rd": draw(maybe([True, False])),
        "is_listed": draw(maybe([True, False])),
        "registered_address": draw(maybe(["某路1号"])),
    }
    listed = draw(st.lists(st.sampled_from(LISTS), max_size=3, unique=True))
    days = st.dates(date(2025, 6, 1), date(2026, 4, 30))
    statuses = draw(st.lists(st.sampled_from(STATUSES), max_size=2, unique=True))
    records = draw(st.lists(st.sampled_from(["dishonest_debtor", "tax_arrears", "negative_news"]), max_size=2))
    return {
        "enterprise": [firm],
        "list_membership": [
            {"list_code": one, "member_id": key, "valid_from": draw(st.one_of(st.none(), days))} for one in listed
        ],
        "enterprise_status": [{"enterprise_id": key, "status": one} for one in statuses],
        "public_record": [
            {"record_no": f"R{number}-{n}", "enterprise_id": key, "occurred_on": draw(days), "record_type": one}
            for n, one in enumerate(records)
        ],
    }


@st.composite
def loans(draw: st.DrawFn, number: int, borrowers: int) -> dict[str, Any]:
    """One loan to one of so many firms, or to one that nobody registered."""
    day = draw(st.dates(date(2025, 1, 1), date(2026, 3, 31)))
    return {
        "institution_id": draw(st.sampled_from(["B1", "B2", "B3", "B4", "B5", "B6", "B7"])),
        "contract_no": f"C{number}",
        "note_no": "N",
        "borrower_id": f"E{draw(st.integers(0, borrowers))}",
        "borrower_class": draw(maybe(["enterprise", "micro_owner", "farmer", "consumer"])),
        "borrower_size": draw(maybe(["CS02", "CS03", "CS04"])),
        "product": draw(maybe(["F022", "F023", "F021"])),
        "use_industry": draw(maybe(INDUSTRIES)),
        "purpose": draw(maybe(["采购", "借新还旧"])),
        "principal": Decimal(draw(st.integers(1, 90_000_000))),
        "disbursed_on": draw(st.one_of(st.none(), st.just(day))),
        "matures_on": draw(st.one_of(st.none(), st.dates(day, date(2029, 1, 1)))),
        "is_first_loan": draw(maybe([True, False])),
        "is_written_off": draw(maybe([True, False, False])),
        "green_code": draw(maybe(["NA01", "NA02", "NA06"])),
        "pension_code": draw(maybe(["EC01"])),
        "business_type": draw(maybe(["C01", "C03"])),
    }


@st.composite
def provinces(draw: st.DrawFn, borrowers: int = 3, notes: int = 4) -> dict[str, list[dict[str, Any]]]:
    """A few firms and loans with the banks above, rows by record kind."""
    rows: dict[str, list[dict[str, Any]]] = {"institution": [dict(bank) for bank in BANKS]}
    for number in range(borrowers):
        for kind, found in draw(firms(number)).items():
            rows.setdefault(kind, []).extend(found)
    rows["loan"] = [draw(loans(number, borrowers)) for number in range(notes)]
    return rows
