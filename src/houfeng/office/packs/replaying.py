"""Two versions of warning rules on the same history: alerts gained and lost, earlier and later, higher and lower."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import pyarrow.parquet as pq

from houfeng.book.connection import connect
from houfeng.book.model import kinds
from houfeng.book.snapshot import Snapshot
from houfeng.engine.faults import telling
from houfeng.errors import Text
from houfeng.office.packs.altering import touched_rules
from houfeng.office.scope import ScopedViews
from houfeng.packs.model import Pack
from houfeng.packs.roads.sql import name
from houfeng.watch.compare import page
from houfeng.watch.compare.matching import Comparison, by_month, match
from houfeng.watch.compare.notice import Notice, notices_of
from houfeng.watch.compare.page import Version
from houfeng.watch.replay import Replay

ALERTS = "alerts.parquet"
LANGS = ("zh", "en")
Progress = Callable[[int, int, Text], None]

_SCHEMA = pa.schema(
    [
        ("change", pa.string()),
        ("alert_id", pa.string()),
        ("rule_id", pa.string()),
        ("rule", pa.string()),
        ("tier", pa.string()),
        ("kind", pa.string()),
        ("key", pa.string()),
        ("opened_at", pa.timestamp("s")),
        ("cleared_at", pa.timestamp("s")),
        ("reason_zh", pa.string()),
        ("reason_en", pa.string()),
    ]
)


@dataclass(frozen=True)
class Replayed:
    """The comparison, and the rules it was over; nothing where no rule may speak otherwise."""

    found: Comparison | None
    rules: tuple[str, ...]


def keys_in(views: ScopedViews, packs: Sequence[Pack], memory: str, threads: int | None) -> dict[str, set[str]] | None:
    """The keys of each watched kind that a scope may see; nothing where it sees all.

    A rule looks at all of its key's facts, as the watch does: a scope says whose alerts are told, not how they come.
    """
    if views.scope.everything:
        return None
    found = {}
    with telling(), connect(memory=memory, threads=threads) as connection:
        for kind in {rule.over for pack in packs for rule in pack.rules.values()}:
            key = kinds()[kind].key[0]
            rows = connection.execute(f"SELECT DISTINCT {name(key)} FROM ({views.select(kind, columns=[key])})")
            found[kind] = {str(row[0]) for row in rows.fetchall()}
    return found


def replay(
    views: ScopedViews,
    old: Pack,
    new: Pack,
    days: tuple[date, date],
    only: Sequence[str],
    progress: Progress,
    *,
    memory: str = "1GB",
    threads: int | None = None,
) -> Replayed:
    """Replay both versions over the days, for the rules that may speak otherwise (of those in `only`, if any)."""
    touched = [rule for rule in touched_rules(old, new) if not only or rule in only]
    if not touched:
        return Replayed(None, ())
    told: list[list[Notice]] = []
    whom = keys_in(views, (old, new), memory, threads)
    for number, (pack, label) in enumerate(
        ((old, Text("旧版", "the old version")), (new, Text("新版", "the new version")))
    ):
        progress(number, 2, Text(f"重放{label.zh}", f"replaying {label.en}"))
        own = [rule for rule in touched if rule in pack.rules]
        run = Replay(cast(Snapshot, views.snapshot), pack, *days, only=own, memory=memory, threads=threads, whom=whom)
        told.append(notices_of(run.alerts()) if own else [])
    progress(2, 2, Text("比较", "comparing"))
    return Replayed(match(told[0], told[1], *days), tuple(touched))


def tables(found: Comparison, sides: tuple[Version, Version], packs: Sequence[Pack]) -> dict[str, list[dict[str, Any]]]:
    """The small tables of a comparison in both languages, as `houfeng watch replay --against` writes them."""
    told = {}
    for lang in LANGS:
        labels = {rule.name: f"{rule.id} {rule.label.get(lang)}" for pack in packs for rule in pack.rules.values()}
        made = [
            page.summary(found, sides, lang),
            page.tiers(found, lang),
            page.rules(found, labels, lang),
            page.opened(page.say(lang, "按月", "per month"), by_month(found), lang),
        ]
        told[lang] = [{"name": one.name, "headers": list(one.headers), "rows": one.rows} for one in made]
    return told


def write_alerts(found: Comparison, folder: Path) -> None:
    """The alerts gained and lost, and those told otherwise, as `alerts.parquet`."""
    rows = [_row("gained", one) for one in found.gained] + [_row("lost", one) for one in found.lost]
    rows += [_row("changed", situation.new[0]) for situation in found.kept if not situation.unchanged]
    pq.write_table(pa.Table.from_pylist(rows, _SCHEMA), folder / ALERTS)


def _row(change: str, one: Notice) -> dict[str, Any]:
    return {
        "change": change,
        "alert_id": one.alert_id,
        "rule_id": one.rule_id,
        "rule": one.rule,
        "tier": one.tier,
        "kind": one.kind,
        "key": one.key,
        "opened_at": one.opened_at,
        "cleared_at": one.cleared_at,
        "reason_zh": one.reason.zh,
        "reason_en": one.reason.en,
    }
