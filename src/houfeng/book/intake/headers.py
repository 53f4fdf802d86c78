"""From header texts to fields: by Chinese label, English name, official code or alias, however it is written."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from houfeng.book.intake.exact import UNIT_FACTORS
from houfeng.book.model import Field, Kind, Time, Type

PERIOD_HEADERS = frozenset(
    (
        "period",
        "datadate",
        "数据日期",
        "报告期",
        "期末日期",
        "数据月份",
        "报告日期",
        "报表日期",
        "统计日期",
        "统计月份",
        "asof",
        "截止日期",
    )
)
_WHEN = ("date", "日期", "time", "时间", "datetime")  # of an event kind this can only be when it happened
_SYNONYMS = {"amounttax": "价税合计", "totalamount": "价税合计"}  # headers of data in circulation → the label meant
_BRACKETS = re.compile(r"[(\[【〔<《{]([^()\[\]【】〔〕<>《》{}]*)[)\]】〕>》}]")
_NUMBERING = re.compile(r"^\d{1,2}[.、]\s*(?=\D)")
_TRAILING_UNIT = re.compile(r"[,:;/_-]?(?:单位:?)?(人民币)?([千万亿百]+元|元)$")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a file that holds a field. `factor` brings its numbers to yuan or percent."""

    index: int
    header: str
    field: Field
    factor: Fraction = Fraction(1)
    said: str = ""  # the unit as the header says it


@dataclass(frozen=True, slots=True)
class Placement:
    """One kind as one table feeds it: field name → column, and field name → the same text for every row."""

    kind: Kind
    columns: Mapping[str, Column]
    constants: Mapping[str, str] = field(default_factory=dict)

    @property
    def offered(self) -> set[str]:
        """Names of all fields the table gives a value for."""
        return set(self.columns) | set(self.constants)


@functools.lru_cache(maxsize=65_536)
def normalise(header: str) -> str:
    """A header for comparing: half-width, lower case, no blanks, brackets, numbering, asterisks or underscores."""
    text = unicodedata.normalize("NFKC", header).casefold()
    text = _NUMBERING.sub("", _BRACKETS.sub("", text).strip())
    return re.sub(r"[\s_\-*:·'\"’]+", "", text)


def unit_of(header: str) -> tuple[str, Fraction]:
    """The unit a header names, and its factor to yuan or percent; the empty text where it names none."""
    text = unicodedata.normalize("NFKC", header).replace(" ", "")
    inside = [part.removeprefix("单位").lstrip(":") for part in _BRACKETS.findall(text)]
    tail = _TRAILING_UNIT.search(text)
    for said in [*inside, *([tail[2]] if tail else [])]:
        if said.casefold() in UNIT_FACTORS:
            return said, Fraction(UNIT_FACTORS[said.casefold()])
        if said == "‰":
            return said, Fraction(1, 10)
    return "", Fraction(1)


def names_of(field_: Field) -> Iterable[str]:
    """All names a field goes by, the surest first."""
    return (field_.name, field_.label.zh, field_.official, field_.label.en, *field_.aliases)


_INDEXES: dict[int, tuple[Kind, Mapping[str, str]]] = {}  # by identity: hashing a kind means hashing all its texts


def index_of(kind: Kind) -> Mapping[str, str]:
    """Normalised header → field name of a kind; names, labels and codes go before aliases."""
    cached = _INDEXES.get(id(kind))
    if cached is not None and cached[0] is kind:
        return cached[1]
    index: dict[str, str] = {}
    for sure in (True, False):
        for item in kind.fields.values():
            names = list(names_of(item))
            for name in names[:4] if sure else names[4:]:
                if key := normalise(name):
                    index.setdefault(key, item.name)
    if kind.time is Time.EVENT:
        for word in _WHEN:
            index.setdefault(word, kind.time_field)
    for word, label in _SYNONYMS.items():
        if normalise(label) in index:
            index.setdefault(word, index[normalise(label)])
    _INDEXES[id(kind)] = kind, index
    return index


def variants(header: str) -> Iterator[str]:
    """The forms of a header to look up, the fullest first: as it is, without its unit, the lower of two rows."""
    yield normalise(header)
    text = unicodedata.normalize("NFKC", header).strip()
    if (bare := _TRAILING_UNIT.sub("", text)) != text:
        yield normalise(bare)
    if "/" in header:
        yield normalise(header.rsplit("/", 1)[-1])


def find_field(kind: Kind, header: str) -> str:
    """The field of `kind` a header means, or the empty text."""
    index = index_of(kind)
    return next((index[form] for form in variants(header) if form in index), "")


def place(kind: Kind, headers: tuple[str, ...], mapping: Mapping[str, str], skip: Iterable[str]) -> dict[str, Column]:
    """The columns of `kind` among `headers`; what `mapping` says goes first, and a field is filled once."""
    skipped = {normalise(name) for name in skip}
    columns: dict[str, Column] = {}
    for told in (True, False):
        for index, header in enumerate(headers):
            if not header or any(c.index == index for c in columns.values()) or normalise(header) in skipped:
                continue
            target = mapped(kind, header, mapping)
            if told != bool(target):
                continue
            name = target or find_field(kind, header)
            if name in kind.fields and name not in columns:
                said, factor = unit_of(header)
                columns[name] = Column(index, header, kind.fields[name], *_scaled(kind.fields[name], factor, said))
    return columns


def mapped(kind: Kind, header: str, mapping: Mapping[str, str]) -> str:
    """The field the sender says a header means, for this kind: `field` or `kind.field`; `?` where it is another's."""
    for source, target in mapping.items():
        if source == header or normalise(source) == normalise(header):
            owner, _, name = target.rpartition(".")
            return name if not owner or owner == kind.name else "?"
    return ""


def _scaled(item: Field, factor: Fraction, said: str) -> tuple[Fraction, str]:
    if item.type is Type.MONEY and factor.denominator == 1:
        return factor, said
    return (factor, said) if item.type is Type.RATE and said == "‰" else (Fraction(1), "")
