"""Disbursements, tagged as loans are.

A theme is a statement about a loan note. To count the money lent in a month under each theme, the disbursements of the
month are put in the place of the balances: the same statement then finds the note's contract, borrower and credit line
and gives each disbursement its tags and counted amounts, also where the note was repaid before the month ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from houfeng.book.model import SQL, kinds
from houfeng.packs.roads.compile import Views
from houfeng.packs.roads.sql import literal, name
from houfeng.themes.shares import LOANS

DISBURSED = "1"
FROM_FLOW = {
    "institution_id": "institution_id",
    "contract_no": "contract_no",
    "note_no": "note_no",
    "borrower_id": "borrower_id",
    "currency": "currency",
    "balance": "amount",
    "balance_cny": "amount_cny",
    "rate": "rate",
}


class FlowViews:
    """The views of a snapshot, with the disbursements of `start` to `end` (both in) where balances would be."""

    def __init__(self, views: Views, start: date, end: date) -> None:
        self.views, self.start, self.end = views, start, end

    def select(
        self, kind: str, *, as_of: date | None = None, exact: bool = False, columns: Sequence[str] | None = None
    ) -> str:
        """As the snapshot's, but for the outermost loan balances."""
        if kind != LOANS or not exact:
            return self.views.select(kind, as_of=as_of, exact=exact, columns=columns)
        parts = []
        for field in kinds()[LOANS].fields.values():
            source = name(FROM_FLOW[field.name]) if field.name in FROM_FLOW else "NULL"
            source = literal(self.end) if field.name == "period" else source
            parts.append(f"CAST({source} AS {SQL[field.type]}) AS {name(field.name)}")
        wanted = [*FROM_FLOW.values(), "occurred_on", "direction"]
        rows = self.views.select("loan_flow", as_of=self.end, columns=wanted)
        month = f"occurred_on BETWEEN {literal(self.start)} AND {literal(self.end)}"
        return f"SELECT {', '.join(parts)}, _submission, _row FROM ({rows}) WHERE direction = '{DISBURSED}' AND {month}"
