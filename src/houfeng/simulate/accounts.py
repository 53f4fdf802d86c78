"""The accounts of some firms at their main bank, month by month: what comes in, what goes out, to whom, what for.

A table of watched firms is drawn per chunk; `month_flows` reads one month of one bank from it. Sales follow the firm's
health; wages are paid late or not at all before a default; a firm whose trouble is diversion sends money to its people.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from houfeng.book.model import kind
from houfeng.simulate.firms import CAUSES, NEVER, Array, Firms
from houfeng.simulate.ground import columns as c
from houfeng.simulate.ground.banks import Banks
from houfeng.simulate.ground.identifiers import numbered
from houfeng.simulate.ground.months import HISTORY, Months


class Stream(NamedTuple):
    """One repeated kind of flow: how many a month, share of monthly revenue, direction, day, counterparty."""

    category: str
    times: int
    share: float
    incoming: bool
    day: int  # 0: any day
    counterparty: str
    summary: str


STREAMS = (
    Stream("trade", 4, 1.0, True, 0, "enterprise", "模拟：货款收入"),
    Stream("trade", 3, 0.62, False, 0, "enterprise", "模拟：支付货款"),
    Stream("payroll", 1, 0.14, False, 12, "person", "模拟：代发工资"),
    Stream("tax", 1, 0.04, False, 15, "government", "模拟：缴税"),
    Stream("social_insurance", 1, 0.03, False, 18, "government", "模拟：社保"),
    Stream("electricity", 1, 0.02, False, 20, "enterprise", "模拟：电费"),
    Stream("interest", 1, 0.01, False, 21, "other", "模拟：付息"),
    Stream("cash", 1, 0.02, False, 0, "cash", "模拟：提现"),
    Stream("transfer", 1, 0.0, False, 0, "person", "模拟：往来款"),
    Stream("loan_repayment", 1, 0.0, False, 0, "micro_lender", "模拟：还借款"),
)
PAYROLL, CASH, TRANSFER, REPAYMENT = (
    next(n for n, s in enumerate(STREAMS) if s.category == name)
    for name in ("payroll", "cash", "transfer", "loan_repayment")
)
_STREAM_OF = np.array([n for n, s in enumerate(STREAMS) for _ in range(s.times)])


def watched(firms: Firms, banks: Banks, share: float, rng: np.random.Generator) -> Any:
    """Borrowers whose accounts are seen: one row each with bank, size, fate and the path of their business."""
    at = np.flatnonzero(firms.borrows & (firms.kind < 2) & (rng.random(len(firms)) < share))
    steps = banks.weight.cumsum(axis=1)[firms.city[at]]
    bank = np.minimum((rng.random(len(at))[:, None] > steps).sum(axis=1), len(banks) - 1)
    near = at - at % 64 + (at * 5 + 11) % 64
    partner = np.where((near >= len(firms)) | (near == at), (at + 1) % len(firms), near)
    path = firms.health[at, HISTORY:].astype(np.float64)
    return pa.table({
        "bank": pa.array(bank.astype(np.int16)),
        "index": pa.array(firms.index[at]),
        "enterprise_id": firms.ids.take(pa.array(at)),
        "partner": firms.ids.take(pa.array(partner)),
        "monthly": pa.array(firms.revenue[at] / 12.0),
        "default": pa.array(firms.default[at]),
        "diverts": pa.array(firms.cause[at] == CAUSES.index("diversion")),
        "path": pa.FixedSizeListArray.from_arrays(pa.array(path.ravel()), path.shape[1]),
    })  # fmt: skip


def month_flows(seen: Any, bank_id: str, month: int, months: Months, rng: np.random.Generator) -> Any:
    """The account flows of the watched firms of one bank in one month, by firm and time."""
    firms = len(seen)
    path = (
        seen["path"].combine_chunks().flatten().to_numpy().reshape(firms, months.count)
        if firms
        else np.zeros((0, months.count))
    )
    level = path[:, month]
    amount = _amounts(seen, level, month, rng)
    firm, flow = np.nonzero(amount > 0)
    stream = _STREAM_OF[flow]
    when = _moments(stream, months, month, rng)
    order = np.lexsort((when, firm))
    firm, flow, stream, when = firm[order], flow[order], stream[order], when[order]
    fen = c.exact_fen(amount[firm, flow])
    incoming = np.array([s.incoming for s in STREAMS])[stream]
    opening = c.exact_fen(seen["monthly"].to_numpy() * (0.3 + 0.7 * level))
    ids, partner = seen["enterprise_id"].combine_chunks(), seen["partner"].combine_chunks()
    with_partner = np.isin(stream, [0, 1])
    names = [s.counterparty for s in STREAMS]
    columns = {
        "flow_no": numbered("SIMLS", (seen["index"].to_numpy()[firm] * 100 + flow) * 1000 + month + 500, 16),
        "institution_id": c.same(bank_id, len(firm)),
        "enterprise_id": ids.take(pa.array(firm)),
        "account_no": c.joined("SIMZH", ids.take(pa.array(firm))),
        "occurred_at": c.seconds(when),
        "direction": c.pick(["out", "in"], incoming.astype(np.int64)),
        "amount": c.money(fen),
        "balance_after": c.money(_balances(firm, np.where(incoming, fen, -fen), opening)),
        "counterparty_id": c.blanked(partner.take(pa.array(firm)), with_partner),
        "counterparty_kind": c.pick(names, stream),
        "category": c.pick([s.category for s in STREAMS], stream),
        "summary": c.pick([s.summary for s in STREAMS], stream),
    }
    return c.table(kind("account_flow"), columns, len(firm))


def _amounts(seen: Any, level: Array, month: int, rng: np.random.Generator) -> Array:
    """Yuan per firm and flow; zero where nothing moves."""
    firms = len(seen)
    monthly, default, diverts = seen["monthly"].to_numpy(), seen["default"].to_numpy(), seen["diverts"].to_numpy()
    share = np.array([STREAMS[s].share / STREAMS[s].times for s in _STREAM_OF])
    amount: Array = monthly[:, None] * share * level[:, None] * rng.lognormal(0.0, 0.25, (firms, len(share)))
    close = (default < NEVER) & (month >= default - 3)
    missed = close & (rng.random(firms) < 0.65)
    amount[missed, PAYROLL_AT] = 0.0
    amount[close, CASH_AT] *= 5.0
    diverting = (default < NEVER) & diverts & (month >= default - 5)
    amount[diverting, TRANSFER_AT] = monthly[diverting] * 0.3 * rng.lognormal(0.0, 0.3, int(diverting.sum()))
    borrowing = close & (rng.random(firms) < 0.5)
    amount[borrowing, REPAYMENT_AT] = monthly[borrowing] * 0.1
    return amount


PAYROLL_AT, CASH_AT, TRANSFER_AT, REPAYMENT_AT = (
    int(np.flatnonzero(stream == _STREAM_OF)[0]) for stream in (PAYROLL, CASH, TRANSFER, REPAYMENT)
)


def _moments(stream: Array, months: Months, month: int, rng: np.random.Generator) -> Array:
    """Seconds since 1970 in working hours: on the usual day of the stream, or any day."""
    first = c.day_number(months.first(month))
    length = c.day_number(months.end(month)) - first + 1
    usual = np.array([s.day for s in STREAMS])[stream]
    day = np.where(usual > 0, usual - 1 + rng.integers(0, 3, len(stream)), rng.integers(0, length, len(stream)))
    found: Array = (first + day) * 86_400 + rng.integers(8 * 3600, 18 * 3600, len(stream))
    return found


def _balances(firm: Array, signed: Array, opening: Array) -> Array:
    """Running balance per firm, never below zero: what is missing came from another account of the firm."""
    total = np.cumsum(signed)
    starts = np.searchsorted(firm, np.arange(len(opening)))
    before = np.concatenate([[0], total])[starts]
    running = opening[firm] + total - before[firm]
    found: Array = np.maximum(running, 0)
    return found
