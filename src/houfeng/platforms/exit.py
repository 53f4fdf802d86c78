"""Leaving the lists: the conditions, the consent of creditors, the year of monitoring, and what breaks its terms.

Notice 150 of 2024 asks for hidden debt at zero, the financing function stripped in writing, and the consent of at
least two thirds of the creditors of operating financial debt; after the exit a year is watched. Definitions that its
unpublished text leaves open are parameters of the pack (see its register of interpretations).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from houfeng.errors import Text
from houfeng.packs.language.functions import add_months
from houfeng.platforms.consent import Consent, consent, share_of
from houfeng.platforms.ledger import NONE, Debt, Platform
from houfeng.platforms.terms import Terms


class Stage(StrEnum):
    """How far an exit has come."""

    NONE = "none"
    PREPARING = "preparing"
    READY = "ready"
    ANNOUNCED = "announced"
    MONITORED = "monitored"
    OVER = "over"


STAGES = {
    Stage.NONE: Text("未启动", "Not begun"),
    Stage.PREPARING: Text("办理中", "Under way"),
    Stage.READY: Text("条件齐备", "Conditions met"),
    Stage.ANNOUNCED: Text("已公告", "Announced"),
    Stage.MONITORED: Text("监测期内", "Monitored"),
    Stage.OVER: Text("监测期满", "Monitoring over"),
}


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of the exit: met, failed (False) or not known (None), and why."""

    name: str
    label: Text
    met: bool | None
    why: Text
    reference: str


@dataclass(frozen=True, slots=True)
class Exit:
    """The exit of a platform on a day. `ready` is None where a condition is not known and none has failed."""

    day: date
    stage: Stage
    conditions: tuple[Condition, ...]
    consent: Consent
    deadline: date | None
    exited_on: date | None
    monitoring_ends: date | None
    breaches: tuple[tuple[Debt | None, Text], ...]

    @property
    def ready(self) -> bool | None:
        """Whether every condition is met."""
        if any(one.met is False for one in self.conditions):
            return False
        return None if any(one.met is None for one in self.conditions) else True

    @property
    def days_left(self) -> int | None:
        """Days to the last day for an exit; below zero when it is gone."""
        return None if self.deadline is None else (self.deadline - self.day).days


def examine(platform: Platform, terms: Terms) -> Exit:
    """The exit of `platform` by the terms of their day."""
    given = platform.exit
    exited = given.get("exited_on")
    months = terms.whole("monitoring_months", 0)
    ends = add_months(exited, months) if exited is not None and months else None
    found = consent(platform, terms)
    deadline = terms.value("exit_deadline")
    conditions = (
        _hidden_zero(platform),
        _stripped(platform, terms),
        _consented(found, terms),
        _in_time(platform, terms.day, deadline),
    )
    ready = all(one.met for one in conditions)
    return Exit(
        day=terms.day,
        stage=_stage(platform, terms.day, ends, ready, found),
        conditions=conditions,
        consent=found,
        deadline=deadline,
        exited_on=exited,
        monitoring_ends=ends,
        breaches=tuple(_breaches(platform, exited, terms.day)),
    )


def _hidden_zero(platform: Platform) -> Condition:
    label = Text("隐性债务清零", "Hidden debt is zero")
    reference = "银发〔2024〕150号"
    if platform.period is None:
        why = Text("没有债务台账", "there is no ledger of its debts")
        return Condition("hidden_zero", label, None, why, reference)
    untold = sum(debt.hidden is None for debt in platform.debts)
    if platform.hidden:
        why = Text(f"仍有隐性债务{platform.hidden:,.2f}元", f"{platform.hidden:,.2f} yuan of hidden debt stand")
        return Condition("hidden_zero", label, False, why, reference)
    if untold:
        why = Text(f"{untold}笔债务未报是否隐性", f"{untold} debts do not say whether they are hidden")
        return Condition("hidden_zero", label, None, why, reference)
    since = platform.exit.get("hidden_zero_on")
    zh, en = (f"，{since}清零", f", at zero since {since}") if since else ("", "")
    why = Text(f"台账无隐性债务{zh}", f"the ledger has none{en}")
    return Condition("hidden_zero", label, True, why, reference)


