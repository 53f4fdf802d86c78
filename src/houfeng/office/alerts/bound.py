"""What an alert's key is bound to in the book on the day it opened: whose it is, where, and how much is lent to it.

A key is an enterprise, a group, a guarantee circle, a segment of credit, a platform, an institution or a single event.
What is bound to nothing a viewer may see is not shown to them, so a key that is not found in the book is bound to
nothing. A group is where its head is registered, and without one (as a circle is) where all its members are: one
district, one city, or the province.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa

from houfeng.book.connection import connect
from houfeng.book.model import Kind, Time, kinds
from houfeng.book.snapshot import Snapshot
from houfeng.engine.faults import telling
from houfeng.packs.roads.measures import event_id_sql
from houfeng.packs.roads.sql import name
from houfeng.themes.dimensions import common_region

LOANS = "loan_balance"
MEMBERS = {"connected_group": ("group_member", "group_id"), "guarantee_circle": ("circle_member", "circle_id")}
"""The kinds of keys that are made of enterprises: the kind of their members, and the field that holds the key."""
HEADED = "connected_group"
SUMMED = {"credit_segment": "balance"}
"""The kinds of keys that say themselves how much is lent to them, and in which field."""
ENTERPRISES = ("enterprise_id", "borrower_id")
"""Fields that lead to an enterprise, the nearest first."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A key of a kind, on the day its alert opened."""

    kind: str
    key: str
    day: date


@dataclass(frozen=True, slots=True)
class Bound:
    """What a key is bound to. `exposure` is the balance of loans to it, or to a group's members, in yuan."""

    name: str = ""
    region: str | None = None
    institution: str | None = None
    enterprise: str | None = None
    exposure: Decimal | None = None


NOTHING = Bound()


def bind(snapshot: Snapshot, asked: Iterable[Asked], *, memory: str = "512MB") -> dict[Asked, Bound]:
    """What each of `asked` is bound to in `snapshot`.

    Days between two reports of balances see the same balances, so that they are looked up together.
    """
    reports = sorted({s.period for s in snapshot.submissions(LOANS) if s.period is not None})
    batches: dict[tuple[str, date], list[Asked]] = defaultdict(list)
    for one in dict.fromkeys(asked):
        place = bisect_right(reports, one.day)
        batches[(one.kind, reports[place - 1] if place else one.day)].append(one)
    found: dict[Asked, Bound] = {}
    with telling(), connect(memory=memory, threads=1) as connection:
        for (kind, day), own in batches.items():
            if kind in kinds():
                keys = _bound(connection, snapshot, kinds()[kind], day, max(one.day for one in own), own)
                found |= {one: keys.get(one.key, NOTHING) for one in own}
    return found


def _bound(
    connection: duckdb.DuckDBPyConnection, snapshot: Snapshot, kind: Kind, report: date, day: date, own: list[Asked]
) -> dict[str, Bound]:
    connection.register("_asked", pa.table({"key": pa.array(sorted({one.key for one in own}), pa.string())}))
    found = _own_fields(connection, snapshot, kind, day)
    firms = {key: one.enterprise for key, one in found.items() if one.enterprise}
    facts = _enterprises(connection, snapshot, day, set(firms.values()))
    for key, firm in firms.items():
        label, region = facts.get(firm, ("", None))
        found[key] = replace(found[key], name=found[key].name or label, region=found[key].region or region)
    made = kind.name in MEMBERS
    lent = _lent_to_members(connection, snapshot, kind.name, report, day) if made else {}
    for key, region in (_places(connection, snapshot, day, kind.name) if made else {}).items():
        found[key] = replace(found.get(key, NOTHING), region=region)
    if not made and firms:
        by_firm = _lent(connection, snapshot, report, set(firms.values()))
        lent = {key: by_firm.get(firm, Decimal(0)) for key, firm in firms.items()}
    return {key: replace(one, exposure=lent.get(key, one.exposure)) for key, one in found.items()}


def _own_fields(connection: duckdb.DuckDBPyConnection, snapshot: Snapshot, kind: Kind, day: date) -> dict[str, Bound]:
    """What the key's own record says: its name and region, whose it is, which institution it is or belongs to."""
    firm = next((field for field in ENTERPRISES if field in kind.fields), "")
    wanted = {
        "name": "name" if "name" in kind.fields else "",
        "region": "region" if "region" in kind.fields else "",
        "institution": "institution_id" if "institution_id" in kind.fields else "",
        "enterprise": firm,
        "exposure": SUMMED.get(kind.name, ""),
    }
    columns = ", ".join(f"{name(field) if field else 'NULL'} AS {called}" for called, field in wanted.items())
    key = event_id_sql(kind) if kind.time is Time.EVENT else f"CAST({name(kind.key[0])} AS VARCHAR)"
    rows = snapshot.select(kind.name, as_of=day)
    sql = f"SELECT {key} AS key, {columns} FROM ({rows}) WHERE {key} IN (SELECT key FROM _asked)"
    return {
        str(row["key"]): Bound(row["name"] or "", row["region"], row["institution"], row["enterprise"], row["exposure"])
        for row in _rows(connection, sql)
    }


