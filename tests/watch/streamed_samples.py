"""A small pack and a book whose events came by a stream, some of them too late."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa

from houfeng.book.model import kinds
from houfeng.book.store import Book
from houfeng.book.stream.appending import Streamed
from houfeng.clock import fixed_clock
from houfeng.packs.loading.load import load_pack
from houfeng.packs.model import Pack
from houfeng.packs.roads.measures import seconds
from houfeng.watch.journal.entries import batch_schema
from watch.replay_samples import submit

PACK = """
pack: flows
version: {version}
label: flows
indicators:
  out_2d: {{label: o, over: enterprise, from: account_flow, where: direction = 'out', measure: sum(amount), window: 2 days}}
  times_2d: {{label: n, over: enterprise, from: account_flow, measure: count(), window: 2 days}}
  group_out: {{label: g, over: connected_group, from: account_flow, through: group_member, measure: sum(amount), window: 2 days}}
rules:
  outflow: {{label: r, over: enterprise, group: a, tiers: {{yellow: out_2d > {limit}, red: out_2d > 500}}, clear_when: out_2d <= 50, reason: "{{out_2d}}"}}
  busy: {{label: r, over: enterprise, group: b, when: times_2d >= 3, tier: blue, reason: "{{times_2d}}"}}
  both: {{label: r, over: enterprise, merge: {{groups: 2}}, reason: "{{groups}}"}}
  group_flow: {{label: r, over: connected_group, when: group_out > 300, tier: blue, reason: "{{group_out}}"}}
  large: {{label: r, over: account_flow, when: amount >= 400, tier: yellow, reason: "{{amount}}"}}
{more}
"""  # noqa: E501
NOW = datetime(2025, 2, 1)


def pack(folder: Path, version: str = "1.0.0", limit: int = 100, more: str = "") -> Pack:
    """A version of the pack, written to `folder/<version>`."""
    home = folder / version
    home.mkdir(parents=True, exist_ok=True)
    (home / "pack.yaml").write_text(PACK.format(version=version, limit=limit, more=more), "utf-8")
    return load_pack(home)


def new_book(folder: Path) -> Book:
    """A book that knows the firms A and B, both of group G, since December."""
    book = Book.create(folder / "book", fixed_clock(NOW))
    firms = [{"enterprise_id": firm, "name": firm} for firm in "AB"]
    members = [{"group_id": "G", "enterprise_id": firm} for firm in "AB"]
    start = date(2024, 12, 1)
    submit(book, "enterprise", "registry", start, firms, datetime(2024, 12, 1, 1))
    submit(book, "connected_group", "registry", start, [{"group_id": "G", "name": "G"}], datetime(2024, 12, 1, 2))
    submit(book, "group_member", "registry", start, members, datetime(2024, 12, 1, 3))
    return book


def flow(number: int, firm: str, at: datetime, amount: int, direction: str = "out") -> dict[str, Any]:
    """An event of account flow; its number is its place in the source."""
    fixed = {"institution_id": "P", "account_no": "1", "enterprise_id": firm, "direction": direction}
    return {"flow_no": f"{number:03}", "occurred_at": at, "amount": Decimal(amount), **fixed}


def batch(rows: Sequence[dict[str, Any]], late: bool = False) -> pa.Table:
    """Events as admission gives them."""
    kind = kinds()["account_flow"]
    told = [{**row, "_offset": int(row["flow_no"]), "_t": seconds(row["occurred_at"]), "_late": late} for row in rows]
    return pa.Table.from_pylist(told, batch_schema(kind))


def stream(book: Book, rows: Sequence[dict[str, Any]], late: Sequence[dict[str, Any]] = ()) -> None:
    """Put events into the book as a stream's, one log entry each; the late ones last."""
    first = book.streamed_upto()
    batches = [batch([row]) for row in rows] + [batch([row], late=True) for row in late]
    entries = [Streamed(first + n, "bank", "account_flow", table) for n, table in enumerate(batches, 1)]
    book.append_stream(entries, first + len(entries))
