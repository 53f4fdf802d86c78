"""The life of a dispute: its states, what becomes of it, and who may move it from where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from houfeng.errors import Text


class State(StrEnum):
    """Where a dispute stands."""

    FILED = "filed"
    ADMITTED = "admitted"
    REFUSED = "refused"
    REVIEW = "review"
    CLOSED = "closed"


STATES: Mapping[State, Text] = {
    State.FILED: Text("待报送单位答复", "Waits for the reporter"),
    State.ADMITTED: Text("已认可，待更正", "Admitted, to be corrected"),
    State.REFUSED: Text("报送单位维持，可申请复核", "Refused, may go to review"),
    State.REVIEW: Text("复核中", "In review"),
    State.CLOSED: Text("已办结", "Closed"),
}
OPEN = (State.FILED, State.ADMITTED, State.REFUSED, State.REVIEW)


class Outcome(StrEnum):
    """What became of it."""

    CORRECTED = "corrected"
    KEPT = "kept"
    ANNOTATED = "annotated"
    WITHDRAWN = "withdrawn"


OUTCOMES: Mapping[Outcome, Text] = {
    Outcome.CORRECTED: Text("已更正", "Corrected"),
    Outcome.KEPT: Text("维持原记录", "The record stands"),
    Outcome.ANNOTATED: Text("维持原记录，附企业声明", "The record stands, with the firm's statement"),
    Outcome.WITHDRAWN: Text("企业撤回", "Withdrawn by the firm"),
}

FIRM, REPORTER, OFFICE = "firm", "reporter", "office"


@dataclass(frozen=True, slots=True)
class Move:
    """One way on: from where, and by whom."""

    name: str
    label: Text
    start: frozenset[State]
    by: str


MOVES: Mapping[str, Move] = {
    move.name: move
    for move in (
        Move("admit", Text("认可异议", "Admit"), frozenset({State.FILED}), REPORTER),
        Move("refuse", Text("维持原记录", "Stand by the record"), frozenset({State.FILED}), REPORTER),
        Move("correct", Text("登记更正", "Record the correction"), frozenset({State.ADMITTED}), REPORTER),
        Move("appeal", Text("申请复核", "Ask for a review"), frozenset({State.REFUSED}), FIRM),
        Move("accept", Text("接受答复", "Accept the answer"), frozenset({State.REFUSED}), FIRM),
        Move("withdraw", Text("撤回异议", "Withdraw"), frozenset(OPEN), FIRM),
        Move("take", Text("逾期未答，转复核", "Take to review, the answer is late"), frozenset({State.FILED}), OFFICE),
        Move("decide", Text("复核决定", "Decide"), frozenset({State.REVIEW}), OFFICE),
    )
}
"""Who moves what from where. The round of the day closes what was refused and not taken to review."""
