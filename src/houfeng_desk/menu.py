"""The menu: what there is, for whom, in the order of the work. An entry shows to whoever may open its page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from houfeng.errors import Text
from houfeng.office.access import Permission as P
from houfeng.office.access import Viewer


class Entry(NamedTuple):
    """One line of the menu. `others` are further beginnings of paths at which it is lit."""

    name: str
    label: Text
    path: str
    permissions: frozenset[P]
    others: tuple[str, ...] = ()


class Group(NamedTuple):
    """Entries under one heading."""

    label: Text
    entries: Sequence[Entry]


def _entry(name: str, zh: str, en: str, path: str, *permissions: P, others: tuple[str, ...] = ()) -> Entry:
    return Entry(name, Text(zh, en), path, frozenset(permissions), others)


MENU = (
    Group(
        Text("工作", "Work"),
        (
            _entry("overview", "总览", "Overview", "/", P.SEE_MARKET),
            _entry("alerts", "预警", "Alerts", "/alerts", P.SEE_ALERTS),
            _entry("cases", "案件", "Cases", "/cases", P.SEE_CASES),
            _entry("todo", "待我办理", "Waiting for me", "/todo", P.APPROVE, P.WORK_CASES, P.PROPOSE_PACKS),
            _entry("reports", "简报", "Reports", "/reports", P.SEE_MARKET),
        ),
    ),
    Group(
        Text("政策", "Policy"),
        (
            _entry("themes", "五篇大文章", "Five articles", "/themes", P.SEE_MARKET),
            _entry("packs", "政策包", "Packs", "/packs", P.SEE_PACKS),
            _entry("claims", "再贷款与贴息申报", "Claims", "/claims", P.SEE_CLAIMS),
            _entry("quota", "额度", "Quota", "/quota", P.SEE_CLAIMS),
        ),
    ),
    Group(
        Text("直达与对接", "Delivery"),
        (
            _entry("mine", "我的企业", "My enterprise", "/mine", P.SEE_OWN_FIRM),
            _entry("policies", "政策直达", "Policies to firms", "/policies", P.SEE_DELIVERY),
            _entry("needs", "融资需求", "Needs", "/needs", P.SEE_DELIVERY),
            _entry("matching", "银企对接", "Matching", "/matching", P.RUN_MATCHING),
        ),
    ),
    Group(
        Text("风险", "Risk"),
        (
            _entry("enterprises", "企业", "Enterprises", "/enterprises", P.SEE_MARKET),
            _entry("penetration", "穿透", "Penetration", "/penetration/groups", P.SEE_MARKET, others=("/penetration",)),
            _entry("platforms", "融资平台", "Financing platforms", "/platforms", P.SEE_MARKET),
            _entry("credit", "信用评分", "Credit scores", "/credit", P.SEE_CREDIT),
            _entry("evasion", "逃废债线索", "Signs of evasion", "/evasion", P.SEE_ALERTS),
            _entry("lists", "信用名单", "Lists of credit", "/lists", P.SEE_CONDUCT),
            _entry("disputes", "信用异议", "Disputes", "/disputes", P.SEE_CONDUCT),
        ),
    ),
    Group(
        Text("数据", "Data"),
        (_entry("data", "报送", "Submissions", "/data", P.SEE_DATA, P.SUBMIT_DATA),),
    ),
    Group(
        Text("系统", "System"),
        (
            _entry("users", "用户", "Users", "/users", P.MANAGE_USERS),
            _entry("journal", "审计日志", "Journal", "/journal", P.SEE_JOURNAL),
            _entry("settings", "设置", "Settings", "/settings", P.MANAGE_SYSTEM),
            _entry("jobs", "后台任务", "Jobs", "/jobs", P.USE_ACCOUNT),
            _entry("help", "帮助", "Help", "/help", P.USE_ACCOUNT),
        ),
    ),
)


def menu_of(viewer: Viewer) -> list[Group]:
    """The groups and entries `viewer` may open."""
    groups = [
        Group(group.label, [e for e in group.entries if any(viewer.may(p) for p in e.permissions)]) for group in MENU
    ]
    return [group for group in groups if group.entries]


def lit(entry: Entry, path: str) -> bool:
    """Whether `entry` is where `path` is."""
    if entry.path == "/":
        return path == "/"
    return any(path == start or path.startswith(start + "/") for start in (entry.path, *entry.others))


def home_of(viewer: Viewer) -> str:
    """Where somebody lands who has just signed in: the first page that is theirs."""
    groups = menu_of(viewer)
    return groups[0].entries[0].path if groups else "/account"


Counter = Callable[[Viewer], int]
"""How many things wait behind an entry, for its badge."""
