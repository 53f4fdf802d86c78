"""A paper as a Word document that offices can go on editing: real styles, real heads, fonts by name."""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any

from docx import Document
from docx.document import Document as Doc
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING, WD_TAB_ALIGNMENT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor
from docx.text.paragraph import Paragraph as DocParagraph

from houfeng.cases.briefing import paper as p
from houfeng.cases.briefing.paper import Chart, Heading, Paper, Paragraph, Table
from houfeng.cases.briefing.pdf import SYNTHETIC, picture
from houfeng.errors import EnvironmentFault

RED, BROWN = RGBColor(0xC0, 0, 0), RGBColor(0x8A, 0x6D, 0)
_ALIGN = {"l": WD_ALIGN_PARAGRAPH.LEFT, "c": WD_ALIGN_PARAGRAPH.CENTER, "r": WD_ALIGN_PARAGRAPH.RIGHT}
_LEVELS = {1: "黑体", 2: "楷体_GB2312", 3: "仿宋_GB2312", 4: "仿宋_GB2312"}


def word(paper: Paper, lang: str, made_at: datetime) -> bytes:
    """The paper as .docx. Charts are pictures where the machine has a Chinese font, else their figures as a table."""
    document = Document()
    _page(document)
    _styles(document, lang)
    document.core_properties.title = paper.title.get(lang).replace("\n", "")
    document.core_properties.author = paper.issuer.get(lang)
    document.core_properties.created = document.core_properties.modified = made_at
    _head(document, paper, lang)
    for block, text in p.numbered(paper.blocks, lang):
        _block(document, block, text, lang)
    _foot(document, paper, lang)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _page(document: Doc) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(p.TOP_MM), Mm(p.BOTTOM_MM)
    section.left_margin, section.right_margin = Mm(p.LEFT_MM), Mm(p.RIGHT_MM)
    section.footer_distance = Mm(p.BOTTOM_MM - 7 - 6)
    grid = section._sectPr.find(qn("w:docGrid"))
    if grid is None:
        grid = OxmlElement("w:docGrid")
        section._sectPr.append(grid)
    grid.set(qn("w:type"), "linesAndChars")
    grid.set(qn("w:linePitch"), str(round(p.PITCH_PT * 20)))
    width = p.WIDTH_MM / 25.4 * 72 / p.CHARACTERS
    grid.set(qn("w:charSpace"), str(round((width - p.BODY_PT) * 4096)))
    document.settings.odd_and_even_pages_header_footer = True
    for footer, align in ((section.footer, "r"), (section.even_page_footer, "l")):
        paragraph = footer.paragraphs[0]
        paragraph.alignment = _ALIGN[align]
        _run(paragraph, "— ", "宋体", p.PAGE_NUMBER_PT)
        _page_number(_run(paragraph, "", "宋体", p.PAGE_NUMBER_PT))
        _run(paragraph, " —", "宋体", p.PAGE_NUMBER_PT)


def _page_number(run: Any) -> None:
    for kind, text in (("begin", ""), ("", "PAGE"), ("end", "")):
        element = OxmlElement("w:fldChar" if kind else "w:instrText")
        if kind:
            element.set(qn("w:fldCharType"), kind)
        else:
            element.text = text
        run._r.append(element)


def _styles(document: Doc, lang: str) -> None:
    normal = document.styles["Normal"]
    _font(normal, "仿宋_GB2312", p.BODY_PT)
    shape = normal.paragraph_format
    shape.line_spacing_rule, shape.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(round(p.PITCH_PT, 1))
    shape.space_before = shape.space_after = Pt(0)
    for level, font in _LEVELS.items():
        style = document.styles[f"Heading {level}"]
        _font(style, font, p.BODY_PT)
        style.font.bold, style.font.italic, style.font.color.rgb = level == 3, False, RGBColor(0, 0, 0)
        style.paragraph_format.space_before = style.paragraph_format.space_after = Pt(0)
        style.paragraph_format.first_line_indent = Pt(2 * p.BODY_PT) if lang == "zh" else None
        style.paragraph_format.keep_with_next = True
    title = document.styles["Title"]
    _font(title, "方正小标宋简体", p.TITLE_PT)
    for border in title.element.findall(f".//{qn('w:pBdr')}"):
        border.getparent().remove(border)


def _font(target: Any, name: str, size: int) -> None:
    """A font for Chinese by name; Latin letters in Times New Roman, as offices write them."""
    target.font.name, target.font.size = "Times New Roman", Pt(size)
    properties = target.element.get_or_add_rPr() if hasattr(target, "element") else target._r.get_or_add_rPr()
    fonts = properties.get_or_add_rFonts()
    for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{theme}"), None)
    fonts.set(qn("w:eastAsia"), name)


def _run(paragraph: DocParagraph, text: str, font: str, size: int) -> Any:
    run = paragraph.add_run(text)
    _font(run, font, size)
    return run


def _line(document: Doc, text: str, font: str, size: int, align: str, *, exact: bool = False) -> DocParagraph:
    paragraph = document.add_paragraph()
    paragraph.alignment = _ALIGN[align]
    if not exact:
        paragraph.paragraph_format.line_spacing_rule = WD_LINE_SPACING.SINGLE
    _run(paragraph, text, font, size)
    return paragraph


