"""The jobs of this area: making and sending lists, and the daily round of needs (terms, the book's loans)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from houfeng.errors import Text
from houfeng.matching.needs import reminders
from houfeng.office import jobs
from houfeng.office.access import Viewer
from houfeng.office.jobs import JobRun
from houfeng_desk.desk import Desk
from houfeng_desk.queries.delivery.confirming import confirm
from houfeng_desk.queries.delivery.judging import make_list, policies, publish_list

LIST, PUBLISH, ROUND = "delivery.list", "delivery.publish", "delivery.round"


def register() -> None:
    """Say who does these jobs; the desk calls it at start, the worker too."""
    jobs.register(LIST, list_)
    jobs.register(PUBLISH, publish)
    jobs.register(ROUND, round_)


def _desk(run: JobRun) -> Desk:
    assert run.book is not None
    return Desk.open(run.office, run.book, run.office.clock)


def _who(run: JobRun) -> Viewer | str:
    return run.viewer if run.viewer is not None else "system"


def list_(run: JobRun) -> Mapping[str, Any]:
    """Make the next version of a policy's list, or of all policies in force."""
    desk = _desk(run)
    try:
        asked = run.payload.get("policy")
        today = run.office.clock().date()
        names = [asked] if asked else [p.name for p in policies(desk).values() if p.in_force(today) and not p.persons]
        made = {}
        for n, name in enumerate(names):
            run.progress(n, len(names), Text(f"生成名单 {name}", f"making the list of {name}"))
            made[name] = make_list(desk, _who(run), name).number
        return {"versions": made}
    finally:
        desk.close()


def publish(run: JobRun) -> Mapping[str, Any]:
    """Send a version out."""
    desk = _desk(run)
    try:
        policy, number = str(run.payload["policy"]), int(run.payload["number"])
        return {"policy": policy, "begun": publish_list(desk, _who(run), policy, number)}
    finally:
        desk.close()


def round_(run: JobRun) -> Mapping[str, Any]:
    """The daily round: remind, escalate, expire; find in the book and among claims what became of loans."""
    with run.office.begin() as session:
        done = reminders.go_round(session)
    run.progress(1, 2, Text("核对账簿", "looking into the book"))
    desk = _desk(run)
    try:
        found = confirm(desk)
    finally:
        desk.close()
    return {**done._asdict(), **found}
