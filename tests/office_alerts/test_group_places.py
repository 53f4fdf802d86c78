"""Where a group is: at its head, else in the smallest region that holds all its members. Against a plain count."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from houfeng.book.connection import connect
from houfeng.office.alerts.bound import _places
from houfeng.themes.dimensions import common_region

FIRMS = {"E1": "410102", "E2": "410105", "E3": "410300", "E4": "420100", "E5": None}


class Book:
    """Three kinds in memory, as a snapshot hands out SQL."""

    def __init__(self, heads: dict[str, str | None], members: dict[str, list[str]]) -> None:
        self.tables = {
            "connected_group": [{"group_id": name, "head_id": head} for name, head in heads.items()],
            "group_member": [{"group_id": name, "enterprise_id": one} for name, own in members.items() for one in own],
            "enterprise": [{"enterprise_id": name, "region": region} for name, region in FIRMS.items()],
        }

    def select(self, kind: str, **_: object) -> str:
        rows = self.tables[kind]
        names = {"connected_group": "group_id, head_id", "group_member": "group_id, enterprise_id"}
        values = ", ".join(
            "(" + ", ".join("NULL" if one is None else f"'{one}'" for one in row.values()) + ")" for row in rows
        )
        return f"SELECT * FROM (VALUES {values}) AS t({names.get(kind, 'enterprise_id, region')})"


@pytest.mark.parametrize(
    ("head", "members", "place"),
    [
        ("E3", ["E1", "E2"], "410300"),
        (None, ["E1"], "410102"),
        (None, ["E1", "E2"], "410100"),
        (None, ["E1", "E3"], "410000"),
        (None, ["E1", "E4"], None),
        ("E5", ["E1", "E2"], "410100"),
        ("nobody", ["E3"], "410300"),
    ],
)
def test_where_a_group_is(head: str | None, members: list[str], place: str | None) -> None:
    book = Book({"G1": head, "G2": "E1"}, {"G1": members, "G2": ["E4"]})
    with connect() as connection:
        connection.register("_asked", pa.table({"key": ["G1"]}))
        found = _places(connection, book, None)  # type: ignore[arg-type]
    assert found == ({"G1": place} if place else {})


@given(st.lists(st.sampled_from(["410102", "410105", "410100", "410300", "419001", "420106"]), min_size=1))
def test_a_common_region_holds_all(regions: list[str]) -> None:
    found = common_region(regions)
    if found is None:
        assert len({region[:2] for region in regions}) > 1
        return
    stem = found.removesuffix("0000") if found.endswith("0000") else found.removesuffix("00")
    assert all(region.startswith(stem) for region in regions)
    finer = {region[: len(stem) + 2] for region in regions}
    assert len(finer) > 1 or len(stem) == 6 or found in regions
