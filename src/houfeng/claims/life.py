"""The life of a claim: its states, the moves between them, and what a single loan on it may be.

A claim goes as a whole; what happens to single loans (refused, repaid, recalled) stands on its lines. The state of a
claim with lines of several kinds is that of the furthest line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from houfeng.errors import Text


class State(StrEnum):
    """Where a claim stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    PARTLY_ACCEPTED = "partly_accepted"
    REFUSED = "refused"
    CORRECTED = "corrected"
    DISBURSED = "disbursed"
    EXTENDED = "extended"
    MATURED = "matured"
    RECALLED = "recalled"
    DROPPED = "dropped"


STATES: Mapping[State, Text] = {
    State.DRAFT: Text("草稿", "Draft"),
    State.SUBMITTED: Text("已申报", "Submitted"),
    State.ACCEPTED: Text("已核准", "Accepted"),
    State.PARTLY_ACCEPTED: Text("部分核准", "Partly accepted"),
    State.REFUSED: Text("未核准", "Refused"),
    State.CORRECTED: Text("已更正重报", "Corrected"),
    State.DISBURSED: Text("已拨付", "Disbursed"),
    State.EXTENDED: Text("已展期", "Extended"),
    State.MATURED: Text("已到期归还", "Repaid"),
    State.RECALLED: Text("已收回", "Recalled"),
    State.DROPPED: Text("已撤销", "Dropped"),
}

WAITING = frozenset({State.SUBMITTED, State.CORRECTED})
"""Somebody must decide."""

DECIDED = frozenset({State.ACCEPTED, State.PARTLY_ACCEPTED, State.REFUSED})
OUT = frozenset({State.DISBURSED, State.EXTENDED})
"""Money is with the bank."""

ENDED = frozenset({State.MATURED, State.RECALLED, State.DROPPED})

ROAD = (State.DRAFT, State.SUBMITTED, State.ACCEPTED, State.DISBURSED, State.MATURED)
"""The states shown as the road of a claim of money that comes back; others stand beside one of them."""

PAID_ROAD = ROAD[:-1]
"""The road of a subsidy, which is paid and stays."""


class LineState(StrEnum):
    """Where one loan on a claim stands."""

    DRAWN = "drawn"
    NOT_ELIGIBLE = "not_eligible"
    LEFT_OUT = "left_out"
    ASKED = "asked"
    REFUSED = "refused"
    ACCEPTED = "accepted"
    FUNDED = "funded"
    REPAID = "repaid"
    RECALLED = "recalled"


LINE_STATES: Mapping[LineState, Text] = {
    LineState.DRAWN: Text("系统生成", "Drawn"),
    LineState.NOT_ELIGIBLE: Text("不符合条件", "Not eligible"),
    LineState.LEFT_OUT: Text("未申报", "Left out"),
    LineState.ASKED: Text("待审核", "Asked"),
    LineState.REFUSED: Text("未通过", "Refused"),
    LineState.ACCEPTED: Text("已核准", "Accepted"),
    LineState.FUNDED: Text("已拨付", "Funded"),
    LineState.REPAID: Text("已归还", "Repaid"),
    LineState.RECALLED: Text("已收回", "Recalled"),
}

HELD = frozenset({LineState.ASKED, LineState.ACCEPTED, LineState.FUNDED, LineState.REPAID, LineState.RECALLED})
"""Lines whose loan no other claim may have: a loan that was funded once stays held."""

FROZEN = frozenset({LineState.ASKED, LineState.ACCEPTED})
"""Lines whose `granted` is held back from the quota."""


@dataclass(frozen=True, slots=True)
class Move:
    """One way on. `signed`: another person must sign before it happens."""

    name: str
    label: Text
    start: frozenset[State]
    signed: bool = False
    bank: bool = False  # the bank's own move, not the office's


MOVES: Mapping[str, Move] = {
    move.name: move
    for move in (
        Move("draw", Text("生成草稿", "Draw"), frozenset({State.DRAFT}), bank=True),
        Move("submit", Text("申报", "Submit"), frozenset({State.DRAFT}), bank=True),
        Move("drop", Text("撤销", "Drop"), frozenset({State.DRAFT, State.SUBMITTED, State.REFUSED}), bank=True),
        Move("accept", Text("审核", "Decide"), WAITING, signed=True),
        Move(
            "correct",
            Text("更正重报", "Correct"),
            frozenset({State.SUBMITTED, State.CORRECTED, State.PARTLY_ACCEPTED, State.REFUSED}),
            bank=True,
        ),
        Move("disburse", Text("拨付", "Disburse"), frozenset({State.ACCEPTED, State.PARTLY_ACCEPTED})),
        Move("extend", Text("展期", "Extend"), OUT, signed=True),
        Move("repay", Text("登记归还", "Record repayment"), OUT),
        Move("recall", Text("收回", "Recall"), OUT, signed=True),
    )
}


def moves_from(state: State) -> list[Move]:
    """The moves the table has from `state`."""
    return [move for move in MOVES.values() if state in move.start]
