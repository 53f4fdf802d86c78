"""The tile grid of Henan's 18 cities: our own drawing, without any boundary. 示意图，非地图.

Every city has a square of the same size, so that a large area does not look like a large risk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from houfeng.errors import Text
from houfeng.packs.model import TIERS

GRID: Mapping[str, tuple[Text, int, int]] = {
    "410500": (Text("安阳", "Anyang"), 3, 0),
    "410600": (Text("鹤壁", "Hebi"), 3, 1),
    "410900": (Text("濮阳", "Puyang"), 4, 1),
    "419001": (Text("济源", "Jiyuan"), 1, 2),
    "410800": (Text("焦作", "Jiaozuo"), 2, 2),
    "410700": (Text("新乡", "Xinxiang"), 3, 2),
    "411200": (Text("三门峡", "Sanmenxia"), 0, 3),
    "410300": (Text("洛阳", "Luoyang"), 1, 3),
    "410100": (Text("郑州", "Zhengzhou"), 2, 3),
    "410200": (Text("开封", "Kaifeng"), 3, 3),
    "411400": (Text("商丘", "Shangqiu"), 4, 3),
    "410400": (Text("平顶山", "Pingdingshan"), 1, 4),
    "411000": (Text("许昌", "Xuchang"), 2, 4),
    "411100": (Text("漯河", "Luohe"), 3, 4),
    "411600": (Text("周口", "Zhoukou"), 4, 4),
    "411300": (Text("南阳", "Nanyang"), 1, 5),
    "411700": (Text("驻马店", "Zhumadian"), 2, 5),
    "411500": (Text("信阳", "Xinyang"), 2, 6),
}
"""Of each city: its name, its column and its row."""

SHADES = 5
City = dict[str, Any]
"""What the macro `tile_map` takes of a city: `value`, `href`, and `tier` (a warning tier) or `tone` (a shade)."""


def city_of(region: str | None) -> str:
    """The city a six-digit code lies in; empty where it is none of the 18."""
    if not region:
        return ""
    city = "419001" if region.startswith("4190") else region[:4] + "00"
    return city if city in GRID else ""


def by_tier(
    counts: Iterable[tuple[str | None, str, int]], href: str, inside: Callable[[str], bool] = lambda code: True
) -> dict[str, City]:
    """Cities by the gravest tier open there: how many of it, and how many in all. Given (region, tier, number).

    `href` has `{code}` where the city's code goes. Of a city that is not `inside` the viewer's scope nothing is said:
    that would read as “no alerts”.
    """
    numbers: dict[str, dict[str, int]] = {code: dict.fromkeys(TIERS, 0) for code in GRID}
    for region, tier, number in counts:
        if (code := city_of(region)) in numbers:
            numbers[code][tier] += number
    found: dict[str, City] = {}
    for code, own in numbers.items():
        if not inside(code):
            found[code] = {"tier": "", "tone": "plain", "value": "—", "href": ""}
            continue
        gravest = next((tier for tier in reversed(TIERS) if own[tier]), "")
        total = sum(own.values())
        told = f"{own[gravest]:,} / {total:,}" if gravest else "0"
        found[code] = {"tier": gravest, "number": total, "value": told, "href": href.format(code=code)}
    return found


def by_value(values: Mapping[str, Decimal | int | None], texts: Mapping[str, str], href: str) -> dict[str, City]:
    """Cities in shades by the rank of a figure; a city without one stays blank."""
    shades = shades_of({code: values.get(code) for code in GRID})
    return {
        code: {
            "value": texts.get(code, "—"),
            "tone": f"shade-{shades[code]}" if code in shades else "plain",
            "href": href.format(code=code),
        }
        for code in GRID
    }


def shades_of(values: Mapping[str, Decimal | int | None]) -> dict[str, int]:
    """A shade for each city by rank: equal values have equal shades, a fifth of the cities about each shade."""
    known = {code: Decimal(value) for code, value in values.items() if value is not None}
    ranked: Sequence[Decimal] = sorted(known.values())
    return {code: min(SHADES - 1, ranked.index(value) * SHADES // len(ranked)) for code, value in known.items()}
