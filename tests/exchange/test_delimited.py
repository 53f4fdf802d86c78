"""Text files as they come: every encoding, delimiter and mess around the table."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path
from typing import Any

import pytest

from houfeng.exchange.raw import RawTable
from houfeng.exchange.tables import read_tables

KNOWN = {"合同号", "余额", "数据日期", "机构", "note", "amount", "币种"}


def known(text: str) -> bool:
    return text.split("(")[0].split("（")[0] in KNOWN


def read(path: Path) -> list[tuple[RawTable, list[dict[str, Any]]]]:
    """Each table with its rows as dicts header → cell, and `_row`."""
    found = []
    for table in read_tables(path, known=known):
        rows = []
        for batch in table.batches():
            for row in batch.to_pylist():
                number = row.pop("_row")
                rows.append({**dict(zip(table.headers, row.values(), strict=True)), "_row": number})
        found.append((table, rows))
    return found


def one(path: Path) -> tuple[RawTable, list[dict[str, Any]]]:
    ((table, rows),) = read(path)
    return table, rows


def codes(table: RawTable) -> set[str]:
    return {note.code for note in table.notes}


TEXT = "合同号,余额,币种\nA1,3000000000,人民币\nA2,16777217.01,人民币\n"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16", "utf-16-le-bom", "utf-16-be-bom"]
)
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_every_encoding_gives_the_same_rows(tmp_path: Path, encoding: str, newline: str) -> None:
    text = TEXT.replace("\n", newline)
    data = {
        "utf-16-le-bom": b"\xff\xfe" + text.encode("utf-16-le"),
        "utf-16-be-bom": b"\xfe\xff" + text.encode("utf-16-be"),
    }.get(encoding)
    path = tmp_path / "a.csv"
    path.write_bytes(data if data is not None else text.encode(encoding))
    table, rows = one(path)
    assert table.headers == ("合同号", "余额", "币种")
    assert rows == [
        {"合同号": "A1", "余额": "3000000000", "币种": "人民币", "_row": 2},
        {"合同号": "A2", "余额": "16777217.01", "币种": "人民币", "_row": 3},
    ]
    assert ("exchange.encoding_guessed" in codes(table)) == (not encoding.startswith("utf-8"))


def test_gb18030_only_in_the_last_line_of_a_large_file_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    body = "".join(f"N{i},{i}.00\n" for i in range(200_000))
    path.write_bytes(("note,amount\n" + body + "张三,1.00\n").encode("gb18030"))
    table, rows = one(path)
    assert len(rows) == 200_001
    assert rows[-1] == {"note": "张三", "amount": "1.00", "_row": 200_002}
    assert "exchange.encoding_guessed" in codes(table)


@pytest.mark.parametrize("delimiter", [",", "\t", "|", ";"])
def test_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "a.txt"
    path.write_text(TEXT.replace(",", delimiter), encoding="utf-8")
    table, rows = one(path)
    assert [row["余额"] for row in rows] == ["3000000000", "16777217.01"]
    assert ("exchange.delimiter_guessed" in codes(table)) == (delimiter != ",")


def test_title_rows_totals_footers_and_blanks(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        "2026年1月贷款明细表,,\n填报单位：某某银行  数据日期：2026-01-31,,单位：万元\n版本：3,币种：人民币,\n"
        "合同号,余额,机构\nA1,1,X\nA2,2,X\n小 计,3,\n,,\n , ,\nA3,4,合计公司\n"
        "合计,7,\n,,\n制表人：张三,审核人：李四,\n",
        encoding="utf-8",
    )
    table, rows = one(path)
    assert [(row["合同号"], row["_row"]) for row in rows] == [("A1", 5), ("A2", 6), ("A3", 10)]
    assert table.header_row == 4
    assert table.stated == {
        "title_period": "2026-01", "reporter": "某某银行", "period": "2026-01-31", "unit": "万元",
        "version": "3", "currency": "人民币",
    }  # fmt: skip
    assert {"exchange.total_rows", "exchange.footer_rows", "exchange.blank_rows", "exchange.header_row"} <= codes(table)
    total = next(note for note in table.notes if note.code == "exchange.total_rows")
    assert "7, 11" in total.message.en


def test_quoted_newlines_and_delimiters_stay_in_their_cells(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('note,amount,机构\n"a,\nb","1,000.00","x ""y"""\nc,2,z\n', encoding="utf-8")
    _, rows = one(path)
    assert rows[0]["note"] == "a,\nb"
    assert rows[0]["amount"] == "1,000.00"
    assert rows[0]["机构"] == 'x "y"'


