"""Small kinds, drafts and clocks for the tests of the store."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa

from houfeng.book.connection import connect
from houfeng.book.draft import QUARANTINE, Draft, row_schema
from houfeng.book.model import Kind, kind_from
from houfeng.book.snapshot import Snapshot

START = datetime(2026, 1, 14, 9, 0)
JANUARY = date(2026, 1, 31)


def _field(type_: str) -> dict[str, Any]:
    return {"type": type_, "label": {"zh": type_, "en": type_}}


BALANCE = kind_from(
    {
        "kind": "balance",
        "label": {"zh": "余额", "en": "Balance"},
        "time": "period",
        "key": ["bank", "note"],
        "reporter_field": "bank",
        "fields": {
            "bank": _field("id"),
            "note": _field("id"),
            "period": _field("date"),
            "balance": _field("money"),
        },
    }
)
MEMBER = kind_from(
    {
        "kind": "member",
        "label": {"zh": "成员", "en": "Member"},
        "time": "validity",
        "key": ["member"],
        "fields": {
            "member": _field("id"),
            "label": _field("text"),
            "valid_from": _field("date"),
            "valid_to": _field("date"),
        },
    }
)
FLOW = kind_from(
    {
        "kind": "flow",
        "label": {"zh": "流水", "en": "Flow"},
        "time": "event",
        "time_field": "occurred_at",
        "key": ["flow_no", "branch"],
        "fields": {
            "flow_no": _field("id"),
            "branch": _field("id"),
            "occurred_at": _field("datetime"),
            "amount": _field("money"),
        },
    }
)
KINDS: Mapping[str, Kind] = {kind.name: kind for kind in (BALANCE, MEMBER, FLOW)}


class Ticking:
    """A clock that a test moves by hand."""

    def __init__(self, moment: datetime = START) -> None:
        self.moment = moment

    def __call__(self) -> datetime:
        return self.moment

    def later(self, **step: float) -> datetime:
        """Move on by a `timedelta` and give the new moment."""
        self.moment += timedelta(**step)
        return self.moment


def draft(
    kind: Kind,
    rows: Sequence[Mapping[str, Any]],
    *,
    reporter: str = "bank-a",
    period: date | None = None,
    bad: int = 0,
    content: str = "",
    **stated: Any,
) -> Draft:
    """A draft of `rows` (missing fields are empty); its hash is that of the rows unless `content` is given."""
    table = pa.Table.from_pylist([{**row, "_row": n + 1} for n, row in enumerate(rows)], schema=row_schema(kind))
    quarantine = pa.Table.from_pylist(
        [{"row": 1000 + n, "sheet": "", "raw": "{}", "problems": "[]"} for n in range(bad)], schema=QUARANTINE
    )
    digest = hashlib.sha256((content or repr(rows)).encode()).hexdigest()
    return Draft(kind.name, reporter, period, table, quarantine, "sample.csv", "", digest, **stated)


def balances(amounts: Mapping[str, str], *, bank: str = "bank-a", period: date = JANUARY, **more: Any) -> Draft:
    """A draft of balances by note."""
    rows = [{"bank": bank, "note": n, "period": period, "balance": Decimal(a)} for n, a in amounts.items()]
    return draft(BALANCE, rows, reporter=bank, period=period, **more)


def flows(amounts: Mapping[str, str], *, day: datetime = START, **more: Any) -> Draft:
    """A draft of flows by number."""
    rows = [{"flow_no": n, "occurred_at": day, "amount": Decimal(a)} for n, a in amounts.items()]
    return draft(FLOW, rows, **more)


def members(labels: Mapping[str, str], *, day: date = JANUARY, reporter: str = "office", **more: Any) -> Draft:
    """A draft of a list as of `day`."""
    return draft(MEMBER, [{"member": m, "label": t} for m, t in labels.items()], reporter=reporter, period=day, **more)


def ask(sql: str) -> list[tuple[Any, ...]]:
    """The rows that `sql` gives."""
    with connect() as connection:
        return connection.execute(sql).fetchall()


def shown(snapshot: Snapshot, kind: str, *columns: str, **how: Any) -> list[tuple[Any, ...]]:
    """`columns` of the rows of `kind` in force, in order."""
    named = ", ".join(columns)
    return ask(f"SELECT {named} FROM ({snapshot.select(kind, **how)}) ORDER BY ALL")


def numbered(prefix: str = "call") -> Callable[[], str]:
    """An id source that counts."""
    count = iter(range(10**9))
    return lambda: f"{prefix}{next(count):06}"


PER_CALL = 50
"""Rows of each kind in one call of `both`."""


def both(call: int, *, reporter: str = "bank-a") -> list[Draft]:
    """A call with two kinds and some bad rows, different for every number `call`."""
    day = date(2000, 1, 1) + timedelta(days=call)
    notes = {f"n{n}": f"{n + 1}.01" for n in range(PER_CALL)}
    numbers = {f"{reporter}-{call}-{n}": f"{n + 1}.01" for n in range(PER_CALL)}
    return [balances(notes, bank=reporter, period=day, bad=2), flows(numbers, reporter=reporter, bad=1)]
