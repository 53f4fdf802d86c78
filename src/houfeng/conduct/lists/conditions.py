"""The conditions of a repair, three-valued: met, failed, or unknown where nobody has said. Pure.

By the measures on repair of credit (NDRC order 36): the least time on the list has passed, what was failed is put
right and all of it is done, a promise is given; and the house may ask for a time without new failings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from houfeng.errors import Text

MET, FAILED, UNKNOWN = "met", "failed", "unknown"


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition and how it stands; `told` says why."""

    name: str
    label: Text
    state: str
    told: Text


def conditions(
    least_until: date | None, today: date, repair: Mapping[str, str], new_records: int | None, clean_days: int
) -> list[Condition]:
    """How the conditions stand: `repair` is what the firm gave and an officer verified, `new_records` the failings the
    book has of the last `clean_days` (None where nobody looked)."""
    found = [_least(least_until, today), _verified(repair), _promised(repair)]
    if clean_days:
        found.append(_clean(new_records, clean_days))
    return found


def _least(least_until: date | None, today: date) -> Condition:
    label = Text("最短公示期届满", "The least time has passed")
    if least_until is None or today >= least_until:
        return Condition("least", label, MET, Text("已届满", "passed"))
    return Condition("least", label, FAILED, Text(f"{least_until} 届满", f"passes on {least_until}"))


def _verified(repair: Mapping[str, str]) -> Condition:
    label = Text("已纠正并完全履行义务", "Put right, and every obligation met")
    if repair.get("verified"):
        return Condition("obligations", label, MET, Text(repair["verified"], repair["verified"]))
    if repair.get("done"):
        return Condition("obligations", label, UNKNOWN, Text("企业已说明，待核实", "said by the firm, to be verified"))
    return Condition("obligations", label, UNKNOWN, Text("企业尚未提交证明", "the firm has shown nothing yet"))


def _promised(repair: Mapping[str, str]) -> Condition:
    label = Text("公开作出信用承诺", "A public promise")
    if repair.get("promise"):
        return Condition("promise", label, MET, Text("已承诺", "given"))
    return Condition("promise", label, FAILED, Text("未承诺", "not given"))


def _clean(new_records: int | None, days: int) -> Condition:
    label = Text(f"近 {days} 天无新增失信", f"No new failing in {days} days")
    if new_records is None:
        return Condition("clean", label, UNKNOWN, Text("未查账簿", "the book was not asked"))
    state = MET if not new_records else FAILED
    return Condition("clean", label, state, Text(f"新增 {new_records} 条", f"{new_records} new records"))


def all_met(found: Sequence[Condition]) -> bool:
    """Whether a repair may be put forward."""
    return all(one.state == MET for one in found)
