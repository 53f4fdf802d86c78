"""What households bought with their consumer loans: the purchases a bank sees in the loan's account."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from houfeng.book.model import kind
from houfeng.simulate.firms import Array
from houfeng.simulate.ground import columns as c
from houfeng.simulate.ground.identifiers import numbered

FIELDS = ("daily", "home", "car", "electronics", "health", "culture_travel", "education", "care", "other")
MOST = 3  # purchases of one note
PARTS = 10


def purchases(notes: Any, number: Array, rate: Array) -> Any:
    """The purchases of `notes` just disbursed: each note's money in one to three parts, within a few days.

    One in ten keeps a part in cash, which no subsidy follows; one in fifteen is a card instalment. What a note buys
    follows from its `number` in the bank's list, so that it is told the same way each time.
    """
    parts = 1 + number % MOST
    at = np.repeat(np.arange(len(number)), parts)
    part = np.arange(len(at)) - np.repeat(np.cumsum(parts) - parts, parts)
    own = number[at] * MOST + part
    whole = pc.cast(pc.multiply(notes["principal"], pa.scalar(100, pa.decimal128(3, 0))), pa.int64())
    principal = np.asarray(whole.to_numpy(), dtype=np.int64)[at]
    taken = notes.take(pa.array(at))
    bought = taken["disbursed_on"].combine_chunks().cast(pa.int32()).to_numpy() + part * 3
    ends = taken["matures_on"].combine_chunks().cast(pa.int32()).to_numpy()
    columns = {name: taken[name] for name in ("institution_id", "contract_no", "note_no", "borrower_id")} | {
        "purchase_no": c.joined(taken["note_no"].combine_chunks(), numbered("-", part + 1, 2)),
        "purchased_on": c.days(np.minimum(bought, ends)),
        "amount": c.money(principal // parts[at]),
        "field": c.pick(FIELDS, own * 7 % len(FIELDS)),
        "rate": c.rate(rate[at]),
        "ends_on": c.days(ends),
        "is_card_instalment": c.flags(own % 15 == 4),
        "identified": c.flags(own % PARTS != 9),
    }
    return c.table(kind("consumer_purchase"), columns, len(at))
