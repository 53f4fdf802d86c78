"""The states of a case and the moves between them, as one table that code, pages and the manual read.

A case goes 线索 → 核实 → 立案 → 会商 → 方案 → 方案审批 → 执行 → 回访 → 结案, or is handed to justice, or
escalated. Nothing else moves a case: what is not in `MOVES` does not happen, and what a move needs is said here, in
words, next to its test.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from houfeng.errors import Text


class State(StrEnum):
    """Where a case stands."""

    CLUE = "clue"
    VERIFY = "verify"
    OPEN = "open"
    CONSULT = "consult"
    PLAN = "plan"
    APPROVE = "approve"
    CARRY_OUT = "carry_out"
    FOLLOW_UP = "follow_up"
    CLOSED = "closed"
    JUSTICE = "justice"
    ESCALATED = "escalated"


STATES: Mapping[State, Text] = {
    State.CLUE: Text("线索", "Clue"),
    State.VERIFY: Text("核实", "Verification"),
    State.OPEN: Text("立案", "Opened"),
    State.CONSULT: Text("会商", "Consultation"),
    State.PLAN: Text("拟订方案", "Planning"),
    State.APPROVE: Text("方案审批", "Approval"),
    State.CARRY_OUT: Text("执行", "Carrying out"),
    State.FOLLOW_UP: Text("回访", "Follow-up"),
    State.CLOSED: Text("结案", "Closed"),
    State.JUSTICE: Text("转司法", "Handed to justice"),
    State.ESCALATED: Text("升级", "Escalated"),
}
ROAD = tuple(state for state in State if state not in (State.JUSTICE, State.ESCALATED))
"""The straight road, in order; the bar of a case page shows it."""
ENDED = frozenset({State.CLOSED, State.JUSTICE})
"""States a case does not come back from. An escalated case still lives: a higher office has it."""
LIVE = tuple(state for state in State if state not in ENDED)


class Outcome(StrEnum):
    """What became of a case, said at its close-out."""

    RECOVERED = "recovered"
    RESTRUCTURED = "restructured"
    BANKRUPT = "bankrupt"
    JUSTICE = "justice"
    FALSE_ALARM = "false_alarm"
    MERGED = "merged"


OUTCOMES: Mapping[Outcome, Text] = {
    Outcome.RECOVERED: Text("恢复正常", "Recovered"),
    Outcome.RESTRUCTURED: Text("重组成功", "Restructured"),
    Outcome.BANKRUPT: Text("破产退出", "Bankrupt"),
    Outcome.JUSTICE: Text("移送司法", "Transferred to justice"),
    Outcome.FALSE_ALARM: Text("误报", "False alarm"),
    Outcome.MERGED: Text("并入他案", "Merged into another case"),
}


class Who(StrEnum):
    """Who makes a move."""

    OWNER = "owner"
    SIGNER = "signer"


WHO: Mapping[Who, Text] = {
    Who.OWNER: Text("承办人", "The owner"),
    Who.SIGNER: Text("未经手的审批人", "An approver who had no hand in it"),
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What the conditions of moves look at. `hands` are the people whose work is signed for."""

    state: State
    owner_id: int | None = None
    finding: bool = False
    lead: bool = False
    committee: bool = False
    plan_whole: bool = False
    votes_carry: bool = False
    measures_settled: bool = False
    broken: int = 0
    documents: int = 0
    waiting: bool = False
    outcome: Outcome | None = None
    hands: frozenset[int] = frozenset()


class Actor(NamedTuple):
    """Who wants to move: the person and the two permissions that matter."""

    user_id: int
    works: bool
    signs: bool


class Need(NamedTuple):
    """A condition of a move, in words and as a test."""

    label: Text
    met: Callable[[Facts], bool]


NEEDS: Mapping[str, Need] = {
    "owned": Need(Text("已确定承办人", "it has an owner"), lambda f: f.owner_id is not None),
    "finding": Need(Text("已写明核实情况", "the finding is written"), lambda f: f.finding),
    "lead": Need(Text("专班有牵头人", "the task force has a lead"), lambda f: f.lead),
    "committee": Need(Text("各债权机构已列入债委会", "every creditor sits on the committee"), lambda f: f.committee),
    "plan_whole": Need(Text("方案各项措施填写完整", "every measure of the plan is complete"), lambda f: f.plan_whole),
    "votes": Need(Text("债委会表决通过", "the committee's votes carry it"), lambda f: f.votes_carry),
    "settled": Need(
        Text("各项措施已完成并有凭证，或已说明不再执行", "every measure is done with proof, or dropped with a reason"),
        lambda f: f.measures_settled,
    ),
    "kept": Need(Text("没有未处理的违约承诺", "no broken commitment is unsettled"), lambda f: f.broken == 0),
    "evidence": Need(Text("证据材料已归入案卷", "evidence is in the file"), lambda f: f.documents > 0),
    "outcome": Need(Text("已写明处置结果", "the outcome is said"), lambda f: f.outcome is not None),
    "free": Need(Text("没有待签批的事项", "nothing waits for a signature"), lambda f: not f.waiting),
}


