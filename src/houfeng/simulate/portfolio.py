"""What one bank reports about its loans at each month end, read off the lives `lending` drew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from houfeng.book.model import kind
from houfeng.simulate.firms import NEVER, Array
from houfeng.simulate.ground import columns as c
from houfeng.simulate.ground.identifiers import numbered
from houfeng.simulate.ground.months import Months
from houfeng.simulate.lending import MODES
from houfeng.simulate.purchases import purchases

WRITE_OFF = 18  # months after the first missed payment at which a bank takes a note off its books
SHARED = ("institution_id", "contract_no", "note_no", "borrower_id", "currency")


@dataclass(frozen=True, slots=True)
class Portfolio:
    """The loans of one bank with their lives as arrays. Months count from the first reported one, money is fen."""

    loans: Any
    start: Array
    term: Array
    default: Array
    trouble: Array
    extended: Array
    day: Array
    principal: Array
    amortises: Array
    rate: Array
    firm: Array

    def active(self, month: int) -> Array:
        """Notes open at the end of the month: disbursed, and not yet due, or in default but not written off."""
        due = self.start + self.term + np.where(self.extended < self.start + self.term, 6, 0)
        bad = (self.default <= month) & (self.default < due)
        found: Array = (self.start <= month) & np.where(bad, month < self.default + WRITE_OFF, month < due)
        return found

    def balance(self, month: int) -> Array:
        """Fen outstanding at the end of the month for every note, zero where it is not open."""
        paid = np.clip(np.minimum(month, self.default - 1) - self.start, 0, self.term - 1)
        left = np.where(self.amortises, self.principal - self.principal // self.term * paid, self.principal)
        return np.where(self.active(month), left, 0)

    def overdue(self, month: int, months: Months) -> Array:
        """Days since the first missed payment, zero before it."""
        low = min(int(self.default.min(initial=0)), 0)
        starts = months.starts(low, months.count)
        missed = starts[np.clip(self.default, low, months.count - 1) - low] + self.day - 1
        return np.where(self.default <= month, np.maximum(c.day_number(months.end(month)) - missed, 1), 0)


def read_portfolio(loans: Any) -> Portfolio:
    """The arrays of a scratch table of `lending.make_loans`."""

    def column(name: str) -> Array:
        found: Array = loans[name].to_numpy()
        return found

    names = ("_start", "_term", "_default", "_trouble", "_extended", "_day", "_fen", "_amortises", "_rate", "_firm")
    values = [column(name) for name in names]
    visible = loans.select([name for name in loans.column_names if not name.startswith("_") or name in _NEEDED])
    return Portfolio(visible, *(v.astype(np.int64) if v.dtype.kind == "i" else v for v in values))


_NEEDED = ("_surety", "_surety_industry", "_surety_region", "_surety_size", "_value", "_limit")


def month_tables(book: Portfolio, month: int, months: Months) -> Iterator[tuple[str, Any]]:
    """(kind, table) for every part the bank sends about `month`."""
    now, before = book.balance(month), book.balance(month - 1)
    here = np.flatnonzero((now > 0) | (before > 0) | (book.start == month))
    notes = book.loans.take(pa.array(here))
    yield "loan", _as_known(book, notes, here, month)
    yield "loan_balance", _balances(book, month, months, now)
    yield "loan_flow", _flows(book, month, months, now, before)
    new = _consumer_notes(book, month)
    yield "consumer_purchase", purchases(book.loans.take(pa.array(new)), new, book.rate[new])
    yield "credit_line", _lines(book, month, months, now)
    if months.ends_quarter(month) or month in (0, months.count - 1):
        open_notes = np.flatnonzero(now > 0)
        yield "guarantee", _guarantees(book, open_notes)
        yield "collateral", _collaterals(book, open_notes, month)


def _consumer_notes(book: Portfolio, month: int) -> Array:
    """The consumer notes whose purchases are told this month: the new ones, and at first all that are open."""
    consumer = pc.equal(book.loans["borrower_class"], "consumer").to_numpy(zero_copy_only=False)
    told = book.start == month
    if month == 0:
        told = told | book.active(0)
    found: Array = np.flatnonzero(told & consumer)
    return found


def _as_known(book: Portfolio, notes: Any, here: Array, month: int) -> Any:
    """The contract facts as the bank knows them this month: nothing of extensions and write-offs to come."""
    known = {
        "is_written_off": c.flags(book.default[here] + WRITE_OFF <= month),
        "extended_to": c.blanked(notes["extended_to"].combine_chunks(), book.extended[here] <= month),
    }
    for name, column in known.items():
        notes = notes.set_column(notes.schema.get_field_index(name), name, column)
    return notes.select(kind("loan").schema().names)


def _balances(book: Portfolio, month: int, months: Months, now: Array) -> Any:
    here = np.flatnonzero(now > 0)
    notes = book.loans.select(SHARED).take(pa.array(here))
    late = book.overdue(month, months)[here]
    status = np.where(late > 0, 2, np.where(book.extended[here] <= month, 1, 0))
    columns = {name: notes[name] for name in SHARED} | {
        "period": c.days(np.full(len(here), c.day_number(months.end(month)))),
        "balance": c.money(now[here]),
        "balance_cny": c.money(now[here]),
        "rate": c.rate(book.rate[here]),
        "quality": c.pick([f"FQ0{n}" for n in range(1, 6)], _quality(book, here, late, month)),
        "loan_status": c.pick(["LS01", "LS02", "LS03"], status),
        "overdue_type": c.pick(["01", "02", "03"], np.where(late > 0, np.where(late > 60, 2, here % 2), -1)),
        "overdue_days": c.integers(late),
    }
    return c.table(kind("loan_balance"), columns, len(here))


def _quality(book: Portfolio, here: Array, late: Array, month: int) -> Array:
    """Class by days overdue; one note in nine is kept at special mention too long, and some worries show early."""
    found = np.searchsorted([0, 90, 270, 360], late, side="left")
    found = np.where((late > 90) & (late <= 270) & (here % 9 == 0), 1, found)
    worried = (book.default[here] - month <= 2) & (here % 3 == 0) | (book.extended[here] <= month)
    return np.where((late == 0) & worried, 1, found)


def _flows(book: Portfolio, month: int, months: Months, now: Array, before: Array) -> Any:
    """Disbursements of the month, and recoveries: what each balance fell by."""
    out = np.flatnonzero(book.start == month)
    back = np.flatnonzero((book.start != month) & (before > now))
    at = np.concatenate([out, back])
    amount = np.concatenate([book.principal[out], (before - now)[back]])
    notes = book.loans.take(pa.array(at))
    first = c.day_number(months.first(month))
    names = (*SHARED, "branch_no", "guarantee_mode", "is_first_loan", "use_industry", "product", "purpose")
    direction = np.concatenate([np.ones(len(out), dtype=np.int64), np.zeros(len(back), dtype=np.int64)])
    occurred = first + book.day[at] - 1
    columns = {name: notes[name] for name in names} | {
        "flow_no": c.joined(notes["note_no"].combine_chunks(), numbered("-", np.full(len(at), month), 3)),
        "direction": c.pick(["0", "1"], direction),
        "occurred_on": c.days(occurred),
        "ended_on": c.days(occurred, (direction == 0) & (now[at] == 0)),
        "amount": c.money(amount),
        "amount_cny": c.money(amount),
        "rate": c.rate(book.rate[at]),
        "loan_status": c.pick(["LS01", "LS03"], (book.default[at] <= month).astype(np.int64)),
    }
    return c.table(kind("loan_flow"), columns, len(at))


def _lines(book: Portfolio, month: int, months: Months, now: Array) -> Any:
    """One line per firm that owes: what it drew, with the room the bank leaves it."""
    here = np.flatnonzero((now > 0) & (book.firm >= 0))
    firms, first, group = np.unique(book.firm[here], return_index=True, return_inverse=True)
    used, drawn = np.zeros(len(firms), dtype=np.int64), np.zeros(len(firms), dtype=np.int64)
    np.add.at(used, group, now[here])
    np.add.at(drawn, group, book.principal[here])
    notes = book.loans.select(["institution_id", "borrower_id", "disbursed_on", "_limit"]).take(pa.array(here[first]))
    total = drawn // 100 * notes["_limit"].to_numpy()
    columns = {
        "institution_id": notes["institution_id"],
        "enterprise_id": notes["borrower_id"],
        "period": c.days(np.full(len(firms), c.day_number(months.end(month)))),
        "line_total": c.money(total),
        "line_used": c.money(used),
        "consumer_line": c.money(np.where(firms % 20 == 0, total // 10, 0)),
        "first_credit_on": notes["disbursed_on"],
        "internal_grade": c.pick(["AAA", "AA", "A", "BBB", "BB", "B"], firms % 6),
        "internal_grades": c.same("10", len(firms)),
        "is_related": c.flags(firms % 500 == 0),
    }
    return c.table(kind("credit_line"), columns, len(firms))


def _mode(book: Portfolio, here: Array) -> Array:
    found: Array = pc.index_in(book.loans["guarantee_mode"].take(pa.array(here)), pa.array(MODES)).to_numpy()
    return found


def _guarantees(book: Portfolio, here: Array) -> Any:
    """A surety for C and E; for A, B and E the pledge or mortgage the borrower gives itself."""
    mode = _mode(book, here)
    surety = here[np.isin(mode, [MODES.index(m) for m in ("C99", "C01", "E")])]
    asset = here[np.isin(mode, [MODES.index(m) for m in ("A", "B01", "B99", "E")])]
    at = np.concatenate([surety, asset])
    own = np.arange(len(at)) >= len(surety)
    pledge = own & (_mode(book, at) == MODES.index("A"))
    notes = book.loans.take(pa.array(at))
    ends = notes["matures_on"].combine_chunks().cast(pa.int32()).to_numpy() + 731
    given = pc.if_else(pa.array(own), notes["borrower_id"], notes["_surety"])
    columns = {
        "institution_id": notes["institution_id"],
        "guarantee_no": c.joined(
            c.pick(["SIMDBC-", "SIMDBB-"], own.astype(np.int64)), notes["note_no"].combine_chunks()
        ),
        "contract_no": notes["contract_no"],
        "guarantee_type": c.pick(["C", "B", "A"], own.astype(np.int64) + pledge),
        "guarantor_id": given,
        "guarantor_id_type": c.pick(["A01", "B99"], (own & (book.firm[at] < 0)).astype(np.int64)),
        "borrower_id": notes["borrower_id"],
        "amount": c.money(book.principal[at]),
        "amount_cny": c.money(book.principal[at]),
        "currency": notes["currency"],
        "pledge_rate": c.rate(book.principal[at] * 100 // (notes["_value"].to_numpy() // 100_000), own),
        "guarantor_industry": pc.if_else(pa.array(own), notes["borrower_industry"], notes["_surety_industry"]),
        "guarantor_region": pc.if_else(pa.array(own), notes["borrower_region"], notes["_surety_region"]),
        "guarantor_size": pc.if_else(pa.array(own), notes["borrower_size"], notes["_surety_size"]),
        "valid_from": notes["disbursed_on"],
        "valid_to": c.days(ends),
    }
    return c.table(kind("guarantee"), columns, len(at))


def _collaterals(book: Portfolio, here: Array, month: int) -> Any:
    """The assets behind A, B and E. One title in two hundred is given twice; those of defaulted firms get sealed."""
    at = here[np.isin(_mode(book, here), [MODES.index(m) for m in ("A", "B01", "B99", "E")])]
    mode, notes = _mode(book, at), book.loans.take(pa.array(at))
    since = month - book.default[at]
    fall = np.where(book.trouble[at] < NEVER, np.clip(month - book.trouble[at], 0, 10) * 3, 0)
    number = np.where(at % 200 == 1, at - 1, at)
    columns = {
        "institution_id": notes["institution_id"],
        "collateral_no": c.joined("SIMDBW-", notes["note_no"].combine_chunks()),
        "guarantee_no": c.joined("SIMDBB-", notes["note_no"].combine_chunks()),
        "contract_no": notes["contract_no"],
        "owner_id": notes["borrower_id"],
        "collateral_type": c.pick(["B01", "B99", "A01"], np.select([mode == 3, mode == 5], [0, 2], default=1)),
        "title_no": c.joined(notes["institution_id"].combine_chunks(), numbered("-SIMQZ", number, 9)),
        "is_first_lien": c.flags(at % 12 != 0),
        "appraised_value": c.money(notes["_value"].to_numpy() // 100 * (100 - fall)),
        "appraised_on": notes["disbursed_on"],
        "prior_claims": c.money(np.where(at % 12 == 0, notes["_value"].to_numpy() // 4, 0)),
        "state": c.pick(["normal", "sealed", "auctioned"], np.select([since >= 8, since >= 3], [2, 1], default=0)),
        "valid_from": notes["disbursed_on"],
    }
    return c.table(kind("collateral"), columns, len(at))