def _head(document: Doc, paper: Paper, lang: str) -> None:
    if any(paper.masthead):
        mast = _line(document, paper.masthead.get(lang), "方正小标宋简体", 40 if lang == "zh" else 26, "c")
        mast.runs[0].font.color.rgb, mast.runs[0].font.bold = RED, True
        _line(document, paper.number.get(lang), "仿宋_GB2312", p.BODY_PT, "c", exact=True)
        line = _line(document, paper.issuer.get(lang), "仿宋_GB2312", p.BODY_PT, "l", exact=True)
        line.paragraph_format.tab_stops.add_tab_stop(Mm(p.WIDTH_MM), WD_TAB_ALIGNMENT.RIGHT)
        _run(line, "\t" + p.long_day(paper.day, lang), "仿宋_GB2312", p.BODY_PT)
        _border(line, "bottom", "C00000", 12)
    if paper.synthetic:
        mark = _line(document, SYNTHETIC.get(lang), "黑体", 12, "c", exact=True)
        mark.runs[0].font.color.rgb = BROWN
    title = document.add_paragraph(style="Title")
    title.alignment = WD_ALIGN_PARAGRAPH.CENTER
    title.paragraph_format.space_before = title.paragraph_format.space_after = Pt(p.PITCH_PT / 2)
    title.paragraph_format.line_spacing_rule = WD_LINE_SPACING.SINGLE
    lines = paper.title.get(lang).split("\n")
    for place, text in enumerate(lines):
        run = _run(title, text, "方正小标宋简体", p.TITLE_PT)
        run.font.color.rgb = RGBColor(0, 0, 0)
        if place + 1 < len(lines):
            run.add_break()


def _border(paragraph: DocParagraph, side: str, colour: str, size: int) -> None:
    borders = OxmlElement("w:pBdr")
    edge = OxmlElement(f"w:{side}")
    for name, value in (("val", "single"), ("sz", str(size)), ("space", "4"), ("color", colour)):
        edge.set(qn(f"w:{name}"), value)
    borders.append(edge)
    paragraph._p.get_or_add_pPr().append(borders)


def _block(document: Doc, block: p.Block, text: str, lang: str) -> None:
    match block:
        case Heading(level):
            heading = document.add_heading(level=level)
            _run(heading, text, _LEVELS[level], p.BODY_PT)
        case Paragraph(_, note):
            paragraph = document.add_paragraph()
            paragraph.alignment = WD_ALIGN_PARAGRAPH.JUSTIFY
            if not note and lang == "zh":
                paragraph.paragraph_format.first_line_indent = Pt(2 * p.BODY_PT)
            if note:
                paragraph.paragraph_format.line_spacing_rule = WD_LINE_SPACING.SINGLE
            _run(paragraph, text, "仿宋_GB2312", 10 if note else p.BODY_PT)
        case Table(_, heads, rows, align, widths):
            _table(document, text, [h.get(lang) for h in heads], [[p.told(c, lang) for c in row] for row in rows],
                   align, widths or [1] * len(heads))  # fmt: skip
        case Chart():
            _chart(document, block, text, lang)


def _chart(document: Doc, chart: Chart, text: str, lang: str) -> None:
    try:
        image = picture(chart, lang)
    except EnvironmentFault:  # no Chinese font here: the figures are what matters
        heads, rows = ["", chart.unit.get(lang)], [[name.get(lang), f"{value:,f}"] for name, value in chart.bars]
        _table(document, text, heads, rows, "lr", [3, 1])
        return
    paragraph = document.add_paragraph()
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    paragraph.paragraph_format.line_spacing_rule = WD_LINE_SPACING.SINGLE
    paragraph.add_run().add_picture(io.BytesIO(image), width=Mm(p.WIDTH_MM - 2))
    properties = paragraph._p.find(f".//{qn('wp:docPr')}")
    if properties is not None:
        figures = "；".join(f"{name.get(lang)} {value:,f}" for name, value in chart.bars)
        properties.set("descr", f"{text}（{chart.unit.get(lang)}）：{figures}")


def _table(document: Doc, caption: str, heads: list[str], rows: list[list[str]], align: str, widths: Any) -> None:
    over = _line(document, caption, "黑体", 12, "c")
    over.paragraph_format.keep_with_next = True
    table = document.add_table(rows=1, cols=len(heads), style="Table Grid")
    table.alignment, table.autofit = WD_TABLE_ALIGNMENT.CENTER, False
    total = sum(widths)
    repeat = OxmlElement("w:tblHeader")
    table.rows[0]._tr.get_or_add_trPr().append(repeat)
    for column, text in enumerate(heads):
        _cell(table.rows[0].cells[column], text, "黑体", "c")
    for row in rows:
        cells = table.add_row().cells
        for column, text in enumerate(row):
            _cell(cells[column], text, "仿宋_GB2312", align[column])
    for row in table.rows:
        for column, cell in enumerate(row.cells):
            cell.width = Mm(round(p.WIDTH_MM * widths[column] / total, 1))


def _cell(cell: Any, text: str, font: str, align: str) -> None:
    paragraph = cell.paragraphs[0]
    paragraph.alignment = _ALIGN[align]
    paragraph.paragraph_format.line_spacing_rule = WD_LINE_SPACING.SINGLE
    _run(paragraph, text, font, 10)


def _foot(document: Doc, paper: Paper, lang: str) -> None:
    if not any(paper.masthead):
        document.add_paragraph()
        for text in (paper.issuer.get(lang), p.long_day(paper.day, lang)):
            signed = _line(document, text, "仿宋_GB2312", p.BODY_PT, "r", exact=True)
            signed.paragraph_format.right_indent = Pt(2 * p.BODY_PT)
    if any(paper.source):
        source = _line(document, paper.source.get(lang), "仿宋_GB2312", 10, "l")
        _border(source, "top", "000000", 4)
