"""The composite risk index of a firm and what each category contributes to it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import localcontext
from functools import cached_property
from typing import Any

from houfeng.errors import InputError
from houfeng.packs.contribution import Composition, composition
from houfeng.packs.explain import Explainer, Explanation
from houfeng.packs.model import TIERS, Pack
from houfeng.packs.roads.evaluate import EXACT, Evaluator
from houfeng.packs.roads.reach import explained
from houfeng_desk.queries.enterprise.firm import Firm
from houfeng_desk.reader import Reader

KIND, INDEX, RULE = "enterprise", "risk_index", "composite"


@dataclass(frozen=True)
class Risk:
    """The index, and the tier its rule gives it now."""

    value: Any
    tier: str
    explanation: Explanation

    @cached_property
    def made_of(self) -> Composition | None:
        """The terms of the index; worked out when they are looked at."""
        return composition(self.explanation.traces[0])


def risk(reader: Reader, firm: Firm, pack: Pack) -> Risk | None:
    """The firm's index on the day looked at; nothing where the pack has none or the register no such firm then."""
    if (KIND, INDEX) not in pack.items:
        return None
    return firm.once(("risk", pack.digest, reader.as_of), lambda: _risk(reader, firm, pack))


def _risk(reader: Reader, firm: Firm, pack: Pack) -> Risk | None:
    found = _explanation(reader, firm, pack)
    if found is None:
        return None
    index, *tiers = found.traces
    held = [tier for tier, trace in zip(pack.rules[RULE].tiers, tiers, strict=True) if trace.value is True]
    return Risk(index.value, max(held, key=TIERS.index, default=""), found)


def _explanation(reader: Reader, firm: Firm, pack: Pack) -> Explanation | None:
    day, whole = reader.as_of, explained(pack)
    tiers = pack.rules[RULE].tiers if RULE in pack.rules else {}
    wanted = [whole.pack.items[(KIND, item)] for item in (INDEX, *(f"{RULE}:{tier}" for tier in tiers))]
    world = firm.world(whole, KIND, wanted, day, day)
    if world is None:
        return _fetched(reader, firm, pack)
    found = world.rows.get(KIND, [])
    if len(found) != 1:  # no row of the register on that day
        return None
    evaluator = Evaluator(whole.pack, world)
    with localcontext(EXACT):
        traces = tuple(evaluator.item(definition, found[0]) for definition in wanted)
    return Explanation(KIND, found[0], day, day, traces, whole.conditions)


def _fetched(reader: Reader, firm: Firm, pack: Pack) -> Explanation | None:
    """The same with every row looked up where it stands, for packs that reach beyond the rows of one firm."""
    items = [INDEX, *([RULE] if RULE in pack.rules else [])]
    try:
        with firm.lock:
            explainer = Explainer(pack, firm, firm.connection, reader.as_of, reader.as_of)
            return explainer.explain(KIND, {"enterprise_id": firm.id}, items)
    except InputError:  # no row of the register on that day
        return None
