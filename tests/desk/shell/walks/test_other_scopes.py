"""Every route asked about what is another region's, another bank's or another person's: nothing is shown, nothing is
done, and what is not theirs looks like what does not exist."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from sqlalchemy import select

from desk.data.files_samples import OTHER
from desk.desk_samples import BANK, DeskClient, Hands, make_app
from desk.lived_samples import ZHENGZHOU, Lived, live
from desk.shell.walks.walking_samples import PLAUSIBLE, Asking, ask, askings, leaks, learn
from houfeng.book.connection import connect
from houfeng.cases.tables import CaseFile
from houfeng.office.alerts.tables import Alert
from houfeng.office.tables import ApiToken, Approval, Job, JournalEntry, Notice, UserSession
from houfeng_desk.api import route
from houfeng_desk.app import DeskApp
from houfeng_desk.security import limits

HELD = frozenset({
    "case_id", "document_id", "member_id", "measure_id", "alert_id", "enterprise_id", "submission_id", "job_id",
    "notice_id", "token_id", "session_id", "briefing_id", "token", "approval_id",
})  # fmt: skip
"""Parameters of paths whose values are somebody's; a route with another one is only looked at for leaks."""
ABOUTS = ("case:{case_id}", "alert:{alert_id}", "job:{job_id}", "token:{token_id}", "approval:{approval_id}")


@pytest.fixture
def lived(small_book: Path, peopled: Path, tmp_path: Path) -> Iterator[tuple[DeskApp, Lived]]:
    """A desk of its own in which something has happened."""
    shutil.copytree(small_book, tmp_path / "book")
    shutil.copy(peopled, tmp_path / "office.db")
    app = make_app(tmp_path / "book", tmp_path / "office.db", Hands(), work_folder=tmp_path / "work")
    yield app, live(app)
    app.state.work.figures.close()
    app.state.desk.close()
    app.state.desk.office.close()


def entered(app: DeskApp, login: str) -> DeskClient:
    return DeskClient(app).enter(login).marked()


def everything_of(app: DeskApp, ids: Mapping[str, str]) -> list[object]:
    """What stands about the other place, to see whether it moved."""
    with app.state.desk.office.read() as session:
        case, alert = session.get(CaseFile, int(ids["case_id"])), session.get(Alert, ids["alert_id"])
        approval, job = session.get(Approval, int(ids["approval_id"])), session.get(Job, int(ids["job_id"]))
        token, own = session.get(ApiToken, int(ids["token_id"])), session.get(UserSession, int(ids["session_id"]))
        notice = session.get(Notice, int(ids["notice_id"]))
        abouts = [one.format(**ids) for one in ABOUTS]
        told = select(JournalEntry.seq).where(JournalEntry.about.in_(abouts), JournalEntry.who != "officer")
        return [
            (case.version, case.state, case.owner_id),
            (alert.acknowledged_at, alert.assigned_to, alert.silenced_until),
            (approval.state, job.state, job.cancel_asked, token.revoked_at, own.ended_at, notice.read_at),
            list(session.scalars(told)),
        ]


def hostile_words(found: Lived, asking: Asking) -> tuple[dict[str, str], dict[str, str]]:
    """A query and a form full of what is the other place's, by every name the route reads."""
    named = {
        **found.other, "enterprise": found.other["enterprise_id"], "alert": found.other["alert_id"],
        "alerts": found.other["alert_id"], "ids": found.other["alert_id"], "q": "模拟", "region": ZHENGZHOU,
        "regions": ZHENGZHOU, "institution": OTHER, "reporter": OTHER, "bank": OTHER,
        "key": found.other["enterprise_id"], "case": found.other["case_id"], "job": found.other["job_id"],
    }  # fmt: skip
    query = {name: named[name] for name in asking.query if name in named}
    form = {name: named.get(name, PLAUSIBLE.get(name, "1")) for name in asking.form}
    return query, form


def worth(asking: Asking, query: Mapping[str, str]) -> bool:
    """Whether a question is another than those by which the route was learnt."""
    return bool(query or asking.form or not asking.answers)


