"""What a simulation left: the records and alerts that move, page by page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from houfeng.book.connection import quoted
from houfeng.engine.duckdb import Engine
from houfeng.errors import NotFoundError, Text
from houfeng.office.packs.replaying import ALERTS
from houfeng.office.packs.simulating import MOVERS
from houfeng_desk.lists import Choice, Column, Filter, Listing, ListRequest

MOVER_COLUMNS = (
    Column("key", Text("记录", "Record"), "code", href="record"),
    Column("borrower", Text("主体", "Whose"), href="firm"),
    Column("balance", Text("余额", "Balance"), "money"),
    Column("gained", Text("新增或改变", "Gained or changed"), sortable=False),
    Column("lost", Text("失去", "Lost"), sortable=False),
)
ALERT_COLUMNS = (
    Column("change", Text("变化", "Change")),
    Column("rule_id", Text("规则", "Rule"), href="rule_page", sub="rule"),
    Column("tier", Text("级别", "Tier"), "tier"),
    Column("key", Text("对象", "Key"), href="firm"),
    Column("opened_at", Text("开启", "Opened"), "moment"),
    Column("cleared_at", Text("解除", "Cleared"), "moment"),
    Column("reason", Text("理由", "Reason"), sortable=False),
)
CHANGES = {
    "gained": Text("新增", "gained"),
    "lost": Text("消失", "lost"),
    "changed": Text("有变化", "changed"),
}
ALERT_FILTERS = (Filter("change", Text("变化", "Change"), [Choice(name, text) for name, text in CHANGES.items()]),)


def movers(folder: Path, pack: str, labels: Mapping[str, Text], ask: ListRequest, lang: str) -> Listing:
    """The records whose answer changes under a version of `pack`; `labels` names the items."""
    path = _file(folder, pack, MOVERS)
    orders = {"key": "key", "borrower": "borrower", "balance": "balance"}
    with Engine() as engine:
        source = f"read_parquet('{quoted(str(path))}')"
        ((total,),) = engine.rows(f"SELECT count(*) FROM {source}")
        tail = ask.tail(orders, "balance DESC NULLS LAST, kind, key")
        found = engine.table(f"SELECT * FROM {source} {tail}").to_pylist()
    rows = []
    for row in found:
        told = {name: _labels(row[name], labels, lang) for name in ("gained", "lost")}
        firm = f"/enterprises/{row['borrower']}" if row["borrower"] else ""
        rows.append({**row, **told, "firm": firm, "record": _record(row)})
    return Listing(ask.columns, rows, total, ask)


def _labels(names: Iterable[str], labels: Mapping[str, Text], lang: str) -> str:
    return Text("、", ", ").get(lang).join(labels[one].get(lang) if one in labels else one for one in names)


def _record(row: Mapping[str, Any]) -> str:
    """The page of a note, for notes."""
    if row["kind"] != "loan_balance":
        return ""
    bank, contract, note = row["key"].split("/", 2)
    return f"/themes/loans/why?institution_id={bank}&contract_no={contract}&note_no={note}"


def alerts(folder: Path, pack: str, ask: ListRequest, lang: str) -> Listing:
    """The alerts that come, go or change under a version of `pack`."""
    path = _file(folder, pack, ALERTS)
    where = f" WHERE change = '{ask['change']}'" if ask["change"] in CHANGES else ""
    orders = {name: name for name in ("change", "rule_id", "key", "opened_at", "cleared_at")}
    orders["tier"] = "list_position(['blue', 'yellow', 'orange', 'red'], tier)"
    with Engine() as engine:
        source = f"(SELECT * FROM read_parquet('{quoted(str(path))}'){where})"
        ((total,),) = engine.rows(f"SELECT count(*) FROM {source}")
        found = engine.table(f"SELECT * FROM {source} {ask.tail(orders, 'opened_at DESC, rule_id, key')}").to_pylist()
    rows = [
        {
            **row,
            "change": CHANGES[row["change"]].get(lang),
            "reason": row[f"reason_{lang}"],
            "rule_page": f"/packs/{pack}/rule/{row['rule']}",
            "firm": f"/enterprises/{row['key']}" if row["kind"] == "enterprise" else "",
        }
        for row in found
    ]
    return Listing(ask.columns, rows, total, ask)


def _file(folder: Path, pack: str, name: str) -> Path:
    path = folder / pack / name
    if not path.is_file():
        raise NotFoundError(Text("没有这份结果", "there is no such result"))
    return path
