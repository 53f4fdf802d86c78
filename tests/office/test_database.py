"""One office, two databases: the same rules on both."""

from __future__ import annotations

import threading
from decimal import Decimal
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Column, FromClause, Integer, MetaData, Table, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from houfeng.clock import Clock
from houfeng.errors import ConflictError, EnvironmentFault, UsageError
from houfeng.office import database, migrations
from houfeng.office.database import Office, changed
from houfeng.office.tables import Base, Channel, Money, SettingValue


def test_the_migrations_make_the_tables_that_the_code_declares(office: Office) -> None:
    with office.engine.connect() as connection:
        mine = {name for name, table in Base.metadata.tables.items() if "houfeng.office.tables" in _module(table)}
        found = compare_metadata(MigrationContext.configure(connection), Base.metadata)
    assert [step for step in found if any(getattr(part, "name", "") in mine for part in step)] == []


def _module(table: FromClause) -> str:
    made_by = {mapper.local_table: mapper.class_.__module__ for mapper in Base.registry.mappers}
    return made_by[table]


def test_an_office_is_made_twice_as_once_and_opened_only_when_up_to_date(
    url: str, office: Office, hands: object
) -> None:
    Office.create(url, office.clock).close()
    Office.open(url, office.clock).close()
    with office.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001_office'"))
    if migrations.head() != "0001_office":
        with pytest.raises(EnvironmentFault, match="houfeng user upgrade"):
            Office.open(url, office.clock)


def test_two_processes_that_start_at_once_make_it_once(url: str, hands: Clock) -> None:
    faults: list[Exception] = []

    def make() -> None:
        try:
            Office.create(url, hands).close()
        except Exception as fault:
            faults.append(fault)

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


def test_there_is_nothing_to_open_where_nothing_was_made(tmp_path: Path, office: Office) -> None:
    with pytest.raises(EnvironmentFault, match="first-start"):
        Office.open(f"sqlite:///{tmp_path / 'other.db'}", office.clock)
    assert not (tmp_path / "other.db").exists()


def test_what_cannot_be_reached_is_told_in_words(tmp_path: Path, hands: Clock) -> None:
    (tmp_path / "office.db").write_bytes(b"not a database, but a letter" * 100)
    with pytest.raises(EnvironmentFault, match=r"office\.db cannot be used"):
        Office.open(f"sqlite:///{tmp_path}/office.db", hands)
    with pytest.raises(EnvironmentFault, match="cannot be used"):
        Office.create(f"sqlite:///{tmp_path}/office.db/below.db", hands)
    with pytest.raises(EnvironmentFault, match=r"127\.0\.0\.1:9/houfeng cannot be used") as told:
        Office.create("postgresql://a:geheim@127.0.0.1:9/houfeng", hands)
    assert "geheim" not in told.value.render("zh")


@pytest.mark.parametrize("wrong", ["office.db", "mysql://a:geheim@b/c", "sqlite://", "sqlite:///:memory:", ""])
def test_a_wrong_address_is_told_without_its_password(wrong: str, office: Office) -> None:
    with pytest.raises(UsageError) as told:
        Office.create(wrong, office.clock)
    assert "geheim" not in told.value.render("zh") + told.value.render("en")


def test_what_is_raised_inside_leaves_nothing(office: Office) -> None:
    def fail() -> None:
        with office.begin() as session:
            session.add(_setting(office, 1))
            session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with office.read() as session:
        assert session.scalar(select(func.count()).select_from(SettingValue)) == 0


def _setting(office: Office, value: int) -> SettingValue:
    return SettingValue(name="lock_minutes", value=value, changed_by="test", changed_at=office.clock())


def test_who_only_reads_cannot_write(office: Office) -> None:
    with office.read() as session:
        session.add(_setting(office, 1))
        with pytest.raises(DBAPIError):
            session.flush()
    with office.begin() as session:
        session.add(_setting(office, 2))


def test_who_reads_sees_one_moment(office: Office) -> None:
    def count(session: Session) -> int:
        return session.scalar(select(func.count()).select_from(SettingValue)) or 0

    with office.read() as reading:
        assert count(reading) == 0
        with office.begin() as session:
            session.add(_setting(office, 1))
        assert count(reading) == 0
    with office.read() as reading:
        assert count(reading) == 1


def test_writers_take_turns_so_that_reading_before_writing_is_safe(office: Office) -> None:
    with office.begin() as session:
        session.add(_setting(office, 0))

    def more() -> None:
        for _ in range(25):
            with office.begin() as session:
                row = session.get(SettingValue, "lock_minutes")
                assert row is not None
                row.value += 1

    threads = [threading.Thread(target=more) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with office.read() as session:
        assert session.scalar(select(SettingValue.value)) == 100


def test_a_writer_that_waits_too_long_is_told_so(url: str, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "WAIT", 0.1)
    other = Office.open(url, office.clock)
    with office.begin(), pytest.raises(ConflictError, match="busy"), other.begin():
        pass
    other.close()


def test_foreign_keys_hold(office: Office) -> None:
    with pytest.raises(DBAPIError), office.begin() as session:
        session.execute(text("INSERT INTO user_role VALUES (77, 'viewer', 'x', '2026-01-01 00:00:00')"))


def test_money_is_exact_to_the_fen_and_sums_in_sql(office: Office) -> None:
    table = Table("purse", MetaData(), Column("id", Integer, primary_key=True), Column("sum", Money))
    amounts = [Decimal("0.10"), Decimal("0.20"), Decimal("92233720368547000.99"), Decimal(-7)]
    with office.engine.execution_options(houfeng_write=True).begin() as connection:
        table.create(connection)
        connection.execute(insert(table), [{"sum": amount} for amount in amounts])
        assert connection.scalars(select(table.c.sum).order_by(table.c.id)).all() == amounts
        assert connection.scalar(select(func.sum(table.c.sum))) == sum(amounts)
        assert connection.scalar(select(func.count()).where(table.c.sum > Decimal("0.15"))) == 2
        for wrong in (0.1, Decimal("0.001")):
            with pytest.raises(Exception, match="money is a Decimal of whole fen"):
                connection.execute(insert(table), {"sum": wrong})


def test_rows_changed_are_counted(office: Office) -> None:
    with office.begin() as session:
        row = Channel(name="a", kind="webhook", address="http://x", secrets={}, options={}, topics=[])
        session.add(row)
        session.flush()
        assert changed(session, update(Channel).values(active=False)) == 1
