"""The API: a program gets what the page shows, inside the same scope, page by page, and errors have one shape."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from desk.desk_samples import ClientOf, DeskClient, viewer
from houfeng.office.access import Permission
from houfeng.office.identity import tokens
from houfeng_desk.api import ROUTERS
from houfeng_desk.api.document import document, written
from houfeng_desk.desk import Desk
from houfeng_desk.web import marker_of

OPENAPI = Path(__file__).parents[3] / "docs" / "reference" / "openapi.json"
LISTS = ("alerts", "enterprises", "cases", "submissions", "jobs")


@pytest.fixture
def officer(client: ClientOf) -> DeskClient:
    """An officer of the whole province."""
    return client("officer")


def walked(one: DeskClient, path: str, limit: int, **asked: str) -> tuple[list[dict[str, Any]], int]:
    """All items of a list, by its cursor, and the total of the first page."""
    items: list[dict[str, Any]] = []
    cursor, total = "", None
    while True:
        answer = one.get(path, params={**asked, "limit": limit, "cursor": cursor})
        assert answer.status_code == 200, answer.text
        found = answer.json()
        total = found["total"] if total is None else total
        items += found["items"]
        if not found["next"]:
            return items, total
        cursor = found["next"]


@pytest.mark.parametrize("noun", LISTS)
def test_every_list_answers_in_one_shape(officer: DeskClient, noun: str) -> None:
    """Items, a total, and a cursor or nothing."""
    answer = officer.get(f"/api/v1/{noun}")
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert set(found) == {"items", "total", "next"}
    assert found["total"] >= len(found["items"])


def test_pages_by_cursor_give_every_enterprise_once(officer: DeskClient) -> None:
    """And none twice, in an order that was asked for."""
    items, total = walked(officer, "/api/v1/enterprises", 300, sort="-balance")
    codes = [one["enterprise_id"] for one in items]
    assert len(codes) == len(set(codes)) == total == 1000
    owed = [float(one["balance"]) for one in items if one["balance"] is not None]
    assert owed == sorted(owed, reverse=True)
    assert len(owed) > 100


def test_an_enterprise_and_its_loans_add_up(officer: DeskClient) -> None:
    """The list's balance is the sum of its notes."""
    first = officer.get("/api/v1/enterprises?sort=-balance&limit=1").json()["items"][0]
    one = officer.get(f"/api/v1/enterprises/{first['enterprise_id']}").json()
    notes = officer.get(f"/api/v1/enterprises/{first['enterprise_id']}/loans").json()
    assert one["name"] == first["name"]
    assert sum(float(note["balance_cny"]) for note in notes["items"]) == pytest.approx(float(first["balance"]))
    for part in ("links", "records"):
        assert officer.get(f"/api/v1/enterprises/{first['enterprise_id']}/{part}").status_code == 200


def test_a_scope_holds_for_programs_too(client: ClientOf) -> None:
    """An officer of Luoyang sees Luoyang; a firm elsewhere does not exist."""
    whole, part = client("officer"), client("luoyang")
    everything, _ = walked(whole, "/api/v1/enterprises", 500, region="410100")
    mine, total = walked(part, "/api/v1/enterprises", 500)
    assert 0 < total < 1000
    assert not {one["enterprise_id"] for one in mine} & {one["enterprise_id"] for one in everything}
    there = everything[0]["enterprise_id"]
    assert whole.get(f"/api/v1/enterprises/{there}").status_code == 200
    refused = part.get(f"/api/v1/enterprises/{there}")
    nobody = part.get("/api/v1/enterprises/91410000000000000X")
    assert refused.status_code == nobody.status_code == 404
    assert refused.json() == nobody.json()


def test_the_cube_is_the_report(officer: DeskClient) -> None:
    """`/themes` speaks of all loans and the five articles."""
    found = officer.get("/api/v1/themes?as_of=2025-12").json()
    assert found["pack"] == "five-articles"
    assert {"all", "five_articles", "tech", "green", "inclusive"} <= {one["theme"] for one in found["items"]}
    assert found["synthetic"] is True


