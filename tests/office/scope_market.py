"""A simulated province with rows of every kind, to look at through scopes."""

from __future__ import annotations

import hashlib
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa

from houfeng.book.connection import connect
from houfeng.book.draft import QUARANTINE, Draft, row_schema
from houfeng.book.model import Time, kinds
from houfeng.book.snapshot import Snapshot
from houfeng.book.store import Book
from houfeng.clock import fixed_clock, parse_moment
from houfeng.simulate.loading import load_province
from houfeng.simulate.province import simulate

END = date(2025, 12, 31)
Row = dict[str, Any]


class Market(NamedTuple):
    """A simulated province, and all its rows as of the end."""

    snapshot: Snapshot
    rows: dict[str, list[Row]]
    asking: duckdb.DuckDBPyConnection


def make_market(folder: Path) -> Market:
    """A thousand firms, and a few rows of the kinds the simulation knows nothing of."""
    simulate(folder / "files", enterprises=1000, seed=7, months=2, end=END)
    book = Book.create(folder / "book", fixed_clock(parse_moment("2026-02-01")), synthetic=True)
    load_province(book, folder / "files")
    asking = connect()
    firms = in_order(asking, book, "enterprise")[::15]
    heads = [{"group_id": f"G{n}", "head_id": firm["enterprise_id"]} for n, firm in enumerate(firms[:20])]
    _submit(book, "connected_group", heads)
    members = [{"group_id": f"G{n % 20}", "enterprise_id": firm["enterprise_id"]} for n, firm in enumerate(firms)]
    _submit(book, "group_member", members)
    people = in_order(asking, book, "person")[::30]
    listed = [firm["enterprise_id"] for firm in firms] + [person["person_id"] for person in people]
    gone = {"transferred_on": date(2025, 6, 1), "asset_type": "vehicle", "transfer_type": "sale"}
    sold = [gone | {"transfer_no": f"T{n}", "enterprise_id": f["enterprise_id"]} for n, f in enumerate(firms)]
    _submit(book, "asset_transfer", sold)
    _submit(book, "list_membership", [{"list_code": "L1", "member_id": member} for member in listed])
    _submit(book, "programme_participation", [{"programme": "P", "enterprise_id": f["enterprise_id"]} for f in firms])
    pacts = [{"agreement_no": f"A{n // 2}", "party_id": firm["enterprise_id"]} for n, firm in enumerate(firms)]
    _submit(book, "concert_agreement", pacts)
    pairs = [(one["enterprise_id"], other["enterprise_id"]) for one, other in pairwise(firms)]
    seat = {"interest": "board_member", "reach": "direct"}
    _submit(book, "control_interest", [{"holder_id": who, "enterprise_id": firm, **seat} for who, firm in pairs])
    _penetrated(book, firms, people)
    snapshot = book.snapshot()
    return Market(snapshot, {kind: in_order(asking, book, kind) for kind in kinds()}, asking)


def _penetrated(book: Book, firms: list[Row], people: list[Row]) -> None:
    """What penetration keeps and needs: circles, controllers, exposures, findings, joint limits, records of persons."""
    named = [{"enterprise_id": firm["enterprise_id"]} for firm in firms]
    bank = {"institution_id": in_order(connect(), book, "institution")[0]["institution_id"]}
    circles = [firm | {"circle_id": f"C{n // 3}", "firms": 3} for n, firm in enumerate(named)]
    _submit(book, "guarantee_circle", [{"circle_id": one} for one in sorted({m["circle_id"] for m in circles})])
    _submit(book, "circle_member", circles)
    _submit(book, "ultimate_controller", [firm | {"controller_id": "P"} for firm in named])
    _submit(book, "group_exposure", [bank | {"group_id": f"G{n}", "period": END} for n in range(20)])
    _submit(book, "debtor_standing", [firm | bank | {"period": END} for firm in named])
    places = [{"segment_id": f"S{n}", "name": "S", "basis": "region", "region": n} for n in (410300, 410100, 410000)]
    _submit(book, "credit_segment", [one | {"region": str(one["region"])} for one in places])
    _submit(book, "penetration_finding", [f | {"finding": "round_trip", "subject": "X", "period": END} for f in named])
    limits = [{"agreement_no": f"J{n}", "group_id": f"G{n}", "limit_total": 1} for n in range(20)]
    _submit(
        book, "joint_credit", [*limits, *(f | {"agreement_no": f["enterprise_id"], "limit_total": 1} for f in named)]
    )
    records = [{"record_no": p["person_id"], "person_id": p["person_id"], "occurred_on": END} for p in people]
    _submit(book, "person_record", [one | {"record_type": "enforcement"} for one in records])


def in_order(asking: duckdb.DuckDBPyConnection, book: Book, kind: str) -> list[Row]:
    """The rows of a kind as of the end by key: DuckDB gives them in any order otherwise."""
    key = ", ".join(kinds()[kind].key)
    return rows_of(asking, f"SELECT * FROM ({book.snapshot().select(kind, as_of=END)}) ORDER BY {key}")


def _submit(book: Book, kind: str, rows: list[Row]) -> None:
    full = [{"valid_from": date(2025, 1, 1), "name": "G", "_row": n} | row for n, row in enumerate(rows, start=1)]
    table = pa.Table.from_pylist(full, schema=row_schema(kinds()[kind]))
    nothing = QUARANTINE.empty_table()
    period = None if kinds()[kind].time is Time.EVENT else END
    book.submit(
        [Draft(kind, "test", period, table, nothing, f"{kind}.csv", "", hashlib.sha256(kind.encode()).hexdigest())]
    )


def rows_of(asking: duckdb.DuckDBPyConnection, sql: str) -> list[Row]:
    """The answer to `sql`."""
    return asking.sql(sql).to_arrow_table().to_pylist()
