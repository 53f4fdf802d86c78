"""Broken and hostile files: one clear error each, never a crash, never a half-read table."""

from __future__ import annotations

import gzip
import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter

from houfeng.errors import EnvironmentFault, HoufengError, InputError
from houfeng.exchange.raw import Limits
from houfeng.exchange.tables import read_tables

SMALL = Limits(
    unpacked=64 << 20, in_memory=32 << 20, ratio=50, ratio_from=1 << 20, line=100_000, members=5, cells=1_000_000
)


def read_all(path: Path, limits: Limits, meanwhile: Callable[[], object] = lambda: None) -> None:
    """Read every row of every table, and do something `meanwhile`."""
    for table in read_tables(path, limits=limits):
        for _ in table.batches():
            pass
        meanwhile()


def fails(path: Path, limits: Limits = SMALL) -> str:
    """The code of the one problem that reading `path` gives."""
    with pytest.raises(HoufengError) as caught:
        read_all(path, limits)
    error = caught.value
    assert error.message.zh
    assert error.message.en
    if isinstance(error, EnvironmentFault):
        return "environment"
    assert isinstance(error, InputError)
    return error.problems[0].code


def workbook(path: Path, rows: int = 50) -> bytes:
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        for i in range(rows):
            sheet.write_row(i, 0, [f"a{i}", i, "x"])
    return path.read_bytes()


def test_missing_folder_empty_and_odd_files(tmp_path: Path) -> None:
    assert fails(tmp_path / "none.csv") == "exchange.not_found"
    assert fails(tmp_path) == "exchange.directory"
    (tmp_path / "empty.csv").touch()
    assert fails(tmp_path / "empty.csv") == "exchange.empty"
    (tmp_path / "blank.csv").write_text(" \n\n ,\n")
    assert fails(tmp_path / "blank.csv") == "exchange.no_table"
    os.mkfifo(tmp_path / "pipe")
    assert fails(tmp_path / "pipe") == "exchange.not_a_file"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_no_permission_as_user(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n")
    path.chmod(0)
    assert fails(path) == "environment"


def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n")

    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)
    assert fails(path) == "environment"


@pytest.mark.parametrize("part", [10, 200, 0.3, 0.7, 0.99])
def test_truncated_xlsx(tmp_path: Path, part: float) -> None:
    data = workbook(tmp_path / "whole.xlsx")
    cut = tmp_path / "cut.xlsx"
    cut.write_bytes(data[: int(part if part > 1 else len(data) * part)])
    assert fails(cut) == "exchange.truncated"


def test_damaged_part_inside_xlsx(tmp_path: Path) -> None:
    workbook(tmp_path / "whole.xlsx")
    bad = tmp_path / "bad.xlsx"
    with zipfile.ZipFile(tmp_path / "whole.xlsx") as old, zipfile.ZipFile(bad, "w") as new:
        for name in old.namelist():
            new.writestr(name, b"<broken" if name == "xl/workbook.xml" else old.read(name))
    assert fails(bad) == "exchange.truncated"


def test_not_a_zip_named_xlsx_and_other_formats(tmp_path: Path) -> None:
    for name, data, code in [
        ("a.xlsx", b"a,b\n1,2\n", "exchange.not_what_it_says"),
        ("a.parquet", b"a,b\n1,2\n", "exchange.not_what_it_says"),
        ("cut.parquet", b"PAR1abc", "exchange.truncated"),
        ("a.pdf", b"%PDF-1.7 xxxxx", "exchange.format"),
        ("a.rar", b"Rar!\x1a\x07", "exchange.format"),
        ("a.xls", b"<html><table><tr><td>1</td></tr></table></html>", "exchange.format"),
        ("a.bin", bytes(range(256)), "exchange.binary"),
        ("a.json", b'[{"a": 1}]', "exchange.format"),
        ("a.jsonl", b'{"a": 1}\n{broken\n', "exchange.json"),
        ("b.jsonl", b'{"a": 1}\n[2]\n', "exchange.json"),
        ("a.docx", _zip({"[Content_Types].xml": b"", "word/document.xml": b""}), "exchange.format"),
        ("a.zip", _zip({}), "exchange.format"),
        ("b.zip", b"PK\x03\x04 then nothing of sense", "exchange.truncated"),
        ("a.csv.gz", gzip.compress(b"a,b\n1,2\n" * 100)[:-20], "exchange.truncated"),
    ]:
        path = tmp_path / name
        path.write_bytes(data)
        assert (name, fails(path)) == (name, code)


