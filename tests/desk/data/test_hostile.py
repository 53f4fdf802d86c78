"""Hostile uploads: each gets one clear error, nothing is written outside of its folder, and the desk goes on."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from desk.data.files_samples import balances, patched, send, sent, words
from desk.desk_samples import ClientOf
from houfeng_desk.desk import Desk
from houfeng_desk.pages.data.staging import safe_name

ENTITY = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><worksheet'
XML = "desk.xml_entities"
LAUGHS = b'<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><workbook'


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


SHEET, STRINGS, BOOK = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/workbook.xml"
HOSTILE: dict[str, tuple[str, Callable[[bytes], bytes], str]] = {
    "entity": ("x.xlsx", lambda good: patched(good, SHEET, lambda b: b.replace(b"<worksheet", ENTITY, 1)), XML),
    "laughs": ("x.xlsx", lambda good: patched(good, BOOK, lambda b: b.replace(b"<workbook", LAUGHS, 1)), XML),
    "bomb": ("x.xlsx", lambda good: patched(good, STRINGS, lambda b: b + b" " * (200 << 20)), "exchange.bomb"),
    "zip bomb": ("x.zip", lambda _: zipped(a=b"1,2\n" * (50 << 20)), "exchange.bomb"),
    "executable": ("a.exe", lambda _: b"MZ" + bytes(range(256)) * 10, "exchange.binary"),
    "pdf": ("a.xlsx", lambda _: b"%PDF-1.7 not a workbook", "exchange."),
    "text named xlsx": ("a.xlsx", lambda _: b"a,b\n1,2\n", "exchange.not_what_it_says"),
    "cut short": ("a.xlsx", lambda good: good[: len(good) // 2], "exchange.truncated"),
    "html": ("a.xls", lambda _: b"<html><script>alert(1)</script></html>", "exchange.format"),
}
"""By name: the name of the file, what makes it of a good workbook, and the code of the problem."""


@pytest.mark.parametrize("name", list(HOSTILE))
def test_one_clear_error(client: ClientOf, desk: Desk, name: str) -> None:
    file, made, code = HOSTILE[name]
    before = len(desk.book.entries())
    officer = client("officer")
    place = sent(officer, file, made(balances()))
    page = officer.get(place)
    assert page.status_code == 200
    assert "这个文件没有收" in words(page.text)
    assert code in page.text
    assert "<script>alert" not in page.text
    assert officer.submit(f"{place}/submit").status_code == 409
    assert len(desk.book.entries()) == before


NAMES = [
    "../../../etc/passwd", "..\\..\\a.xlsx", "/etc/passwd", "C:\\x\\y.xlsx", "a\x00b.xlsx", ".htaccess", "..",
    "长" * 300 + ".xlsx",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_names_lead_nowhere(client: ClientOf, desk: Desk, tmp_path: Path, name: str) -> None:
    safe = safe_name(name)
    assert safe
    assert safe not in (".", "..")
    assert not set(safe) & set('/\\:*?"<>|\x00')
    assert len(safe.encode()) <= 160
    if "\x00" in name:
        return  # no form can carry it
    answer = send(client("officer"), name, balances())
    assert answer.status_code in (303, 422)
    kept = [path for path in (desk.work_folder / "uploads").rglob("*") if path.is_file()]
    assert all(path.resolve().is_relative_to(desk.work_folder.resolve()) for path in kept)
    assert all(len(path.relative_to(desk.work_folder / "uploads").parts) in (2, 3) for path in kept)


def test_a_gigabyte_is_refused_while_it_comes(client: ClientOf, desk: Desk) -> None:
    officer = client("officer")
    token = officer.token("/data/upload")
    answer = officer.post(
        "/data/upload",
        headers={"content-length": str(1 << 30), "content-type": "multipart/form-data; boundary=x"},
        content=b"--x",
    )
    assert answer.status_code == 413
    assert "太大" in answer.text
    assert token
    assert not (desk.work_folder / "uploads").exists()


def test_nothing_chosen_and_nothing_inside(client: ClientOf, desk: Desk) -> None:
    officer = client("officer")
    assert officer.submit("/data/upload", {}, of="/data/upload").status_code == 422
    assert send(officer, "empty.csv", b"").status_code == 422
    assert list((desk.work_folder / "uploads").iterdir()) == []
    assert send(officer, "a.xlsx", balances(), unit="斤").status_code == 422
    assert send(officer, "a.xlsx", balances(), kind="nothing").status_code == 400
    assert send(officer, "a.xlsx", balances(), period="soon").status_code == 400


def test_html_in_cells_and_names_is_text(client: ClientOf) -> None:
    officer = client("officer")
    place = sent(officer, "<img src=x onerror=alert(1)>.xlsx", balances(2, bank="<script>alert(1)</script>"))
    page = officer.get(place).text
    assert "<script>alert" not in page
    assert "<img src=x" not in page
