"""The composite risk index of a firm and what each category contributes to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from houfeng.errors import InputError
from houfeng.packs.contribution import Composition, composition
from houfeng.packs.explain import Explainer, Explanation
from houfeng.packs.model import TIERS, Pack
from houfeng_desk.queries.enterprise.firm import Firm
from houfeng_desk.reader import Reader

INDEX, RULE = "risk_index", "composite"


@dataclass(frozen=True)
class Risk:
    """The index, the tier its rule gives it now, and its terms."""

    value: Any
    tier: str
    made_of: Composition | None
    explanation: Explanation


def risk(reader: Reader, firm: Firm, pack: Pack) -> Risk | None:
    """The firm's index on the day looked at; nothing where the pack has none or the register no such firm then."""
    if ("enterprise", INDEX) not in pack.items:
        return None
    return firm.once(("risk", pack.digest, reader.as_of), lambda: _risk(reader, firm, pack))


def _risk(reader: Reader, firm: Firm, pack: Pack) -> Risk | None:
    day = reader.as_of
    items = [INDEX, *([RULE] if RULE in pack.rules else [])]
    try:
        with firm.lock:
            explainer = Explainer(pack, firm, firm.connection, day, day)
            found = explainer.explain("enterprise", {"enterprise_id": firm.id}, items)
    except InputError:  # no row of the register on that day
        return None
    index, *tiers = found.traces
    held = [tier for tier, trace in zip(pack.rules[RULE].tiers, tiers, strict=True) if trace.value is True]
    return Risk(index.value, max(held, key=TIERS.index, default=""), composition(index), found)
