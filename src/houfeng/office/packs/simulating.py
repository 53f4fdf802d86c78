"""Two versions of a pack on the same book: which records change their answer, whose they are, and how much it moves.

Both versions are computed by the same statement that counts and tags (`packs.roads.compile`), row by row, and compared
row by row: what is told is the exact difference, not an estimate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from houfeng.book.model import Time, kinds
from houfeng.engine.duckdb import Engine
from houfeng.errors import Text
from houfeng.office.packs.altering import touched_items
from houfeng.packs.language.functions import T
from houfeng.packs.model import Definition, Form, Pack
from houfeng.packs.roads.compile import Compiler, Views
from houfeng.packs.roads.sql import name
from houfeng.themes.shares import LOANS
from houfeng.themes.tagging import compile_tagging

SHOWN = (Form.THEME, Form.VALUE, Form.DERIVED, Form.TABLE)
"""Items that are compared; windows and snapshots are their inputs."""
MOVERS = "movers.parquet"


@dataclass(frozen=True, slots=True)
class Effect:
    """What a change does to one item: rows that gained and lost it (or whose value changed), amounts before and after.

    Amounts are those a theme of loans counts, in yuan; for other items there are none.
    """

    kind: str
    item: str
    label: Text
    headline: bool
    before: int
    after: int
    gained: int
    lost: int
    amount_before: Decimal | None
    amount_after: Decimal | None

    def plain(self) -> dict[str, Any]:
        """As JSON-able values; money as text."""
        return {
            "kind": self.kind,
            "item": self.item,
            "zh": self.label.zh,
            "en": self.label.en,
            "headline": self.headline,
            "before": self.before,
            "after": self.after,
            "gained": self.gained,
            "lost": self.lost,
            "amount_before": None if self.amount_before is None else str(self.amount_before),
            "amount_after": None if self.amount_after is None else str(self.amount_after),
        }


@dataclass(frozen=True, slots=True)
class Simulated:
    """All effects, and how many records, borrowers and how much balance they are about."""

    effects: tuple[Effect, ...]
    records: int
    borrowers: int
    balance: Decimal
    skipped: tuple[str, ...]


def simulate(
    views: Views, old: Pack, new: Pack, as_of: date, known: tuple[date, date], folder: Path, engine: Engine
) -> Simulated:
    """Compare `new` with `old` on the book `views` shows for `as_of`; `known` is the day each policy is known as of.

    The records that move are written to `movers.parquet` in `folder`: kind, key, name, borrower, balance, and the items
    gained, lost or changed.
    """
    touched = [item for item in touched_items(old, new) if item.form in SHOWN]
    effects: list[Effect] = []
    skipped: list[str] = []
    movers: list[str] = []
    for kind in dict.fromkeys(item.over for item in touched):
        items = [item for item in touched if item.over == kind and (kind, item.name) in old.items]
        if not items:
            continue
        side = _Side(views, old, new, as_of, known, kind, items)
        engine.keep("old_rows", side.sql(old, known[0]))
        engine.keep("new_rows", side.sql(new, known[1]))
        effects += side.effects(engine)
        engine.keep(f"movers_{len(movers)}", side.movers())
        movers.append(f"SELECT * FROM movers_{len(movers)}")
    skipped += [item.name for item in touched if (item.over, item.name) not in old.items]
    if not movers:
        return Simulated((), 0, 0, Decimal(0), tuple(skipped))
    engine.write(" UNION ALL ".join(movers), folder / MOVERS)
    ((records, borrowers, balance),) = engine.rows(
        f"SELECT count(*), count(DISTINCT borrower), coalesce(sum(balance), 0) FROM read_parquet('{folder / MOVERS}')"
    )
    shown = sorted(effects, key=lambda e: (not e.headline, -(e.gained + e.lost)))
    return Simulated(tuple(shown), records, borrowers, balance, tuple(skipped))


@dataclass(frozen=True)
class _Side:
    """The comparison over one kind."""

    views: Views
    old: Pack
    new: Pack
    as_of: date
    known: tuple[date, date]
    kind: str
    items: Sequence[Definition]

    def sql(self, pack: Pack, known: date) -> str:
        """SQL of the rows with each item, and for loans what each theme counts."""
        keys = self._keys
        if self.kind == LOANS:
            return self._loans(pack, known)
        statement = Compiler(pack, self.views, self.as_of, known).statement(
            self.kind, [item.name for item in self.items], fields=self._who, exact=self._exact, bits=False
        )
        columns = [f"{name(key)} AS k{n}" for n, key in enumerate(keys)]
        columns += [f"{name(item.name)} AS i{n}" for n, item in enumerate(self.items)]
        who = name(self._who[0]) if self._who else "NULL"
        return f"SELECT {', '.join(columns)}, {who} AS borrower, NULL::DECIMAL(20,2) AS balance FROM ({statement.sql})"

    def _loans(self, pack: Pack, known: date) -> str:
        """As `sql`; the amounts of themes are those the statistics count."""
        tagging = compile_tagging(
            self.views,
            pack,
            self.as_of,
            known,
            fields=[i.name for i in self.items if i.form is not Form.THEME],
            bits=False,
        )
        columns = [f"{name(key)} AS k{n}" for n, key in enumerate(self._keys)]
        for n, item in enumerate(self.items):
            columns.append(f"{name(item.name)} AS i{n}")
            if item.name in tagging.amounts:
                columns.append(f"{tagging.amounts[item.name]} AS a{n}")
        columns += ["borrower_id AS borrower", f"{tagging.plain} AS balance"]
        return f"SELECT {', '.join(columns)} FROM ({tagging.statement.sql})"

    def effects(self, engine: Engine) -> list[Effect]:
        """What each item's rows did, from the two tables."""
        columns = []
        for n, item in enumerate(self.items):
            if item.type is T.BOOLEAN:
                was, is_ = f"coalesce(o.i{n}, FALSE)", f"coalesce(n.i{n}, FALSE)"
                columns += [f"count(*) FILTER ({was})", f"count(*) FILTER ({is_})"]
                columns += [f"count(*) FILTER ({is_} AND NOT {was})", f"count(*) FILTER ({was} AND NOT {is_})"]
            else:
                differs = f"o.i{n} IS DISTINCT FROM n.i{n}"
                columns += [f"count(o.i{n})", f"count(n.i{n})", f"count(*) FILTER ({differs})", "0"]
            counted = self._counts(item)
            columns += (
                [f"coalesce(sum(o.a{n}) FILTER (o.i{n}), 0)", f"coalesce(sum(n.a{n}) FILTER (n.i{n}), 0)"]
                if counted
                else ["NULL", "NULL"]
            )
        ((*found,),) = engine.rows(f"SELECT {', '.join(columns)} FROM {self._joined}")
        effects = []
        for n, item in enumerate(self.items):
            before, after, gained, lost, was, now = found[6 * n : 6 * n + 6]
            if gained or lost or was != now:
                headline = item.form is Form.THEME and (not item.tag or item.tag == item.article)
                effects.append(
                    Effect(self.kind, item.name, item.label, headline, before, after, gained, lost, was, now)
                )
        return effects

    def movers(self) -> str:
        """SQL of the rows that changed in anything, with what they gained, lost or changed."""
        gained, lost = [], []
        for n, item in enumerate(self.items):
            label = f"'{item.name}'"
            if item.type is T.BOOLEAN:
                was, is_ = f"coalesce(o.i{n}, FALSE)", f"coalesce(n.i{n}, FALSE)"
                gained.append(f"CASE WHEN {is_} AND NOT {was} THEN {label} END")
                lost.append(f"CASE WHEN {was} AND NOT {is_} THEN {label} END")
            else:
                gained.append(f"CASE WHEN o.i{n} IS DISTINCT FROM n.i{n} THEN {label} END")
        differs = " OR ".join(
            f"o.i{n} IS DISTINCT FROM n.i{n}" + (f" OR o.a{n} IS DISTINCT FROM n.a{n}" if self._counts(item) else "")
            for n, item in enumerate(self.items)
        )
        key = " || '/' || ".join(f"coalesce(n.k{n}, o.k{n})::VARCHAR" for n, _ in enumerate(self._keys))
        return (
            f"SELECT '{self.kind}' AS kind, {key} AS key, coalesce(n.borrower, o.borrower)::VARCHAR AS borrower, "
            f"coalesce(n.balance, o.balance) AS balance, {_list(gained)} AS gained, {_list(lost)} AS lost "
            f"FROM {self._joined} WHERE {differs}"
        )

    @property
    def _joined(self) -> str:
        same = " AND ".join(f"o.k{n} IS NOT DISTINCT FROM n.k{n}" for n, _ in enumerate(self._keys))
        return f"old_rows AS o FULL JOIN new_rows AS n ON {same}"

    @property
    def _keys(self) -> tuple[str, ...]:
        return kinds()[self.kind].key

    @property
    def _exact(self) -> bool:
        return kinds()[self.kind].time is Time.PERIOD

    @property
    def _who(self) -> list[str]:
        """The field that says whose a record is."""
        fields = kinds()[self.kind].fields
        return [one for one in ("enterprise_id", "borrower_id", "institution_id") if one in fields][:1]

    def _counts(self, item: Definition) -> bool:
        return self.kind == LOANS and item.form is Form.THEME and item.pack == self.new.name


def _list(parts: Sequence[str]) -> str:
    """SQL of a list of the texts that are not empty."""
    return f"list_filter([{', '.join(parts)}], lambda x: x IS NOT NULL)" if parts else "CAST([] AS VARCHAR[])"
