"""The report as people get it: text, workbook, notes, and the commands."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from houfeng.errors import UsageError
from houfeng.packs.loading.load import load_pack
from houfeng.packs.model import Pack
from houfeng.themes.export import write_report
from houfeng.themes.render import render, width
from houfeng.themes.report import report
from houfeng_cli.themes import command
from themes.loan_samples import (
    BANK_A,
    BANK_B,
    DECEMBER,
    LAST_YEAR,
    NOVEMBER,
    book_of,
    draft,
    note,
)

GOLDEN, SMALL = Path(__file__).with_name("golden_report.txt"), Path(__file__).with_name("small_pack")


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack("five-articles")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two banks in November and a year ago, one of them in December."""
    rows = [
        note(1, use_industry="C2710", borrower_region="410105", balance_cny="3000000000", rate="3.10"),
        note(2, green_code="NA01", green_ratio="60", borrower_region="410300", balance_cny="16777217.01"),
        note(3, programme="student", guarantee_mode="D", is_first_loan=True, quality="FQ03", rate="4.35271"),
        note(4, is_written_off=True),
        note(1, period=NOVEMBER, use_industry="C2710", balance_cny="2500000000"),
        note(7, BANK_B, period=NOVEMBER),
        note(1, period=LAST_YEAR, use_industry="C2710", balance_cny="2000000000"),
    ]
    banks = [{"institution_id": BANK_A, "name": "中原示范银行"}]
    path = tmp_path_factory.mktemp("themes") / "book"
    book_of(path, rows, draft("institution", banks, "office", DECEMBER), synthetic=True)
    return path


@pytest.fixture
def snapshot(folder: Path) -> Any:
    from houfeng.book.store import Book
    from houfeng.clock import fixed_clock
    from themes.loan_samples import NOW

    return Book.open(folder, fixed_clock(NOW)).snapshot()


def test_the_text_is_the_golden_one(snapshot: Any) -> None:
    small = load_pack(SMALL)
    asked = ("basic", "growth", "npl_ratio")
    answer = report(
        snapshot, small, as_of=DECEMBER, by=("region", "institution"), measures=asked, readings={"boundary": "closed"}
    )
    shown = render(answer, components=True).replace(small.digest[:16], "<digest>")
    assert shown == GOLDEN.read_text("utf-8")


def test_columns_stand_straight_though_chinese_is_wide(snapshot: Any, pack: Pack) -> None:
    lines = render(report(snapshot, pack, as_of=DECEMBER), unit="yuan").splitlines()
    rule = next(n for n, line in enumerate(lines) if line.startswith("---"))
    table = [line for line in lines[rule:] if line][:5]
    assert {width(line) for line in table} == {width(table[0])}
    assert "3,017,777,217.01" in lines[rule + 1]


def test_notes_tell_who_is_missing_and_what_is_partial(snapshot: Any, pack: Pack) -> None:
    answer = report(snapshot, pack, as_of=DECEMBER, readings={"digital_scope": "core_only"})
    texts = [note.text.zh for note in answer.notes]
    assert texts[0].startswith("模拟数据")
    assert any(f"缺报：{BANK_B}" in text and "2025-11-30" in text for text in texts)
    assert any("另有 1 笔、1000000.00 元按口径不计入" in text for text in texts)
    partial = [note.text.zh for note in answer.notes if note.about == "partial"]
    assert len(partial) == sum(any(theme.partial) for theme in pack.themes())
    assert [note.about for note in answer.notes].count("rival") == 1
    assert len(pack.interpretations) == sum(note.about in ("reading", "rival") for note in answer.notes)


def test_growth_is_left_out_where_the_period_is_missing(snapshot: Any, pack: Pack) -> None:
    answer = report(snapshot, pack, as_of=NOVEMBER, measures=("growth", "balance"), compare=LAST_YEAR)
    tech = answer.tables[0].find("tech")
    assert tech is not None
    assert tech.values == {
        "balance": Decimal("2500000000.00"),
        "growth_year": None,
        "growth_month": None,
        "growth_ytd": Decimal("25.00"),
        "growth_compare": Decimal("25.00"),
        "balance_compare": Decimal("2000000000.00"),
        "change": Decimal("500000000.00"),
    }
    assert any("没有上年同月" in note.text.zh for note in answer.notes)


def test_a_filter_keeps_only_its_notes(snapshot: Any, pack: Pack) -> None:
    answer = report(snapshot, pack, as_of=DECEMBER, where={"region": ["410300"]}, by=("region",))
    assert [row.codes for row in answer.tables[1].rows if row.theme == "all"] == [("410300",)]
    everything = answer.tables[0].find("all")
    assert everything is not None
    assert everything.values["balance"] == Decimal("16777217.01")