def test_short_rows_are_padded_and_wide_rows_marked(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    lines = ["note,amount,机构", *(f"N{i},{i},X" for i in range(50)), "S", "W,1,2,3", "T,1,2,,", "Z,9,X"]
    path.write_text("\n".join(lines), encoding="utf-8")
    table, rows = one(path)
    by_note = {row["note"]: row for row in rows}
    assert by_note["S"] == {"note": "S", "amount": "", "机构": "", "_row": 52}
    assert by_note["W"]["机构"] == "2 ¦ 3"
    assert by_note["T"]["机构"] == "2"
    assert by_note["Z"]["_row"] == 55
    assert list(table.rejected) == [53]


def test_two_row_header_in_text(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("合同号,余额,,机构\n,期初,期末,\nA1,1,2,X\n", encoding="utf-8")
    found = {"合同号", "机构", "余额期初", "余额期末"}
    (table,) = read_tables(path, known=lambda t: t in found or t in KNOWN)
    assert table.headers == ("合同号", "余额期初", "余额期末", "机构")
    assert next(iter(table.batches())).num_rows == 1


def test_a_second_line_of_codes_is_not_data(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("合同号,余额,机构\nnote,amount,机构\nA1,1,X\n", encoding="utf-8")
    _, rows = one(path)
    assert [row["合同号"] for row in rows] == ["A1"]


def test_formula_looking_text_is_text(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("note,amount\n=1+1,2\n@SUM(A1),3\n+cmd|x,4\n", encoding="utf-8")
    _, rows = one(path)
    assert [row["note"] for row in rows] == ["=1+1", "@SUM(A1)", "+cmd|x"]


def test_gzip_and_zip_with_chinese_member_names(tmp_path: Path) -> None:
    packed = tmp_path / "a.csv.gz"
    packed.write_bytes(gzip.compress(TEXT.encode("gb18030")))
    table, rows = one(packed)
    assert table.file == "a.csv"
    assert len(rows) == 2
    archive = tmp_path / "b.zip"
    with zipfile.ZipFile(archive, "w") as z:
        z.writestr("文件夹/一月.csv", TEXT)
        z.writestr("__MACOSX/._x", b"junk")
        z.writestr("二月.csv", TEXT.encode("gb18030"))
    assert [t.file for t, _ in read(archive)] == ["一月.csv", "二月.csv"]
    assert [len(r) for _, r in read(archive)] == [2, 2]


def test_json_lines_keep_every_digit(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(
        '{"note": "A", "amount": 16777217.01}\n\n{"note": "B", "amount": 3000000000, "extra": [1, {"b": true}]}\n'
        '{"note": null, "amount": "123456789012345678.99"}\n',
        encoding="utf-8",
    )
    table, rows = one(path)
    assert table.headers == ("note", "amount", "extra")
    assert [row["amount"] for row in rows] == ["16777217.01", "3000000000", "123456789012345678.99"]
    assert [row["_row"] for row in rows] == [1, 3, 4]


def test_reading_twice_says_things_once(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("note,amount\nA,1\n合计,1\n", encoding="utf-8")
    (table,) = read_tables(path, known=known)
    assert [sum(b.num_rows for b in table.batches()) for _ in range(2)] == [1, 1]
    assert len([n for n in table.notes if n.code == "exchange.total_rows"]) == 1


def test_memory_of_a_long_file_is_one_block(tmp_path: Path) -> None:
    import pyarrow as pa

    path = tmp_path / "a.csv"
    with path.open("w") as f:
        f.write("note,amount\n")
        for i in range(1_500_000):
            f.write(f"{'x' * 20}{i},{i}.00\n")
    (table,) = read_tables(path, known=known)
    before, peak = pa.total_allocated_bytes(), 0
    for _ in table.batches():
        peak = max(peak, pa.total_allocated_bytes() - before)
    assert path.stat().st_size > 45_000_000
    assert peak < 70_000_000
