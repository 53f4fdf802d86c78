"""People and what they may: the security administrator's page."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from houfeng.errors import HoufengError, InputError, Text
from houfeng.office.access import ROLE_NAMES, Permission, Role, Scope
from houfeng.office.identity import accounts, sessions, tokens
from houfeng.office.identity.people import find, roles_of
from houfeng_desk.lists import ListRequest
from houfeng_desk.queries.house.people import COLUMNS, FILTERS, STATES, people, scope_text, state_of
from houfeng_desk.web import DeskDep, ViewerDep, allowed, field, flash, form_of, page, see_other

router = APIRouter()
MAY = [allowed(Permission.MANAGE_USERS)]
WHY = Text("理由", "Reason")


@router.get("/users", name="users", dependencies=MAY)
def users(request: Request, desk: DeskDep) -> Response:
    """Who has an account."""
    with desk.office.read() as session:
        listing = people(session, ListRequest.of(request, COLUMNS, FILTERS))
    return page(request, "house/users.html", listing=listing)


@router.get("/users/new", name="user_new", dependencies=MAY)
def new(request: Request) -> Response:
    """The form for a new account."""
    return page(request, "house/user_new.html", roles=ROLE_NAMES, error=None, typed={}, chosen=())


@router.post("/users", dependencies=MAY)
def create(request: Request, desk: DeskDep, viewer: ViewerDep) -> Response:
    """Make the account; its one-time password is on the page that answers, and nowhere else."""
    login, name = field(request, "login", most=80), field(request, "name", most=120)
    try:
        with desk.office.begin() as session:
            user, password = accounts.create(
                session, viewer, login, name, _roles(request), _scope(request), email=field(request, "email", most=200)
            )
    except HoufengError as error:
        typed = {"login": login, "name": name}
        chosen = [str(one) for one in form_of(request).getlist("roles")]
        return page(
            request, "house/user_new.html", error.status, roles=ROLE_NAMES, error=error, typed=typed, chosen=chosen
        )
    return _person(request, desk, user.login, password)


@router.get("/users/{login}", name="user", dependencies=MAY)
def person(request: Request, desk: DeskDep, login: str) -> Response:
    """One person: roles, scope, sessions, tokens."""
    return _person(request, desk, login)


def _person(request: Request, desk: DeskDep, login: str, password: str = "") -> Response:
    with desk.office.read() as session:
        user = find(session, login)
        return page(
            request,
            "house/user.html",
            user=user,
            held=roles_of(user),
            state=state_of(user, desk.clock()),
            states=STATES,
            scope=scope_text(user),
            roles=ROLE_NAMES,
            sessions=sessions.listing(session, user.id),
            tokens=tokens.listing(session, user.id),
            password=password,
        )


@router.post("/users/{login}/roles", dependencies=MAY)
def change_roles(request: Request, desk: DeskDep, viewer: ViewerDep, login: str) -> Response:
    """Other roles, another scope."""
    with desk.office.begin() as session:
        accounts.change_roles(
            session, viewer, login, _roles(request), _scope(request), why=field(request, "why", label=WHY)
        )
    return _done(request, login, Text("角色和范围已更改，下一次点击起生效。", "Changed, from their next click on."))


@router.post("/users/{login}/disable", dependencies=MAY)
def disable(request: Request, desk: DeskDep, viewer: ViewerDep, login: str) -> Response:
    """Nobody signs in with it any more."""
    with desk.office.begin() as session:
        accounts.set_active(session, viewer, login, False, why=field(request, "why", label=WHY))
    return _done(request, login, Text("已停用，会话和令牌已失效。", "Disabled; sessions and tokens have ended."))


@router.post("/users/{login}/enable", dependencies=MAY)
def enable(request: Request, desk: DeskDep, viewer: ViewerDep, login: str) -> Response:
    """It may sign in again."""
    with desk.office.begin() as session:
        accounts.set_active(session, viewer, login, True, why=field(request, "why", label=WHY))
    return _done(request, login, Text("已启用。", "Enabled."))


@router.post("/users/{login}/unlock", dependencies=MAY)
def unlock(request: Request, desk: DeskDep, viewer: ViewerDep, login: str) -> Response:
    """Lift the lock of failed sign-ins."""
    with desk.office.begin() as session:
        accounts.unlock(session, viewer, login, why=field(request, "why"))
    return _done(request, login, Text("已解锁。", "Unlocked."))


@router.post("/users/{login}/sign-out", dependencies=MAY)
def force_out(request: Request, desk: DeskDep, viewer: ViewerDep, login: str) -> Response:
    """End all their sessions now."""
    with desk.office.begin() as session:
        ended = accounts.sign_out_everywhere(session, viewer, login, why=field(request, "why", label=WHY))
    return _done(request, login, Text(f"已退出 {ended} 个会话。", f"Ended {ended} sessions."))


@router.post("/users/{login}/password", dependencies=MAY)
def reset(request: Request, desk: DeskDep, viewer: ViewerDep, login: str) -> Response:
    """A new one-time password, shown once."""
    with desk.office.begin() as session:
        password = accounts.reset_password(session, viewer, login, why=field(request, "why", label=WHY))
    return _person(request, desk, login, password)


def _done(request: Request, login: str, text: Text) -> Response:
    flash(request, text)
    return see_other(f"/users/{login.strip().lower()}")


def _roles(request: Request) -> frozenset[Role]:
    known = {role.value: role for role in Role}
    asked = [str(name) for name in form_of(request).getlist("roles")]
    if unknown := [name for name in asked if name not in known]:
        raise InputError(Text(f"没有角色 {unknown[0][:40]}", f"there is no role {unknown[0][:40]}"))
    if not asked:
        raise InputError(Text("至少选一个角色", "choose at least one role"))
    return frozenset(known[name] for name in asked)


def _scope(request: Request) -> Scope:
    """The scope of the form; a part that is limited must name something: a blank must not open everything."""
    limits: dict[str, frozenset[str] | None] = {}
    for name, label in (("regions", Text("地区", "Regions")), ("institutions", Text("机构", "Institutions"))):
        if field(request, f"{name}_limit", most=4) == "some":
            ticked = [str(one) for one in form_of(request).getlist(f"{name}_ticked")]
            typed = field(request, name, most=2000).replace("，", ",").replace("、", ",").replace("\n", ",").split(",")
            limits[name] = frozenset(part.strip() for part in [*ticked, *typed] if part.strip())
            if not limits[name]:
                raise InputError(Text(f"“{label.zh}”选了限定，请写明代码", f"“{label.en}” is limited: say which codes"))
        else:
            limits[name] = None
    return Scope(limits["regions"], limits["institutions"], field(request, "enterprise", most=60) or None)
