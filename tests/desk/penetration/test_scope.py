"""An officer of one city learns nothing of firms elsewhere: not by links, counts, ways, groups, circles or falls."""

from __future__ import annotations

import pytest

from desk.desk_samples import ClientOf
from desk.penetration.linked_samples import Linked
from houfeng.errors import NotFoundError
from houfeng_desk.queries.penetration import around as query
from houfeng_desk.queries.penetration.above import above
from houfeng_desk.queries.penetration.circles import circles_of
from houfeng_desk.queries.penetration.fall import asked_of, fall, reach
from houfeng_desk.queries.penetration.groups import groups_of
from houfeng_desk.queries.penetration.path import find, way
from houfeng_desk.reader import Reader

PAGES = ("links", "group", "circle", "fall", "fall&unknown=falls&cross_default=yes")


def test_who_is_outside_has_no_name_anywhere(client: ClientOf, linked: Linked) -> None:
    luoyang = client("luoyang")
    hidden = (linked.zz1, linked.names[linked.zz1])
    for firm in (linked.lu1, linked.lu2):
        for tab in PAGES:
            text = luoyang.get(f"/enterprises/{firm}?tab={tab}").text
            assert not [one for one in hidden if one in text], tab
        for asked in ("around", "around?side=held", "around?side=guarantors"):
            text = luoyang.get(f"/enterprises/{firm}/{asked}").text
            assert not [one for one in hidden if one in text], asked
        for what in ("graph", "controller", "groups", "circles", "fall?unknown=falls", "links"):
            text = luoyang.get(f"/api/v1/enterprises/{firm}/{what}").text
            assert not [one for one in hidden if one in text], what
    for what in ("groups", "circles", "findings"):
        for address in (f"/penetration/{what}?size=100", f"/api/v1/penetration/{what}?limit=500"):
            answer = luoyang.get(address)
            assert answer.status_code == 200
            assert not [one for one in hidden if one in answer.text], address
    assert luoyang.get(f"/enterprises/{linked.zz1}/around").status_code == 404
    assert luoyang.get(f"/api/v1/enterprises/{linked.zz1}/graph").status_code == 404


def test_outside_parties_stand_alone_and_lead_nowhere(city: Reader, linked: Linked) -> None:
    found = query.around(city, linked.lu2)
    outside = [node for nodes in found.nodes.values() for node in nodes if node.party.outside]
    assert len(outside) == 2  # held by it, and guaranteed by it: nobody can tell that the two are one
    assert len({node.key for node in outside}) == 2
    assert all(not node.opens and not node.party.id for node in outside)
    over = above(city, linked.lu2)
    assert all(one.outside for one in over.controllers)
    assert any(one.party.outside and one.share == pytest.approx(0.6) for one in over.owners)


def test_no_way_passes_outside(city: Reader, reader: Reader, linked: Linked) -> None:
    assert find(city, linked.zz1) == []
    assert find(city, linked.names[linked.zz1]) == []
    assert way(reader, linked.lu1, linked.lu2, "holding").nodes
    told = way(city, linked.lu1, linked.lu2, "holding")
    assert told.nodes == ()
    assert told.whole
    inside = way(city, linked.lu1, linked.lu2)
    assert len(inside.hops) == 1  # lu2 stands surety for lu1: both are of Luoyang


def test_groups_and_circles_count_who_may_be_seen(city: Reader, reader: Reader, linked: Linked) -> None:
    whole, part = (circles_of(one, linked.lu1)[0] for one in (reader, city))
    assert (whole.count, part.count) == (3, 2)
    assert whole.amount == 6_000_000
    assert part.amount == 1_000_000
    assert (whole.lent.total, part.lent.total) == (6_000_000, 3_000_000)
    everybody, few = (groups_of(one, linked.lu1)[0] for one in (reader, city))
    assert everybody.count == 3
    assert few.count == 2
    assert linked.zz1 not in repr(few)
    assert linked.names[linked.zz1] not in repr(few)


def test_a_fall_reaches_nobody_outside(city: Reader, reader: Reader, linked: Linked) -> None:
    asked = asked_of({})
    assert reach(reader, linked.lu1, asked).firms == {linked.lu1, linked.lu2, linked.zz1}
    reached = reach(city, linked.lu1, asked)
    assert reached.firms == {linked.lu1, linked.lu2}
    found = fall(city, linked.lu1, asked, reached)
    assert found is not None
    assert linked.zz1 not in repr(found)
    with pytest.raises(NotFoundError):
        query.around(city, linked.zz1)
