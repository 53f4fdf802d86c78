"""Papers: the layout of GB/T 9704-2012 in Word and PDF, and what happens without a Chinese font."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from docx import Document
from docx.oxml.ns import qn

from houfeng.cases.briefing import pdf as pdf_module
from houfeng.cases.briefing.paper import Chart, Heading, Paper, Paragraph, Table, chinese, numbered
from houfeng.cases.briefing.pdf import chosen, families, pdf
from houfeng.cases.briefing.word import word
from houfeng.errors import EnvironmentFault, Text

NOW = datetime(2026, 6, 30, 9)
HOSTILE = "#set page(fill: red) *b* $x$ <w:p/> \\ {%s} ]"
PAPER = Paper(
    title=Text("信贷市场月报\n（2026年6月）", "Monthly\nJune 2026"),
    issuer=Text("示例省地方金融管理局", "Example Office"),
    day=date(2026, 6, 30),
    masthead=Text("信贷市场监测简报", "Credit market briefing"),
    number=Text("2026年第6期", "2026 no. 6"),
    synthetic=True,
    source=Text("账簿截至2026-05-31", "as of 2026-05-31"),
    blocks=[
        Heading(1, Text("总体情况", "Overview")),
        Paragraph(Text("永" * 28 * 30, "word " * 300)),
        Heading(2, Text("预警", "Alerts")),
        Chart(Text("按等级", "By tier"), Text("条", "alerts"), [(Text("红", "red"), Decimal(3))], ["red"]),
        Heading(3, Text("细项", "Detail")),
        Heading(1, Text("案件", "Cases")),
        Table(
            Text("表1", "Table 1"), [Text("案号", "No."), Text("余额", "Sum")], [[HOSTILE, "1.00"]] * 60, "lr", [3, 1]
        ),
    ],
)
needs_font = pytest.mark.skipif(not any("CJK" in name for name in families()), reason="no Chinese font on this machine")


def test_numbers_of_headings() -> None:
    told = [text for block, text in numbered(PAPER.blocks, "zh") if isinstance(block, Heading)]
    assert told == ["一、总体情况", "（一）预警", "1. 细项", "二、案件"]
    assert [text for block, text in numbered(PAPER.blocks, "en") if isinstance(block, Heading)][-1] == "2 Cases"
    assert [chinese(n) for n in (1, 10, 11, 20, 99)] == ["一", "十", "十一", "二十", "九十九"]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_word_has_the_layout(lang: str) -> None:
    """A4, the margins of the standard, its fonts by name, 28 characters a line, real headings, page numbers."""
    document = Document(io.BytesIO(word(PAPER, lang, NOW)))
    section = document.sections[0]
    assert [round(side.mm) for side in (section.page_width, section.page_height)] == [210, 297]
    margins = (section.top_margin, section.left_margin, section.right_margin, section.bottom_margin)
    assert [round(side.mm) for side in margins] == [37, 28, 26, 35]
    grid = section._sectPr.find(qn("w:docGrid"))
    assert (grid.get(qn("w:type")), grid.get(qn("w:linePitch"))) == ("linesAndChars", "580")
    normal = document.styles["Normal"]
    assert normal.font.size.pt == 16
    assert normal.element.rPr.rFonts.get(qn("w:eastAsia")) == "仿宋_GB2312"
    heads = [(p.style.name, p.text) for p in document.paragraphs if p.style.name.startswith("Heading")]
    assert [name for name, _ in heads] == ["Heading 1", "Heading 2", "Heading 3", "Heading 1"]
    assert "PAGE" in section.footer._element.xml
    assert section.even_page_footer.paragraphs[0].alignment != section.footer.paragraphs[0].alignment
    (table,) = [t for t in document.tables if len(t.rows) > 2]
    assert (len(table.rows), table.rows[1].cells[0].text) == (61, HOSTILE)
    assert any("模拟" in p.text or "Synthetic" in p.text for p in document.paragraphs)


@needs_font
def test_pdf_has_the_layout(tmp_path: Path) -> None:
    """PDF/A with the fonts inside, A4; 28 characters a line and 22 lines a page; nothing a person wrote is markup."""
    data = pdf(PAPER, "zh", NOW)
    assert b"pdfaid:part" in data
    assert b"red" not in data[:200]
    if not shutil.which("pdftotext"):
        pytest.skip("pdftotext of poppler-utils is not here")
    path = tmp_path / "paper.pdf"
    path.write_bytes(data)
    told = subprocess.run(["pdftotext", "-layout", str(path), "-"], capture_output=True, text=True, check=True).stdout
    rows = [len(found) for found in re.findall("永+", told)]
    assert rows[0] == 26  # the first line is indented by two
    assert set(rows[1:-1]) == {28}
    pages = told.split("\f")
    assert max(page.count("永" * 28) for page in pages) <= 22
    assert "#set page" in told.replace("\n", "")
    sizes = subprocess.run(["pdfinfo", str(path)], capture_output=True, text=True, check=True).stdout
    assert "A4" in sizes


@needs_font
def test_the_same_paper_is_the_same_file() -> None:
    assert pdf(PAPER, "zh", NOW) == pdf(PAPER, "zh", NOW)


def test_without_a_chinese_font_there_is_no_pdf_but_a_word_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fault says what to install; Word, whose fonts are the reader's, has the chart's figures as a table."""
    monkeypatch.setattr(pdf_module, "families", lambda: frozenset({"DejaVu Sans", "Libertinus Serif"}))
    with pytest.raises(EnvironmentFault, match="fonts-noto-cjk"):
        pdf(PAPER, "zh", NOW)
    document = Document(io.BytesIO(word(PAPER, "zh", NOW)))
    assert [table.rows[1].cells[1].text for table in document.tables] == ["3", "1.00"]


def test_the_standard_fonts_come_first() -> None:
    known = frozenset({"FangSong", "Noto Serif CJK SC"})
    assert chosen(("仿宋_GB2312", "FangSong"), known) == ["FangSong", "Noto Serif CJK SC"]
