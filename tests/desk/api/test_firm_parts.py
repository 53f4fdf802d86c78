"""The parts of one enterprise's page for programs, and the market at a glance: as the page's own queries say."""

from __future__ import annotations

from decimal import Decimal

import pytest

from desk.api.api_samples import Program
from desk.desk_samples import ClientOf, viewer
from houfeng_desk.desk import Desk
from houfeng_desk.queries.enterprise import lending
from houfeng_desk.queries.enterprise.firm import firm_of

PARTS = ("indicators", "alerts", "risk", "exposure", "statements", "known", "story", "portrait")


@pytest.fixture
def officer(client: ClientOf) -> Program:
    return Program(client("officer"))


@pytest.fixture
def largest(officer: Program) -> str:
    """The firm that owes most."""
    return str(officer.get("/enterprises", sort="-balance", limit=1).json()["items"][0]["enterprise_id"])


def test_every_part_answers_and_stays_inside(officer: Program, client: ClientOf, largest: str) -> None:
    elsewhere = Program(client("luoyang"))
    there = officer.get("/enterprises", region="410100", limit=1).json()["items"][0]["enterprise_id"]
    for part in PARTS:
        answer = officer.get(f"/enterprises/{largest}/{part}")
        assert answer.status_code == 200, (part, answer.text)
        tag = answer.headers["etag"]
        same = officer.browser.get(f"/api/v1/enterprises/{largest}/{part}", headers={"if-none-match": tag})
        assert same.status_code == 304, part
        assert elsewhere.get(f"/enterprises/{there}/{part}").status_code == 404, part
        assert officer.get(f"/enterprises/91410000000000000X/{part}").status_code == 404, part


def test_exposure_adds_up_by_month(officer: Program, largest: str) -> None:
    found = officer.get(f"/enterprises/{largest}/exposure").json()
    assert found["months"]
    for place, total in enumerate(found["totals"]):
        balances = [Decimal(bank["balances"][place] or 0) for bank in found["banks"]]
        assert sum(balances) == Decimal(total)
    notes = officer.get(f"/enterprises/{largest}/loans").json()["items"]
    assert Decimal(found["totals"][-1]) == sum(Decimal(note["balance_cny"] or note["balance"]) for note in notes)


def test_why_a_note_counts(officer: Program, desk: Desk, largest: str) -> None:
    notes = officer.get(f"/enterprises/{largest}/loans").json()["items"]
    tagged = next((note for note in notes if note["themes"]), notes[0])
    theme = (tagged["themes"] or ["tech"])[0]
    told = officer.get(f"/enterprises/{largest}/loans/why", note=tagged["key"], theme=theme).json()
    assert told["steps"]
    assert told["steps"][0]["holds"] is (theme in tagged["themes"])
    assert officer.get(f"/enterprises/{largest}/loans/why", note="a/b/c", theme=theme).status_code in (404, 422)
    reader = desk.reader(viewer(desk, "officer"))
    key = dict(zip(("institution_id", "contract_no", "note_no"), tagged["key"].split("/", 2), strict=True))
    why = officer.get("/themes/loans/why", **key)
    assert why.status_code == 200, why.text
    assert {one["theme"] for one in why.json()["tags"]} >= set(tagged["themes"])
    assert lending.summary(firm_of(reader, largest), reader.as_of)["notes"] == len(notes)


def test_what_was_learned_between_two_moments(officer: Program, largest: str) -> None:
    moments = officer.get(f"/enterprises/{largest}/known").json()["moments"]
    assert len(moments) > 1
    first = moments[-1]["at"][:19]
    differences = officer.get(f"/enterprises/{largest}/known", since=first).json()["differences"]
    assert any(one["what"] == "new" for one in differences)
    assert officer.get(f"/enterprises/{largest}/known", since="2999-01-01").status_code == 400
    assert officer.get(f"/enterprises/{largest}/indicators", group="nothing").status_code == 404


def test_the_notes_behind_a_figure_page_by_page(officer: Program) -> None:
    cube = officer.get("/themes", as_of="2025-12").json()["items"]
    inclusive = next(one for one in cube if one["theme"] == "inclusive" and not one["by"] and one["tag"] == "inclusive")
    items, cursor, total = [], "", 0
    while True:
        page = officer.get("/themes/loans", theme="inclusive", as_of="2025-12", limit=200, cursor=cursor).json()
        items += page["items"]
        total = page["total"]
        if not page["next"]:
            break
        cursor = page["next"]
    assert len(items) == total == inclusive["notes"]
    keys = {(one["institution_id"], one["contract_no"], one["note_no"]) for one in items}
    assert len(keys) == total
    counted = sum(Decimal(one["counted"]) for one in items)
    assert counted == Decimal(str(inclusive["balance"]))
    assert officer.get("/themes/loans", theme="nothing").status_code == 404
    assert officer.get("/themes/loans", sort="password").status_code == 400


def test_the_cube_as_a_file(officer: Program, client: ClientOf) -> None:
    file = officer.send("POST", "/themes/export?as_of=2025-12", format="csv", reason="月度通报")
    assert file.status_code == 200, file.text
    assert "普惠" in file.content.decode("utf-8-sig")
    assert officer.send("POST", "/themes/export", format="csv").status_code == 422
    assert Program(client("reporter")).send("POST", "/themes/export", reason="x").status_code == 403


def test_the_market_at_a_glance(officer: Program, client: ClientOf) -> None:
    found = officer.get("/overview").json()
    assert {one["name"] for one in found["figures"]}
    assert len(found["map"]["cities"]) == 18
    assert found["alerts"]["total"] == sum(found["alerts"]["open_by_tier"].values())
    balance = officer.get("/overview", map="inclusive:balance")
    assert balance.status_code in (200, 400), balance.text
    assert Program(client("reporter")).get("/overview").status_code == 403


def test_finding_ones_way(officer: Program, client: ClientOf, largest: str) -> None:
    found = officer.get("/search", q=largest).json()["items"]
    assert any(one["page"] == f"/enterprises/{largest}" for group in found for one in group["items"])
    assert Program(client("reporter")).get("/search", q=largest).json()["items"] == []
    assert officer.get("/search").status_code == 422
    assert officer.get("/todo").json()["proposed"] == []
    titles = officer.get("/help", lang="en").json()["items"]
    assert titles
    assert officer.get(f"/help/{titles[0]['name']}", lang="en").json()["title"] == titles[0]["title"]
    assert officer.get("/help/nothing").status_code == 404
