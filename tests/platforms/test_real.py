"""Real figures of cities and real names of platforms: what the rooms make of them. The data do not ship."""

from __future__ import annotations

import csv
from decimal import Decimal, InvalidOperation
from pathlib import Path

import pytest

from houfeng.platforms.indicators import indicators
from platforms.platform_samples import platform, terms

DATA = Path(__file__).parents[3] / "shared" / "data" / "lgfv_exit_types"
pytestmark = [pytest.mark.data, pytest.mark.skipif(not DATA.is_dir(), reason="shared data are absent")]
YI = Decimal(100_000_000)


def amount(text: str, unit: str) -> Decimal | None:
    try:
        return Decimal(text) * YI if unit == "100m_yuan" else None
    except InvalidOperation:
        return None


def test_debt_ratios_of_real_cities() -> None:
    """Budget revenue and fund revenue stand for fiscal capacity, which the files do not have: so the ratio is too high,
    and serves to try the bands on real magnitudes only."""
    with (DATA / "contemporary_city_controls.csv").open(encoding="utf-8-sig", newline="") as file:
        cities = list(csv.DictReader(file))
    bands: dict[str, int] = {}
    for city in cities:
        names = ("general_public_budget_revenue", "government_fund_revenue", "local_government_debt_balance")
        budget, fund, owed = (amount(city[name], city[f"{name}_unit"]) for name in names)
        if budget is None or owed is None:
            continue
        capacity = budget + (fund or 0)
        one = platform(finance={"government_debt": owed, "hidden_debt": Decimal(0), "fiscal_capacity": capacity})
        found = next(each for each in indicators(one, terms()) if each.name == "region_debt")
        assert found.value is not None
        percent = float(owed) / float(capacity) * 100
        assert float(found.value) * 100 == pytest.approx(percent, rel=1e-12)
        wanted = "red" if percent >= 300 else "orange" if percent >= 200 else "yellow" if percent >= 120 else ""
        assert found.level == wanted
        bands[wanted] = bands.get(wanted, 0) + 1
    assert sum(bands.values()) > 30
    assert len(bands) >= 2


def test_words_of_real_announcements_are_codes_or_aliases() -> None:
    """What titles of real documents call an exit is what the codes of an exit's result speak of."""
    from houfeng.book.model import code_lists

    known = {*code_lists()["exit_result"].aliases, *(text.zh for text in code_lists()["exit_result"].members.values())}
    codebook = (DATA / "codebook.md").read_text("utf-8").lower()
    words = {
        "substantive exit": "实质退出",
        "nominal exit": "名义退出",
        "functional transfer": "职能转移",
        "liquidation": "清算",
    }
    for word, zh in words.items():
        assert word in codebook
        assert zh in known