def _enterprises(
    connection: duckdb.DuckDBPyConnection, snapshot: Snapshot, day: date, ids: set[str]
) -> dict[str, tuple[str, str | None]]:
    connection.register("_firms", pa.table({"id": pa.array(sorted(ids), pa.string())}))
    rows = snapshot.select("enterprise", as_of=day, columns=["enterprise_id", "name", "region"])
    sql = f"SELECT enterprise_id, name, region FROM ({rows}) WHERE enterprise_id IN (SELECT id FROM _firms)"
    return {row["enterprise_id"]: (row["name"] or "", row["region"]) for row in _rows(connection, sql)}


def _lent(connection: duckdb.DuckDBPyConnection, snapshot: Snapshot, report: date, ids: set[str]) -> dict[str, Decimal]:
    connection.register("_firms", pa.table({"id": pa.array(sorted(ids), pa.string())}))
    rows = snapshot.select(LOANS, as_of=report, columns=["borrower_id", "balance_cny"])
    sql = (
        f"SELECT borrower_id AS id, CAST(sum(balance_cny) AS DECIMAL(20,2)) AS lent FROM ({rows})"
        " WHERE borrower_id IN (SELECT id FROM _firms) GROUP BY 1"
    )
    return {row["id"]: row["lent"] for row in _rows(connection, sql) if row["lent"] is not None}


def _lent_to_members(
    connection: duckdb.DuckDBPyConnection, snapshot: Snapshot, kind: str, report: date, day: date
) -> dict[str, Decimal]:
    members = _members(snapshot, kind, day)
    rows = snapshot.select(LOANS, as_of=report, columns=["borrower_id", "balance_cny"])
    sql = (
        f"SELECT group_id AS id, CAST(sum(balance_cny) AS DECIMAL(20,2)) AS lent"
        f" FROM (SELECT DISTINCT group_id, enterprise_id FROM ({members}) WHERE group_id IN (SELECT key FROM _asked))"
        f" JOIN ({rows}) ON borrower_id = enterprise_id GROUP BY 1"
    )
    return {row["id"]: row["lent"] for row in _rows(connection, sql) if row["lent"] is not None}


def _members(snapshot: Snapshot, kind: str, day: date) -> str:
    """SQL (group_id, enterprise_id) of the members of a kind of keys."""
    members, key = MEMBERS[kind]
    rows = snapshot.select(members, as_of=day, columns=[key, "enterprise_id"])
    return f"SELECT {name(key)} AS group_id, enterprise_id FROM ({rows})"


def _places(connection: duckdb.DuckDBPyConnection, snapshot: Snapshot, day: date, kind: str = HEADED) -> dict[str, str]:
    """Where each group or circle is."""
    groups = "SELECT NULL AS group_id, NULL AS head_id WHERE false"
    if kind == HEADED:
        groups = snapshot.select(kind, as_of=day, columns=["group_id", "head_id"])
    members = _members(snapshot, kind, day)
    firms = snapshot.select("enterprise", as_of=day, columns=["enterprise_id", "region"])
    sql = (
        f"WITH firm AS ({firms}), own AS ("
        f" SELECT group_id, head_id AS firm_id, true AS head FROM ({groups})"
        f" UNION ALL SELECT group_id, enterprise_id, false FROM ({members}))"
        " SELECT group_id AS id, max(region) FILTER (head) AS head, list(DISTINCT region) AS members"
        " FROM own JOIN firm ON firm.enterprise_id = firm_id"
        " WHERE group_id IN (SELECT key FROM _asked) AND region IS NOT NULL GROUP BY 1"
    )
    places = {row["id"]: row["head"] or common_region(row["members"]) for row in _rows(connection, sql)}
    return {key: region for key, region in places.items() if region is not None}


def _rows(connection: duckdb.DuckDBPyConnection, sql: str) -> Iterable[Mapping[str, Any]]:
    cursor = connection.execute(sql)
    columns = [column[0] for column in cursor.description or ()]
    return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
