"""Who sees which alert: the condition in SQL and the question about one in hand give the same answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from houfeng.errors import NotFoundError
from houfeng.office.access import EVERYTHING, Scope
from houfeng.office.alerts import reading
from houfeng.office.alerts.tables import Alert
from houfeng.office.database import Office
from office_alerts.alert_samples import DAY, START, cleared, index_of, step, write

REGIONS = st.none() | st.frozensets(st.sampled_from(["41", "410000", "410300", "410302", "419001", "420000"]))
SCOPES = st.builds(
    Scope,
    regions=REGIONS,
    institutions=st.none() | st.frozensets(st.sampled_from(["B1", "B2"])),
    enterprise=st.none() | st.sampled_from(["E1", "E3", "nobody"]),
)


@pytest.fixture
def filled(office: Office, tmp_path: Path) -> Office:
    """An office with alerts in several places, one of them bound to nothing."""
    steps = [step(str(n), tier=("blue", "yellow", "orange", "red")[n % 4], at=START + n * DAY) for n in range(8)]
    write(tmp_path, [steps, [step("8X"), step("9", channel="shadow")], [cleared("2", 1, tier="orange")]])
    index_of(office, tmp_path).catch_up()
    with office.begin() as session:
        for alert in session.scalars(select(Alert).where(Alert.id.in_(["4", "5"]))):
            alert.institution = "B1"
    return office


@given(scope=SCOPES)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_both_roads_agree(filled: Office, scope: Scope) -> None:
    with filled.read() as session:
        by_sql = set(session.scalars(select(Alert.id).where(reading.visible(scope))))
        by_hand = {
            a.id for a in session.scalars(select(Alert)) if reading.sees(scope, a.region, a.institution, a.enterprise)
        }
    assert by_sql == by_hand
    if not scope.everything:
        assert "8X" not in by_sql


def test_one_of_another_scope_is_not_there(filled: Office) -> None:
    scope = Scope(regions=frozenset({"419001"}))
    with filled.read() as session:
        seen = set(session.scalars(select(Alert.id).where(reading.visible(scope))))
        other = next(a for a in ("0", "1", "2", "3") if a not in seen)
        with pytest.raises(NotFoundError):
            reading.find(session, scope, other)


def test_open_counts_are_of_what_people_were_told_and_is_not_over(filled: Office) -> None:
    with filled.read() as session:
        counts = reading.open_counts(session, EVERYTHING)
        newest = reading.newest(session, EVERYTHING, 3)
    assert sum(one.number for one in counts) == 8  # ten but the cleared one and the one in shadow
    assert [a.id for a in newest] == ["7", "6", "5"]


def test_related_alerts_are_of_the_same_key(filled: Office, tmp_path: Path) -> None:
    write(tmp_path, [[step("10", key="E3", rule="other")]])
    index_of(filled, tmp_path).catch_up()
    with filled.read() as session:
        alert = reading.find(session, EVERYTHING, "3")
        assert [a.id for a in reading.related(session, EVERYTHING, alert)] == ["10"]
        assert {kept["alert_id"] for kept in reading.kept_of_key(session, alert)} == {"3", "10"}
