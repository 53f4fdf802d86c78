"""The graph of a firm, its controller and owners, ways between firms: against what the links by hand come to."""

from __future__ import annotations

import json
import re

import pytest

from desk.desk_samples import ClientOf, viewer
from desk.penetration.linked_samples import PX, PY, Linked
from houfeng.errors import NotFoundError
from houfeng_desk.charts import penetration as charts
from houfeng_desk.desk import Desk
from houfeng_desk.queries.penetration import around as query
from houfeng_desk.queries.penetration.above import above
from houfeng_desk.queries.penetration.path import find, way
from houfeng_desk.reader import Reader


def test_one_step_around(reader: Reader, linked: Linked) -> None:
    found = query.around(reader, linked.zz1)
    sides = {side: {node.key for node in nodes} for side, nodes in found.nodes.items()}
    assert sides == {"holders": {PX, linked.lu1}, "held": {linked.lu2}, "guarantors": {linked.lu1},
                     "guaranteed": {linked.lu2}}  # fmt: skip
    told = {(edge.source, edge.target, edge.type): (edge.share, edge.amount) for edge in found.edges}
    assert told[(linked.lu1, linked.zz1, "holding")] == ("70%", None)
    assert told[(linked.lu1, linked.zz1, "guarantee")] == ("", 3_000_000)
    assert told[(linked.zz1, linked.lu2, "guarantee")] == ("", 2_000_000)
    only = query.around(reader, linked.zz1, "guarantee")
    assert {edge.type for edge in only.edges} == {"guarantee"}
    assert query.around(reader, linked.zz1, side="held").nodes["holders"] == ()
    assert query.around(reader, linked.zz1, skip=1).nodes["held"] == ()


def test_controller_and_owners(reader: Reader, linked: Linked) -> None:
    found = above(reader, linked.lu2, linked.zz1)
    assert [one.id for one in found.controllers] == [PX]
    assert [(step.enterprise.id, [who.id for who, _ in step.holds]) for step in found.proof][-1] == (
        linked.lu2,
        [linked.zz1],
    )
    shares = {one.party.id: one for one in found.owners}
    assert shares[PX].share == pytest.approx((0.8 * 0.7 + 0.3) * 0.6)
    assert shares[PX].controller
    assert shares[PX].beneficial
    assert shares[linked.lu1].share == pytest.approx(0.7 * 0.6)
    assert (shares[PY].least, shares[PY].most) == pytest.approx((0.1, 0.4))
    assert found.clear_first is not None
    assert (found.clear_first[0].id, found.clear_first[1].id) == (PY, linked.lu2)
    assert (linked.zz1, linked.lu2) in found.steps
    assert found.registered is not None
    assert found.registered.id == linked.zz1


def test_the_shortest_way(reader: Reader, linked: Linked) -> None:
    assert [one["enterprise_id"] for one in find(reader, linked.names[linked.lu2])] == [linked.lu2]
    found = way(reader, linked.lu1, linked.lu2, "holding")
    assert [node.key for node in found.nodes] == [linked.lu1, linked.zz1, linked.lu2]
    assert [hop.edge.share for hop in found.hops] == ["70%", "60%"]
    assert all("hand" in hop.edge.origin for hop in found.hops)
    direct = way(reader, linked.lu1, linked.lu2)
    assert len(direct.hops) == 1
    assert direct.hops[0].edge.amount == 1_000_000
    assert (direct.hops[0].source.key, direct.hops[0].target.key) == (linked.lu2, linked.lu1)
    assert not way(reader, linked.lu1, linked.lu1).nodes


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_tab_says_the_same_as_graph_and_tables(client: ClientOf, linked: Linked, lang: str) -> None:
    officer = client("officer")
    officer.cookies.set("houfeng-lang", lang)
    answer = officer.get(f"/enterprises/{linked.lu2}", params={"tab": "links", "to": linked.lu1, "links": "holding"})
    assert answer.status_code == 200
    chart = json.loads(re.search(r'id="links-graph-data">(.*?)</script>', answer.text)[1])  # type: ignore[index]
    ids = {node["id"] for node in chart["nodes"]}
    assert {linked.lu2, linked.zz1, linked.lu1, PX, PY} <= ids  # the path of control goes on above one step
    assert "51.60%" in answer.text
    assert "10.00%–40.00%" in answer.text
    assert ("最短路径" if lang == "zh" else "Shortest path") in answer.text
    words = officer.get(f"/enterprises/{linked.lu2}?tab=links&to=nobody").text
    assert ("没有“nobody”" if lang == "zh" else "there is no enterprise") in words
    assert officer.get(f"/enterprises/{linked.lu2}?tab=links&links=love").status_code == 400


def test_neighbours_are_bounded_and_the_rest_is_counted(reader: Reader, client: ClientOf) -> None:
    hub = reader.value(
        "SELECT guarantor_id FROM guarantee WHERE guarantor_id <> borrower_id GROUP BY 1 ORDER BY count(*) DESC LIMIT 1"
    )
    found = query.around(reader, hub)
    side = max(query.SIDES, key=lambda one: len(found.nodes[one]) + found.more[one])
    assert len(found.nodes[side]) <= query.STEP
    whole = client("officer").get(f"/enterprises/{hub}/around").json()
    assert len(whole["nodes"]) == sum(len(found.nodes[one]) + bool(found.more[one]) for one in query.SIDES)
    if found.more[side]:
        rest = client("officer").get(f"/enterprises/{hub}/around?side={side}&skip={query.STEP}").json()
        assert len(rest["nodes"]) >= min(query.STEP, found.more[side])
    drawn = charts.neighbours(found, lambda what, asked: "/x")
    assert len({(one["x"], one["y"]) for one in drawn}) == len(drawn)


def test_hostile_addresses(client: ClientOf, linked: Linked) -> None:
    officer = client("officer")
    assert officer.get("/enterprises/x'%20OR%20'1'='1/around").status_code == 404
    assert officer.get(f"/enterprises/{linked.lu1}/around?side=up").status_code == 400
    assert officer.get(f"/enterprises/{linked.lu1}/around?skip=-1").status_code == 400
    assert officer.get(f"/enterprises/{linked.lu1}/around?skip=99999999").status_code == 400


def test_persons_expand_only_for_who_sees_persons(desk: Desk, reader: Reader, linked: Linked) -> None:
    assert {node.key for node in query.around(reader, PX).nodes["held"]} == {linked.lu1, linked.zz1}
    masked = desk.reader(viewer(desk, "viewer"))
    with pytest.raises(NotFoundError):
        query.around(masked, PX)
    near = query.around(masked, linked.lu1).nodes["holders"][0]
    assert near.party.person
    assert not near.opens
    assert PX not in repr(near)
    again = query.around(masked, linked.zz1).nodes["holders"]
    assert near.key in {node.key for node in again}  # the same person stays one node


def test_the_api_masks_persons_too(client: ClientOf, linked: Linked) -> None:
    for what in ("graph", "controller", "groups", "circles", "links", f"path?to={linked.lu2}&links=holding"):
        answer = client("viewer").get(f"/api/v1/enterprises/{linked.lu1}/{what}")
        assert answer.status_code == 200, what
        assert PX not in answer.text, what
