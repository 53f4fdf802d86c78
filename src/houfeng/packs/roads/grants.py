"""Grants as items and as one wide statement: for each row, whether it is eligible and which conditions say so.

A condition is met, failed or unknown; what is missing is never taken for a no. The statement has three columns for each
grant: eligible (true, false, or null: not known yet), and two masks with a bit for each condition in the order written.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from houfeng.packs.grants import Condition, Grant
from houfeng.packs.language.expression import Node, Reference
from houfeng.packs.language.functions import T
from houfeng.packs.model import Definition, Form, Pack
from houfeng.packs.roads.compile import Compiler
from houfeng.packs.roads.evaluate import Evaluator
from houfeng.packs.roads.sql import name
from houfeng.packs.roads.words import FAILED, UNKNOWN, Words, told
from houfeng.packs.roads.world import World

__all__ = ["FAILED", "UNKNOWN", "Judging", "certain", "condition_item", "conditions_of", "constant", "grant_items",
           "grants_of", "judging"]  # fmt: skip

_COUNTS = ("count", "distinct")


@dataclass(frozen=True)
class Judging:
    """A compiled statement over one kind. For each of `grants`: a column of its name, and its two masks; or, where it
    was `packed`, the columns of `words` for all of them.

    `columns` are further columns, computed by expressions that were asked for.
    """

    sql: str
    kind: str
    keys: tuple[str, ...]
    grants: tuple[str, ...]
    columns: tuple[str, ...]
    words: Words


def grants_of(pack: Pack) -> dict[str, Grant]:
    """Every instrument, entitlement and product by name."""
    return {**pack.instruments, **pack.entitlements, **pack.products}


def condition_item(grant: str, condition: str) -> str:
    """The name of the item that a condition is."""
    return f"{grant}:{condition}"


def grant_items(pack: Pack, grants: Iterable[Grant]) -> Pack:
    """`pack` with an item for each of `grants` (true, false or unknown) and for each of their conditions."""
    items = dict(pack.items)
    for grant in grants:
        parts = []
        for one in grant.conditions:
            item = condition_item(grant.name, one.name)
            items[(grant.over, item)] = Definition(
                item, Form.DERIVED, grant.over, T.BOOLEAN, 0, one.label, one.where, grant.pack, node=one.when,
                reference=one.reference,
            )  # fmt: skip
            parts.append(Node("item", (), T.BOOLEAN, one.name, Reference((), grant.over, item)))
        text = " and ".join(part.text for part in parts)
        items[(grant.over, grant.name)] = Definition(
            grant.name, Form.DERIVED, grant.over, T.BOOLEAN, 0, grant.label, grant.where, grant.pack,
            node=Node("and", tuple(parts), T.BOOLEAN, text), reference=getattr(grant, "document", ""),
        )  # fmt: skip
    return dataclasses.replace(pack, items=items)


def conditions_of(grants: Iterable[Grant]) -> dict[str, Condition]:
    """The conditions of `grants` by the names of their items."""
    return {condition_item(grant.name, one.name): one for grant in grants for one in grant.conditions}


def judging(
    compiler: Compiler,
    kind: str,
    grants: Sequence[Grant],
    *,
    fields: Iterable[str] = (),
    columns: Mapping[str, Node] | None = None,
    where: str = "",
    exact: bool = False,
    masks: bool = True,
    packed: bool = False,
) -> Judging:
    """One statement over `kind` that judges `grants`: the key, `fields` (dotted paths allowed), `columns`, the answers.

    A condition that several grants share is computed once. `where` is SQL over the statement's own columns. `packed`
    gives the words (`houfeng.packs.roads.words`) in place of the answers and masks.
    """
    columns, items, written = columns or {}, dict(compiler.pack.items), dict[Node, str]()
    for node in (*(one.when for grant in grants for one in grant.conditions), *columns.values()):
        if node not in written:
            written[node] = f"judged:{len(written)}"
            items[(kind, written[node])] = Definition(
                written[node],
                Form.DERIVED,
                kind,
                node.type,
                node.scale,
                grants[0].label,
                grants[0].where,
                "",
                node=node,
            )
    hidden = dataclasses.replace(compiler, pack=dataclasses.replace(compiler.pack, items=items))
    fields = tuple(fields)
    statement = hidden.statement(kind, list(written.values()), fields=fields, exact=exact, bits=False)
    kept = [name(one) for one in dict.fromkeys((*statement.keys, *fields))]
    shown = [*kept, *(f"{name(written[node])} AS {name(column)}" for column, node in columns.items())]
    origin = [name("_submission"), name("_row")]
    nodes = dict.fromkeys(one.when for grant in grants for one in grant.conditions)
    uncertain = [node for node in nodes if not certain(compiler.pack, node)]
    words = Words.of(grants, uncertain)
    if masks or packed:
        sql = f"SELECT {', '.join([*shown, *words.sql(written, uncertain), *origin])} FROM ({statement.sql})"
        if not packed:
            sql = f"SELECT {', '.join([*kept, *map(name, columns), *told(words, grants), *origin])} FROM ({sql})"
    else:
        answers = [_answer(grant, written) for grant in grants]
        sql = f"SELECT {', '.join([*shown, *answers, *origin])} FROM ({statement.sql})"
    sql += f" WHERE {where}" if where else ""
    return Judging(sql, kind, statement.keys, tuple(grant.name for grant in grants), tuple(columns), words)


def _answer(grant: Grant, written: Mapping[Node, str]) -> str:
    """The answer by its conditions, where nobody asks for the reasons."""
    return f"({' AND '.join(name(written[one.when]) for one in grant.conditions) or 'TRUE'}) AS {name(grant.name)}"


def certain(pack: Pack, node: Node) -> bool:
    """Whether an expression always has a value, so that nobody need be asked for a missing fact."""
    if node.op == "literal":
        return node.value is not None
    if node.op == "is_null":
        return True
    if node.op == "call:coalesce":
        return any(certain(pack, arg) for arg in node.args)
    if node.op in ("and", "or", "not", "=", "<>", "<", "<=", ">", ">="):
        return all(certain(pack, arg) for arg in node.args)
    if node.op != "item" or node.value.path:
        return False
    item = pack.items[(node.value.kind, node.value.name)]
    return item.form is Form.THEME or (item.measure is not None and item.measure.function in _COUNTS)


def constant(pack: Pack, node: Node | None, day: date, known: date) -> Any:
    """The value of an expression that names parameters only, for `day` as known on `known`; of nothing, nothing."""
    return Evaluator(pack, World(day, known)).node(node, {}, "loan").value if node is not None else None
