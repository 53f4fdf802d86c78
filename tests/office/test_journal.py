"""The journal: append-only on both databases, one chain however many write, and checked by a stranger's program."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import threading
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from houfeng.errors import AccessError, UsageError
from houfeng.office import journal, journal_export
from houfeng.office.access import Role
from houfeng.office.database import Office
from houfeng.office.journal import Head
from houfeng.office.journal_export import Chosen
from office.conftest import Hands
from office.office_process import start, write_many
from office.people_samples import person

NASTY = '=HYPERLINK("http://x")'


def _some(office: Office, count: int = 5) -> None:
    for n in range(count):
        with office.begin() as session:
            journal.write(session, "test", "case.move", f"case:{n}", why=NASTY, detail={"n": n, "金额": "1.20"})


def _codes(office: Office, known: Head | None = None) -> list[str]:
    with office.read() as session:
        return [f"{problem.where.field}: {problem.message.en}" for problem in journal.verify(session, known)]


def _tamper(office: Office, statement: str) -> None:
    """As somebody with the database's own tools, who removes the guards first."""
    with office.begin() as session:
        if office.postgres:
            session.execute(text("ALTER TABLE journal_entry DISABLE TRIGGER USER"))
        else:
            for act in ("update", "delete", "replace"):
                session.execute(text(f"DROP TRIGGER journal_entry_no_{act}"))
        session.execute(text(statement))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE journal_entry SET why = 'x' WHERE seq = 2",
        "DELETE FROM journal_entry WHERE seq = 2",
        "DELETE FROM journal_entry",
        "UPDATE journal_entry SET seq = seq + 100",
    ],
)
def test_the_database_itself_refuses_to_change_an_entry(office: Office, statement: str) -> None:
    _some(office)
    with pytest.raises(DBAPIError, match="append-only"), office.begin() as session:
        session.execute(text(statement))
    assert _codes(office) == []


def test_the_other_ways_of_removing_rows_are_refused_too(office: Office) -> None:
    _some(office)
    statement = (
        "TRUNCATE journal_entry"
        if office.postgres
        else "INSERT OR REPLACE INTO journal_entry SELECT seq, at, user_id, 'x', via, act, about, why, detail, "
        "algorithm, previous, hash FROM journal_entry WHERE seq = 2"
    )
    with pytest.raises(DBAPIError, match="append-only"), office.begin() as session:
        session.execute(text(statement))
    assert _codes(office) == []


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE journal_entry SET why = 'x' WHERE seq = 3", "seq 3: it was changed"),
        ("UPDATE journal_entry SET at = '2020-01-01 00:00:00.000000' WHERE seq = 3", "seq 3: it was changed"),
        ("UPDATE journal_entry SET detail = '{}' WHERE seq = 3", "seq 3: it was changed"),
        ("UPDATE journal_entry SET user_id = 7 WHERE seq = 3", "seq 3: it was changed"),
        ("UPDATE journal_entry SET hash = previous WHERE seq = 3", "seq 3: it was changed"),
        ("UPDATE journal_entry SET algorithm = 'md5' WHERE seq = 3", "seq 3: unknown algorithm"),
        ("UPDATE journal_entry SET previous = hash WHERE seq = 3", "seq 3: it does not follow"),
        ("DELETE FROM journal_entry WHERE seq = 3", "seq 3: entry 3 is missing"),
        ("DELETE FROM journal_entry WHERE seq = 1", "seq 1: entry 1 is missing"),
    ],
)
def test_what_was_tampered_with_is_found_at_its_first_entry(office: Office, statement: str, told: str) -> None:
    _some(office)
    _tamper(office, statement)
    assert [found[: len(told)] for found in _codes(office)] == [told]


def test_a_chain_cut_off_or_written_anew_is_found_by_a_head_kept_elsewhere(office: Office) -> None:
    _some(office)
    with office.read() as session:
        last = journal.head(session)
        assert last is not None
        known = Head(last.seq, last.hash)
    _some(office, 2)
    assert _codes(office, known) == []
    _tamper(office, "DELETE FROM journal_entry WHERE seq > 3")
    assert _codes(office) == []
    assert _codes(office, known) == ["seq 4: it ends at 3; an export knew 5"]
    _some(office, 4)
    assert _codes(office) == []
    assert _codes(office, known)[0].startswith("seq 5: not the head that was exported")


def test_an_entry_stands_only_if_what_it_tells_of_stands(office: Office) -> None:
    def fail() -> None:
        with office.begin() as session:
            journal.write(session, "test", "a.b", "c:1")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    _some(office, 1)
    with office.read() as session:
        assert [entry.seq for entry in journal.entries(session)] == [1]


