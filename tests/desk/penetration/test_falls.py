"""Groups, circles, lists, and what falls with a firm: against hand calculation; the job gives the same answer."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desk.desk_samples import ClientOf
from desk.penetration.linked_samples import PX, Linked
from houfeng.errors import InputError
from houfeng.office.jobs.worker import Worker
from houfeng.penetration.contagion.guarantees import Guarantees, Terms
from houfeng.penetration.contagion.prepared import Prepared
from houfeng_desk.desk import Desk
from houfeng_desk.queries.penetration import fall as falls
from houfeng_desk.queries.penetration.circles import circles_of
from houfeng_desk.queries.penetration.groups import groups_of
from houfeng_desk.reader import Reader


def test_what_falls_by_hand(reader: Reader, linked: Linked) -> None:
    asked = falls.asked_of({"sum": "50"})
    found = falls.fall(reader, linked.lu1, asked, falls.reach(reader, linked.lu1, asked))
    assert found is not None
    assert [(one["party"]["id"], one["round"]) for one in found["fallen"]] == [(linked.lu1, 0), (linked.lu2, 1)]
    assert found["fallen"][1]["called"] == pytest.approx(1_000_000)
    assert found["loss"] == pytest.approx(450_000)  # nobody pays for lu1; zz1 pays all that lu2 owes
    assert sum(one["lost"] for one in found["banks"]) == pytest.approx(450_000)
    saved = found["rescue"]  # half of the call is above the net assets of lu2
    assert saved["exact"]
    assert [one["party"]["id"] for one in saved["steps"]] == [linked.lu2]
    assert saved["cost"] == pytest.approx(500_000)
    assert saved["spared"] == pytest.approx(450_000)
    less = falls.asked_of({"lgd": "20", "call": "shortfall"})
    mild = falls.fall(reader, linked.lu1, less, falls.reach(reader, linked.lu1, less))
    assert mild is not None
    assert mild["count"] == 1  # called for 200,000, borne by 500,000
    assert mild["loss"] == 0


def test_fields_that_cannot_be_meant_are_told_together(client: ClientOf, linked: Linked) -> None:
    with pytest.raises(InputError) as told:
        falls.asked_of({"lgd": "300", "order": "love", "sum": "-1"})
    assert len(told.value.problems) == 3
    assert client("officer").get(f"/enterprises/{linked.lu1}?tab=fall&lgd=300").status_code == 422
    assert client("officer").get(f"/enterprises/{linked.lu1}?tab=fall&lgd=NaN").status_code == 422


def test_a_job_gives_the_page_s_answer(
    client: ClientOf, desk: Desk, linked: Linked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    officer, address = client("officer"), f"/enterprises/{linked.lu1}?tab=fall"
    at_once = officer.get(address).text
    monkeypatch.setattr(falls.reach, "__defaults__", (1,))
    offered = officer.get(address).text
    assert "在后台计算" in offered
    answer = officer.submit(f"/enterprises/{linked.lu1}/fall", {"lgd": "45", "sum": "50"})
    assert answer.status_code == 303
    assert "还在后台计算" in officer.get(answer.headers["location"]).text
    assert Worker(desk.office, tmp_path / "jobs", book=linked.book).run_once()
    done = officer.get(answer.headers["location"]).text
    figures = re.compile(r'<div class="n">(.*?)</div>', re.S)
    assert figures.findall(done)[:3] == figures.findall(at_once)[:3]
    assert client("second").get(answer.headers["location"]).status_code == 404
    whole = officer.get(f"/api/v1{answer.headers['location']}").json()["found"]
    given = {"fall-firms": whole["fallen"], "fall-banks": whole["banks"], "fall-breaches": whole["breaches"]}
    for table, rows in (given | {"fall-rescue": whole["rescue"]["steps"]}).items():
        file = officer.submit(f"{answer.headers['location']}/{table}/export", {"reason": "核查", "format": "csv"})
        lines = list(csv.reader(io.StringIO(file.content.decode("utf-8-sig"))))
        assert lines.index([]) - 1 == len(rows), table
        assert client("second").get(f"{answer.headers['location']}/{table}/export").status_code == 404
    assert f"{answer.headers['location']}/fall-rescue/export" in done
    assert officer.get(f"{answer.headers['location']}/nothing/export").status_code == 404


DEBTS = st.lists(st.tuples(st.integers(0, 7), st.integers(1, 100)), min_size=1, max_size=10)
SURETIES = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 7), st.integers(1, 100)), max_size=20)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 60), min_size=8, max_size=8), DEBTS, SURETIES, st.booleans())
def test_rounds_end_with_those_who_fall(
    worth: list[int], owed: list[tuple[int, int]], given_: list[tuple[int, int, int]], step_in: bool
) -> None:
    debts = [(str(at), f"f{firm}", "b", float(amount)) for at, (firm, amount) in enumerate(owed)]
    sureties = [(str(at % len(debts)), f"f{firm}", float(amount)) for at, firm, amount in given_]
    graph = Guarantees.of({f"f{at}": float(one) for at, one in enumerate(worth)}, debts, sureties)
    terms = Terms(step_in=step_in)
    first = graph.place(debts[0][1])
    turn = falls.rounds(graph, terms, [first])
    fallen = Prepared(graph, terms).fall([first]).fallen
    assert set(turn) == set(np.asarray(fallen).tolist())
    assert sorted(set(turn.values())) == list(range(max(turn.values()) + 1))


def test_the_group_and_why(reader: Reader, client: ClientOf, linked: Linked) -> None:
    (group,) = groups_of(reader, linked.lu2)
    assert {one.party.id for one in group.members} == {linked.lu1, linked.lu2, linked.zz1}
    assert group.tree[0].party.id == PX
    assert {branch.party.id for branch in group.tree} == {PX, linked.lu1, linked.lu2, linked.zz1}
    assert group.lent.total == 6_000_000
    assert group.lent.banks[0].share is not None
    text = client("officer").get(f"/enterprises/{linked.lu2}?tab=group").text
    assert "为什么算一个集团" in text
    assert linked.names[linked.zz1] in text


def test_the_circle(reader: Reader, client: ClientOf, linked: Linked) -> None:
    (circle,) = circles_of(reader, linked.lu2)
    assert circle.count == 3
    assert circle.amount == 6_000_000
    assert sum(one.key for one in circle.members) == 1
    by_id = {one.party.id: one for one in circle.members}
    assert (by_id[linked.lu2].given, by_id[linked.lu2].received) == (1_000_000, 2_000_000)
    assert by_id[linked.lu2].ratio == 200  # a million for net assets of half a million
    assert by_id[linked.lu1].ratio is None
    assert len(circle.edges) == 3
    assert "循环担保" in client("officer").get(f"/enterprises/{linked.lu2}?tab=circle").text


@pytest.mark.parametrize("what", ["groups", "circles", "findings"])
def test_lists_and_their_exports(client: ClientOf, linked: Linked, what: str) -> None:
    officer = client("officer")
    assert officer.get("/penetration").headers["location"] == "/penetration/groups"
    assert officer.get(f"/penetration/{what}").status_code == 200
    if what != "findings":
        found = officer.get(f"/penetration/{what}", params={"q": linked.names[linked.lu1]})
        assert "共 1 条" in found.text
        assert "600.00" in found.text
    assert officer.get(f"/penetration/{what}/export").status_code == 200
    file = officer.submit(f"/penetration/{what}/export", {"reason": "核查", "format": "csv"}, of=f"/penetration/{what}")
    assert file.status_code == 200
    assert officer.get("/penetration/nothing").status_code == 404
    assert officer.get(f"/api/v1/penetration/{what}").json()["total"] >= 0
