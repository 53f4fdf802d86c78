"""No loan is funded twice, whatever the loans are and in whatever order the claims are made."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from houfeng.book.connection import scratch
from houfeng.engine.duckdb import Engine
from houfeng.instruments.claims import Taken, draw_from
from houfeng.packs.cases import RowViews
from houfeng.packs.roads.world import build_rows
from instruments.claims.claim_samples import SUBSIDIES, TOOLS, pack
from nightly import share

DAY, KNOWN = date(2026, 3, 31), datetime(2026, 3, 31, 18)
PERIOD = (date(2026, 1, 1), DAY)
CLAIMED = {
    TOOLS: ["agri_relending", "private_relending", "small_relending", "rediscount", "tech_relending",
            "service_care_relending", "carbon_facility"],
    SUBSIDIES: ["consumer_subsidy_2025", "consumer_subsidy_2026", "services_subsidy_2026", "equipment_subsidy_2026",
                "sme_subsidy_2026"],
}  # fmt: skip
LISTS = ["equipment_renewal", "tech_upgrade_project", "tech_first_loan", "carbon_reduction"]
BANKS = {"S": "state_bank", "C": "city_bank", "R": "rural_commercial"}

loans = st.fixed_dictionaries({
    "institution_id": st.sampled_from(list(BANKS)),
    "borrower_id": st.sampled_from(["F1", "F2"]),
    "borrower_class": st.sampled_from(["enterprise", "farmer", "consumer"]),
    "principal": st.sampled_from([100_000, 20_000_000]),
    "disbursed_on": st.sampled_from([date(2026, 1, 14), date(2026, 2, 1)]),
    "use_industry": st.sampled_from(["A0111", "C2710", "H6110", "Q8411"]),
    "product": st.sampled_from(["F022", "F023"]),
    "is_first_loan": st.booleans(),
    "business_type": st.sampled_from(["C01", "C03"]),
    "green_code": st.sampled_from([None, "NA01"]),
})  # fmt: skip
firms = st.fixed_dictionaries({
    "size": st.sampled_from(["CS01", "CS03"]),
    "is_private": st.booleans(),
    "high_rd": st.booleans(),
    "is_rural": st.booleans(),
    "list_membership": st.lists(st.sampled_from(LISTS), unique=True).map(
        lambda codes: [{"list_code": code, "valid_from": date(2025, 1, 1)} for code in codes]
    ),
})  # fmt: skip


def given_rows(notes: list[dict[str, Any]], owners: list[dict[str, Any]]) -> dict[str, Any]:
    listed = [
        {**{k: v for k, v in note.items() if v is not None}, "contract_no": f"K{n}", "note_no": "1",
         "matures_on": date(2026, 6, 30)}
        for n, note in enumerate(notes)
    ]  # fmt: skip
    bought = [
        {"institution_id": one["institution_id"], "contract_no": one["contract_no"], "note_no": "1", "purchase_no": "1",
         "borrower_id": one["borrower_id"], "purchased_on": one["disbursed_on"], "ends_on": date(2026, 6, 30),
         "amount": 9_000, "rate": 3, "identified": True}
        for one in listed[::2]
    ]  # fmt: skip
    return {
        "loan": listed,
        "consumer_purchase": bought,
        "institution": [
            {"institution_id": one, "institution_type": kind, "is_local": one != "S", "supervisory_rating": "3A"}
            for one, kind in BANKS.items()
        ],
        "enterprise": [{"enterprise_id": f"F{n}", **owner} for n, owner in enumerate(owners, 1)],
    }


@settings(max_examples=share(5, 60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(loans, min_size=1, max_size=4),
    st.lists(firms, min_size=2, max_size=2),
    st.permutations([(name, one) for name, group in CLAIMED.items() for one in group]),
    st.booleans(),
)
def test_no_loan_is_funded_twice(
    notes: list[dict[str, Any]], owners: list[dict[str, Any]], order: list[tuple[str, str]], remembered: bool
) -> None:
    _, rows = build_rows(given_rows(notes, owners), DAY)
    connection = scratch()
    views, engine = RowViews(connection, rows), Engine.over(connection)
    taken: list[Taken] = []
    for name, instrument in order:
        drawn = draw_from(
            views, pack(name), instrument, "", *PERIOD, KNOWN, engine=engine, taken=taken if remembered else ()
        )
        taken += [Taken(*line.key[:3], instrument, line.item_no) for line in drawn.lines]
    tools, subsidies = Counter[Any](), Counter[Any]()
    for one in taken:
        (tools if one.instrument in CLAIMED[TOOLS] else subsidies)[one[:3]] += 1
    assert all(count == 1 for count in tools.values())
    assert all(count == 1 for count in subsidies.values())