def _zip(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as z:
        for name, data in members.items():
            z.writestr(name, data)
    return buffer.getvalue()


def test_content_is_sniffed_where_the_extension_says_nothing(tmp_path: Path) -> None:
    workbook(tmp_path / "a.xlsx")
    (tmp_path / "a.xlsx").rename(tmp_path / "data.dat")
    assert len(list(read_tables(tmp_path / "data.dat"))) == 1
    (tmp_path / "old.xls").write_text("甲\t乙\n1\t2\n", encoding="gb18030")
    (table,) = read_tables(tmp_path / "old.xls")
    assert table.headers == ("甲", "乙")
    assert any(n.code == "exchange.text_as_xls" for n in table.notes)


def test_bombs(tmp_path: Path) -> None:
    zeros = b"0,0\n" * (10 << 20)
    for name, data in [
        ("a.csv.gz", gzip.compress(zeros)),
        ("a.zip", _zip({"a.csv": zeros})),
        ("a.xlsx", _zip({"[Content_Types].xml": b"", "xl/workbook.xml": b"<a/>", "xl/worksheets/sheet1.xml": zeros})),
    ]:
        path = tmp_path / name
        path.write_bytes(data)
        assert fails(path) == "exchange.bomb"
    many = tmp_path / "many.zip"
    many.write_bytes(_zip({f"{i}.csv": b"a,b\n" for i in range(9)}))
    assert fails(many) == "exchange.too_many_members"


def test_absolute_limit_holds_where_the_ratio_does_not(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"".join(b"%d,%d\n" % (i, i * 7919 % 1_000_003) for i in range(200_000))))
    assert fails(path, Limits(unpacked=1 << 20)) == "exchange.bomb"


def test_a_size_that_lies_does_not_help_a_bomb(tmp_path: Path) -> None:
    data = bytearray(
        _zip({"[Content_Types].xml": b"", "xl/workbook.xml": b"<a/>", "xl/worksheets/sheet1.xml": b"0" * (40 << 20)})
    )
    big = (40 << 20).to_bytes(4, "little")
    data = bytearray(bytes(data).replace(big, (100).to_bytes(4, "little")))
    path = tmp_path / "a.xlsx"
    path.write_bytes(bytes(data))
    assert fails(path) in ("exchange.bomb", "exchange.truncated")


def test_archives_in_archives_are_refused(tmp_path: Path) -> None:
    inner = _zip({"a.csv": b"a,b\n1,2\n"})
    for name, data in [
        ("a.zip", _zip({"b.zip": inner})),
        ("b.zip", _zip({"b.gz": gzip.compress(b"a,b\n")})),
        ("c.gz", gzip.compress(inner)),
        ("d.gz", gzip.compress(gzip.compress(b"a,b\n"))),
    ]:
        path = tmp_path / name
        path.write_bytes(data)
        assert fails(path) == "exchange.nested_archive"


def test_a_workbook_in_a_zip_is_fine(tmp_path: Path) -> None:
    data = workbook(tmp_path / "w.xlsx")
    path = tmp_path / "a.zip"
    path.write_bytes(_zip({"w.xlsx": data}))
    assert len(list(read_tables(path))) == 1


def test_one_far_cell_is_not_half_a_terabyte(tmp_path: Path) -> None:
    path = tmp_path / "far.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        sheet.write(0, 0, "a")
        sheet.write(1_048_575, 16_383, "b")
    assert fails(path, Limits()) == "exchange.bomb"


