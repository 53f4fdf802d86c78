"""Random rows for a random pack, and what makes both from one seed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from houfeng.book.model import kinds
from houfeng.packs.language.binding import FIELD_TYPES
from houfeng.packs.language.functions import T
from packs.random_packs.packs import Packs
from packs.random_packs.vocabulary import AMOUNTS, DAYS, PATHS, WORDS, Row

HOURS = ((0, 0, 0), (23, 59, 59), (12, 0, 0), (17, 59, 59), (18, 0, 0), (23, 15, 0))
"""Times of an event: where a day ends, and where the day of business does."""


@dataclass
class Maker(Packs):
    """Makes one random pack, and rows for it, from one seed."""

    def rows(self, as_of: date) -> dict[str, list[Row]]:
        """A small book: enterprises that control each other, loans with balances, events around the day."""
        firms, banks = [f"E{n}" for n in range(4)], ["I0", "I1"]
        rows: dict[str, list[Row]] = {kind: [] for kind in PATHS}
        for firm in firms:
            rows["enterprise"].append(self.row("enterprise", as_of, enterprise_id=firm, controller_id=self.some(firms)))
            for status in self.rng.sample(("hnte", "srdi", "tech_sme"), self.rng.randint(0, 3)):
                rows["enterprise_status"].append(
                    self.row("enterprise_status", as_of, enterprise_id=firm, status=status)
                )
        for group in ("G0", "G1"):
            rows["connected_group"].append(self.row("connected_group", as_of, group_id=group, head_id=self.some(firms)))
            for firm in self.rng.sample(firms, self.rng.randint(0, 3)):
                rows["group_member"].append(self.row("group_member", as_of, group_id=group, enterprise_id=firm))
        for bank in banks:
            for firm in self.rng.sample(firms, 2):
                rows["credit_line"].append(self.row("credit_line", as_of, institution_id=bank, enterprise_id=firm))
        for number in range(4):
            key = {"institution_id": self.rng.choice(banks), "contract_no": "K1", "note_no": f"N{number}"}
            rows["loan"].append(self.row("loan", as_of, **key, borrower_id=self.some([*firms, "E9"])))
            rows["loan_balance"].append(self.row("loan_balance", as_of, **key, borrower_id=self.some(firms)))
            for flow in range(self.rng.randint(0, 2)):
                rows["loan_flow"].append(self.row("loan_flow", as_of, **key, flow_no=f"W{flow}", direction="1"))
        for number in range(self.rng.randint(0, 10)):
            pair = {"seller_id": self.rng.choice(firms), "buyer_id": self.rng.choice(firms)}
            rows["invoice"].append(self.row("invoice", as_of, **pair, invoice_code="", invoice_no=str(number)))
            firm = self.rng.choice(firms)
            rows["account_flow"].append(
                self.row("account_flow", as_of, flow_no=f"F{number}", institution_id="I0", enterprise_id=firm)
            )
            rows["public_record"].append(self.row("public_record", as_of, record_no=f"R{number}", enterprise_id=firm))
        return rows

    def some(self, values: list[str]) -> str | None:
        return self.rng.choice((*values, None))

    def row(self, kind_name: str, as_of: date, **fixed: Any) -> Row:
        """One row: fixed keys, the kind's own times around the day, everything else random or unknown."""
        kind = kinds()[kind_name]
        row: Row = dict(fixed)
        for name, declared in kind.fields.items():
            if name in row:
                continue
            if name == kind.time_field:
                row[name] = self._time(FIELD_TYPES[declared.type][0], as_of, kind.time.value)
            elif name == "valid_to":
                row[name] = self.rng.choice((None, None, as_of, as_of + timedelta(1)))
            else:
                row[name] = None if self.rng.random() < 0.1 else self._cell(declared.type.value, as_of)
        return row

    def _time(self, kind: T, as_of: date, time: str) -> Any:
        if time == "validity":
            return self.rng.choice((None, as_of, as_of - timedelta(3), as_of + timedelta(1)))
        if time == "period":
            return self.rng.choice((as_of, as_of, as_of, as_of - timedelta(31)))
        day = as_of - timedelta(self.rng.choice((0, 0, 0, 1, 1, 7, 89, 90, 91, 364, 365, 366, 400, 800, -1)))
        if kind is T.DATE:
            return day
        return datetime(day.year, day.month, day.day, *self.rng.choice(HOURS))

    def _cell(self, kind: str, as_of: date) -> Any:
        match kind:
            case "money" | "number":
                scale = Decimal("0.01") if kind == "money" else Decimal("0.00001")
                if self.rng.random() < 0.3:
                    return (Decimal(self.rng.randint(-(10**9), 10**9)) / 1000).quantize(scale)
                value = Decimal(self.rng.choice(AMOUNTS))
                return value.quantize(scale) if abs(value) < 10**14 or kind == "money" else Decimal(0)
            case "rate":
                return Decimal(self.rng.choice(("0", "3.45", "-0.5", "99999.99999", "4.35000", "100", "0.00001")))
            case "integer":
                return self.rng.choice((0, 1, 2, 30, 31, 90, -1, 1000, 2**31, 10**12))
            case "boolean":
                return self.rng.random() < 0.5
            case "date":
                return self.rng.choice((*DAYS, as_of, as_of - timedelta(30)))
            case "datetime":
                return datetime(2026, 1, 1, 12)
            case _:
                return self.rng.choice(WORDS)
