"""What the register says against what the holdings say, and data that cannot be right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from houfeng.errors import Text
from houfeng.penetration.actual import Actual
from houfeng.penetration.graph import UNIT, Holdings


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about an enterprise that a person should look at. `code` is stable; `others` are those concerned."""

    code: str
    enterprise: str
    message: Text
    others: tuple[str, ...] = ()


def findings(actual: Actual, registered: Mapping[str, str]) -> tuple[Finding, ...]:
    """Registered controllers that are not the computed ones, holders above 100 percent, rings and double control.

    Args:
        actual: the computed controllers.
        registered: the registered controller by enterprise, where one is registered.
    """
    control = actual.control
    graph = control.holdings
    return (
        *_other_controllers(actual, registered),
        *_over(graph),
        *(
            Finding(
                "control_ring",
                name,
                Text(
                    "与所控制的企业互相控制，没有外部控制人",
                    "controls itself through a ring; nobody outside controls it",
                ),
            )
            for name in graph.names(np.flatnonzero(control.loops))
        ),
        *(
            Finding(
                "several_controllers",
                name,
                Text(
                    "不止一方达到控制线，持股数据有误或控制线过低",
                    "more than one passes the line: data at fault, or a low line",
                ),
            )
            for name in graph.names(np.flatnonzero(control.several))
        ),
    )


def _other_controllers(actual: Actual, registered: Mapping[str, str]) -> list[Finding]:
    graph = actual.control.holdings
    size = graph.size
    place_of = {name: place for place, name in enumerate(graph.ids.to_pylist())}
    found = []
    for name in sorted(registered.keys() & place_of.keys()):
        place, said = place_of[name], registered[name]
        top = int(actual.top[place])
        if top == place:
            continue
        parties = actual.control.parties[top - size] if top >= size else np.array([top], np.int32)
        names = graph.names(parties)
        if said in names:
            continue
        halfway = said in place_of and int(actual.top[place_of[said]]) == top
        found.append((_halfway if halfway else _other)(name, said, names))
    return found


def _other(name: str, said: str, names: list[str]) -> Finding:
    text = Text(
        f"登记的实际控制人是 {said}，穿透结果是 {'、'.join(names)}",
        f"registered under the control of {said}, controlled by {', '.join(names)} as its holdings say",
    )
    return Finding("other_controller", name, text, (said, *names))


def _halfway(name: str, said: str, names: list[str]) -> Finding:
    text = Text(
        f"登记的实际控制人 {said} 之上还有 {'、'.join(names)}",
        f"the registered controller {said} is itself controlled by {', '.join(names)}",
    )
    return Finding("controller_not_ultimate", name, text, (said, *names))


def _over(graph: Holdings) -> list[Finding]:
    places = np.flatnonzero(graph.totals > UNIT)
    return [
        Finding(
            "holders_above_whole",
            name,
            Text(f"股东持股合计 {total / UNIT:.3%}，超过 100%", f"its holders have {total / UNIT:.3%} together"),
        )
        for name, total in zip(graph.names(places), graph.totals[places].tolist(), strict=True)
    ]
