"""A paper as PDF, by typst. The fonts are the machine's: without a Chinese one there is no PDF, and that is said."""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from importlib.resources import files
from typing import Any

import typst

from houfeng.cases.briefing import paper as p
from houfeng.cases.briefing.paper import Chart, Heading, Paper, Paragraph, Table
from houfeng.clock import ZONE
from houfeng.errors import EnvironmentFault, Text

SYNTHETIC = Text("模拟数据，仅供演示，不得作为决策依据", "Synthetic data, for demonstration only")


@functools.cache
def families() -> frozenset[str]:
    """The font families of this machine."""
    return frozenset(typst.Fonts().families())


def chosen(wanted: Sequence[str], known: frozenset[str]) -> list[str]:
    """Those of `wanted` that the machine has, then any Chinese font it has."""
    lower = {name.lower() for name in known}
    found = [name for name in dict.fromkeys((*wanted, *p.ANY)) if name.lower() in lower]
    if not found:
        raise EnvironmentFault(
            Text(
                "本机没有中文字体，不能生成 PDF；请安装 fonts-noto-cjk，或放入仿宋、小标宋字体",
                "this machine has no Chinese font, so no PDF can be made; install fonts-noto-cjk",
            )
        )
    return found


def fonts(known: frozenset[str] | None = None) -> dict[str, Any]:
    """The fonts of each part of a paper. The title is bold only where the song font itself is not the bold one."""
    known = families() if known is None else known
    title = chosen(p.SONG, known)
    return {
        "body": chosen(p.FANG, known),
        "title": title,
        "title_weight": "regular" if title[0].startswith(("方正", "FZ")) else "bold",
        "hei": chosen(p.HEI, known),
        "kai": chosen(p.KAI, known),
        "latin_song": chosen(("SimSun", "宋体"), known),
    }


def pdf(paper: Paper, lang: str, made_at: datetime, *, known: frozenset[str] | None = None) -> bytes:
    """The paper as PDF/A-2b.

    Raises:
        EnvironmentFault: no Chinese font, or typst cannot set it.
    """
    seconds = int(made_at.replace(tzinfo=ZONE).timestamp())
    return _compile(content(paper, lang, known), format="pdf", pdf_standards="a-2b", timestamp=seconds)


def picture(chart: Chart, lang: str, *, known: frozenset[str] | None = None) -> bytes:
    """One chart as PNG, for Word."""
    small = Paper(Text("", ""), Text("", ""), date.min, blocks=[chart])
    data = content(small, lang, known)
    return _compile(data, source=_CHART_ALONE, format="png", ppi=200.0)


def _compile(data: dict[str, Any], source: str = "", **how: Any) -> bytes:
    template = (files("houfeng.cases.briefing") / "gbt9704.typ").read_text("utf-8")
    if source:
        template = source + template[template.index("#let tiers") : template.index("#if d.masthead")] + _part(template)
    given = {"paper": json.dumps(data, ensure_ascii=False)}
    try:
        made = typst.compile(template.encode(), sys_inputs=given, **how)
    except typst.TypstError as error:
        raise EnvironmentFault(Text(f"排版失败：{error}", f"typesetting failed: {error}")) from error
    assert isinstance(made, bytes)
    return made


_CHART_ALONE = """
#let d = json(bytes(sys.inputs.paper))
#let f = d.fonts
#set page(width: 156mm, height: auto, margin: 2mm)
"""


def _part(template: str) -> str:
    """The chart function of the template, and its one use."""
    return template[template.index("#let chart") : template.index("#let tab")] + "\n#chart(d.blocks.at(0))\n"


def content(paper: Paper, lang: str, known: frozenset[str] | None = None) -> dict[str, Any]:
    """The paper as the template's data."""
    return {
        "lang": lang,
        "fonts": fonts(known),
        "top": p.TOP_MM,
        "left": p.LEFT_MM,
        "right": p.RIGHT_MM,
        "bottom": p.BOTTOM_MM,
        "pitch": p.PITCH_PT,
        "tracking": p.WIDTH_MM / 25.4 * 72 / p.CHARACTERS - p.BODY_PT - 0.001 if lang == "zh" else 0,
        "masthead": paper.masthead.get(lang),
        "number": paper.number.get(lang),
        "title": paper.title.get(lang),
        "issuer": paper.issuer.get(lang),
        "day": p.long_day(paper.day, lang),
        "signed": "" if any(paper.masthead) else paper.issuer.get(lang),
        "synthetic": SYNTHETIC.get(lang) if paper.synthetic else "",
        "source": paper.source.get(lang),
        "blocks": [_block(block, text, lang) for block, text in p.numbered(paper.blocks, lang)],
    }


def _block(block: p.Block, text: str, lang: str) -> dict[str, Any]:
    match block:
        case Heading(level):
            return {"kind": "heading", "level": level, "text": text}
        case Paragraph(_, note):
            return {"kind": "paragraph", "note": note, "text": text}
        case Table(_, heads, rows, align, widths):
            return {
                "kind": "table",
                "text": text,
                "heads": [head.get(lang) for head in heads],
                "rows": [[p.told(cell, lang) for cell in row] for row in rows],
                "align": list(align),
                "widths": list(widths) or [1] * len(heads),
            }
        case Chart(_, unit, bars, colours):
            return {
                "kind": "chart",
                "text": text,
                "unit": unit.get(lang),
                "open": "（" if lang == "zh" else " (",
                "close": "）" if lang == "zh" else ")",
                "bars": [
                    {"name": name.get(lang), "size": float(value), "label": _figure(value), "colour": colour}
                    for (name, value), colour in zip(bars, colours or ["plain"] * len(bars), strict=True)
                ],
            }


def _figure(value: Decimal) -> str:
    return f"{value:,f}"
