"""Where in a grid of cells the table is, and what the title rows above it state.

The reader of a file knows no record kinds; a function `known` tells it which texts are headers, and the row with the
most of them is the header row. Where nothing is known, the widest row of words is taken, and said. Title rows such as
“填报单位：××银行　数据日期：2026-01-31　单位：万元” stand above half of all tables in the field; their facts are read.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from houfeng.exchange.raw import Known

Row = Sequence[str]
MergedRange = tuple[tuple[int, int], tuple[int, int]]

_NUMERIC = re.compile(r"[-+(]?[\d,.]+[)%％]?|\d{4}[-/.年]\d{1,2}([-/.月]\d{1,2}日?)?月?")
TOTAL = (
    r"^\s*(本页|本月|全行|全省|全市|各行|以上)?(合\s*计|总\s*计|小\s*计|累\s*计|[Tt]otal|TOTAL|[Ss]ubtotal|SUBTOTAL)"
    r"(数|金额)?\s*[:：]?\s*$"
)
FOOTER = (
    r"^\s*[(（]?(制表|填表|经办|审核|复核|主管|负责人|单位负责人|部门负责人|联系人|联系电话|填报人|填报日期|填报时间"
    r"|制单|打印|备注|注|说明|数据来源)[^:：]{0,8}[:：]"
)
_LABELS = {
    "reporter": "报送机构代码|填报机构代码|报送机构|报送单位|填报单位|填报机构|上报单位|编报单位|报告机构|金融机构代码"
    "|reporter",
    "period": "报告期末|报告期|数据日期|数据月份|报表日期|报告日期|统计时间|统计月份|截止日期|截止日|截至日期|期末日期"
    "|所属期|period",
    "version": "版本号|版本|version",
    "sent_at": "报送时间|报送日期|上报时间|发送时间|sent_at|sent at",
    "unit": "金额单位|计量单位|货币单位|单位|unit",
    "currency": "币种|currency",
}
_UNIT = r"(?:人民币)?[百千]?(?:亿|万|千|百万)?美?元"
_ANY = "|".join(_LABELS.values())
_FACT = re.compile(
    rf"(?P<label>{_ANY})\s*[:：]\s*(?P<value>.*?)(?=\s*[,，;；、]?\s*(?:(?:{_ANY})\s*[:：])|[)）]?\s*$)", re.IGNORECASE
)
_TITLE_MONTH = re.compile(r"(20\d\d)\s*年\s*(\d{1,2})\s*月(?:\s*(\d{1,2})\s*日)?")
_TITLE_QUARTER = re.compile(r"(20\d\d)\s*年\s*第?\s*([一二三四1234])\s*季度")
_BARE_UNIT = re.compile(rf"[(（]?\s*({_UNIT})\s*[)）]?")

_FOOTER = re.compile(FOOTER)


@dataclass(frozen=True, slots=True)
class Layout:
    """What was found: header texts, the rows they stand in (from 0), where data begins, and how sure it is."""

    headers: tuple[str, ...]
    first: int
    last: int
    data: int
    recognised: int
    titles: tuple[Row, ...]


def clean(text: str) -> str:
    """A header as one line without outer blanks; line breaks inside a cell are layout, not meaning."""
    return re.sub(r"\s+", " ", text.replace("　", " ")).strip()


def find_layout(rows: Sequence[Row], known: Known, merged: Sequence[MergedRange] = ()) -> Layout | None:
    """The layout of the first rows of a grid, or nothing where no row could be a header."""
    if not any(any(cell.strip() for cell in row) for row in rows):
        return None
    scores = [sum(1 for cell in row if cell.strip() and known(clean(cell))) for row in rows]
    best = max(scores)
    at = scores.index(best) if best >= 2 or (best == 1 and max(_filled(r) for r in rows) <= 2) else _widest(rows)
    spread = [list(row) for row in rows[: at + 3]]
    _spread_across(spread, merged)
    first, last, headers = _with_neighbour(spread, at, known, merged)
    data = last + 1
    while data < len(rows) and _repeats_header(rows[data], known):
        data += 1
    recognised = sum(1 for h in headers if h and known(h))
    return Layout(tuple(headers), first, last, data, recognised, tuple(rows[:first]))


def _filled(row: Row) -> int:
    return sum(1 for cell in row if cell.strip())


def _widest(rows: Sequence[Row]) -> int:
    """The first row with (nearly) the most distinct words that are not numbers."""
    words = [
        0 if is_fact_row(row) else len({clean(c) for c in row if c.strip() and not _NUMERIC.fullmatch(clean(c))})
        for row in rows
    ]
    return words.index(max(words))


def _spread_across(rows: list[list[str]], merged: Sequence[MergedRange]) -> None:
    """Write a merged header's text into the cells to its right, not below."""
    for (top, left), (_bottom, right) in merged:
        if top < len(rows) and right > left and left < len(rows[top]):
            row = rows[top]
            for column in range(left + 1, min(right + 1, len(row))):
                row[column] = row[column] or row[left]


