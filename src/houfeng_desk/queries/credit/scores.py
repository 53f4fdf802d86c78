"""The score of one firm with its reasons, as of a day and as known at a moment; what a firm's page can show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from houfeng.book.model import SQL, Type, kinds
from houfeng.credit.models.model import Model
from houfeng.credit.models.reasons import Reason, reasons
from houfeng.packs.loading.load import load_pack
from houfeng.packs.roads.compile import Compiler
from houfeng.packs.roads.sql import literal, name
from houfeng_desk.desk import Desk
from houfeng_desk.queries.credit.models import scoring
from houfeng_desk.queries.enterprise.firm import Firm, firm_of
from houfeng_desk.queries.enterprise.identity import register_row
from houfeng_desk.reader import Reader

KIND = "enterprise"


@dataclass(frozen=True)
class FirmScore:
    """A firm's score by the card of a model, its chance of default, and every reason, most points lost first."""

    firm: Firm
    model: Model
    score: int
    pd: float
    base: int
    reasons: tuple[Reason, ...]


def score_of(desk: Desk, reader: Reader, enterprise_id: str, model: Model | None = None) -> FirmScore | None:
    """The score of a firm, or nothing where no model scores firms.

    Raises:
        NotFoundError: there is no such firm, or none in the viewer's scope.
    """
    firm = firm_of(reader, enterprise_id)
    register_row(
        reader, firm
    )  # a firm outside the scope has no rows, and so a score of nothing: that is not to be told
    model = model or scoring(desk)
    if model is None:
        return None
    found: FirmScore = firm.once(("credit.score", model.digest), lambda: _scored(firm, reader, model))
    return found


def _scored(firm: Firm, reader: Reader, model: Model) -> FirmScore:
    values = values_of(firm, reader, model)
    row = pa.table({key: pa.array([value], _type(value)) for key, value in values.items()})
    score = model.card.score(row)
    told = tuple(reasons(model.card, values))
    return FirmScore(firm, model, int(score[0]), float(model.card.pd(score)[0]), model.card.base, told)


def values_of(firm: Firm, reader: Reader, model: Model) -> dict[str, Any]:
    """The fields of the card for one firm: numbers as doubles, codes as texts, unknown ones nothing."""
    pack = load_pack(model.about["pack"])
    fields = model.card.characteristics
    items = [one.value for one in fields if (KIND, one.value) in pack.items]
    plain = [one.value for one in fields if one.value not in items]
    where = f"{name(kinds()[KIND].key[0])} = {literal(firm.id)}"
    compiler = Compiler(pack, firm, reader.as_of, reader.known_at.date())
    statement = compiler.statement(KIND, items, fields=plain, where=where, bits=False)
    shown = [
        f"CAST({name(one.value)} AS {'DOUBLE' if one.kind == 'numeric' else SQL[Type.TEXT]}) AS {name(one.name)}"
        for one in fields
    ]
    rows = firm.rows(f"SELECT {', '.join(shown)} FROM ({statement.sql})") if shown else []
    return rows[0] if rows else {one.name: None for one in fields}


def _type(value: Any) -> pa.DataType:
    return pa.string() if isinstance(value, str) else pa.float64()
