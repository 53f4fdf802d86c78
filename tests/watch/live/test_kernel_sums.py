"""Sums at the edge of 64 bits: a lane's totals run on for ever, what a window holds is what counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from houfeng.errors import EnvironmentFault
from houfeng.packs.loading.load import load_pack
from houfeng.watch.kernel.conditions import Conditions
from houfeng.watch.kernel.kernel import WRITE_ALL, Events, Kernel
from houfeng.watch.kernel.layout import layout
from houfeng.watch.plan import plan_rules

DAY = 86400
PACK = """pack: p
version: '1'
label: p
indicators:
  week: {label: w, over: enterprise, from: account_flow, measure: sum(amount), window: 7 days}
  month: {label: m, over: enterprise, from: account_flow, measure: sum(amount), window: 30 days}
rules:
  much: {label: r, over: enterprise, when: week > 1 and month > 1, tier: red, reason: much}
"""


def sums(folder: Path, days: list[int], amounts: list[int]) -> list[list[int]]:
    """The week's and the month's sum of one key at each of its events."""
    (folder / "pack.yaml").write_text(PACK, "utf-8")
    pack = load_pack(folder)
    plan = plan_rules(pack, "enterprise", list(pack.rules.values()))
    shape = layout(replace(plan))
    kernel = Kernel(shape, 4, 1 << 22)
    kernel.add_keys(1)
    program = Conditions(pack, plan.kind, [], lambda name: None, lambda text: 0).program(
        date(2025, 1, 1), np.zeros((1, 1))
    )
    n, width = len(days), len(shape.feeds[0].channels)
    numbers = np.repeat(np.array(amounts, np.int64), width)
    zeros = np.zeros(n, np.int64)
    events = Events(np.array(days) * DAY + 10, zeros, zeros, np.arange(n) * width, numbers)
    places = [*shape.outputs["week"], *shape.outputs["month"]]
    return [row for rows in kernel.events(events, program, -1, WRITE_ALL) for row in rows.raw[:, places].tolist()]


def test_more_may_pass_through_a_window_than_64_bits_hold(tmp_path: Path) -> None:
    """Over a year the total leaves 64 bits many times; no window of 30 days does."""
    big = 1 << 58
    days = list(range(20_000, 20_400))
    amounts = [big + n for n in range(len(days))]

    def within(n: int, window: int) -> int:
        return sum(amounts[max(0, n - window) : n + 1])  # the day the window began in is still inside

    assert sums(tmp_path, days, amounts) == [[within(n, 7), within(n, 30)] for n in range(len(days))]


def test_a_window_that_leaves_64_bits_stops_the_watch(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFault):
        sums(tmp_path, [20_000, 20_001, 20_002], [1 << 62, 1 << 62, 1])
