"""Floors that cannot be met, named plainly: what each asks for, how far it comes alone, what is missing together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from houfeng.errors import InputError, Problem, Text
from houfeng.matching.assign.market import Floats, Floor, Market
from houfeng.matching.assign.transport import Parts, furthest


def refuse(given: Market, cut: Parts, floors: Sequence[Floor], short: Floats) -> NoReturn:
    """Say which floors fail.

    Raises:
        InputError: always.
    """
    problems = [
        _problem(floor, furthest(given, cut, place), float(missing))
        for place, (floor, missing) in enumerate(zip(floors, short, strict=True))
    ]
    told = [problem for problem in problems if problem is not None]
    raise InputError(
        Text("保底要求做不到", "the floors cannot be met"),
        told or [_only_whole(floor) for floor in floors],
    )


def _problem(floor: Floor, alone: float, missing: float) -> Problem | None:
    advice = Text("降低保底，或增加它们可申请产品的额度", "lower the floor, or raise what they can apply for")
    least, most, lacks = floor.amount(floor.least), floor.amount(alone), floor.amount(missing)
    if alone < floor.least - 0.5:
        message = Text(
            f"“{floor.label.zh}”即至少 {least.zh}，即使别的都不管也只能到 {most.zh}",
            f"“{floor.label.en}” is at least {least.en}; even if nothing else counted it comes to {most.en}",
        )
        return Problem("assign.floor", message, suggestion=advice)
    if missing > 0:
        message = Text(
            f"“{floor.label.zh}”单独做得到，与其他保底一起则差 {lacks.zh}",
            f"“{floor.label.en}” can be met alone; together with the other floors {lacks.en} is missing",
        )
        return Problem("assign.floor", message, suggestion=advice)
    return None


def _only_whole(floor: Floor) -> Problem:
    least = floor.amount(floor.least)
    return Problem(
        "assign.floor",
        Text(
            f"“{floor.label.zh}”（至少 {least.zh}）只有把需求拆开才做得到，或限时内没有找到整笔的办法",
            f"“{floor.label.en}” (at least {least.en}) can be met only by cutting needs in pieces, or no way with "
            "whole needs was found in time",
        ),
        suggestion=Text("略降保底", "lower the floor a little"),
    )
