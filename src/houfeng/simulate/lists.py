"""Lists that departments send: candidates for first loans, projects of renewal, chains, disclosed carbon reduction.

Firms are listed at different times, so that a loan before the listing and one after it are judged differently.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from houfeng.book.model import kind
from houfeng.simulate.firms import Array, Firms
from houfeng.simulate.ground import columns as c
from houfeng.simulate.ground import industries as ind
from houfeng.simulate.ground.identifiers import numbered
from houfeng.simulate.ground.months import Months

LISTS = (
    "tech_first_loan", "tech_upgrade_project", "equipment_renewal", "key_chain", "carbon_reduction",
    "policy_finance_tool", "affordable_housing",
)  # fmt: skip
_PROJECTS = frozenset(("tech_upgrade_project", "equipment_renewal", "carbon_reduction", "policy_finance_tool"))


def lists(firms: Firms, months: Months, rng: np.random.Generator) -> Any:
    """The members of every list among a chunk of firms."""
    industry, company = firms.industry, (firms.kind == 0) | (firms.kind == 2)
    tech, making, green = ind.IS_TECH[industry], ind.IS_INDUSTRY[industry], ind.IS_GREEN[industry]
    state = firms.ownership == 0
    chance = np.stack([
        np.where(tech & company, 0.35, 0), np.where(making & company, 0.06, 0), np.where(company, 0.05, 0),
        np.where(making, 0.15, 0), np.where(green, 0.4, 0), np.where(company, 0.01, 0), np.where(state, 0.05, 0),
    ], axis=1)  # fmt: skip
    at, which = np.nonzero(rng.random(chance.shape) < chance)
    listed: Array = c.day_number(months.first(0)) - 365 + rng.integers(0, 365 + 30 * months.count, len(at))
    project = np.isin(which, [n for n, name in enumerate(LISTS) if name in _PROJECTS])
    columns = {
        "list_code": c.pick(LISTS, which),
        "member_id": firms.ids.take(pa.array(at)),
        "member_kind": c.pick(["enterprise", "project"], project.astype(np.int64)),
        "list_version": c.same("模拟批次", len(at)),
        "project_no": c.blanked(numbered("SIMXM", firms.index[at] * len(LISTS) + which, 10), project),
        "valid_from": c.days(listed),
    }
    return c.table(kind("list_membership"), columns, len(at))
