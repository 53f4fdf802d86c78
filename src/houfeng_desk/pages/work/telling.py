"""An alert's life in words for its page: its steps and acts in one line of time, and the values each step told."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import quote

from markupsafe import Markup, escape

from houfeng.book.model import kinds
from houfeng.errors import Text
from houfeng.office.alerts.tables import Alert, AlertAct, AlertStep
from houfeng.packs.explanation import shown
from houfeng.packs.model import Pack
from houfeng.penetration.monthly.segments import INDUSTRY, REGION
from houfeng.watch.operations.words import CHANNEL_TEXTS, STEP_TEXTS, TIER_NAMES
from houfeng_desk.formats import moment, wan
from houfeng_desk.locale import gettext as _
from houfeng_desk.locale import say
from houfeng_desk.queries.alert import Found


def story(found: Found) -> list[dict[str, Any]]:
    """Steps and acts, the newest first."""
    told = [
        {
            "at": step.at,
            "text": f"{say(STEP_TEXTS[step.what])} · {say(TIER_NAMES[step.tier])}",
            "sub": " · ".join(part for part in (say(CHANNEL_TEXTS[step.channel]), step.cause, step.event) if part),
        }
        for step in found.steps
    ]
    told += [{"at": act.at, "text": f"{act.who} {say(ACTS[act.act])}", "sub": _act_sub(act)} for act in found.acts]
    return sorted(told, key=lambda one: one["at"], reverse=True)


ACTS: Mapping[str, Text] = {
    "acknowledge": Text("确认", "acknowledged it"),
    "assign": Text("指派", "assigned it"),
    "silence": Text("静默", "silenced it"),
    "unsilence": Text("结束静默", "ended the silence"),
}


def _act_sub(act: AlertAct) -> str:
    parts = [act.comment]
    if act.detail.get("to"):
        parts.append(f"→ {act.detail['to']}")
    if act.detail.get("until"):
        parts.append(f"→ {act.detail['until'][:10]}")
    return " · ".join(part for part in parts if part)


def values(found: Found, pack: Pack | None) -> list[dict[str, Any]]:
    """The values each step told, side by side: items the reason names first."""
    told = _telling(found)
    names = dict.fromkeys(name for step in told for name in step.kept["values"])
    labels = {
        name: item.label for (over, name), item in (pack.items.items() if pack else ()) if over == found.alert.kind
    }
    fields = kinds()[found.alert.kind].fields if found.alert.kind in kinds() else {}
    return [
        {
            "name": name,
            "label": labels.get(name) or (fields[name].label if name in fields else Text(name, name)),
            "values": [_exact(step.kept["values"].get(name)) for step in told],
        }
        for name in names
    ]


def _exact(value: Any) -> str:
    """A value as the journal has it; decimals stand there as text and are grouped as people read them."""
    if isinstance(value, str):
        try:
            value = Decimal(value)
        except InvalidOperation:
            return str(value)
    return shown(round(value, 4) if isinstance(value, float) else value)


def parameters(found: Found, pack: Pack | None) -> list[dict[str, Any]]:
    """The parameters the alert was judged by: value, from when it holds, and the clause it comes from."""
    day = found.alert.opened_at.date()
    told = []
    for name, value in found.steps[0].kept.get("parameters", {}).items():
        parameter = pack.parameters.get(name) if pack is not None else None
        dated = parameter.on(day, day) if parameter is not None else None
        told.append(
            {
                "name": name,
                "label": parameter.label if parameter is not None else Text(name, name),
                "value": _exact(value),
                "unit": parameter.unit if parameter is not None else "",
                "start": dated.start if dated is not None else None,
                "reference": dated.reference if dated is not None else "",
            }
        )
    return told


def _telling(found: Found) -> list[AlertStep]:
    """The steps that tell values: openings and escalations, each once."""
    return [step for step in found.steps if step.kept.get("values") and step.record_id == found.alert.id]


def told_steps(found: Found) -> list[dict[str, Any]]:
    """The heads of the table of values."""
    return [{"what": STEP_TEXTS[step.what], "at": step.at} for step in _telling(found)]


def _behind(alert: Alert) -> str:
    """Where one looks next: the firm's page; of a segment its enterprises, those with the worst notes first."""
    if alert.enterprise:
        return f"/enterprises/{quote(alert.enterprise)}"
    for prefix, filter_ in ((INDUSTRY, "industry"), (REGION, "region")):
        if alert.kind == "credit_segment" and alert.key.startswith(prefix):
            return f"/enterprises?{filter_}={quote(alert.key.removeprefix(prefix))}&sort=-quality"
    return ""


def facts(alert: Alert, row: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Whom it is about, since when, how much, and what was done."""
    name = escape(alert.name or alert.key)
    href = _behind(alert)
    subject = Markup('<a href="{}">{}</a>').format(href, name) if href else name
    kind = kinds()[alert.kind].label if alert.kind in kinds() else Text(alert.kind, alert.kind)
    told = [
        (_("对象"), subject),
        (_("代码"), Markup('<span class="code">{}</span>').format(alert.key)),
        (_("对象种类"), say(kind)),
        (_("地区"), say(row["city"]) if row["city"] else alert.region),
        (_("机构代码"), alert.institution),
        (_("开启时贷款余额（万元）"), wan(alert.exposure)),
        (_("开启"), moment(alert.opened_at, seconds=True)),
        (_("解除"), moment(alert.cleared_at, seconds=True) if alert.cleared_at else ""),
        (_("状态"), say(row["state"])),
        (_("去向"), say(row["channel_text"])),
        (_("确认"), f"{alert.acknowledged_by} {moment(alert.acknowledged_at)}" if alert.acknowledged_at else ""),
        (_("指派给"), alert.assigned_name),
        (_("静默至"), moment(alert.silenced_until) if alert.silenced_until else ""),
    ]
    return [(label, value) for label, value in told if value]
