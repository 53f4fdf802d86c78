"""One claim as its page shows it: lines with their reasons, the road, what may come next, the timeline."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from houfeng.claims import quota
from houfeng.claims.acts import bans
from houfeng.claims.files import find
from houfeng.claims.life import LINE_STATES, MOVES, PAID_ROAD, ROAD, STATES, LineState, Move, State, moves_from
from houfeng.claims.tables import Claim, ClaimBan, ClaimLine, ClaimStep
from houfeng.errors import Text
from houfeng.office import approvals
from houfeng.office.access import Permission, Viewer
from houfeng.office.tables import Approval, User
from houfeng_desk.lists import Choice, Column, Filter, Listing, ListRequest

COLUMNS = (
    Column("contract_no", Text("合同号", "Contract"), "code", sub="note_no"),
    Column("borrower", Text("借款人", "Borrower"), sub="borrower_id"),
    Column("days", Text("计算期间", "Days counted"), sub="round_text", sortable=False),
    Column("base", Text("贷款金额", "Principal"), "money"),
    Column("drawn", Text("账簿可申报", "By the book"), "money"),
    Column("amount", Text("申报金额", "Asked"), "money"),
    Column("granted", Text("核准金额", "Granted"), "money"),
    Column("state_text", Text("状态", "State")),
    Column("why", Text("理由", "Reasons"), sortable=False),
)
_ORDERS: Mapping[str, Any] = {
    "contract_no": (ClaimLine.contract_no, ClaimLine.note_no),
    "borrower": (ClaimLine.borrower_id,),
    "base": (ClaimLine.base,),
    "drawn": (ClaimLine.drawn,),
    "amount": (ClaimLine.amount,),
    "granted": (ClaimLine.granted,),
    "state_text": (ClaimLine.state,),
}
SHAPES = {"failed": "✘", "unknown": "？", "note": "※", "met": "✔"}


def filters() -> Sequence[Filter]:
    """What the loans of a claim can be narrowed by."""
    return (
        Filter("state", Text("状态", "State"), [Choice(state, text) for state, text in LINE_STATES.items()]),
        Filter("loan", Text("合同号或借款人代码", "Contract or borrower")),
    )


@dataclass(frozen=True)
class View:
    """One claim with all that stands beside its loans."""

    claim: Claim
    counts: Mapping[str, int]
    moves: Sequence[Move]
    approval: Approval | None
    bans: Sequence[ClaimBan]
    left: Decimal | None
    quotas: Sequence[Any]
    own: bool
    names: Mapping[int, str]

    @property
    def state(self) -> State:
        """Where the claim stands."""
        return State(self.claim.state)

    def can(self, move: str) -> bool:
        """Whether the viewer may make that move now."""
        return any(one.name == move for one in self.moves)

    def name(self, user_id: int | None) -> str:
        """The name of a person."""
        return self.names.get(user_id or 0, "")


def view(session: Session, viewer: Viewer, claim_id: int, today: date) -> View:
    """The claim of that number, in the viewer's scope."""
    claim = find(session, viewer, claim_id)
    counted = select(ClaimLine.state, func.count()).where(ClaimLine.claim_id == claim.id).group_by(ClaimLine.state)
    own = viewer.scope.institutions is not None and claim.institution_id in viewer.scope.institutions
    path = quota.path(session, claim.instrument, claim.institution_id) if claim.comes_back else []
    lefts = [one.left for one in path if one.left is not None]
    return View(
        claim=claim,
        counts=Counter(dict(session.execute(counted).all())),
        moves=_moves(viewer, claim, own),
        approval=approvals.find(session, claim.approval_id) if claim.approval_id is not None else None,
        bans=bans.in_force(session, claim.institution_id, today, claim.instrument),
        left=min(lefts) if lefts else None,
        quotas=[one for one in path if quota.sees(viewer, one)],
        own=own,
        names=dict(session.execute(select(User.id, User.name)).all()),
    )


def _moves(viewer: Viewer, claim: Claim, own: bool) -> list[Move]:
    if claim.approval_id is not None:
        return []
    may = {True: own and viewer.may(Permission.MAKE_CLAIMS), False: viewer.may(Permission.DECIDE_CLAIMS)}
    found = [move for move in moves_from(State(claim.state)) if may[move.bank]]
    return [one for one in found if claim.comes_back or one.name not in ("extend", "repay")]


def road(claim: Claim) -> list[tuple[Text, str]]:
    """The states of the road with how each stands: done, now, or to come."""
    states = list(ROAD if claim.comes_back else PAID_ROAD)
    now = State(claim.state)
    beside = {
        State.CORRECTED: State.SUBMITTED,
        State.PARTLY_ACCEPTED: State.ACCEPTED,
        State.REFUSED: State.ACCEPTED,
        State.EXTENDED: State.DISBURSED,
        State.RECALLED: State.MATURED if claim.comes_back else State.DISBURSED,
        State.DROPPED: State.SUBMITTED,
    }
    place = beside.get(now, now)
    at = states.index(place)
    return [
        (STATES[now] if n == at else STATES[state], "done" if n < at else "now" if n == at else "")
        for n, state in enumerate(states)
    ]


