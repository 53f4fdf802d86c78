"""Settings changed on the desk: few, each with a type, bounds and a default that is right for most."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from houfeng.errors import Text, UsageError, did_you_mean
from houfeng.office import journal
from houfeng.office.access import Permission, Viewer
from houfeng.office.database import office_of
from houfeng.office.tables import SettingValue


class Bounds(NamedTuple):
    """What a number may be, and what it is for."""

    least: int
    most: int
    label: Text


@dataclass(frozen=True, slots=True)
class House:
    """The settings as they stand."""

    sign_in_failures: int = 5
    lock_minutes: int = 15
    password_length: int = 12
    password_classes: int = 1
    password_days: int = 180
    password_history: int = 5
    session_idle_minutes: int = 30
    session_hours: int = 12
    token_days: int = 180
    large_export_rows: int = 100_000
    keep_sessions_days: int = 180
    keep_notices_days: int = 180
    keep_jobs_days: int = 365

    def kept_days(self) -> Mapping[str, int]:
        """For how many days each kind of record that is over is kept."""
        return {
            "sessions": self.keep_sessions_days,
            "notices": self.keep_notices_days,
            "jobs": self.keep_jobs_days,
        }


BOUNDS: Mapping[str, Bounds] = {
    "sign_in_failures": Bounds(3, 20, Text("连续登录失败几次后锁定", "failed sign-ins before an account is locked")),
    "lock_minutes": Bounds(1, 1440, Text("锁定多少分钟", "minutes it stays locked")),
    "password_length": Bounds(8, 64, Text("口令最少几个字符", "characters a password has at least")),
    "password_classes": Bounds(
        1, 4, Text("口令至少含几类字符（大写、小写、数字、符号）", "classes of characters in a password at least")
    ),
    "password_days": Bounds(
        0, 3650, Text("口令几天后须更换（0 为不限）", "days until a password must change (0: never)")
    ),
    "password_history": Bounds(0, 20, Text("不得与最近几次口令相同", "earlier passwords that may not come again")),
    "session_idle_minutes": Bounds(5, 1440, Text("无操作几分钟后退出", "minutes without a click until a session ends")),
    "session_hours": Bounds(1, 168, Text("登录最长几小时", "hours a session lasts at most")),
    "token_days": Bounds(1, 3650, Text("接口令牌最长几天", "days an API token lasts at most")),
    "large_export_rows": Bounds(
        1_000, 100_000_000, Text("导出多少行以上须审批", "rows from which an export needs approval")
    ),
    "keep_sessions_days": Bounds(
        7, 3650, Text("已结束的会话保留几天", "days a session that is over is kept on record")
    ),
    "keep_notices_days": Bounds(7, 3650, Text("已读通知保留几天", "days a notice is kept after it was read")),
    "keep_jobs_days": Bounds(
        7, 3650, Text("已结束的任务及其结果保留几天", "days a finished job and its results are kept")
    ),
}


def house(session: Session) -> House:
    """The settings as they stand now."""
    known = {field.name for field in fields(House)}
    rows = session.scalars(select(SettingValue).where(SettingValue.name.in_(known)))
    return House(**{row.name: int(row.value) for row in rows})


def change(session: Session, who: Viewer | str, name: str, value: int, why: str) -> House:
    """Set one of them; the journal keeps before and after.

    Raises:
        AccessError: `who` is not the system administrator.
        UsageError: no such setting, or out of bounds.
    """
    if isinstance(who, Viewer):
        who.require(Permission.MANAGE_SYSTEM)
    if name not in BOUNDS:
        near = did_you_mean(name, BOUNDS)
        raise UsageError(Text(f"没有设置 {name}。{near.zh}", f"there is no setting {name}. {near.en}"))
    least, most, label = BOUNDS[name]
    if not least <= value <= most:
        raise UsageError(
            Text(f"{label.zh}：应在 {least} 到 {most} 之间", f"{label.en}: from {least} to {most}, not {value}")
        )
    before = getattr(house(session), name)
    if before != value:
        by = who.login if isinstance(who, Viewer) else who
        session.merge(SettingValue(name=name, value=value, changed_by=by, changed_at=office_of(session).clock()))
        detail = {"before": before, "after": value}
        journal.write(session, who, "setting.change", f"setting:{name}", why=why, detail=detail)
    return house(session)
