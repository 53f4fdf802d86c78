"""Charts of cases: how long they stay in each state, and what became of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from houfeng.cases.states import OUTCOMES, STATES, Outcome
from houfeng.cases.statistics import Stay
from houfeng.cases.tables import CaseFile
from houfeng.errors import Text

INK, BRONZE = "#1f4b5f", "#8b6b35"


def stays(found: Sequence[Stay], lang: str) -> dict[str, Any]:
    """The median and the longest stay in each state, in days."""
    names = [STATES[stay.state].get(lang) for stay in found]
    middle, longest = Text("中位数", "Median").get(lang), Text("最长", "Longest").get(lang)
    return {
        "grid": {"left": 8, "right": 24, "top": 32, "bottom": 8, "containLabel": True},
        "legend": {"top": 0, "left": 0},
        "tooltip": {"trigger": "axis"},
        "xAxis": {"type": "value"},
        "yAxis": {"type": "category", "data": names, "inverse": True},
        "series": [
            {"type": "bar", "name": middle, "data": [stay.median_days for stay in found], "itemStyle": {"color": INK}},
            {"type": "bar", "name": longest, "data": [s.longest_days for s in found], "itemStyle": {"color": BRONZE}},
        ],
    }


def outcomes(cases: Sequence[CaseFile], lang: str) -> dict[str, Any] | None:
    """How many cases ended how; nothing where none has."""
    counted = Counter(Outcome(case.outcome) for case in cases if case.ended_at is not None and case.outcome)
    if not counted:
        return None
    told = counted.most_common()
    return {
        "grid": {"left": 8, "right": 40, "top": 8, "bottom": 8, "containLabel": True},
        "tooltip": {"trigger": "axis"},
        "xAxis": {"type": "value", "minInterval": 1},
        "yAxis": {"type": "category", "data": [OUTCOMES[o].get(lang) for o, _ in told], "inverse": True},
        "series": [
            {
                "type": "bar",
                "data": [number for _, number in told],
                "itemStyle": {"color": INK},
                "label": {"show": True, "position": "right"},
            }
        ],
    }
