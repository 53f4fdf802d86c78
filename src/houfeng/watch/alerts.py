"""What an alert is once it stands: who, which rule, when, why, and the rows it rests on."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from houfeng.errors import Text
from houfeng.packs.explanation import shown
from houfeng.packs.model import Pack, Rule
from houfeng.packs.roads.measures import EPOCH
from houfeng.watch.episodes import Episode


class Evidence(NamedTuple):
    """One row an alert rests on: of which item, where it stands in the book, what it says."""

    item: str
    kind: str
    row_id: str
    submission: str
    row: int
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Alert:
    """An alert as replayed: its episode, the values when it opened, the reason in words, the evidence."""

    alert_id: str
    pack: str
    version: str
    rule: str
    rule_id: str
    kind: str
    key: str
    opened_at: datetime
    opening_event: str
    tier_at_opening: str
    tier: str
    escalations: tuple[tuple[datetime, str, str], ...]
    cleared_at: datetime | None
    clearing_event: str
    values: Mapping[str, Any]
    parameters: Mapping[str, Any]
    reason: Text
    reference: str
    evidence: tuple[Evidence, ...]
    evidence_count: int

    def plain(self) -> dict[str, Any]:
        """The alert as plain values: times as text, decimals exact."""
        found = {k: getattr(self, k) for k in self.__dataclass_fields__}
        found["escalations"] = [[str(at), tier, event] for at, tier, event in self.escalations]
        found["reason"] = self.reason._asdict()
        found["evidence"] = [e._asdict() for e in self.evidence]
        return found

    def line(self) -> str:
        """The alert as one JSON line, the same bytes for the same alert."""
        return json.dumps(self.plain(), ensure_ascii=False, sort_keys=True, default=str)


def moment(instant: int) -> datetime:
    """The local time of an instant in seconds."""
    return EPOCH + timedelta(seconds=instant)


def make_alert(
    pack: Pack, rule: Rule, episode: Episode, values: Mapping[str, Any], evidence: tuple[Evidence, ...], count: int
) -> Alert:
    """The alert of an episode, with its reason told by the values at its opening."""
    day = moment(episode.opened.instant).date()
    parameters = rule_parameters(pack, rule, day)
    cleared = episode.cleared
    return Alert(
        alert_id=episode.alert_id,
        pack=pack.name,
        version=pack.version,
        rule=rule.name,
        rule_id=rule.id,
        kind=rule.over,
        key=episode.key,
        opened_at=moment(episode.opened.instant),
        opening_event=episode.opened.event,
        tier_at_opening=episode.opened.tier,
        tier=episode.tier,
        escalations=tuple((moment(s.instant), s.tier, s.event) for s in episode.steps[1:]),
        cleared_at=moment(cleared.instant) if cleared else None,
        clearing_event=cleared.event if cleared else "",
        values=values,
        parameters=parameters,
        reason=reason_of(rule, values, parameters),
        reference=rule.reference,
        evidence=evidence,
        evidence_count=count,
    )


def rule_parameters(pack: Pack, rule: Rule, day: date) -> dict[str, Any]:
    """The parameters a rule's conditions and reason name, with their values on `day`."""
    names = {part.value for node in rule.tiers.values() for part in node.walk() if part.op == "parameter"}
    names |= set(re.findall(r"\{:(\w+)\}", rule.reason.zh + rule.reason.en))
    found = {}
    for name in sorted(names):
        dated = pack.parameters[name].on(day, day)
        found[name] = dated.value if dated else None
    return found


def reason_of(rule: Rule, values: Mapping[str, Any], parameters: Mapping[str, Any]) -> Text:
    """A rule's reason with the values put in."""
    return Text(*(fill(text, values, parameters) for text in rule.reason))


def fill(template: str, values: Mapping[str, Any], parameters: Mapping[str, Any]) -> str:
    """A reason with `{name}` and `{:parameter}` replaced by values in words."""
    template = re.sub(r"\{:(\w+)\}", lambda m: words(parameters.get(m[1])), template)
    return re.sub(r"\{(\w+)\}", lambda m: words(values.get(m[1])), template)


def words(value: Any) -> str:
    """A value in a sentence: as `shown`, with short ratios and without the zeros after a decimal point."""
    text = f"{value:.4g}" if isinstance(value, float) else shown(value)
    return text.rstrip("0").rstrip(".") if isinstance(value, Decimal) and "." in text else text
