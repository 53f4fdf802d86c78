"""Bundles: the same contents give the same bytes, every fact has its hash, whatever is changed is found."""

from __future__ import annotations

import hashlib
import io
import json
import random
import zipfile
from datetime import date, datetime, timedelta

import pytest
from docx import Document

from conduct.book_samples import make
from conduct.conduct_samples import BANK, FIRM, OTHER, Staff
from houfeng.book.connection import connect
from houfeng.book.store import Book
from houfeng.conduct.evidence import making
from houfeng.conduct.evidence.gathering import Contents, gather
from houfeng.conduct.evidence.packing import FACTS, JOURNAL, MANIFEST, TOLD, check
from houfeng.conduct.reading import BookAsked
from houfeng.errors import AccessError, InputError, UsageError
from houfeng.office import journal
from houfeng.office.access import EVERYTHING, Scope
from houfeng.office.database import Office
from houfeng.office.scope import ScopedViews
from houfeng.packs.loading.load import load_pack

DAY, SINCE = date(2026, 2, 10), date(2025, 6, 1)
KNOWN = datetime(2026, 2, 10)


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    """A book nobody writes to."""
    return make(tmp_path_factory.mktemp("evidence") / "book")


def _gather(book: Book, firm: str = FIRM.id, scope: Scope = EVERYTHING) -> Contents:
    snapshot = book.snapshot(KNOWN)
    with connect() as connection:
        asked = BookAsked(ScopedViews(snapshot, scope), connection)
        pack = load_pack("evasion-rules")
        return gather(book, snapshot, asked, snapshot, connection, (firm, FIRM.name), DAY, SINCE, pack)


def test_the_sequence_is_seen_explained_and_its_rows_are_there(book: Book) -> None:
    found = _gather(book)
    told = {one.alert.rule_id: one for one in found.alerts}
    assert set(told) == {"E01", "E02", "E03", "E15"}
    assert told["E02"].alert.tier == "red"
    behind = {(e.kind, e.submission, e.row) for one in found.alerts for e in one.alert.evidence}
    assert behind <= {(fact.kind, fact.submission, fact.row) for fact in found.facts}
    assert {"asset_transfer", "public_record"} <= {kind for kind, _, _ in behind}
    assert any("assets_after_suit" in line for line in told["E02"].lines)
    assert found.held_back == 0
    assert not _gather(book, OTHER.id).alerts


def test_a_scope_holds_rows_back_and_says_how_many(book: Book) -> None:
    """A region that has nothing of the firm gets no fact; what is behind the alerts is counted."""
    found = _gather(book, scope=Scope(regions=frozenset({"410200"})))
    assert found.facts == []
    assert found.held_back > 0


def _make(book: Book, office: Office, people: Staff) -> bytes:
    with office.begin() as session:
        bundle, data = making.make(session, people.officer, _gather(book), FIRM.region, "移送公安机关")
        assert bundle.sha256 == hashlib.sha256(data).hexdigest()
    return data


def test_a_bundle_is_whole_and_tells_where_everything_comes_from(book: Book, office: Office, people: Staff) -> None:
    data = _make(book, office, people)
    assert check(data) == []
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = archive.namelist()
        facts = [json.loads(line) for line in archive.read(FACTS).splitlines()]
        entries = [json.loads(line) for line in archive.read(JOURNAL).splitlines()]
        cover = Document(io.BytesIO(archive.read("00-cover.docx")))
    assert names == sorted([*TOLD, MANIFEST, "SHA256SUMS"])
    assert all(fact["submission"] and fact["reporter"] and fact["content_hash"] for fact in facts)
    assert [entry["act"] for entry in entries] == ["bundle.make"]
    text = "\n".join(paragraph.text for paragraph in cover.paragraphs)
    assert FIRM.name in text
    assert "移送公安机关" in text
    assert "由有权机关依法认定" in text
    with office.read() as session:
        assert journal.verify(session) == []


def test_the_same_contents_and_moment_give_the_same_bytes(book: Book, office: Office, people: Staff) -> None:
    from houfeng.conduct.evidence.cover import cover
    from houfeng.conduct.evidence.packing import pack

    at = datetime(2026, 4, 1, 9)
    proof = {"algorithm": "sha256", "head_seq": 1, "head_hash": "0" * 64, "whole": True, "entries": 0}
    made = []
    for _ in range(2):
        contents = _gather(book)
        made.append(pack(contents, cover(contents, proof, making.ISSUER, at, "移送", "zh"), [], proof, at))
    assert made[0] == made[1]
    later = at + timedelta(minutes=1)
    assert pack(contents, cover(contents, proof, making.ISSUER, later, "移送", "zh"), [], proof, later) != made[0]


def test_whatever_is_changed_is_found(book: Book, office: Office, people: Staff) -> None:
    data = _make(book, office, people)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    chance = random.Random(7)
    for name in files:
        spoilt = dict(files)
        if not files[name]:
            continue
        at = chance.randrange(len(spoilt[name]))
        spoilt[name] = spoilt[name][:at] + bytes([spoilt[name][at] ^ 1]) + spoilt[name][at + 1 :]
        try:
            assert check(_zip(spoilt)), name
        except (InputError, ValueError):
            assert name == MANIFEST
    assert check(_zip({name: one for name, one in files.items() if name != FACTS}))
    assert check(_zip(files | {"99-more.txt": b"x"}))


def test_a_clever_forger_is_found_by_the_hashes_inside(book: Book, office: Office, people: Staff) -> None:
    """Sums put right again, but a fact or an entry of the journal is not what its own hash says."""
    data = _make(book, office, people)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    for name, old, new in ((FACTS, b'"80000.00"', b'"99000.00"'), (JOURNAL, b"bundle.make", b"bundle.fake")):
        spoilt = files | {name: files[name].replace(old, new)}
        assert spoilt[name] != files[name]
        manifest = json.loads(spoilt[MANIFEST])
        manifest["files"][name] = {"sha256": hashlib.sha256(spoilt[name]).hexdigest(), "size": len(spoilt[name])}
        spoilt[MANIFEST] = json.dumps(manifest).encode()
        told = {one.where.file.partition(":")[0] for one in check(_zip(spoilt))}
        assert name in told


def test_what_is_no_bundle_is_said_so() -> None:
    for data in (b"", b"PK\x03\x04", _zip({"x": b"y"})):
        with pytest.raises(InputError):
            check(data)


def test_only_the_office_makes_evidence_and_says_what_for(book: Book, office: Office, people: Staff) -> None:
    contents = _gather(book)
    for who in (people.bank, people.firm, people.viewer):
        with office.begin() as session, pytest.raises(AccessError):
            making.make(session, who, contents, FIRM.region, "越权")
    with office.begin() as session, pytest.raises(UsageError):
        making.make(session, people.officer, contents, FIRM.region, " ")
    assert BANK


def _zip(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()
