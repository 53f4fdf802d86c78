"""What follows a signature: the watch is told to go on with the version in force; a rule's life is moved.

Orders go into the watch's inbox like those of `houfeng watch load | rule`; the watch answers there. Nothing is told
twice: an order's id is made of the signature it rests on.
"""

from __future__ import annotations

from datetime import datetime, time
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from houfeng.errors import ConflictError, InputError, Text, UsageError
from houfeng.office import approvals, jobs, journal
from houfeng.office.access import Permission, Viewer
from houfeng.office.database import office_of
from houfeng.office.packs import life
from houfeng.office.packs.shelf import PackShelf
from houfeng.office.packs.tables import PackActivation, PackHandover
from houfeng.office.tables import Approval
from houfeng.packs.model import Pack
from houfeng.watch.journal.entries import Command
from houfeng.watch.operations.inbox import Inbox, command_id, read_state
from houfeng.watch.operations.life import stage
from houfeng.watch.operations.sending import trial
from houfeng.watch.service.loading import about_of
from houfeng.watch.service.packs import keep, kept

HAND_OVER = "pack.hand_over"
RULE_LIFE = "rule.life"
"""The kind of approval by which a rule is moved, and of the job that carries the order."""


def plan_handover(session: Session, activation: PackActivation) -> None:
    """Ask for the watch to be told on the day the activation comes into force."""
    title = Text(
        f"把 {activation.name} {activation.version} 交给监测",
        f"hand {activation.name} {activation.version} to the watch",
    )
    now = office_of(session).clock()
    begins = max(now, datetime.combine(activation.from_day, time.min))
    jobs.enqueue(session, None, HAND_OVER, {"activation": activation.id}, title, not_before=begins)


def hand_over(run: jobs.JobRun) -> dict[str, Any]:
    """The job: tell the watch on this book to go on with the version of an activation."""
    office, number = run.office, run.payload["activation"]
    with office.read() as session:
        activation = session.get_one(PackActivation, number)
        version = life.find(session, activation.version_id)
        done = session.scalars(select(PackHandover).where(PackHandover.activation_id == number)).first()
        now = life.active(session, activation.name, office.clock().date())
        session.expunge_all()
    if done is not None:
        return {"said": done.said_zh}
    place = run.book / "watch" if run.book is not None else None
    order, said = "", Text("这本账簿上没有运行过监测，无须交接", "no watch has run on this book: nothing to hand over")
    if now is None or now.id != number:
        said = Text("已有更新的启用决定，不再交接", "a later decision stands; not handed over")
    elif place is not None and about_of(place) is not None:
        shelf = PackShelf(place_of(place.parent))
        order, said = _order(place, activation, keep(place, shelf.of_version(version)), office.clock())
    with office.begin() as session:
        handed = PackHandover(activation_id=number, at=office.clock(), order_id=order, said_zh=said.zh, said_en=said.en)
        session.add(handed)
        life.step(session, life.find(session, version.id), "system", "load", said.zh, {"order": order})
    run.log(said.zh)
    return {"order": order, "said": said.zh}


def place_of(book: Path) -> Path:
    """Where laid-out copies of packs lie beside a book; they may be thrown away."""
    return book / "desk" / "packs"


def _order(place: Path, activation: PackActivation, pack: Pack, at: datetime) -> tuple[str, Text]:
    """Put the order `load` into the inbox; give its id and what is to be said of it."""
    about = about_of(place)
    assert about is not None
    running = kept(place, about["pack"])
    if running.name != pack.name:
        return "", Text(
            f"监测所用的包是 {running.name}，与 {pack.name} 无关",
            f"the watch runs by {running.name}, which has nothing to do with {pack.name}",
        )
    if running.digest == pack.digest:
        return "", Text("监测已在用这一版", "the watch runs by this version already")
    what = {"do": "load", "pack": pack.name, "version": pack.version, "digest": pack.digest}
    who = f"{activation.proposed_by} + {activation.approved_by}"
    order = command_id(activation.decided_at, f"activation-{activation.id}")
    said = _put(place, Command(order, who, activation.why, what), at)
    return order, said


def _put(place: Path, command: Command, at: datetime) -> Text:
    inbox = Inbox(place / "inbox")
    outcome = trial(place, inbox, command, at)
    if not outcome.accepted:
        raise InputError(outcome.text)
    try:
        inbox.put(command)
    except ConflictError:
        return Text("命令早已放入收件箱", "the order was put into the inbox before")
    return Text(f"命令 {command.id} 已放入监测的收件箱", f"order {command.id} is in the inbox of the watch")


# -- the life of a rule --------------------------------------------------------------------------------------------


def propose_move(session: Session, viewer: Viewer, book: Path, rule: str, to: str, why: str) -> Approval:
    """Ask another person to let a rule into another state of life (`back`: the one before).

    Raises:
        UsageError: the watch would refuse it, or has not run on this book.
    """
    viewer.require(Permission.PROPOSE_PACKS)
    what = _move(rule, to)
    place = book / "watch"
    if read_state(place / "state" / "emission.json") is None:
        raise UsageError(
            Text(
                "这本账簿上没有运行过监测，规则还没有生命周期", "no watch has run on this book: rules have no life yet"
            )
        )
    now = office_of(session).clock()
    outcome = trial(
        place, Inbox(place / "inbox"), Command(command_id(now, "trial"), viewer.login, why or "?", what), now
    )
    if not outcome.accepted:
        raise UsageError(outcome.text)
    zh, en = ("退回上一状态", "back to the state before") if to == "back" else stage(to).name()
    title = Text(f"规则 {rule}：{zh}", f"rule {rule}: {en}")
    return approvals.propose(session, viewer, RULE_LIFE, f"rule:{rule}", title, {"rule": rule, "to": to}, why)


def _move(rule: str, to: str) -> dict[str, Any]:
    return {"do": "rollback", "rule": rule} if to == "back" else {"do": "life", "rule": rule, "to": str(stage(to))}


def move_approved(session: Session, approval: Approval, who: Viewer | str) -> None:
    """The signature: a job carries the order to the watch."""
    by = who.login if isinstance(who, Viewer) else who
    payload = {
        "approval": approval.id,
        **approval.detail,
        "who": f"{approval.proposer.login} + {by}",
        "why": approval.why,
    }
    title = Text(f"下达：{approval.title_zh}", f"order: {approval.title_en}")
    jobs.enqueue(session, None, RULE_LIFE, payload, title)


def move_rule(run: jobs.JobRun) -> dict[str, Any]:
    """The job: put the order into the inbox of the watch."""
    if run.book is None:
        raise UsageError(Text("没有账簿", "there is no book"))
    said = run.payload
    with run.office.read() as session:
        decided = approvals.find(session, said["approval"]).decided_at
    order = command_id(decided or run.office.clock(), f"approval-{said['approval']}")
    told = _put(
        run.book / "watch",
        Command(order, said["who"], said["why"], _move(said["rule"], said["to"])),
        run.office.clock(),
    )
    with run.office.begin() as session:
        journal.write(
            session, "system", "rule.move", f"rule:{said['rule']}", why=said["why"], detail={**said, "order": order}
        )
    run.log(told.zh)
    return {"order": order, "said": told.zh}
