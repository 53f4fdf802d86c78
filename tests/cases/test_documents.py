"""Documents and what is confidential; figures over cases; outcomes as labels that the watch reads."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import select

from cases.case_samples import PDF, People, Walk
from databases import Ticking
from houfeng.cases import documents, statistics
from houfeng.cases.documents import MOST_BYTES, harmless, place
from houfeng.cases.states import State
from houfeng.cases.tables import CaseDocument
from houfeng.errors import AccessError, ConflictError, EnvironmentFault, InputError, UsageError
from houfeng.office.database import Office
from houfeng.office.tables import JournalEntry
from houfeng_cli.watch.labels import labels_from


def zipped(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("C:\\temp\\a.pdf", "a.pdf"),
        ("a\u202efdp.exe.pdf", "afdp.exe.pdf"),
        ("...", "document"),
        ("会议纪要\x00\n.pdf", "会议纪要.pdf"),
        ("x" * 300 + ".pdf", "x" * 120 + ".pdf"),
    ],
)
def test_names_are_made_harmless(name: str, kept: str) -> None:
    assert harmless(name) == kept


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.pdf", b"MZ\x90\x00"),
        ("a.docx", PDF),
        ("a.exe", b"MZ"),
        ("a.zip", zipped("a.txt")),
        ("a.docx", zipped("word/document.xml", "word/vbaProject.bin")),
        ("a.xlsx", zipped("word/document.xml")),
        ("a.docx", b"PK\x03\x04 broken"),
        ("a.txt", b"\x00\x01"),
        ("a.html", b"<script>"),
        ("a.pdf", b""),
    ],
)
def test_what_is_not_taken(walk: Walk, office: Office, name: str, data: bytes) -> None:
    walk.begin().own()
    with pytest.raises(InputError):
        walk.document(name, data)
    assert walk.version() == 2
    assert not (walk.folder / "documents").exists()


@pytest.mark.parametrize("name", ["a.docx", "b.DOCX"])
def test_what_is_taken_is_kept_by_its_hash(walk: Walk, office: Office, name: str) -> None:
    walk.begin().own()
    data = zipped("word/document.xml")
    number = walk.document(name, data)
    with office.begin() as session:
        document, found = documents.fetch(session, walk.people.viewer, walk.case_id, number, walk.folder)
        assert (found, document.name) == (data, name)
        place(walk.folder, document.sha256).write_bytes(b"other")
    with pytest.raises(EnvironmentFault), office.begin() as session:
        documents.fetch(session, walk.people.viewer, walk.case_id, number, walk.folder)


def test_too_large(walk: Walk) -> None:
    walk.begin().own()

    class Endless(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            return b"%PDF-" + b"x" * (size - 5)

    with pytest.raises(InputError, match=str(MOST_BYTES // 1024 // 1024)), walk.office.begin() as session:
        documents.attach(
            session, walk.people.officer, walk.case_id, walk.version(), walk.folder, "a.pdf", Endless(),  # type: ignore[arg-type]
        )  # fmt: skip


def test_confidential(walk: Walk, office: Office, staff: People) -> None:
    """The owner reads it; another officer says why first; a viewer never; the journal has every look."""
    walk.begin().own()
    number = walk.document(confidential=True)
    for viewer, why, fault in ((staff.viewer, "好奇", AccessError), (staff.second, "", UsageError)):
        with pytest.raises(fault), office.begin() as session:
            documents.fetch(session, viewer, walk.case_id, number, walk.folder, why)
    with office.begin() as session:
        documents.fetch(session, staff.officer, walk.case_id, number, walk.folder)
        documents.fetch(session, staff.second, walk.case_id, number, walk.folder, "协查")
        documents.unmask(session, staff.approver, walk.case_id, "核对线索")
    with pytest.raises(AccessError), office.begin() as session:
        documents.unmask(session, staff.viewer, walk.case_id, "好奇")
    with office.read() as session:
        looks = [e for e in session.scalars(select(JournalEntry)) if e.act in ("case.read_document", "case.unmask")]
        assert [(e.who, e.why) for e in looks] == [("officer", ""), ("second", "协查"), ("approver", "核对线索")]
        assert json.loads(looks[1].detail)["confidential"]


def test_an_ended_case_takes_nothing_more(walk: Walk, office: Office) -> None:
    walk.to_end()
    with pytest.raises(ConflictError):
        walk.document()
    with office.read() as session:
        assert len(session.scalars(select(CaseDocument)).all()) == 1


def test_figures_and_labels(walk: Walk, office: Office, clock: Ticking, staff: People, tmp_path: Path) -> None:
    """Time in each state by the moves; a firm back within the year relapsed; the watch reads the labels."""
    walk.begin().own()
    clock.pass_days(4)
    walk.move("verify").finding()
    walk.document()
    walk.outcome("justice").move("justice").sign()
    clock.pass_days(100)
    walk.begin().own().finding("误报").outcome("false_alarm").move("dismiss").sign()
    clock.pass_days(30)
    walk.begin()
    clock.pass_days(300)
    with office.read() as session:
        cases = statistics.cases_of(session, staff.viewer)
        stays = {stay.state: stay for stay in statistics.stays(session, cases)}
        assert (stays[State.CLUE].stays, stays[State.CLUE].now) == (3, 1)
        assert stays[State.CLUE].median_days == pytest.approx(4, abs=0.1)
        (group,) = statistics.groups(session, cases, lambda case: [case.region])
        assert (group.cases, group.live, group.ended, group.recovered) == (3, 1, 2, Decimal("2000.00"))
        assert (group.relapsed, group.watched) == (1, 1)
        text = statistics.labels_csv(cases)
    path = tmp_path / "labels.csv"
    path.write_text(text, "utf-8-sig")
    known = labels_from(path, "enterprise_id", "bad_on", "label", "bad")
    assert known is not None
    assert dict(known.bad) == {cases[0].enterprise_id: (date(2026, 3, 2),)}
