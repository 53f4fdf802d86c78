"""Why a firm has its score: points lost against the best bin of each characteristic, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from houfeng.credit.models.card import Card
from houfeng.errors import Text


class Reason(NamedTuple):
    """What one characteristic gave, what it lost against its best bin, and in words why."""

    name: str
    label: Text
    value: Any
    bin: Text
    points: int
    lost: int
    text: Text


def reasons(card: Card, values: Mapping[str, Any]) -> list[Reason]:
    """Every characteristic of the card for one firm, the most points lost first."""
    found = []
    for one in card.characteristics:
        value = values.get(one.name)
        bin_ = one.bins[int(one.place([value])[0])]
        lost = max(0, one.best - bin_.points)
        words = bin_.words()
        zh, en = f"{one.label.zh}：{words.zh}", f"{one.label.en}: {words.en}"
        text = (
            Text(f"{zh}，失 {lost} 分", f"{en}, {lost} points lost")
            if lost
            else Text(f"{zh}，未失分", f"{en}, none lost")
        )
        found.append(Reason(one.name, one.label, value, words, bin_.points, lost, text))
    return sorted(found, key=lambda reason: -reason.lost)