def test_a_period_not_in_the_book_is_told_with_those_that_are(snapshot: Any, pack: Pack) -> None:
    with pytest.raises(UsageError, match=r"no loan balances of 2025-10-31.*2024-12-31, 2025-11-30, 2025-12-31"):
        report(snapshot, pack, as_of=DECEMBER.replace(month=10))


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"by": ["regoin"]}, "did you mean “region”"),
        ({"by": ["size+size"]}, "twice"),
        ({"measures": ["balanse"]}, "did you mean “balance”"),
        ({"where": {"citty": ["1"]}}, "no dimension citty"),
        ({"readings": {"digital_scope": "x"}}, "it has: with_efficiency, core_only"),
    ],
)
def test_wrong_names_are_told(snapshot: Any, pack: Pack, wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        report(snapshot, pack, as_of=DECEMBER, **wrong)


def test_the_workbook_reads_back_as_computed(snapshot: Any, pack: Pack, tmp_path: Path) -> None:
    answer = report(snapshot, pack, as_of=DECEMBER, by=("region", "institution+size"), measures=("all",))
    out = tmp_path / "report.xlsx"
    write_report(answer, out, components=True, exporter="张三", unit="yi")
    book = openpyxl.load_workbook(out)
    assert book.sheetnames == ["总表", "说明", "借款人所在市", "金融机构×企业规模"]
    for table, name in zip(answer.tables, ("总表", "借款人所在市", "金融机构×企业规模"), strict=True):
        sheet, texts = book[name], len(table.by) + 2
        assert sheet.freeze_panes == openpyxl.utils.get_column_letter(texts + 1) + "4"
        for number, row in enumerate(table.rows, 4):
            for column, measure in enumerate(answer.measures, texts + 1):
                cell, value = sheet.cell(number, column), row.values[measure.name]
                if value is None:
                    assert cell.value == "-"
                elif measure.unit == "money":
                    assert Decimal(repr(cell.value)) * 100_000_000 == value
                    assert cell.number_format == "#,##0.00"
                else:
                    assert Decimal(repr(cell.value)) == value
    main = "\n".join(str(cell.value) for line in book["总表"].iter_rows() for cell in line if cell.value is not None)
    for part in ("2025年12月末", "余额（亿元）", "模拟数据", pack.digest[:16], "2026-01-20 09:00:00", "缺报", "未全"):
        assert part in main
    about = {line[0].value: line[1].value for line in book["说明"].iter_rows(max_col=2)}
    assert about["导出人"] == "张三"
    assert about["政策包摘要"] == pack.digest
    assert about["筛选"] == "无"


def test_bare_rows_are_exact(snapshot: Any, pack: Pack, tmp_path: Path) -> None:
    answer = report(snapshot, pack, as_of=DECEMBER)
    write_report(answer, tmp_path / "r.parquet")
    assert pq.read_table(tmp_path / "r.parquet").to_pylist() == answer.arrow().to_pylist()
    write_report(answer, tmp_path / "r.csv")
    assert "3017777217.01" in (tmp_path / "r.csv").read_text("utf-8-sig")
    with pytest.raises(UsageError, match=r"cannot write r\.doc"):
        write_report(answer, tmp_path / "r.doc")
    with pytest.raises(UsageError, match="no folder"):
        write_report(answer, tmp_path / "none" / "r.csv")
    assert not list(tmp_path.glob(".*"))


def test_the_commands(folder: Path, tmp_path: Path) -> None:
    run, asked = CliRunner(), ["--book", str(folder), "--as-of", "2025-12"]
    out = tmp_path / "r.xlsx"
    told = run.invoke(command, ["report", *asked, "--by", "region", "--out", str(out)], catch_exceptions=False)
    assert told.exit_code == 0
    assert "科技金融" in told.output
    assert out.exists()
    lines = run.invoke(
        command, ["report", *asked, "--json", "--measures", "balance", "--only", "institution=" + BANK_A],
        catch_exceptions=False,
    ).stdout.splitlines()  # fmt: skip
    found = {line["theme"]: line["balance"] for line in map(json.loads, lines[1:])}
    assert found["tech"] == "3000000000.00"
    assert json.loads(lines[0])["synthetic"] is True
    tags = tmp_path / "tags.parquet"
    told = run.invoke(command, ["tag", *asked, "--out", str(tags)], catch_exceptions=False)
    assert "4" in told.output
    rows = {row["contract_no"]: row for row in pq.read_table(tags).to_pylist()}
    assert rows["C2"]["green_amount"] == Decimal("10066330.21")
    assert rows["C1"]["amount"] == Decimal("3000000000.00")
    assert rows["C1"]["green_amount"] is None
    bits = json.loads(pq.read_schema(tags).metadata[b"houfeng.bits"])
    place = bits.index("tech_manufacturing")
    assert rows["C1"][f"reasons_{place // 63}"] >> place % 63 & 1
    assert not rows["C2"][f"reasons_{place // 63}"] >> place % 63 & 1


def test_the_commands_tell_what_is_wrong(folder: Path, tmp_path: Path) -> None:
    run, asked = CliRunner(), ["--book", str(folder), "--as-of", "2025-12"]
    for more in (["report", *asked, "--reading", "x"], ["tag", *asked, "--out", str(tmp_path / "a.csv")]):
        assert isinstance(run.invoke(command, more).exception, UsageError)
