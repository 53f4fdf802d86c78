"""The rows an alert rests on, as a table for people: what the viewer may see of them, with labels from the kinds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import pyarrow as pa

from houfeng.book.connection import connect
from houfeng.book.model import Kind, kinds
from houfeng.engine.faults import telling
from houfeng.errors import Text
from houfeng.office.access import Scope
from houfeng.office.scope import ScopedViews
from houfeng.packs.explanation import shown
from houfeng.packs.model import Pack
from houfeng.watch.alerts import Evidence
from houfeng_desk.desk import Desk
from houfeng_desk.lists import Column

EVIDENCE = (
    Column("item", Text("用于", "Used for"), sortable=False),
    Column("kind", Text("记录种类", "Kind"), sortable=False),
    Column("row_id", Text("记录", "Record"), "code", sortable=False),
    Column("facts", Text("内容", "What it says"), sortable=False),
    Column("submission", Text("报送", "Submission"), "code", sortable=False),
    Column("row", Text("行号", "Row"), "number", sortable=False),
)
ALERT = "alert"
"""The kind of evidence that is another alert: what a merging rule rests on."""


def seen_rows(desk: Desk, scope: Scope, rows: Sequence[Evidence]) -> list[Evidence]:
    """Those of `rows` that stand in the scope's view of the book."""
    if scope.everything:
        return list(rows)
    views = ScopedViews(desk.book.snapshot(), scope)
    places: dict[str, set[tuple[str, int]]] = defaultdict(set)
    for one in rows:
        if one.kind in kinds():
            places[one.kind].add((one.submission, one.row))
    allowed: set[tuple[str, str, int]] = set()
    with telling(), connect(memory=desk.settings.memory, threads=desk.settings.threads) as connection:
        for kind, own in places.items():
            table = {"s": pa.array([s for s, _ in own], pa.string()), "r": pa.array([r for _, r in own], pa.int64())}
            connection.register("_wanted", pa.table(table))
            sql = f"SELECT _submission, _row FROM ({views.select(kind)}) JOIN _wanted ON _submission = s AND _row = r"
            allowed |= {(kind, submission, row) for submission, row in connection.execute(sql).fetchall()}
    return [one for one in rows if one.kind == ALERT or (one.kind, one.submission, one.row) in allowed]


def evidence_rows(rows: Sequence[Evidence], pack: Pack | None, over: str) -> list[dict[str, Any]]:
    """The rows as a table: which indicator each is of, what it says, where it stands."""
    return [
        {
            "item": _item(one.item, pack, over),
            "kind": kinds()[one.kind].label if one.kind in kinds() else Text("预警", "Alert"),
            "row_id": one.row_id.replace("|", " / "),
            "facts": _facts(one),
            "submission": one.submission,
            "row": one.row or None,
            "href": f"/alerts/{one.row_id}" if one.kind == ALERT else "",
        }
        for one in rows
    ]


def _item(name: str, pack: Pack | None, over: str) -> Text:
    if pack is not None:
        item = pack.items.get((over, name))
        label = item.label if item is not None else pack.rules[name].label if name in pack.rules else None
        if label is not None:
            return label
    field = kinds()[over].fields.get(name) if over in kinds() else None
    return field.label if field is not None else Text(name, name)


def _facts(one: Evidence) -> Text:
    """What the row says, its fields by their labels."""
    kind = kinds().get(one.kind)
    return Text(*(sep.join(_fact(kind, name, value, n) for name, value in one.facts.items())
                  for n, sep in enumerate(("；", "; "))))  # fmt: skip


def _fact(kind: Kind | None, name: str, value: Any, lang: int) -> str:
    label = kind.fields[name].label[lang] if kind is not None and name in kind.fields else name
    told = str(value)[:19] if isinstance(value, date | datetime) else shown(value)
    return f"{label} {told}"
