"""What else than stakes says who controls: agreements to act together, and the register where stakes say nothing.

An agreement counts while it is valid. A registered controller counts only for an enterprise that nobody is found to
control by votes (control by contract, by the articles, through holders nobody knows); where votes do say it, a register
that says otherwise is a finding, not an answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from houfeng.engine.duckdb import Engine
from houfeng.penetration.control import Control
from houfeng.penetration.graph import KINDS, UNIT, Holdings, Views


@dataclass(frozen=True)
class Agreements:
    """The arguments `pacts` and `only_in` of `houfeng.penetration.control.control`."""

    pacts: Mapping[str, tuple[str, ...]]
    only_in: Mapping[str, str]


def agreements(views: Views, as_of: date, engine: Engine | None = None) -> Agreements:
    """The agreements in force on `as_of` between two parties or more.

    An agreement that names one enterprise binds the votes there; one that names several binds them in each, as a pact
    of its own (`agreement@enterprise`).

    Raises:
        EnvironmentFault: the rows cannot be read.
    """
    if engine is None:
        with Engine() as own:
            return agreements(views, as_of, own)
    sql = (
        "SELECT agreement_no, enterprise_id, list(DISTINCT party_id ORDER BY party_id) FROM "
        f"({views.select('concert_agreement', as_of=as_of)}) GROUP BY ALL ORDER BY ALL"
    )
    rows = [(no, firm, tuple(parties)) for no, firm, parties in engine.rows(sql) if len(parties) > 1]
    numbers = [no for no, *_ in rows]
    pacts, only_in = dict[str, tuple[str, ...]](), dict[str, str]()
    for no, firm, parties in rows:
        name = no if numbers.count(no) == 1 or firm is None else f"{no}@{firm}"
        pacts[name] = parties
        if firm is not None:
            only_in[name] = firm
    return Agreements(pacts, only_in)


def known(agreed: Agreements, holdings: Holdings) -> Agreements:
    """The agreements without those about an enterprise that no holding names."""
    names = set(holdings.ids.to_pylist()) if agreed.only_in else set()
    out = {pact for pact, firm in agreed.only_in.items() if firm not in names}
    return Agreements(
        {pact: parties for pact, parties in agreed.pacts.items() if pact not in out},
        {pact: firm for pact, firm in agreed.only_in.items() if pact not in out},
    )


def registered_controllers(views: Views, as_of: date, engine: Engine | None = None) -> dict[str, str]:
    """The registered controller by enterprise, where one is registered.

    Raises:
        EnvironmentFault: the rows cannot be read.
    """
    if engine is None:
        with Engine() as own:
            return registered_controllers(views, as_of, own)
    rows = views.select("enterprise", as_of=as_of)
    sql = f"SELECT enterprise_id, controller_id FROM ({rows}) WHERE controller_id IS NOT NULL"
    return dict(engine.rows(sql))


def with_registered(control: Control, registered: Mapping[str, str]) -> tuple[Holdings, dict[str, str]]:
    """The graph in which the register's word is all the votes of whoever nobody controls, and for whom it counts so.

    Ask `houfeng.penetration.control.control` over it again. Shares stay as they are.
    """
    holdings = control.holdings
    free = set(holdings.names(np.flatnonzero(control.direct < 0)))
    names = set(holdings.ids.to_pylist())
    counted = {firm: who for firm, who in registered.items() if who != firm and (firm in free or firm not in names)}
    return (_with_votes(holdings, counted) if counted else holdings), counted


def _with_votes(holdings: Holdings, over: Mapping[str, str]) -> Holdings:
    """The graph with all votes in each enterprise of `over` given to whom it names, new nodes where they must be."""
    told = sorted((who, firm) for firm, who in over.items())
    ends = pa.array([name for pair in told for name in pair], pa.string())
    ids = pc.unique(pa.concat_arrays([holdings.ids, ends]))
    ids = ids.take(pc.sort_indices(ids))
    place = pc.index_in(holdings.ids, value_set=ids).to_numpy().astype(np.int32)
    fresh = pc.index_in(ends, value_set=ids).to_numpy().astype(np.int32).reshape(-1, 2)
    kinds = np.full(len(ids), KINDS.index("other"), np.int8)
    kinds[fresh[:, 1]] = 0
    kinds[place] = holdings.kinds
    holder = np.concatenate([place[holdings.holder], fresh[:, 0]])
    held = np.concatenate([place[holdings.held], fresh[:, 1]])
    zero, whole = np.zeros(len(fresh), np.int64), np.full(len(fresh), UNIT)
    columns = [(holdings.low, zero), (holdings.high, zero), (holdings.votes_low, whole), (holdings.votes_high, whole)]
    bounds = np.stack([np.concatenate(pair) for pair in columns])
    order = np.lexsort((held, holder))
    holder, held, bounds = holder[order], held[order], bounds[:, order]
    first = np.ones(len(holder), bool)
    first[1:] = (holder[1:] != holder[:-1]) | (held[1:] != held[:-1])
    low, high, least, most = np.add.reduceat(bounds, np.flatnonzero(first), axis=1)
    votes = (np.minimum(least, UNIT), np.minimum(most, UNIT))
    return Holdings(ids, kinds, holder[first], held[first], low, high, *votes)