def _with_neighbour(
    rows: list[list[str]], at: int, known: Known, merged: Sequence[MergedRange]
) -> tuple[int, int, list[str]]:
    """Join the row above or below where the header takes two rows."""
    row = [clean(cell) for cell in rows[at]]
    if at > 0 and _is_group_row(rows[at - 1], row, known):
        return at - 1, at, _join(_fill_right([clean(c) for c in rows[at - 1]], row), row, known)
    if at + 1 < len(rows) and _is_second_row(rows[at + 1], row, known, at, merged):
        lower = [clean(cell) for cell in rows[at + 1]]
        return at, at + 1, _join(_fill_right(row, lower), lower, known)
    return at, at, row


def _is_group_row(above: Row, row: Row, known: Known) -> bool:
    cells = [clean(c) for c in above]
    if sum(1 for c in cells if c) < 2 or is_fact_row(above) or any(has_fact(c) for c in cells):
        return False
    fills = [u for u, lower in zip_longest(cells, row, fillvalue="") if u and not lower]
    return bool(fills) and not any(_NUMERIC.fullmatch(c) for c in cells if c)


def _is_second_row(below: Row, row: Row, known: Known, at: int, merged: Sequence[MergedRange]) -> bool:
    cells = [clean(c) for c in below]
    pairs = list(zip_longest(row, cells, fillvalue=""))
    if not any(cells) or any(_NUMERIC.fullmatch(c) for c in cells if c):
        return False
    split = any(top == at and right > left for (top, left), (_b, right) in merged)
    gaps = any(lower and not upper for upper, lower in pairs)
    tall = any(upper and not lower for upper, lower in pairs)
    joined = sum(1 for upper, lower in pairs if lower and (known(lower) or known(upper + lower)))
    return tall and (split or (gaps and joined * 2 >= sum(1 for c in cells if c)))


def _fill_right(upper: list[str], lower: list[str]) -> list[str]:
    filled, last = [], ""
    for up, low in zip_longest(upper, lower, fillvalue=""):
        last = up or (last if low else "")
        filled.append(last)
    return filled


def _join(upper: list[str], lower: list[str], known: Known) -> list[str]:
    headers = []
    for up, low in zip_longest(upper, lower, fillvalue=""):
        if not low or not up or up == low:
            headers.append(low or up)
            continue
        candidates = (up + low, low, f"{up}/{low}")
        headers.append(next((c for c in candidates if known(c)), candidates[-1]))
    twice = {h for h in headers if h and headers.count(h) > 1}
    return [f"{up}/{h}" if h in twice and up and up != h else h for up, h in zip_longest(upper, headers, fillvalue="")]


def _repeats_header(row: Row, known: Known) -> bool:
    """A second line of headers (codes under labels, a header printed again) is not data."""
    filled = [clean(c) for c in row if c.strip()]
    return len(filled) >= 2 and sum(1 for c in filled if known(c)) * 4 >= len(filled) * 3


def is_footer(row: Row) -> bool:
    """Whether this row is a signature or a remark under the table."""
    cells = [c for c in row if c.strip()]
    return bool(cells) and len(cells) <= 6 and bool(_FOOTER.match(unicodedata.normalize("NFKC", cells[0])))


def has_fact(text: str) -> bool:
    """Whether a cell states a fact such as `单位：万元`."""
    return bool(_FACT.search(text)) or bool(re.search(rf"({_ANY})\s*[:：]", text, re.IGNORECASE))


def is_fact_row(row: Sequence[str]) -> bool:
    """Whether most cells of a row state facts, so that it is no header row."""
    filled = [cell for cell in row if cell.strip()]
    return bool(filled) and any(has_fact(cell) for cell in filled)


def stated_facts(rows: Iterable[Sequence[str]]) -> dict[str, str]:
    """The facts that rows above a header state; the first statement of each counts.

    A label with an empty value takes the next filled cell of its row. A month in a title (“2026年1月贷款明细表”) states
    the period where nothing says it outright; it is given as `title_period`.
    """
    facts: dict[str, str] = {}
    for row in rows:
        filled = [cell.strip() for cell in row if cell.strip()]
        for index, cell in enumerate(filled):
            for match in _FACT.finditer(cell):
                value = match["value"].strip(" 　,，;；)）")
                if (
                    not value
                    and match.end() >= len(cell.rstrip("：: "))
                    and index + 1 < len(filled)
                    and not has_fact(filled[index + 1])
                ):
                    value = filled[index + 1]
                if value:
                    facts.setdefault(_name(match["label"]), value)
            if bare := _BARE_UNIT.fullmatch(cell):
                facts.setdefault("unit", bare[1])
            if "title_period" not in facts and (month := title_period(cell)):
                facts["title_period"] = month
    return facts


def title_period(text: str) -> str:
    """The month, day or quarter a title, sheet name or file name mentions, or nothing."""
    if found := _TITLE_MONTH.search(text):
        year, month, day = found.groups()
        return f"{year}-{int(month):02d}-{int(day):02d}" if day else f"{year}-{int(month):02d}"
    if found := _TITLE_QUARTER.search(text):
        quarter = "一二三四".find(found[2]) + 1 or int(found[2])
        return f"{found[1]}-{quarter * 3:02d}"
    return ""


def _name(label: str) -> str:
    return next(name for name, labels in _LABELS.items() if label.lower() in labels.split("|"))
