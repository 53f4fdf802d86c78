"""Lists of a policy, what banks may read of a firm, and briefings, for programs."""

from __future__ import annotations

from datetime import date
from hashlib import sha256

import pytest

from desk.api.api_samples import Program
from desk.delivery.need_samples import POLICY, apply, recommended
from desk.desk_samples import BANK, ClientOf, viewer
from houfeng.cases.tables import Briefing
from houfeng.office.jobs import Worker
from houfeng_desk.desk import Desk
from houfeng_desk.pages.delivery import jobs


@pytest.fixture
def officer(client: ClientOf) -> Program:
    return Program(client("officer"))


def test_a_list_is_made_published_and_read(client: ClientOf, desk: Desk, officer: Program) -> None:
    """By two jobs; each version tells its members, their reasons and where it went, each person within their scope."""
    worker = Worker(desk.office, desk.work_folder / "jobs", book=desk.book.path, kinds=[jobs.LIST, jobs.PUBLISH])
    city, bank = Program(client("luoyang")), Program(client("reporter"))
    for address in ("lists", "lists/1/publish"):
        assert city.send("POST", f"/policies/{POLICY}/{address}").status_code == 403
        assert officer.send("POST", f"/policies/{POLICY}/{address}").status_code == 200
        assert worker.run_once()
    (version,) = officer.get(f"/policies/{POLICY}").json()["versions"]
    one = officer.get(f"/policies/{POLICY}/lists/1").json()
    members = officer.get(f"/policies/{POLICY}/lists/1/members", limit=500).json()
    assert version["entitled"] == one["members_total"] == members["total"] == len(one["joined_members"]) > 0
    assert {each["why"]["cause"] for each in one["joined_members"]} == {"first"}
    there = {each["enterprise_id"] for each in members["items"] if each["city"]["zh"].startswith("洛阳")}
    told = city.get(f"/policies/{POLICY}/lists/1/members", limit=500).json()["items"]
    assert {each["enterprise_id"] for each in told} == there
    (receipt,) = bank.get(f"/policies/{POLICY}/receipts").json()["items"]
    own = bank.get(f"/policies/{POLICY}/lists/1/members").json()["total"]
    assert (receipt["institution_id"], receipt["members"], receipt["received_at"]) == (BANK, own, None)
    assert {each["name"]: each["begun"] for each in officer.get("/policies").json()["items"]}[POLICY]
    chains = officer.get(f"/policies/{POLICY}/chains", state="sent").json()["total"]
    assert chains == version["entitled"]
    assert officer.get(f"/policies/{POLICY}/lists/2/members").status_code == 404


def test_who_may_read_what_and_who_did(client: ClientOf, desk: Desk, firm: str, officer: Program) -> None:
    """The firm's authorisation lives until it is taken back; every look of the bank is told to the firm."""
    mine, bank = Program(client("firm")), Program(client("reporter"))
    assert mine.get("/mine/authorisations").json() == {"items": [], "total": 0, "reads": []}
    need = apply(mine.browser).headers["location"].rsplit("/", 1)[1]
    recommended(desk, officer.browser, need)
    assert bank.get(f"/needs/{need}/data", name="profile").status_code == 200
    found = mine.get("/mine/authorisations").json()
    (given,) = (one for one in found["items"] if one["institution_id"] == BANK)
    assert (given["alive"], given["data"], given["purpose"]) == (True, ["loans", "profile"], "loan")
    assert given["bank"]
    assert {one["who"] for one in found["reads"]} == {"reporter"}
    for person, status in ((bank, 403), (mine, 200)):
        address = f"/mine/authorisations/{given['id']}/revoke"
        assert person.send("POST", address, why="改找别家").status_code == status
    (after,) = (one for one in mine.get("/mine/authorisations").json()["items"] if one["id"] == given["id"])
    assert (after["alive"], after["revoked_why"]) == (False, "改找别家")
    assert bank.get(f"/needs/{need}/data", name="profile").status_code == 403


def test_briefings_are_listed_and_fetched(client: ClientOf, desk: Desk, officer: Program) -> None:
    """With the hash of each file; not by who has another scope, and asking for one is a job."""
    path = desk.work_folder / "one.docx"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"a briefing")
    digest = sha256(b"a briefing").hexdigest()
    with desk.office.begin() as session:
        session.add(
            Briefing(
                cadence="month",
                first_on=date(2026, 1, 1),
                last_on=date(2026, 1, 31),
                lang="zh",
                scope={},
                as_of=date(2026, 1, 31),
                known_at=desk.clock(),
                made_at=desk.clock(),
                made_by=viewer(desk, "officer").user_id,
                files=[{"name": "一月.docx", "path": str(path), "sha256": digest, "size": 10}],
            )
        )
    (one,) = officer.get("/briefings").json()["items"]
    assert (one["cadence"], one["first"], one["last"]) == ("month", "2026-01-01", "2026-01-31")
    assert one["files"] == [{"name": "一月.docx", "sha256": digest}]
    assert officer.get(f"/briefings/{one['id']}/files/0").content == b"a briefing"
    assert officer.get(f"/briefings/{one['id']}/files/1").status_code == 404
    city = Program(client("luoyang"))
    assert city.get("/briefings").json() == {"items": [], "total": 0}
    assert city.get(f"/briefings/{one['id']}/files/0").status_code == 404
    job = officer.send("POST", "/briefings", cadence="week", day="2026-02-10").json()["job"]
    assert officer.get(f"/jobs/{job}").json()["state"]["en"] == "waiting"
    assert officer.send("POST", "/briefings", cadence="century").status_code == 422
