"""The list of people."""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, func, not_, or_, select
from sqlalchemy.orm import Session

from houfeng.errors import Text
from houfeng.office.access import ROLE_NAMES
from houfeng.office.database import office_of
from houfeng.office.identity.people import roles_of
from houfeng.office.tables import User, UserRole
from houfeng_desk.lists import Choice, Column, Filter, Listing, ListRequest

STATES = {
    "active": Text("可登录", "may sign in"),
    "locked": Text("已锁定", "locked"),
    "disabled": Text("已停用", "disabled"),
}
COLUMNS = (
    Column("login", Text("用户名", "Login"), "link", href="url"),
    Column("name", Text("姓名", "Name")),
    Column("roles", Text("角色", "Roles"), sortable=False),
    Column("scope", Text("范围", "Scope"), sortable=False),
    Column("state", Text("状态", "State"), sortable=False),
    Column("seen_at", Text("最近登录", "Last sign-in"), "moment"),
)
FILTERS = (
    Filter("text", Text("用户名或姓名", "Login or name")),
    Filter("role", Text("角色", "Role"), tuple(Choice(role.value, name) for role, name in ROLE_NAMES.items())),
    Filter("state", Text("状态", "State"), tuple(Choice(value, name) for value, name in STATES.items())),
)
_ORDERS = {"login": User.login, "name": User.name, "seen_at": User.seen_at}


def people(session: Session, ask: ListRequest) -> Listing:
    """Who has an account, with roles, scope and state."""
    now = office_of(session).clock()
    chosen = select(User)
    if text := ask["text"]:
        like = f"%{text.lower()}%"
        chosen = chosen.where(or_(User.login.like(like), func.lower(User.name).like(like)))
    if role := ask["role"]:
        chosen = chosen.where(User.id.in_(select(UserRole.user_id).where(UserRole.role == role)))
    locked = and_(User.active, User.locked_until.is_not(None), User.locked_until > now)
    if state := ask["state"]:
        free = and_(User.active, or_(User.locked_until.is_(None), User.locked_until <= now))
        chosen = chosen.where({"active": free, "locked": locked, "disabled": not_(User.active)}[state])
    total = session.scalar(select(func.count()).select_from(chosen.subquery())) or 0
    order = _ORDERS.get(ask.sort, User.login)
    chosen = chosen.order_by(order.desc() if ask.descending else order.asc(), User.id)
    if ask.size is not None:
        chosen = chosen.limit(ask.size).offset(ask.offset)
    return Listing(COLUMNS, [_row(user, now) for user in session.scalars(chosen)], total, ask)


def _row(user: User, now: Any) -> dict[str, Any]:
    return {
        "login": user.login,
        "url": f"/users/{user.login}",
        "name": user.name,
        "roles": joined([ROLE_NAMES[role] for role in sorted(roles_of(user))]),
        "scope": scope_text(user),
        "state": STATES[state_of(user, now)],
        "seen_at": user.seen_at,
    }


def state_of(user: User, now: Any) -> str:
    """active, locked or disabled."""
    if not user.active:
        return "disabled"
    return "locked" if user.locked_until is not None and user.locked_until > now else "active"


def scope_text(user: User) -> Text:
    """A scope in words."""
    parts = []
    if user.regions is not None:
        parts.append(Text(f"地区 {'、'.join(user.regions)}", f"regions {', '.join(user.regions)}"))
    if user.institutions is not None:
        parts.append(Text(f"机构 {'、'.join(user.institutions)}", f"institutions {', '.join(user.institutions)}"))
    if user.enterprise is not None:
        parts.append(Text(f"企业 {user.enterprise}", f"enterprise {user.enterprise}"))
    return joined(parts) if parts else Text("全部", "all")


def joined(texts: list[Text]) -> Text:
    """Several texts as one."""
    return Text("、".join(text.zh for text in texts), ", ".join(text.en for text in texts))