def test_external_entities_do_nothing(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("SECRET")
    workbook(tmp_path / "whole.xlsx")
    evil = tmp_path / "evil.xlsx"
    entities = f'<!ENTITY e SYSTEM "file://{secret}"><!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;">'
    dtd = f"<!DOCTYPE x [{entities}]>".encode()
    with zipfile.ZipFile(tmp_path / "whole.xlsx") as old, zipfile.ZipFile(evil, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name.endswith(".xml") and data.startswith(b"<?xml"):
                head, _, body = data.partition(b"?>")
                data = head + b"?>" + dtd + body.replace(b">a1<", b">&e;&c;<")
            new.writestr(name, data)
    try:
        text = str([batch.to_pylist() for table in read_tables(evil) for batch in table.batches()])
    except InputError as error:
        text = str(error)
    assert "SECRET" not in text
    assert "bbbbbbbbbbbbbbbbbbbb" not in text


def test_a_line_without_end_stops_early_with_bounded_memory(tmp_path: Path) -> None:
    import tracemalloc

    path = tmp_path / "line.csv"
    with path.open("wb") as f:
        f.write(b"a,b\n1,2\n")
        f.seek(256 << 20)  # a hole: one endless line of zeros; more of it needs no more memory
        f.write(b"\n")
    tracemalloc.start()
    assert fails(path, Limits()) in ("exchange.line_too_long", "exchange.binary")
    assert tracemalloc.get_traced_memory()[1] < 40 << 20
    tracemalloc.stop()
    text = tmp_path / "text.csv"
    text.write_bytes(b"a,b\n1,2\n" + b"x" * 300_000 + b"\n3,4\n")
    assert fails(text) == "exchange.line_too_long"


def test_a_line_limit_holds_behind_gzip(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(os.urandom(400_000).hex().encode()))
    assert fails(path) == "exchange.line_too_long"


def test_a_file_that_changes_while_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n")
    stat = path.stat()

    def meddle() -> None:
        path.write_text("a,b\n1,3\n")  # the same size, and the old time put back
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))

    with pytest.raises(InputError) as caught:
        read_all(path, SMALL, meddle)
    assert caught.value.problems[0].code == "exchange.changed"


def test_a_file_that_vanishes_while_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(HoufengError):
        read_all(path, SMALL, path.unlink)


def test_undecodable_bytes_name_line_byte_and_encodings(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("合同号,余额\nA,1\n".encode() + b"\xff\xff\xff,2\n")
    with pytest.raises(InputError) as caught:
        list(read_tables(path))
    (problem,) = caught.value.problems
    assert problem.code == "exchange.encoding"
    assert problem.where.line == 3
    assert "UTF-8" in problem.message.en
    assert "GB18030" in problem.message.en
    assert "byte 21" in problem.message.en


def test_an_unclosed_quote_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"a,b\n" + b'1,"2\n' + b"x,y\n" * 3_000_000)
    assert fails(path, Limits()) == "exchange.csv"


def test_password_protected_workbooks(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1000) + "EncryptedPackage".encode("utf-16-le") + bytes(3000)
    )
    assert fails(path) == "exchange.password"
    locked = bytearray(_zip({"a.csv": b"a,b\n1,2\n"}))
    for mark in (b"PK\x03\x04", b"PK\x01\x02"):
        at = locked.find(mark) + (6 if mark == b"PK\x03\x04" else 8)
        locked[at] |= 1
    (tmp_path / "a.zip").write_bytes(bytes(locked))
    assert fails(tmp_path / "a.zip") == "exchange.password"


def test_corrupt_deflate_stream(tmp_path: Path) -> None:
    data = bytearray(_zip({"a.csv": b"a,b\n" + os.urandom(50_000).hex().encode()}))
    data[2000:2100] = bytes(100)
    path = tmp_path / "a.zip"
    path.write_bytes(bytes(data))
    assert fails(path) in ("exchange.truncated", "exchange.line_too_long")
