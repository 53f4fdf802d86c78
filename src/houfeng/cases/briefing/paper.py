"""What a paper says, before it has a format: headings, paragraphs, tables and charts in the order they are read.

The layout of GB/T 9704-2012 (党政机关公文格式): A4, 天头 37 mm, 订口 28 mm, 版心 156 × 225 mm, 22 lines of 28
characters of 三号仿宋, title in 二号小标宋, levels 一、（一）1.（1）.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from houfeng.errors import Text

TOP_MM, LEFT_MM, WIDTH_MM, HEIGHT_MM = 37, 28, 156, 225
RIGHT_MM, BOTTOM_MM = 210 - LEFT_MM - WIDTH_MM, 297 - TOP_MM - HEIGHT_MM
LINES, CHARACTERS = 22, 28
BODY_PT, TITLE_PT, PAGE_NUMBER_PT = 16, 22, 14  # 三号, 二号, 四号
PITCH_PT = HEIGHT_MM / 25.4 * 72 / LINES

SONG = ("方正小标宋简体", "FZXiaoBiaoSong-B05S", "FZXiaoBiaoSong-B05", "方正小标宋_GBK", "SimSun", "宋体")
FANG = ("仿宋_GB2312", "FangSong_GB2312", "仿宋", "FangSong", "STFangsong", "FZFangSong-Z02S")
HEI = ("黑体", "SimHei", "STHeiti", "Noto Sans CJK SC", "Source Han Sans SC", "WenQuanYi Zen Hei")
KAI = ("楷体_GB2312", "KaiTi_GB2312", "楷体", "KaiTi", "STKaiti")
SERIF = ("Noto Serif CJK SC", "Source Han Serif SC", "Noto Serif SC", "AR PL UMing CN")
ANY = (*SERIF, "Noto Sans CJK SC", "Source Han Sans SC", "WenQuanYi Zen Hei", "WenQuanYi Micro Hei", "SimSun")
"""Fonts by name, the standard's own first; none of them is ours to ship. What the machine lacks is passed over."""

DIGITS = "零一二三四五六七八九"


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of level 1 to 4; its number is made when the paper is written."""

    level: int
    text: Text


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph; `note` is small print under a table or chart."""

    text: Text
    note: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table: heads, rows of texts, and how each column stands (l, c, r)."""

    caption: Text
    heads: Sequence[Text]
    rows: Sequence[Sequence[str | Text]]
    align: str
    widths: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Chart:
    """A bar chart: a name and a value for each bar, with the unit; `colours` names a tier where bars are tiers."""

    caption: Text
    unit: Text
    bars: Sequence[tuple[Text, Decimal]]
    colours: Sequence[str] = ()


Block = Heading | Paragraph | Table | Chart


@dataclass(frozen=True)
class Paper:
    """A paper: the red head where it is a briefing, the title, the blocks, who signs and when."""

    title: Text
    issuer: Text
    day: date
    masthead: Text = Text("", "")
    number: Text = Text("", "")
    synthetic: bool = False
    source: Text = Text("", "")
    blocks: Sequence[Block] = field(default_factory=tuple)


def numbered(blocks: Sequence[Block], lang: str) -> Iterator[tuple[Block, str]]:
    """Each block with its text, headings with their number: 一、（一）1.（1） in Chinese, 1 1.1 1.1.1 in English."""
    counts = [0, 0, 0, 0]
    for block in blocks:
        match block:
            case Heading(level, text):
                counts[level - 1] += 1
                counts[level:] = [0] * (4 - level)
                yield block, number(level, counts, lang) + text.get(lang)
            case Paragraph(text):
                yield block, text.get(lang)
            case Table(caption) | Chart(caption):
                yield block, caption.get(lang)


def number(level: int, counts: Sequence[int], lang: str) -> str:
    """The number of a heading."""
    own = counts[level - 1]
    if lang == "en":
        return ".".join(str(count) for count in counts[:level]) + " "
    return {1: f"{chinese(own)}、", 2: f"（{chinese(own)}）", 3: f"{own}. ", 4: f"（{own}）"}[level]


def chinese(value: int) -> str:
    """1 to 99 in Chinese: 十二, 二十."""
    tens, ones = divmod(value, 10)
    head = ("" if tens == 1 else DIGITS[tens]) + "十" if tens else ""
    return head + (DIGITS[ones] if ones or not tens else "")


def told(value: str | Text, lang: str) -> str:
    """A cell's text."""
    return value.get(lang) if isinstance(value, Text) else value


def long_day(day: date, lang: str) -> str:
    """A day in prose: 2026年6月30日, 30 June 2026."""
    if lang == "en":
        return f"{day.day} {calendar.month_name[day.month]} {day.year}"
    return f"{day.year}年{day.month}月{day.day}日"
