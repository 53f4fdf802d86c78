"""HiGHS, brought in only when needed, and never beside OR-tools: both carry the same symbols, and the process dies.

`optbinning` brings OR-tools; whatever uses it runs in a process of its own (see `houfeng.credit`).
"""

from __future__ import annotations

import sys
from typing import Any, NamedTuple

import numpy as np

from houfeng.errors import EnvironmentFault, Text
from houfeng.matching.assign.market import Floats, Ints


class Programme(NamedTuple):
    """A programme to maximise: columns with costs and upper bounds, rows with bounds, the matrix by columns."""

    costs: Floats
    upper: Floats
    row_lower: Floats
    row_upper: Floats
    starts: Ints
    rows: Ints
    coefficients: Floats
    whole: Ints | None = None
    """Columns that take whole numbers only."""


class Solution(NamedTuple):
    """What HiGHS found. `bound` is what no solution exceeds; the duals are empty where columns are whole."""

    status: str
    value: float
    columns: Floats
    row_duals: Floats
    bound: float


def highs() -> Any:
    """The solver's module.

    Raises:
        EnvironmentFault: OR-tools is already in this process, or highspy is not installed.
    """
    if "ortools" in sys.modules:
        raise EnvironmentFault(
            Text(
                "本进程已载入 OR-tools（optbinning 带来的），不能再载入 HiGHS；请另开进程运行分配",
                "OR-tools is loaded in this process (optbinning brings it) and HiGHS cannot be loaded beside it; "
                "run the assignment in another process",
            )
        )
    try:
        import highspy
    except ImportError:
        raise EnvironmentFault(
            Text(
                "未安装 highspy；请安装 houfeng[matching]，或用稳定分配",
                "highspy is not installed; install houfeng[matching], or use the stable assignment",
            )
        ) from None
    return highspy


def solve(programme: Programme, *, seconds: float = 60.0, gap: float = 0.0) -> Solution:
    """Maximise it. Runs on one thread, so that the same programme gives the same answer."""
    solver = highs()
    engine = solver.Highs()
    for name, value in (("output_flag", False), ("threads", 1), ("time_limit", seconds), ("mip_rel_gap", gap)):
        engine.setOptionValue(name, value)
    engine.passModel(_model(solver, programme))
    engine.run()
    status = engine.modelStatusToString(engine.getModelStatus())
    found, info = engine.getSolution(), engine.getInfo()
    whole = programme.whole is not None and len(programme.whole) > 0
    return Solution(
        status,
        float(info.objective_function_value),
        np.array(found.col_value),
        np.zeros(0) if whole else np.array(found.row_dual),
        float(info.mip_dual_bound if whole else info.objective_function_value),
    )


def _model(solver: Any, programme: Programme) -> Any:
    columns, rows = len(programme.costs), len(programme.row_lower)
    model = solver.HighsLp()
    model.num_col_, model.num_row_ = columns, rows
    model.sense_ = solver.ObjSense.kMaximize
    model.col_cost_, model.col_lower_ = programme.costs, np.zeros(columns)
    model.col_upper_ = np.where(np.isinf(programme.upper), solver.kHighsInf, programme.upper)
    model.row_lower_ = np.where(np.isinf(programme.row_lower), -solver.kHighsInf, programme.row_lower)
    model.row_upper_ = np.where(np.isinf(programme.row_upper), solver.kHighsInf, programme.row_upper)
    model.a_matrix_.format_ = solver.MatrixFormat.kColwise
    model.a_matrix_.start_ = programme.starts
    model.a_matrix_.index_ = programme.rows
    model.a_matrix_.value_ = programme.coefficients
    if programme.whole is not None and len(programme.whole):
        kinds = np.full(columns, solver.HighsVarType.kContinuous, dtype=object)
        kinds[programme.whole] = solver.HighsVarType.kInteger
        model.integrality_ = list(kinds)
    return model
