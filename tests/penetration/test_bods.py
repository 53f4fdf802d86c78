"""BODS in and out: the standard's own examples, statements of older versions, and rows made up by Hypothesis."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.errors import InputError
from houfeng.penetration.bods.reading import read
from houfeng.penetration.bods.rows import ENTITIES, INTERESTS, Package, Row
from houfeng.penetration.bods.statements import load
from houfeng.penetration.bods.writing import Publisher, not_written, text, write

EXAMPLES = Path(__file__).parents[3] / "shared" / "data" / "bods_examples"
US = Publisher("候风", date(2026, 6, 30), date(2026, 7, 1))


def again(package: Package) -> Package:
    """Written to a file and read back."""
    return read(json.loads(text(write(package, US)), parse_float=Decimal))


def example(name: str, **options: Any) -> Package:
    return read(load(EXAMPLES / f"{name}.json"), f"{name}.json", **options)


def stakes(package: Package, *fields: str) -> list[tuple[Any, ...]]:
    return [tuple(row.get(field) for field in fields) for row in package.holdings]


needs_examples = pytest.mark.skipif(not EXAMPLES.exists(), reason="the examples of the standard are not here")


@needs_examples
@pytest.mark.data
def test_every_example_comes_back_as_it_was_read() -> None:
    files = sorted(EXAMPLES.glob("*.json"))
    assert len(files) == 19
    for file in files:
        package = read(load(file), file.name)
        assert any(package.kinds().values())
        assert again(package).kinds() == package.kinds(), file.name


@needs_examples
@pytest.mark.data
def test_what_changes_over_time() -> None:
    tecido = example("tecido")
    told = stakes(tecido, "share", "valid_from", "valid_to")
    assert [(int(share), str(since), str(until)) for share, since, until in told] == [
        (100, "2002-03-09", "2021-09-24"), (40, "2021-09-24", "2022-09-21"), (30, "2022-09-21", "2023-03-03"),
        (60, "2021-09-24", "2022-09-21"), (70, "2022-09-21", "2023-03-01"), (80, "2023-03-01", "None"),
    ]  # fmt: skip
    early = example("tecido", known_at=date(2021, 12, 31))
    assert [(int(share), until) for share, until in stakes(early, "share", "valid_to")] == [
        (100, date(2021, 9, 24)), (40, None), (60, None),
    ]  # fmt: skip
    fermcat = [(int(share), str(until)) for share, until in stakes(example("fermcat"), "share", "valid_to")]
    assert fermcat == [(50, "2022-01-21"), (100, "None"), (50, "2021-04-03"), (50, "2022-01-21")]


@needs_examples
@pytest.mark.data
def test_what_is_not_direct_is_no_holding_and_is_told() -> None:
    state = example("bods-package-fi-soe")
    assert sorted(stakes(state, "share", "holder_kind")) == [
        (Decimal("23.5"), "state"), (Decimal("76.5"), "enterprise"), (100, "state"),
    ]  # fmt: skip
    assert {(row["interest"], row["reach"]) for row in state.interests} == {
        ("shareholding", "indirect"), ("other", "direct"),
    }  # fmt: skip
    assert [note.code for note in state.notes].count("bods.indirect") == 1
    assert {row["holder_kind"] for row in example("bods-package-fi-soe", home="CN").holdings} == {"foreign"}
    pep = example("full-pep-declaration")
    assert pep.holdings[0]["share_min"] == 25
    assert pep.holdings[0]["share_max"] == 50
    assert "votes" not in pep.holdings[0]
    assert pep.interests[0]["interest"] == "voting_rights"  # a range of votes has no place in a holding
    assert {note.code for note in pep.notes} >= {"bods.exclusive", "bods.not_held"}
    exempt = example("listed-company-exempt-from-disclosure")
    assert ("bods.unspecified", "subjectExemptFromDisclosure") in [(note.code, note.value) for note in exempt.notes]


def relationship(**interest: Any) -> dict[str, Any]:
    details = {"subject": "f", "interestedParty": "p", "interests": [interest]}
    return {"recordId": "r", "recordType": "relationship", "recordStatus": "new", "recordDetails": details}


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    bad = [
        {"recordType": "entity"},
        relationship(type="ownership", share={"exact": 120}, startDate="2020-13-01"),
        relationship(type="shareholding", share={"exact": True}),
    ]
    with pytest.raises(InputError) as told:
        read(bad, "bad.json")
    assert [(problem.code, problem.where.row) for problem in told.value.problems] == [
        ("bods.statement", 1), ("bods.date", 2), ("bods.interest", 2), ("bods.share", 2), ("bods.share", 3),
    ]  # fmt: skip
    for number, content in enumerate(("{", '{"a": 1}\n3\n', "", "[[[")):
        file = tmp_path / f"{number}.json"
        file.write_text(content, encoding="utf-8")
        with pytest.raises(InputError, match="cannot be read"):
            load(file)


def test_older_versions_are_read_and_said_to_be() -> None:
    older: list[dict[str, Any]] = [
        {"statementID": "p1", "statementType": "personStatement", "personType": "knownPerson",
         "names": [{"fullName": "Li"}]},
        {"statementID": "e1", "statementType": "entityStatement", "entityType": "registeredEntity", "name": "One Ltd",
         "incorporatedInJurisdiction": {"code": "CN"}},
        {"statementID": "o1", "statementType": "ownershipOrControlStatement", "statementDate": "2020-01-01",
         "subject": {"describedByEntityStatement": "e1"}, "interestedParty": {"describedByPersonStatement": "p1"},
         "interests": [{"type": "shareholding", "interestLevel": "direct", "startDate": "2019-01-01",
                        "share": {"minimum": 25, "maximum": 50, "exclusiveMinimum": True, "exclusiveMaximum": False}},
                       {"type": "voting-rights", "interestLevel": "direct", "share": {"exact": 30}}]},
        {"statementID": "o2", "statementType": "ownershipOrControlStatement", "statementDate": "2021-01-01",
         "replacesStatements": ["o1"], "subject": {"describedByEntityStatement": "e1"},
         "interestedParty": {"describedByPersonStatement": "p1"},
         "interests": [{"type": "trustee-of-trust", "interestLevel": "direct"}]},
    ]  # fmt: skip
    found = read(older, "older.json")
    assert found.persons == ({"person_id": "p1", "name": "Li"},)
    assert found.enterprises == ({"enterprise_id": "e1", "name": "One Ltd"},)
    same = {"holder_id": "p1", "enterprise_id": "e1", "holder_kind": "person", "votes": 30}
    assert found.holdings == (
        same | {"valid_to": date(2019, 1, 1)},
        same | {"share_min": 25, "share_max": 50, "valid_from": date(2019, 1, 1), "valid_to": date(2021, 1, 1)},
    )
    assert [row["interest"] for row in found.interests] == ["trustee"]
    assert [note.value for note in found.notes if note.code == "bods.version"] == ["0.3"]


NAMES = ["91410100MA946TD794", "f1", "f2", "f3"]
DAYS = st.dates(date(2000, 1, 1), date(2030, 1, 1))
PERCENT = st.decimals(0, 100, places=5).map(lambda value: value.normalize() + 0)


@st.composite
def periods(draw: st.DrawFn) -> list[Row]:
    """Stretches of time that do not overlap, open at either end or not."""
    days = sorted(draw(st.sets(DAYS, min_size=2, max_size=6)))
    ends: list[date | None] = [None, *days] if draw(st.booleans()) else [*days]
    ends = [*ends, None] if draw(st.booleans()) else ends
    found = [(first, last) for first, last in pairwise(ends) if draw(st.booleans())]
    return [{"valid_from": first, "valid_to": last} for first, last in found]


@st.composite
def packages(draw: st.DrawFn) -> Package:
    """Rows as a book may hold them. A direct stake is a holding, never a control interest."""
    kinds = {name: draw(st.sampled_from(sorted(ENTITIES))) for name in NAMES} | {"p1": "person", "p2": "person"}
    rows: dict[str, list[Row]] = {"holding": [], "control_interest": []}
    for holder, held in draw(st.sets(st.tuples(st.sampled_from(sorted(kinds)), st.sampled_from(NAMES)), max_size=4)):
        for period in draw(periods()):
            row: Row = {"holder_id": holder, "enterprise_id": held, "holder_kind": kinds[holder], **period}
            for field in draw(st.sets(st.sampled_from(["share", "share_min", "share_max", "votes"]))):
                row[field] = draw(PERCENT)
            rows["holding"].append(row)
        kind = draw(st.sampled_from(sorted(INTERESTS.values())))
        reach = draw(st.sampled_from(["direct", "indirect", "unknown"]))
        for period in draw(periods()):
            row = {"holder_id": holder, "enterprise_id": held, "interest": kind, "reach": reach, **period}
            row["beneficial"] = draw(st.none() | st.booleans())
            if kind not in ("shareholding", "voting_rights") or reach != "direct":
                rows["control_interest"].append(row | {"share": draw(st.none() | PERCENT)})
    firms = [
        {"enterprise_id": name, "name": f"甲{name}", "founded_on": draw(st.none() | DAYS),
         "registered_address": draw(st.sampled_from([None, "郑州"])), "is_listed": draw(st.none() | st.booleans()),
         "controller_id": draw(st.sampled_from([None, "p1", "p9"]))}
        for name in NAMES if draw(st.booleans())
    ]  # fmt: skip
    people = [{"person_id": name, "name": draw(st.sampled_from(["张", None]))} for name in ("p1", "p2")]
    persons, enterprises, holdings, interests = (tuple(_clean(one)) for one in (people, firms, *rows.values()))
    return Package(persons, enterprises, holdings, interests)


def _clean(rows: list[Row]) -> list[Row]:
    return [{field: value for field, value in row.items() if value is not None} for row in rows]


def _sorted(package: Package) -> dict[str, list[Row]]:
    return {kind: sorted(rows, key=lambda row: json.dumps(row, default=str, sort_keys=True))
            for kind, rows in package.kinds().items()}  # fmt: skip


@settings(deadline=None, max_examples=150)
@given(packages())
def test_nothing_held_is_lost(package: Package) -> None:
    assert _sorted(again(package)) == _sorted(package)


def test_the_same_rows_make_the_same_file_and_what_has_no_place_is_told() -> None:
    row = {"holder_id": "p1", "enterprise_id": "f1", "share": Decimal(40), "amount": Decimal(5), "pledged": None}
    package = Package(holdings=(row,))
    assert text(write(package, US)) == text(write(package, US))
    assert [one["recordType"] for one in write(package, US)] == ["entity", "entity", "relationship"]
    assert [note.where.field for note in not_written({"holding": [row]})] == ["amount"]
