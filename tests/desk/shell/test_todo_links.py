"""What waits for a decision leads to what it is about; a link that leads elsewhere is none; the page has an end."""

from __future__ import annotations

from typing import Any

import pytest

from desk.desk_samples import ClientOf, viewer
from houfeng.errors import Text
from houfeng.office import approvals
from houfeng.office.tables import Approval
from houfeng_desk.desk import Desk
from houfeng_desk.pages.house.todo import SHOWN, link_of

KIND = "test.links"


def proposed(desk: Desk, about: str, detail: dict[str, Any]) -> int:
    """A proposal of the officer's."""
    approvals.register(KIND, lambda session, approval, who: None)
    with desk.office.begin() as session:
        who = viewer(desk, "officer")
        return approvals.propose(session, who, KIND, about, Text("一件事", "a thing"), detail, "理由").id


@pytest.mark.parametrize(
    ("about", "detail", "link"),
    [
        ("case:7", {"link": "/cases/7"}, "/cases/7"),
        ("case:7", {}, "/cases/7"),
        ("pack:five-articles", {}, "/packs/five-articles/versions"),
        ("claim:3", {"href": "/claims/3"}, "/claims/3"),
        ("/enterprises/export?q=x", {}, "/enterprises/export?q=x"),
        ("thing:1", {"link": "https://evil.example/"}, ""),
        ("thing:1", {"link": "//evil.example/"}, ""),
        ("thing:1", {"link": "javascript:alert(1)"}, ""),
        ("thing:1", {}, ""),
    ],
)
def test_where_a_proposal_leads(about: str, detail: dict[str, Any], link: str) -> None:
    assert link_of(Approval(about=about, detail=detail)) == link


def test_both_sides_see_the_link(client: ClientOf, desk: Desk) -> None:
    proposed(desk, "case:7", {"link": "/cases/7", "move": "close"})
    for login in ("approver", "officer"):
        page = client(login).get("/todo").text
        assert '<a href="/cases/7">一件事</a>' in page, login
    page = client("approver").get("/todo").text
    assert "<dt>move</dt>" in page
    assert "<dt>link</dt>" not in page


def test_a_long_list_is_cut_and_says_how_many(client: ClientOf, desk: Desk) -> None:
    for number in range(SHOWN + 5):
        proposed(desk, f"thing:{number}", {})
    page = client("approver").get("/todo").text
    assert page.count('value="approve"') == SHOWN
    assert f"共 {SHOWN + 5} 条" in page