def test_an_officer_of_one_city_sees_and_does_nothing_in_another(
    lived: tuple[DeskApp, Lived], monkeypatch: pytest.MonkeyPatch
) -> None:
    app, found = lived
    for module, most in ((limits, "API_ADDRESS"), (route, "API")):  # the clock stands still: all is asked in one minute
        monkeypatch.setattr(module, most, 10**9)
    luoyang = entered(app, "luoyang")
    before = everything_of(app, found.other)
    faults = []
    for asking in askings(app):
        learn(luoyang, asking, found.other, monkeypatch)
        query, form = hostile_words(found, asking)
        asked = ({}, query) if query and form else (query,)
        answers = [ask(luoyang, asking, found.other, one, form) for one in asked if worth(asking, one)]
        foreign, said = set(asking.parameters) & HELD, {**found.other, **query, **form}
        for answer in asking.answers + answers:
            if foreign and answer.status_code not in (400, 403, 404, 422):  # 400: refused before anything is looked up
                faults.append(f"{asking} of another's {foreign}: {answer.status_code}")
            if answer.status_code >= 500:
                faults.append(f"{asking}: {answer.status_code}")
            if shown := leaks(_text(answer), found.names, said):
                faults.append(f"{asking} {answer.url} shows {shown}")
    assert faults == []
    assert everything_of(app, found.other) == before


def _text(answer: object) -> str:
    return bytes(answer.content).decode("utf-8", "replace")  # type: ignore[attr-defined]


def test_what_is_not_theirs_looks_like_what_is_not_there(lived: tuple[DeskApp, Lived]) -> None:
    app, found = lived
    luoyang = entered(app, "luoyang")
    nowhere = {
        name: "f" * 16 if name == "alert_id" else "91410300MA00000000" if name == "enterprise_id" else "99999"
        for name in found.other
    }
    for asking in askings(app):
        held = set(asking.parameters) & HELD - {"token"}
        if asking.method != "GET" or not held or set(asking.parameters) - HELD:
            continue
        theirs, none = (ask(luoyang, asking, ids) for ids in (found.other, nowhere))
        assert theirs.status_code == none.status_code, f"{asking}: {theirs.status_code} {none.status_code}"
        if asking.route.path.startswith("/api/"):
            shape = [re.sub(r"\b(?:\w{16,18}|\d+)\b", "·", answer.text) for answer in (theirs, none)]
            assert shape[0] == shape[1], str(asking)


def secrets_of_banks(app: DeskApp) -> frozenset[str]:
    """Contracts that other banks made, which only they and the officers may read."""
    sql = app.state.desk.book.snapshot().select("loan", columns=["institution_id", "contract_no"])
    with connect() as connection:
        rows = connection.execute(
            f"SELECT contract_no FROM ({sql}) GROUP BY 1 HAVING NOT list_contains(list(institution_id), ?)", [BANK]
        ).fetchall()
    return frozenset(row[0] for row in rows)


@pytest.mark.parametrize("login", ["reporter", "enterprise"])
def test_a_bank_and_a_firm_see_only_themselves(
    lived: tuple[DeskApp, Lived], monkeypatch: pytest.MonkeyPatch, login: str
) -> None:
    app, found = lived
    browser = entered(app, login)
    names = secrets_of_banks(app) | (found.names if login == "enterprise" else frozenset())
    assert len(names) > 50
    before = everything_of(app, found.other)
    faults = []
    for asking in askings(app):
        learn(browser, asking, found.other, monkeypatch)
        query, form = hostile_words(found, asking)
        answers = [ask(browser, asking, found.other, query, form)] if worth(asking, query) else []
        for answer in asking.answers + answers:
            if set(asking.parameters) & HELD and answer.status_code not in (403, 404, 422):
                faults.append(f"{asking}: {answer.status_code}")
            if answer.status_code >= 500:
                faults.append(f"{asking}: {answer.status_code}")
            if shown := leaks(_text(answer), names, {**found.other, **query, **form}):
                faults.append(f"{asking} {answer.url} shows {shown}")
    assert faults == []
    assert everything_of(app, found.other) == before


def test_counts_are_of_ones_own_scope(lived: tuple[DeskApp, Lived]) -> None:
    """Totals, badges and facets: what luoyang counts is what luoyang may list."""
    app, found = lived
    luoyang, officer = entered(app, "luoyang"), entered(app, "officer")
    for noun, mine, all_ in (("alerts", 1, 2), ("cases", 1, 2)):
        assert luoyang.get(f"/api/v1/{noun}").json()["total"] == mine, noun
        assert officer.get(f"/api/v1/{noun}").json()["total"] == all_, noun
    for noun in ("alerts", "enterprises"):
        assert luoyang.get(f"/api/v1/{noun}", params={"region": ZHENGZHOU}).json()["total"] == 0, noun
    everywhere = officer.get("/api/v1/enterprises", params={"limit": 1}).json()["total"]
    here = luoyang.get("/api/v1/enterprises", params={"limit": 1}).json()["total"]
    assert 0 < here < everywhere == 1000
    assert found.own["enterprise_id"] in luoyang.get("/alerts").text