def loans(session: Session, claim: Claim, ask: ListRequest, names: Mapping[str, str], lang: str) -> Listing:
    """The loans of a claim; those to be looked at first."""
    condition = and_(ClaimLine.claim_id == claim.id, *_conditions(ask))
    total = session.scalar(select(func.count()).select_from(ClaimLine).where(condition)) or 0
    wanted = select(ClaimLine).where(condition).order_by(*_order(ask))
    if ask.size is not None:
        wanted = wanted.limit(ask.size).offset(ask.offset)
    rows = [row(line, names, lang) for line in session.scalars(wanted)]
    return Listing(ask.columns, rows, total, ask)


def _order(ask: ListRequest) -> list[Any]:
    chosen = [each.desc() if ask.descending else each.asc() for each in _ORDERS.get(ask.sort, ())]
    refused_first = ClaimLine.state.in_([LineState.REFUSED, LineState.ASKED]).desc()
    not_last = (ClaimLine.state == LineState.NOT_ELIGIBLE).asc()
    return [*chosen, refused_first, not_last, ClaimLine.state.desc(), ClaimLine.contract_no, ClaimLine.note_no]


def _conditions(ask: ListRequest) -> list[Any]:
    found: list[Any] = [ClaimLine.state == ask["state"]] if ask["state"] else []
    if ask["loan"]:
        like = (ClaimLine.contract_no.contains(ask["loan"], autoescape=True), ClaimLine.borrower_id == ask["loan"])
        found.append(or_(*like))
    return found


def row(line: ClaimLine, names: Mapping[str, str], lang: str) -> dict[str, Any]:
    """A loan as a row of the table."""
    again = Text(f"第 {line.round} 次申报", f"asked for the {line.round}. time") if line.round > 1 else None
    return {
        "id": line.id,
        "line": line,
        "contract_no": line.contract_no,
        "note_no": " · ".join(part for part in (line.note_no, line.item_no) if part),
        "borrower": names.get(line.borrower_id) or masked(line.borrower_id),
        "borrower_id": line.borrower_id if line.borrower_id in names else "",
        "days": f"{line.counted_from}—{line.counted_to}" if line.counted_from < line.counted_to else "",
        "round_text": again,
        "base": line.base,
        "drawn": line.drawn,
        "amount": line.amount if line.state != LineState.NOT_ELIGIBLE else None,
        "granted": line.granted if line.granted else None,
        "state": line.state,
        "state_text": LINE_STATES[LineState(line.state)],
        "reasons": reasons(line, lang),
        "why": "；".join(one["text"] for one in reasons(line, lang) if one["state"] != "met"),
    }


def masked(borrower_id: str) -> str:
    """A person is told by the last four signs: claims show no persons."""
    return f"＊＊＊＊{borrower_id[-4:]}" if len(borrower_id) > 4 else borrower_id


def reasons(line: ClaimLine, lang: str) -> list[dict[str, Any]]:
    """The reasons of a loan in words: what speaks against it first."""
    found = [
        {
            "state": one["state"],
            "shape": SHAPES.get(one["state"], ""),
            "text": one.get("en" if lang == "en" else "zh") or one.get("zh", ""),
            "reference": one.get("reference", ""),
            "changes": one.get(f"changes_{lang}", ""),
            "holder": one.get(f"holder_{lang}", "") if one["state"] == "unknown" else "",
        }
        for one in line.reasons
    ]
    return sorted(found, key=lambda one: ("failed", "unknown", "note", "met").index(one["state"]))


DETAILS: Mapping[str, Text] = {
    "lines": Text("笔数", "loans"),
    "refused": Text("未通过", "refused"),
    "amount": Text("金额", "amount"),
    "day": Text("日期", "day"),
    "due_on": Text("到期日", "due"),
    "repaid": Text("归还", "repaid"),
    "left": Text("余额", "outstanding"),
    "penalty": Text("加收", "penalty"),
    "extension": Text("展期次数", "extension"),
    "undone": Text("未签批，撤回冻结", "not signed, released"),
}


def timeline(session: Session, found: View, lang: str) -> list[dict[str, Any]]:
    """What happened to the claim, newest first."""
    steps = session.scalars(select(ClaimStep).where(ClaimStep.claim_id == found.claim.id).order_by(ClaimStep.id.desc()))
    told = []
    for step in steps:
        parts = [f"{DETAILS[name].get(lang)} {value}" for name, value in step.detail.items() if name in DETAILS]
        people = " / ".join(name for name in (found.name(step.proposed_by), found.name(step.by)) if name)
        sub = " · ".join(part for part in (people, *parts, step.why) if part)
        moved = f" → {STATES[State(step.to)].get(lang)}" if step.start != step.to else ""
        told.append({"at": step.at, "text": f"{MOVES[step.move].label.get(lang)}{moved}", "sub": sub})
    return told