@dataclass(frozen=True, slots=True)
class Move:
    """One way from a state to another. A `signed` move is proposed by `who` and made by the signature of another."""

    name: str
    label: Text
    start: tuple[State, ...]
    to: State
    who: Who
    needs: tuple[str, ...] = ()
    signed: bool = False
    outcomes: tuple[Outcome, ...] = ()


_WORKED = (State.VERIFY, State.OPEN, State.CONSULT, State.PLAN, State.CARRY_OUT, State.FOLLOW_UP)


def _move(name: str, zh: str, en: str, start: State, to: State, *needs: str, who: Who = Who.OWNER) -> Move:
    return Move(name, Text(zh, en), (start,), to, who, needs)


MOVES: Mapping[str, Move] = {
    move.name: move
    for move in (
        _move("verify", "开始核实", "Start verifying", State.CLUE, State.VERIFY, "owned", "free"),
        _move("open", "立案", "Open the case", State.VERIFY, State.OPEN, "finding", "free"),
        _move("consult", "组织会商", "Call the consultation", State.OPEN, State.CONSULT, "lead", "free"),
        _move("plan", "拟订方案", "Write the plan", State.CONSULT, State.PLAN, "committee", "free"),
        _move("submit", "方案送审", "Submit the plan", State.PLAN, State.APPROVE, "plan_whole", "votes", "free"),
        _move(
            "approve", "批准方案", "Approve the plan", State.APPROVE, State.CARRY_OUT, "plan_whole", "votes",
            who=Who.SIGNER,
        ),
        _move("send_back", "退回修改", "Send back", State.APPROVE, State.PLAN, who=Who.SIGNER),
        Move(
            "revise", Text("修订方案", "Revise the plan"), (State.CARRY_OUT, State.FOLLOW_UP), State.PLAN, Who.OWNER,
            ("free",),
        ),
        _move("follow_up", "转入回访", "Go to follow-up", State.CARRY_OUT, State.FOLLOW_UP, "settled", "free"),
        Move(
            "close", Text("结案", "Close"), (State.FOLLOW_UP,), State.CLOSED, Who.OWNER,
            ("settled", "kept", "outcome"), signed=True,
            outcomes=(Outcome.RECOVERED, Outcome.RESTRUCTURED, Outcome.BANKRUPT),
        ),
        Move(
            "dismiss", Text("排除线索", "Dismiss"), (State.CLUE, State.VERIFY), State.CLOSED, Who.OWNER,
            ("owned", "finding", "outcome"), signed=True, outcomes=(Outcome.FALSE_ALARM, Outcome.MERGED),
        ),
        Move(
            "justice", Text("移送司法", "Hand to justice"), _WORKED, State.JUSTICE, Who.OWNER, ("evidence", "outcome"),
            signed=True, outcomes=(Outcome.JUSTICE,),
        ),
        Move("escalate", Text("上报升级", "Escalate"), _WORKED, State.ESCALATED, Who.OWNER, ("free",)),
        _move("take_back", "收回办理", "Take back", State.ESCALATED, State.CONSULT, "lead", "free"),
    )
}  # fmt: skip


def moves_from(state: State) -> tuple[Move, ...]:
    """The moves the table has from `state`, in order."""
    return tuple(move for move in MOVES.values() if state in move.start)


def hindrances(move: Move, facts: Facts, actor: Actor, *, signing: bool = False) -> list[Text]:
    """Why `actor` cannot make `move` now; nothing where they can. `signing`: they sign what another proposed."""
    if facts.state not in move.start:
        here = STATES[facts.state]
        return [Text(f"案件现处“{here.zh}”，不能{move.label.zh}", f"the case is at “{here.en}”: no {move.label.en}")]
    said = who_hinders(move, facts, actor, signing)
    said += [Text(f"须{need.label.zh}", f"needed: {need.label.en}") for need in unmet(move, facts)]
    if move.signed and not signing and facts.waiting:
        said.append(Text("已有待签批的事项", "something already waits for a signature"))
    if move.outcomes and facts.outcome is not None and facts.outcome not in move.outcomes:
        fits = [OUTCOMES[outcome] for outcome in move.outcomes]
        zh, en = "、".join(t.zh for t in fits), ", ".join(t.en for t in fits)
        said.append(Text(f"{move.label.zh}的处置结果应是：{zh}", f"the outcome here is one of: {en}"))
    return said


def unmet(move: Move, facts: Facts) -> list[Need]:
    """The conditions of `move` that do not hold."""
    return [NEEDS[name] for name in move.needs if not NEEDS[name].met(facts)]


def who_hinders(move: Move, facts: Facts, actor: Actor, signing: bool) -> list[Text]:
    """Why it is not for `actor` to make or sign `move`."""
    if signing or move.who is Who.SIGNER:
        if not actor.signs:
            return [Text("须有审批权限", "only an approver signs")]
        if actor.user_id in facts.hands:
            return [Text("经办人不能签批自己的事项（四眼原则）", "who had a hand in it cannot sign it (four eyes)")]
        return []
    if not actor.works:
        return [Text("须有办案权限", "only who works cases may")]
    if move.who is Who.OWNER and facts.owner_id is not None and actor.user_id != facts.owner_id:
        return [Text("须由承办人办理", "only the owner may")]
    return []
