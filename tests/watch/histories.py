"""Random histories of a small market: what was sent and when it was received, and the pack that watches it."""

from __future__ import annotations

import tempfile
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from operator import itemgetter
from pathlib import Path

from hypothesis import Phase
from hypothesis import strategies as st

from houfeng.packs.loading.load import load_pack
from houfeng.packs.model import Pack
from watch.replay_samples import Sent, write_pack

FIRST, LAST = date(2024, 12, 31), date(2025, 1, 8)
FIRMS = ("A", "B")
EVENT_DAYS = 9
PHASES = (Phase.explicit, Phase.generate)  # shrinking rebuilds a book each time and takes minutes

moments = st.builds(
    lambda day, second: datetime(2024, 12, 31) + timedelta(days=day, seconds=second),
    st.integers(0, EVENT_DAYS),
    st.sampled_from([0, 1, 3599, 3600, 6 * 3600, 12 * 3600, 12 * 3600, 86398, 86399]),
)
amounts = st.sampled_from(
    [Decimal("10.00"), Decimal("20.00"), Decimal("60.01"), Decimal("99.99"), Decimal("3000000000.00")]
)
flows = st.lists(
    st.fixed_dictionaries(
        {
            "enterprise_id": st.sampled_from([*FIRMS, "unknown"]),
            "occurred_at": moments,
            "direction": st.sampled_from(["in", "out"]),
            "amount": amounts,
            "counterparty_id": st.sampled_from(["X", "Y", "Z", None]),
            "balance_after": st.sampled_from([Decimal("5.00"), Decimal("70.00"), None]),
        }
    ),
    min_size=3,
    max_size=12,
)
records = st.lists(
    st.fixed_dictionaries(
        {
            "enterprise_id": st.sampled_from(FIRMS),
            "occurred_on": st.dates(date(2024, 12, 31), date(2025, 1, 8)),
            "record_type": st.sampled_from(["enforcement", "petition"]),
        }
    ),
    max_size=4,
)
loans = st.lists(
    st.fixed_dictionaries(
        {
            "borrower_id": st.sampled_from(FIRMS),
            "balance": st.sampled_from([Decimal("500.00"), Decimal("900.00")]),
            "overdue_days": st.sampled_from([0, 31, 91, None]),
            "quality": st.sampled_from(["FQ01", "FQ05", None]),
        }
    ),
    max_size=3,
)
statuses = st.lists(
    st.fixed_dictionaries(
        {
            "enterprise_id": st.sampled_from(FIRMS),
            "valid_from": st.sampled_from([None, date(2025, 1, 3), date(2025, 1, 6)]),
            "valid_to": st.sampled_from([None, date(2025, 1, 5), date(2025, 1, 7)]),
        }
    ),
    max_size=2,
    unique_by=lambda row: row["enterprise_id"],
)
member = st.fixed_dictionaries(
    {
        "group_id": st.sampled_from(["G", "G", "G", "H", "unknown"]),
        "enterprise_id": st.sampled_from([*FIRMS, *FIRMS, "outside"]),
        "valid_from": st.sampled_from([None, None, None, date(2025, 1, 2), date(2025, 1, 5)]),
        "valid_to": st.sampled_from([None, None, None, date(2025, 1, 4), date(2025, 1, 7)]),
    }
)
pair = itemgetter("group_id", "enterprise_id")
members = st.lists(member, max_size=3, unique_by=pair)
first_members = st.lists(member, min_size=2, max_size=4, unique_by=pair)
received = st.builds(
    lambda d, s: datetime(2025, 1, 1) + timedelta(days=d, seconds=s), st.integers(0, 7), st.sampled_from([0, 1, 40000])
)
periods = st.sampled_from([date(2024, 12, 31), date(2025, 1, 4)])
loans_or_none = st.one_of(loans.filter(bool), loans.filter(bool), st.just([]))
reports = st.lists(
    st.tuples(received, st.sampled_from(["P", "Q"]), periods, loans_or_none, statuses, members), max_size=4
)
sizes = st.sampled_from(["CS03", "CS04"])


def history(flow_rows: list, record_rows: list, report_rows: list, member_rows: list, size: str) -> list[Sent]:
    """What was sent, in order of receipt, with keys filled in."""
    start = datetime(2024, 12, 30)
    firms = [{"enterprise_id": firm, "name": firm, "size": size} for firm in FIRMS]
    groups = [{"group_id": "G", "name": "G"}, {"group_id": "H", "name": "H", "valid_from": date(2025, 1, 3)}]
    sent = [
        Sent("enterprise", "registry", date(2024, 12, 30), firms, start),
        Sent("connected_group", "registry", date(2024, 12, 30), groups, start + timedelta(microseconds=1)),
        Sent("group_member", "registry", date(2024, 12, 30), member_rows, start + timedelta(microseconds=2)),
    ]
    flow = [{"flow_no": f"{n:03}", "institution_id": "P", "account_no": "1", **row} for n, row in enumerate(flow_rows)]
    record = [{"record_no": f"{n:03}", **row} for n, row in enumerate(record_rows)]
    sent += [
        Sent("account_flow", "bank", None, flow, start + timedelta(seconds=1)),
        Sent("public_record", "court", None, record, start + timedelta(seconds=2)),
    ]
    for number, report in enumerate(sorted(report_rows, key=lambda r: r[0])):
        when, bank, period, loan_rows, status_rows, named_members = report
        when += timedelta(microseconds=number)
        rows = [
            {"institution_id": bank, "contract_no": str(n), "note_no": str(n), "period": period, **r}
            for n, r in enumerate(loan_rows)
        ]
        sent.append(Sent("loan_balance", bank, period, rows, when))
        named = [{"status": "hnte", **r} for r in status_rows]
        sent.append(Sent("enterprise_status", bank, period, named, when + timedelta(seconds=0, microseconds=100)))
        sent.append(Sent("group_member", bank, period, named_members, when + timedelta(seconds=0, microseconds=200)))
    return sorted(sent, key=lambda s: s.received)


@cache
def sample() -> Pack:
    """The sample pack; not a fixture, as Hypothesis would write it out in full for every example."""
    with tempfile.TemporaryDirectory() as folder:
        return load_pack(write_pack(Path(folder) / "sample"))