def _stripped(platform: Platform, terms: Terms) -> Condition:
    label, given = Text("剥离政府融资职能并出具书面说明", "Function stripped, with a written statement"), platform.exit
    on, paper = given.get("function_stripped_on"), given.get("statement_no")
    if not given:
        met, why = None, Text("没有退出办理记录", "there is no record of an exit")
    elif on is None or on > terms.day:
        met, why = False, Text("职能尚未剥离", "the function is not stripped yet")
    elif not paper:
        met, why = False, Text(f"{on}剥离，无书面说明", f"stripped on {on}, without a written statement")
    elif given.get("result") == "same":
        met, why = (
            False,
            Text("融资职能仍由本企业承担（名义退出）", "still with this firm: in name only"),
        )
    else:
        met, why = True, Text(f"{on}剥离，{paper}", f"stripped on {on}, {paper}")
    return Condition("function_stripped", label, met, why, "银发〔2024〕150号")


def _consented(found: Consent, terms: Terms) -> Condition:
    line = share_of(terms)
    asked = f"{line.numerator}/{line.denominator}" if line is not None else "—"
    label = Text(f"债权人同意不低于{asked}", f"At least {asked} of the creditors consent")
    if found.reached is None:
        why = Text("没有经营性金融债务可供表决", "there is no operating financial debt to vote by")
        if line is None:
            why = Text("当日没有这项规定", "there is no such rule on that day")
        return Condition("consent", label, None, why, terms.reference("consent_parts"))
    by_amount, by_head = found.by_amount or NONE, found.by_head or NONE
    why = Text(
        f"按金额{by_amount:.2%}，按户数{found.heads[0]}/{found.heads[1]}（{by_head:.2%}）",
        f"by amount {by_amount:.2%}, by head {found.heads[0]} of {found.heads[1]} ({by_head:.2%})",
    )
    return Condition("consent", label, found.reached, why, terms.reference("consent_parts"))


def _in_time(platform: Platform, day: date, deadline: date | None) -> Condition:
    label = Text("在截止日前", "In time")
    if deadline is None:
        return Condition("in_time", label, None, Text("当日没有截止日", "no last day on that day"), "")
    last = platform.exit.get("exited_on") or day
    left = (deadline - last).days
    zh = f"截止{deadline}，{'尚余' if left >= 0 else '已过'}{abs(left)}天"
    en = f"last day {deadline}, {abs(left)} days {'left' if left >= 0 else 'past'}"
    return Condition("in_time", label, left >= 0, Text(zh, en), "银发〔2024〕150号")


def _stage(platform: Platform, day: date, ends: date | None, ready: bool, found: Consent) -> Stage:
    given = platform.exit
    exited, announced = given.get("exited_on"), given.get("announced_on")
    if exited is not None and exited <= day:
        return Stage.OVER if ends is not None and day >= ends else Stage.MONITORED
    if announced is not None and announced <= day:
        return Stage.ANNOUNCED
    if ready:
        return Stage.READY
    begun = (
        given.get("function_stripped_on")
        or given.get("hidden_zero_on")
        or any(c.basis == "vote" for c in found.creditors)
    )
    return Stage.PREPARING if begun else Stage.NONE


PLATFORM_USES = ("government_project", "special_bond_match")


def _breaches(platform: Platform, exited: date | None, day: date) -> list[tuple[Debt | None, Text]]:
    """Debts against the terms of an exit that has happened, and an exit in name only."""
    if exited is None or exited > day:
        return []
    found: list[tuple[Debt | None, Text]] = []
    for debt in platform.debts:
        if debt.starts_on is None or debt.starts_on < exited:
            continue
        if debt.hidden:
            found.append((debt, Text("退出后新增隐性债务", "hidden debt taken on after the exit")))
        elif debt.government_credit:
            found.append((debt, Text("退出后新增融资含政府信用字样", "relies on government credit after the exit")))
        elif debt.use in PLATFORM_USES:
            found.append((debt, Text("退出后为政府项目融资", "finances a government project after the exit")))
    if platform.exit.get("result") == "same":
        found.append((None, Text("名义退出：融资职能仍在", "an exit in name only: the function stayed")))
    return found
