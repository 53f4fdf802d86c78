"""The other rooms for programs: platforms, scores, matching, packs; each as its page's own queries say."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from desk.api.api_samples import Program
from desk.desk_samples import ClientOf, viewer
from houfeng.credit.models.model import Model
from houfeng.office.jobs import Worker
from houfeng_desk.api.document import document
from houfeng_desk.desk import Desk
from houfeng_desk.pages.platforms.scenario import FIELDS
from houfeng_desk.queries.credit.scores import score_of
from houfeng_desk.queries.platforms.book import Platforms, platforms_of

TABS = ("ladder", "plan", "debts", "exit", "swap")


@pytest.fixture
def officer(client: ClientOf) -> Program:
    return Program(client("officer"))


@pytest.fixture
def book(desk: Desk) -> Platforms:
    return platforms_of(desk, desk.reader(viewer(desk, "officer")))


def test_platforms_add_up(officer: Program, book: Platforms) -> None:
    """The list, the totals and the ledger of each say the same."""
    items, cursor = [], ""
    while True:
        page = officer.get("/platforms", limit=3, cursor=cursor).json()
        items += page["items"]
        if not (cursor := page["next"] or ""):
            break
    assert {one["enterprise_id"] for one in items} == set(book.by_id)
    whole = officer.get("/platforms/totals").json()
    assert whole["number"] == len(items)
    assert Decimal(whole["debt"]) == sum(Decimal(one["total"]) for one in items)
    first = items[0]["enterprise_id"]
    one = officer.get(f"/platforms/{first}").json()
    debts = officer.get(f"/platforms/{first}/debts").json()
    assert Decimal(one["total"]) == sum(Decimal(debt["balance"]) for debt in debts["items"])
    assert [each["name"] for each in one["indicators"]] == [each.name for each in book.indicators[first]]
    ladder = officer.get(f"/platforms/{first}/ladder").json()
    parts = sum(Decimal(ladder[name]) for name in ("within", "passed", "later", "undated"))
    assert parts == Decimal(one["total"])
    exit_ = officer.get(f"/platforms/{first}/exit").json()
    assert exit_["stage"] == book.exits[first].stage.value
    assert len(exit_["conditions"]) == len(book.exits[first].conditions)


def test_platforms_stay_in_their_scope(officer: Program, client: ClientOf, book: Platforms) -> None:
    city, reporter = Program(client("luoyang")), Program(client("reporter"))
    there = next(one.enterprise_id for one in book.all if not one.region.startswith("4103"))
    for tab in ("", *(f"/{tab}" for tab in TABS)):
        assert officer.get(f"/platforms/{there}{tab}").status_code == 200
        assert city.get(f"/platforms/{there}{tab}").status_code == 404
        assert reporter.get(f"/platforms/{there}{tab}").status_code == 403
    assert officer.get(f"/platforms/{there}/swap", rate="many").status_code == 400
    asked = document()["paths"]["/api/v1/platforms/{enterprise_id}/swap"]["get"]["parameters"]
    assert {one["name"] for one in asked if one["in"] == "query"} >= set(FIELDS)  # all that the page's form asks
    assert officer.get("/platforms", region="nowhere").status_code == 400
    tagged = officer.get(f"/platforms/{there}/debts")
    again = officer.browser.get(f"/api/v1/platforms/{there}/debts", headers={"if-none-match": tagged.headers["etag"]})
    assert again.status_code == 304


def test_models_and_scores(officer: Program, client: ClientOf, desk: Desk, hand: Model) -> None:
    listed = officer.get("/credit/models").json()["items"]
    assert [(one["name"], one["digest"]) for one in listed] == [(hand.name, hand.digest)]
    card = officer.get(f"/credit/models/{hand.name}/{hand.version}").json()
    assert [one["name"] for one in card["characteristics"]] == [one.name for one in hand.card.characteristics]
    assert officer.get(f"/credit/models/{hand.name}/9.9.9").status_code == 404
    firm = officer.get("/enterprises", region="410100", limit=1).json()["items"][0]["enterprise_id"]
    told = officer.get(f"/credit/firms/{firm}", name=hand.name, version=hand.version).json()
    found = score_of(desk, desk.reader(viewer(desk, "officer")), firm, hand)
    assert found is not None
    assert (told["score"], told["base"]) == (found.score, found.base)
    assert sum(reason["points"] for reason in told["reasons"]) + told["base"] == told["score"]
    assert Program(client("luoyang")).get(f"/credit/firms/{firm}").status_code == 404
    assert Program(client("reporter")).get("/credit/models").status_code == 403


def test_a_run_of_matching(officer: Program, client: ClientOf, desk: Desk, small_book: Path, tmp_path: Path) -> None:
    assert officer.send("POST", "/matching/runs", share="0").status_code == 422
    assert officer.send("POST", "/matching/runs", region="41x").status_code == 422
    assert Program(client("viewer")).send("POST", "/matching/runs").status_code == 403
    asked = officer.send("POST", "/matching/runs", day="2025-12-15", share="5")
    assert asked.status_code == 200, asked.text
    one = f"/matching/runs/{asked.json()['job']}"
    assert officer.get(one).status_code == 404  # not done yet
    assert Worker(desk.office, tmp_path / "jobs", book=small_book).run_once()
    run = officer.get(one).json()
    assert {"stable", "best"} <= set(run["ways"])
    items, cursor = [], ""
    while True:
        page = officer.get(f"{one}/needs", limit=100, cursor=cursor).json()
        items += page["items"]
        if not (cursor := page["next"] or ""):
            break
    assert len(items) == len({item["need_no"] for item in items}) == run["needs"] == page["total"]
    assert officer.get(f"{one}/needs", state="odd").status_code == 400
    need = officer.get(f"{one}/needs/{items[0]['need_no']}").json()
    assert need["need_no"] == items[0]["need_no"]
    assert officer.get(f"{one}/needs/nothing").status_code == 404
    assert Program(client("luoyang")).get(one).status_code == 404
    assert officer.send("POST", f"{one}/recommend-all", way="third").status_code == 400
    assert officer.send("POST", f"{one}/recommend", need_no="nothing", product="x").status_code == 404
    assert [each["id"] for each in officer.get("/matching/runs").json()["items"]] == [asked.json()["job"]]


def test_what_stands_in_a_pack(officer: Program, client: ClientOf) -> None:
    """Everything a pack lists can be asked for by its key, and says where it is written."""
    things = officer.get("/packs/five-articles").json()["items"]
    words = {"item": "items", "rule": "rules", "parameter": "parameters", "set": "sets", "reading": "readings"}
    seen = set()
    for one in things:
        form, _, key = one["key"].partition("/")
        if form not in words or form in seen:
            continue
        seen.add(form)
        told = officer.get(f"/packs/five-articles/{words[form]}/{key}")
        assert told.status_code == 200, told.text
        assert told.json()["at"] == one["at"]
        assert told.json()["lines"]
    assert {"item", "parameter", "set", "reading"} <= seen
    rules = officer.get("/packs/warning-rules/rules").json()
    first = rules["items"][0]["name"]
    assert officer.get(f"/packs/warning-rules/rules/{first}/text").json()["tiers"]
    assert officer.get(f"/packs/warning-rules/rules/{first}").json()["id"] == rules["items"][0]["id"]
    assert officer.get("/packs/five-articles/rules").status_code == 400
    assert officer.get("/packs/five-articles/parameters/nothing").status_code == 404
    found = officer.get("/packs/search", q="digital").json()["items"]
    assert any(one["pack"] == "five-articles" for one in found)
    zipped = officer.get("/packs/five-articles/download")
    assert zipped.content[:2] == b"PK"
    assert Program(client("reporter")).get("/packs/five-articles/download").status_code == 403
    move = officer.send("POST", f"/packs/warning-rules/rules/{first}/move", to="shadow", why="试")
    assert move.status_code == 400  # no watch has run here


def test_a_draft_is_given_up_or_tried_out(client: ClientOf) -> None:
    editor, viewer_ = Program(client("analyst")), Program(client("viewer"))
    asked = {"entry": "digital_scope", "reading": "core_only", "start": "2026-03-01", "why": "试"}
    number = editor.send("POST", "/packs/five-articles/drafts", **asked).json()["id"]
    one = editor.get(f"/packs/five-articles/versions/{number}").json()
    assert one["changes"]
    assert (one["state"], one["in_force"], one["approval"]) == ("draft", False, None)
    assert viewer_.send("POST", f"/packs/five-articles/versions/{number}/withdraw", why="x").status_code == 403
    assert editor.send("POST", f"/packs/warning-rules/versions/{number}/withdraw", why="x").status_code == 404
    assert editor.send("POST", f"/packs/five-articles/versions/{number}/withdraw", why="不要了").status_code == 200
    assert editor.get(f"/packs/five-articles/versions/{number}").json()["state"] == "withdrawn"
    back = editor.send("POST", f"/packs/five-articles/versions/{number}/return", from_day="2026-03-01", why="x")
    assert back.status_code in (400, 409)
    tried = editor.send("POST", "/packs/five-articles/simulations", values={"inclusive_line_cap": "5,000,000"})
    assert tried.status_code == 200, tried.text
    state = editor.get(f"/packs/five-articles/simulations/{tried.json()['job']}").json()
    assert state["state"] == "waiting"
    assert state["result"] is None
    assert editor.send("POST", "/packs/five-articles/simulations", values={"nothing": "5"}).status_code in (404, 422)
    assert editor.send("POST", "/packs/five-articles/simulations").status_code == 422
    assert editor.get("/packs/five-articles/activations").json()["total"] == 0
