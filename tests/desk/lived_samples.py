"""A desk in which something has happened, in two places: what the people of one must never see of the other.

Each place has a firm, an alert and a case with a plan, a document and a member; and there are things that are one
person's own: a job, a notice, a token, a session, an upload, a briefing. `ids` gives them by the names that paths use.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from types import SimpleNamespace
from typing import cast

from sqlalchemy import select

from cases.case_samples import People, Walk, table
from desk.data.files_samples import OTHER, balances
from desk.desk_samples import BANK, viewer
from desk.work.work_samples import fill, firms
from houfeng.cases.files import About
from houfeng.cases.tables import Briefing, CaseMeasure, CaseMember
from houfeng.errors import Text
from houfeng.office import jobs, notices
from houfeng.office.access import Permission
from houfeng.office.identity import tokens
from houfeng.office.identity.sessions import Caller, open_session
from houfeng.office.tables import Notice, User
from houfeng_desk.app import DeskApp
from houfeng_desk.desk import Desk
from houfeng_desk.pages.cases import jobs as case_jobs
from houfeng_desk.pages.data.staging import Staging
from office_alerts.alert_samples import DAY, START, step

LUOYANG, ZHENGZHOU = "410300", "410100"
SECRET = "绝密"
"""Stands in every text of the other place, so that any page that shows it has leaked."""


@dataclass(frozen=True)
class Lived:
    """What there is. `own` is in Luoyang and `second`'s; `other` in Zhengzhou and the officer's."""

    own: Mapping[str, str]
    other: Mapping[str, str]
    names: frozenset[str]
    """Names and numbers of firms of Zhengzhou, none of which Luoyang may read."""


def live(app: DeskApp) -> Lived:
    """Let things happen in `app`; its book must be its own."""
    desk: Desk = app.state.desk
    here, there = firms(desk, LUOYANG, 1)[0], firms(desk, ZHENGZHOU, 1)[0]
    fill(
        app,
        [
            step("a" * 16, key=here[0], tier="red", at=START),
            step("b" * 16, key=there[0], tier="orange", at=START + DAY),
        ],
    )
    own = _case(desk, here, LUOYANG, "", "carry_out") | {"enterprise_id": here[0], "alert_id": "a" * 16}
    other = _case(desk, there, ZHENGZHOU, SECRET, "approve") | {"enterprise_id": there[0], "alert_id": "b" * 16}
    submissions = {entry.reporter: entry.submission_id for entry in desk.book.entries()}
    own |= _persons(desk, "luoyang", "") | {"submission_id": submissions[BANK], "login": "luoyang"}
    other |= _persons(desk, "officer", SECRET) | {"submission_id": submissions[OTHER], "login": "officer"}
    many = firms(desk, ZHENGZHOU, 1000)
    return Lived(own, other, frozenset(name for pair in many for name in pair) | {SECRET})


def _case(desk: Desk, firm: tuple[str, str], region: str, mark: str, upto: str) -> dict[str, str]:
    """A case with everything a case may have; in the other place it waits for its signature."""
    who = SimpleNamespace(officer=viewer(desk, "officer"), approver=viewer(desk, "approver"))
    walk = Walk(desk.office, cast(People, who), desk.work_folder)
    about = About(firm[0], firm[1], region)
    walk.begin(about=about).own().move("verify").finding(f"{mark}属实").move("open").member("lead").move("consult")
    walk.member("creditor", BANK).move("plan").draft(creditors=table(10_000, 5_000, 3_000, firm=firm[0]))
    walk.votes().move("submit")
    if upto == "carry_out":
        walk.sign()
    found = {"case_id": str(walk.case_id), "document_id": str(walk.document(f"{mark}会议纪要.pdf"))}
    with desk.office.read() as session:
        found["member_id"] = str(
            session.scalars(select(CaseMember.id).where(CaseMember.case_id == walk.case_id)).first()
        )
        measure = session.scalars(select(CaseMeasure.id).where(CaseMeasure.case_id == walk.case_id)).first()
        found["measure_id"] = str(measure or 1)
        found["approval_id"] = str(walk.case().approval_id or 1)
    return found


def _persons(desk: Desk, login: str, mark: str) -> dict[str, str]:
    """What is one person's own."""
    who = viewer(desk, login)
    with desk.office.begin() as session:
        job = jobs.enqueue(session, who, case_jobs.ROUND, {}, Text(f"{mark}巡检", f"{mark} round"))
        notices.tell(session, [who.user_id], Text(f"{mark}通知", f"{mark} notice"), "/cases", "test")
        notice = session.scalars(
            select(Notice.id).where(Notice.user_id == who.user_id).order_by(Notice.id.desc())
        ).first()
        token = tokens.issue(session, who, f"{mark}程序", [Permission.SEE_MARKET], 30).token
        user = session.get(User, who.user_id)
        assert user is not None
        signed = open_session(session, user, "password", Caller("10.0.0.9", f"{mark}browser"))
        path = desk.work_folder / f"{login}.docx"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
        briefing = Briefing(
            cadence="month", first_on=date(2026, 1, 1), last_on=date(2026, 1, 31), lang="zh", scope={},
            as_of=date(2026, 1, 31), known_at=desk.clock(), made_at=desk.clock(), made_by=who.user_id,
            files=[{"name": f"{mark}.docx", "path": str(path), "sha256": sha256(b"x").hexdigest(), "size": 1}],
        )  # fmt: skip
        session.add(briefing)
        session.flush()
        ids = {"job_id": job.id, "notice_id": notice, "token_id": token.id, "briefing_id": briefing.id}
        ids["session_id"] = signed.viewer.session_id
    upload = Staging(desk.work_folder).take(who, f"{mark}余额.xlsx", io.BytesIO(balances(2)), desk.clock(), 1 << 20)
    return {name: str(value) for name, value in ids.items()} | {"token": upload.token}
