"""What the products of a pack say of needs in the book: one statement over all needs and all products."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from houfeng.engine.duckdb import Engine
from houfeng.errors import Text
from houfeng.instruments.eligibility import FAILED, UNKNOWN, answer_of, judge, reasons
from houfeng.matching.recommend.asking import Asked, Need, Quote
from houfeng.packs.grants import Product
from houfeng.packs.language.expression import Node
from houfeng.packs.model import Pack
from houfeng.packs.roads.compile import Views
from houfeng.packs.roads.grants import constant

KIND = "need"
FIELDS = (
    "enterprise_id",
    "amount",
    "term_months",
    "use",
    "guarantee_offered",
    "deadline",
    "region",
    "state",
    "valid_from",
    "enterprise.size",
    "enterprise.region",
)
_TERMS = ("rate", "fee", "min_amount", "max_amount", "months", "own_rate")


def quoted(
    views: Views,
    pack: Pack,
    as_of: date,
    known_at: date | datetime,
    *,
    engine: Engine,
    need_no: str = "",
    state: str = "open",
    names: Iterable[str] | None = None,
) -> list[Asked]:
    """Every need in `state` (or the one of `need_no`) with the quotes of the products (all, or `names`).

    Needs without an amount or a term cannot be priced and are left out.
    """
    products = [one for name, one in pack.products.items() if names is None or name in set(names)]
    if not products:
        return []
    where = f"need_no = {_quoted(need_no)}" if need_no else f"state = {_quoted(state)}"
    where += " AND amount > 0 AND term_months > 0"
    table = judge(
        views,
        pack,
        [one.name for one in products],
        as_of,
        known_at,
        engine=engine,
        fields=FIELDS,
        columns=_columns(products),
        where=where,
    )
    assert not isinstance(table, int)
    known = known_at.date() if isinstance(known_at, datetime) else known_at
    fixed = {one.name: _whole(constant(pack, one.answer_days, as_of, known)) for one in products}
    tools = {one.terms.funded_by: _tool(pack, one.terms.funded_by, as_of, known) for one in products}
    rows = sorted(table.to_pylist(), key=lambda row: (row["valid_from"] or date.max, row["need_no"]))
    seen: dict[tuple[str, int, int], Any] = {}
    return [_asked(pack, products, row, fixed, tools, seen) for row in rows]


def capacities(pack: Pack, as_of: date, known: date) -> dict[str, Decimal | None]:
    """What each product still has to lend, in yuan; nothing where the pack does not say."""
    found = {name: constant(pack, one.capacity, as_of, known) for name, one in pack.products.items()}
    return {name: None if value is None else Decimal(value) for name, value in found.items()}


def _columns(products: list[Product]) -> dict[str, Node]:
    return {
        f"{one.name}${term}": node
        for one in products
        for term in _TERMS
        if (node := getattr(one.terms, term)) is not None
    }


def _asked(
    pack: Pack,
    products: list[Product],
    row: Mapping[str, Any],
    days: Mapping[str, int | None],
    tools: Mapping[str, _Tool],
    seen: dict[tuple[str, int, int], Any],
) -> Asked:
    guarantee, size = row["guarantee_offered"] or "", row["enterprise.size"] or ""
    need = Need(
        row["need_no"],
        row["enterprise_id"],
        Decimal(row["amount"]),
        int(row["term_months"]),
        row["use"] or "",
        guarantee,
        row["deadline"],
        row["region"] or row["enterprise.region"] or "",
        f"{size}/{guarantee[:1]}",
    )
    quotes = (_quote(pack, one, row, days[one.name], tools[one.terms.funded_by], seen) for one in products)
    return Asked(need, size, row["valid_from"], tuple(quotes))


class _Tool(NamedTuple):
    """The tool a product is funded by, and what percent of a loan's principal it lends."""

    label: Text
    share: Decimal


def _tool(pack: Pack, name: str, as_of: date, known: date) -> _Tool:
    """A share that depends on the loan is taken for the whole: more quota than needed, never less."""
    tool = pack.instruments.get(name)
    if tool is None or tool.funded_share is None:
        return _Tool(Text("", ""), Decimal(100))
    alone = not any(node.op in ("field", "item") for node in tool.funded_share.walk())
    return _Tool(tool.label, Decimal(constant(pack, tool.funded_share, as_of, known)) if alone else Decimal(100))


def _quote(
    pack: Pack,
    one: Product,
    row: Mapping[str, Any],
    days: int | None,
    tool: _Tool,
    seen: dict[tuple[str, int, int], Any],
) -> Quote:
    failed, unknown = int(row[one.name + FAILED]), int(row[one.name + UNKNOWN])
    key = (one.name, failed, unknown)
    if key not in seen:
        seen[key] = tuple(reasons(pack, one.name, failed, unknown))
    terms = {term: row.get(f"{one.name}${term}") for term in _TERMS}
    return Quote(
        one.name,
        one.label,
        one.bank,
        answer_of(failed, unknown),
        seen[key],
        _decimal(terms["rate"]),
        _decimal(terms["fee"]) or Decimal(0),
        _decimal(terms["min_amount"]),
        _decimal(terms["max_amount"]),
        _whole(terms["months"]),
        one.terms.guarantees,
        one.terms.funded_by,
        days,
        tool.label,
        tool.share,
        _decimal(terms["own_rate"]),
    )


def _decimal(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value)) if isinstance(value, float) else Decimal(value)


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
