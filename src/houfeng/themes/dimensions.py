"""What statistics can be broken down by, and what the codes are called.

A dimension is an SQL expression over the dotted columns of the tagging statement; it is part of Houfeng, not of a pack,
so that every pack's figures are cut the same way. An empty code means that it was not reported.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from houfeng.book.model import code_lists
from houfeng.errors import Text, UsageError, did_you_mean

UNKNOWN = Text("未报送", "not reported")
OUTSIDE, PROVINCE, ABROAD = "outside", "410000", "abroad"

SECTIONS: Mapping[str, Text] = {
    "A": Text("农、林、牧、渔业", "Agriculture, forestry, husbandry and fishery"),
    "B": Text("采矿业", "Mining"),
    "C": Text("制造业", "Manufacturing"),
    "D": Text("电力、热力、燃气及水生产和供应业", "Electricity, heat, gas and water"),
    "E": Text("建筑业", "Construction"),
    "F": Text("批发和零售业", "Wholesale and retail"),
    "G": Text("交通运输、仓储和邮政业", "Transport, storage and post"),
    "H": Text("住宿和餐饮业", "Hotels and catering"),
    "I": Text("信息传输、软件和信息技术服务业", "Information transmission, software and IT services"),
    "J": Text("金融业", "Finance"),
    "K": Text("房地产业", "Real estate"),
    "L": Text("租赁和商务服务业", "Leasing and business services"),
    "M": Text("科学研究和技术服务业", "Research and technical services"),
    "N": Text("水利、环境和公共设施管理业", "Water, environment and public facilities"),
    "O": Text("居民服务、修理和其他服务业", "Household, repair and other services"),
    "P": Text("教育", "Education"),
    "Q": Text("卫生和社会工作", "Health and social work"),
    "R": Text("文化、体育和娱乐业", "Culture, sport and entertainment"),
    "S": Text("公共管理、社会保障和社会组织", "Public administration and social organisations"),
    "T": Text("国际组织", "International organisations"),
    ABROAD: Text("境外", "Abroad"),
}
"""Sections of GB/T 4754-2017."""

_LAST_DIVISION = {
    "A": 5, "B": 12, "C": 43, "D": 46, "E": 50, "F": 52, "G": 60, "H": 62, "I": 65, "J": 69, "K": 70, "L": 72,
    "M": 75, "N": 79, "O": 82, "P": 83, "Q": 85, "R": 90, "S": 96, "T": 97,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Dimension:
    """One way to break figures down: the paths it needs of a loan balance, and its SQL over them."""

    name: str
    label: Text
    paths: tuple[str, ...]
    sql: str
    labels: Mapping[str, Text]

    def text(self, code: str, names: Mapping[str, str]) -> Text:
        """What `code` is called; `names` are the names of institutions."""
        if not code:
            return UNKNOWN
        if self.name == "institution" and code in names:
            return Text(names[code], names[code])
        return self.labels.get(code, Text(code, code))


def _codes(list_name: str) -> Mapping[str, Text]:
    return code_lists()[list_name].members if list_name in code_lists() else {}


def city(code: str) -> str:
    """SQL: the city of Henan a six-digit code lies in; Jiyuan stands under the province itself."""
    return (
        f"CASE WHEN {code} IS NULL THEN '' WHEN {code} LIKE '4190%' THEN '419001' "
        f"WHEN left({code}, 4) BETWEEN '4101' AND '4117' THEN left({code}, 4) || '00' "
        f"WHEN {code} LIKE '41%' THEN '{PROVINCE}' ELSE '{OUTSIDE}' END"
    )


def _division(code: str) -> str:
    """SQL: letter and two digits of a class that may carry its letter or not; `2000` is a use abroad."""
    digits = f"left(CASE WHEN {code} >= 'A' THEN substr({code}, 2) ELSE {code} END, 2)"
    steps = " ".join(f"WHEN {digits} <= '{last:02}' THEN '{letter}'" for letter, last in _LAST_DIVISION.items())
    letter = f"CASE WHEN {code} >= 'A' THEN left({code}, 1) ELSE CASE {steps} ELSE '' END END"
    return f"CASE WHEN {code} IS NULL THEN '' WHEN {code} = '2000' THEN '{ABROAD}' ELSE ({letter}) || {digits} END"


def _section(code: str) -> str:
    division = _division(code)
    return f"CASE WHEN {code} = '2000' THEN '{ABROAD}' ELSE left({division}, 1) END"


_REGION = 'coalesce("loan.borrower_region", "enterprise.region")'
_REGION_PATHS = ("loan.borrower_region", "enterprise.region")
_USE = '"loan.use_industry"'
_OWN = '"loan.borrower_industry"'


def _all() -> Iterable[Dimension]:
    cities = {
        **_codes("henan_region"),
        PROVINCE: Text("河南省（未分市）", "Henan, city not told"),
        OUTSIDE: Text("省外", "Outside Henan"),
    }
    yield Dimension("institution", Text("金融机构", "Institution"), ("institution_id",), '"institution_id"', {})
    yield Dimension(
        "institution_type",
        Text("机构类型", "Type of institution"),
        ("loan.institution.institution_type",),
        "coalesce(\"loan.institution.institution_type\", '')",
        _codes("institution_type"),
    )
    yield Dimension("region", Text("借款人所在市", "Borrower's city"), _REGION_PATHS, city(_REGION), cities)
    yield Dimension(
        "county", Text("借款人地区代码", "Borrower's region code"), _REGION_PATHS, f"coalesce({_REGION}, '')", {}
    )
    yield Dimension(
        "industry", Text("贷款投向门类", "Section of use"), ("loan.use_industry",), _section(_USE), SECTIONS
    )
    yield Dimension(
        "division", Text("贷款投向大类", "Division of use"), ("loan.use_industry",), _division(_USE), SECTIONS
    )
    yield Dimension(
        "borrower_industry",
        Text("借款人行业门类", "Section of the borrower"),
        ("loan.borrower_industry",),
        f"CASE WHEN {_OWN} IS NULL THEN '' WHEN {_OWN} = '200' THEN '{ABROAD}' ELSE left({_OWN}, 1) END",
        SECTIONS,
    )
    yield Dimension(
        "size",
        Text("企业规模", "Enterprise size"),
        ("loan.borrower_size", "enterprise.size"),
        'coalesce("loan.borrower_size", "enterprise.size", \'\')',
        _codes("enterprise_size"),
    )
    yield Dimension(
        "ownership",
        Text("经济成分", "Ownership"),
        ("loan.borrower_ownership", "enterprise.ownership"),
        'left(coalesce("loan.borrower_ownership", "enterprise.ownership", \'\'), 3)',
        _codes("ownership"),
    )
    yield Dimension(
        "guarantee_mode",
        Text("担保方式", "Guarantee mode"),
        ("loan.guarantee_mode",),
        "left(coalesce(\"loan.guarantee_mode\", ''), 1)",
        _codes("guarantee_mode"),
    )


@functools.cache
def dimensions() -> Mapping[str, Dimension]:
    """All dimensions, by name."""
    return {dimension.name: dimension for dimension in _all()}


def dimension(name: str) -> Dimension:
    """The dimension called `name`.

    Raises:
        UsageError: there is none; names the nearest.
    """
    known = dimensions()
    if name not in known:
        near = did_you_mean(name, known)
        listed = ", ".join(known)
        raise UsageError(
            Text(f"没有维度 {name}。{near.zh}可用：{listed}", f"no dimension {name}. {near.en} There are: {listed}")
        )
    return known[name]


def breakdown(text: str) -> tuple[str, ...]:
    """The dimensions of a breakdown written `region` or, crossed, `region+institution`.

    Raises:
        UsageError: a dimension does not exist, or stands twice.
    """
    names = tuple(part.strip() for part in text.split("+") if part.strip())
    for name in names:
        dimension(name)
    if len(set(names)) != len(names):
        raise UsageError(Text(f"{text} 里有重复的维度", f"a dimension stands twice in {text}"))
    return names


def common_region(regions: Sequence[str]) -> str | None:
    """The smallest region that holds all of `regions`, by the digits of their codes; None where no province does."""
    for digits in (6, 4, 2):
        if len({region[:digits] for region in regions}) == 1:
            return regions[0][:digits].ljust(6, "0")
    return None