def test_packs_and_what_stands_in_one(officer: DeskClient) -> None:
    """Every thing of a pack with its label and place."""
    names = {one["name"] for one in officer.get("/api/v1/packs").json()["items"]}
    assert {"five-articles", "warning-rules"} <= names
    one = officer.get("/api/v1/packs/five-articles").json()
    assert len(one["items"]) > 100
    assert officer.get("/api/v1/packs/no-such").status_code == 404


def test_an_etag_saves_the_body(officer: DeskClient) -> None:
    """Asked again with the tag, nothing comes; the tag of another answer is another."""
    first = officer.get("/api/v1/enterprises?limit=5")
    again = officer.get("/api/v1/enterprises?limit=5", headers={"if-none-match": first.headers["etag"]})
    other = officer.get("/api/v1/enterprises?limit=6", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert other.status_code == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/enterprises?cursor=rubbish", 400),
        ("/api/v1/enterprises?sort=password", 400),
        ("/api/v1/enterprises?limit=0", 422),
        ("/api/v1/alerts?tier=purple", 400),
        ("/api/v1/alerts/none", 404),
        ("/api/v1/cases/999", 404),
        ("/api/v1/nothing", 404),
        ("/api/v1/journal", 403),
        ("/api/v1/users", 403),
    ],
)
def test_errors_have_one_shape(officer: DeskClient, path: str, status: int) -> None:
    """A code, a message, problems; never a page."""
    answer = officer.get(path)
    assert answer.status_code == status, answer.text
    assert set(answer.json()) == {"code", "message", "problems"}


def test_nobody_gets_nothing(client: ClientOf) -> None:
    """Not signed in, every route says 401, but the document."""
    nobody = client()
    for router in ROUTERS:
        for route in router.routes:
            path = route.path.replace("{", "").replace("}", "")
            answer = nobody.request(next(iter(route.methods)), path, headers={"authorization": "Bearer hf_wrong"})
            assert answer.status_code == 401, (path, answer.text)
    assert nobody.get("/api/v1/openapi.json").status_code == 200


def test_a_token_may_what_it_was_given(client: ClientOf, desk: Desk) -> None:
    """Less than its person; nothing outside the API; an act needs no form token but its permission."""
    with desk.office.begin() as session:
        made = tokens.issue(session, viewer(desk, "officer"), "nightly", [Permission.SEE_MARKET], 30)
    program = client()
    program.headers["authorization"] = f"Bearer {made.secret}"
    assert program.get("/api/v1/me").json()["permissions"] == ["see_market"]
    assert program.get("/api/v1/enterprises?limit=1").status_code == 200
    assert program.get("/api/v1/alerts").status_code == 403
    assert program.post("/api/v1/alerts/x/acknowledge", json={"comment": "seen"}).status_code == 403
    assert program.get("/enterprises").status_code == 303
    with desk.office.begin() as session:
        tokens.revoke(session, viewer(desk, "officer"), made.token.id)
    assert program.get("/api/v1/me").status_code == 401


def test_a_browser_must_show_its_form_token(officer: DeskClient) -> None:
    """A foreign page cannot use somebody's session against the API."""
    answer = officer.post("/api/v1/alerts/x/acknowledge", json={"comment": "seen"})
    assert answer.status_code == 403
    assert answer.json()["code"] == "houfeng.forged"
    sent = officer.post(
        "/api/v1/alerts/x/acknowledge", json={"comment": "seen"}, headers={"x-csrf-token": officer.token()}
    )
    assert sent.status_code == 404


def test_every_route_has_one_marker() -> None:
    """As pages have."""
    for router in ROUTERS:
        for route in router.routes:
            assert marker_of(route.dependencies), route.path


def test_the_committed_document_is_this_one() -> None:
    """`make docs` writes it."""
    assert OPENAPI.read_text("utf-8") == written()
    operations = [one["operationId"] for path in document()["paths"].values() for one in path.values()]
    assert len(operations) == len(set(operations)) > 20