def test_a_savepoint_that_is_taken_back_takes_its_entries_with_it(office: Office) -> None:
    with office.begin() as session:
        journal.write(session, "test", "a.b", "c:1")
        inner = session.begin_nested()
        journal.write(session, "test", "a.b", "c:2")
        inner.rollback()
        with session.begin_nested():
            journal.write(session, "test", "a.b", "c:3")
        journal.write(session, "test", "a.b", "c:4")
    assert _codes(office) == []
    with office.read() as session:
        assert [entry.about for entry in journal.entries(session)] == ["c:1", "c:3", "c:4"]


def test_many_threads_and_processes_write_one_chain(url: str, office: Office) -> None:
    threads = [threading.Thread(target=write_many, args=(url, f"thread {n}", 15)) for n in range(3)]
    processes = [start("write_many", url, f"process {n}", 15) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [process.wait() for process in processes] == [0, 0, 0]
    assert _codes(office) == []
    with office.read() as session:
        told = [(entry.who, entry.about) for entry in journal.entries(session)]
    assert len(told) == 90
    for who in {name for name, _ in told}:
        assert [about for name, about in told if name == who] == [f"c:{n}" for n in range(15)]


def test_sm3_where_the_house_asks_for_it_goes_on_with_the_same_chain(url: str, office: Office) -> None:
    _some(office, 2)
    gm = Office.open(url, office.clock, "sm3")
    _some(gm, 2)
    gm.close()
    _some(office, 1)
    assert _codes(office) == []
    with office.read() as session:
        kept = [entry.algorithm for entry in journal.entries(session)]
    assert kept == ["sha256", "sha256", "sm3", "sm3", "sha256"]


def _strangers_check(lines: list[str]) -> str:
    """A program that knows docs/concepts/office.md and nothing of Houfeng."""
    previous = "0" * 64
    for line in lines:
        fields = json.loads(line)
        told = fields.pop("hash")
        assert fields["previous"] == previous
        data = json.dumps(fields, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode("utf-8")
        previous = hashlib.new(fields["algorithm"], data).hexdigest()
        assert previous == told
    return previous


def test_the_export_can_be_checked_without_houfeng(office: Office, tmp_path: Path) -> None:
    _some(office)
    auditor = person(office, "audit", Role.AUDIT_ADMIN)
    with office.begin() as session:
        head = journal_export.export(session, auditor, tmp_path / "j.jsonl", "jsonl", "季度审计")
    *lines, last = (tmp_path / "j.jsonl").read_text("utf-8").splitlines()
    assert _strangers_check(lines) == head.hash
    assert json.loads(last)["head"]["Head of the chain, hash"] == head.hash
    assert json.loads(lines[-1])["act"] == "journal.export"
    assert json.loads(lines[-1])["why"] == "季度审计"
    assert _codes(office, head) == []


def test_exports_for_spreadsheets_run_nothing_and_tell_the_head(office: Office, tmp_path: Path, hands: Hands) -> None:
    _some(office)
    hands.forward(days=1)
    with office.begin() as session:
        chosen = Chosen(since=hands.now.replace(hour=0), act="case.")
        journal.write(session, "test", "case.close", "case:9", why=NASTY)
        head = journal_export.export(session, "cli:root", tmp_path / "j.csv", "csv", "审计", chosen)
        journal_export.export(session, "cli:root", tmp_path / "j.xlsx", "xlsx", "审计")
    raw = (tmp_path / "j.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"))))
    assert [row[4] for row in rows[1:] if row[0] != "#"] == ["case.close"]
    assert rows[1][6] == "'" + NASTY
    assert ["#", "链尾哈希", head.hash] in rows
    book = openpyxl.load_workbook(tmp_path / "j.xlsx")
    assert book.sheetnames == ["审计日志1", "说明"]
    assert (book["审计日志1"]["G2"].value, book["审计日志1"]["G2"].data_type) == (NASTY, "s")
    assert book["审计日志1"].max_row == 9
    book.close()


def test_only_the_audit_administrator_exports_with_a_reason(office: Office, tmp_path: Path) -> None:
    auditor = person(office, "audit", Role.AUDIT_ADMIN)
    for role in (Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.APPROVER):
        other = person(office, f"the.{role}", role)
        with office.begin() as session, pytest.raises(AccessError):
            journal_export.export(session, other, tmp_path / "x", "csv", "why")
    for format_, why in (("pdf", "why"), ("csv", " ")):
        with office.begin() as session, pytest.raises(UsageError):
            journal_export.export(session, auditor, tmp_path / "x", format_, why)


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(
    st.text(max_size=50),
    st.dictionaries(
        st.text(max_size=5), st.integers() | st.text(st.characters(codec=None)) | st.none() | st.booleans()
    ),
)
def test_whatever_is_said_the_chain_holds(office: Office, why: str, detail: dict[str, object]) -> None:
    with office.begin() as session:
        journal.write(session, "test", "a.b", "c", why=why, detail=detail)
    assert _codes(office) == []
