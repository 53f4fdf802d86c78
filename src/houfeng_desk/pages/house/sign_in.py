"""Signing in and out, the first start with a one-time password, and the language."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from houfeng.errors import AccessError, HoufengError, NotFoundError, Text
from houfeng.office.access import Permission
from houfeng.office.identity import local as passwords
from houfeng.office.identity import sessions
from houfeng.office.identity.oidc import Oidc
from houfeng_desk.desk import Desk
from houfeng_desk.locale import LANGS
from houfeng_desk.menu import home_of
from houfeng_desk.security.limits import SIGN_IN_ADDRESS, SIGN_IN_LOGIN
from houfeng_desk.security.session import LANG, begin, caller_of, finish, leave, peer_of, remember, viewer_of
from houfeng_desk.web import DeskDep, ViewerDep, allowed, field, flash, form_of, local, page, public, see_other

router = APIRouter()
AWAY = "houfeng-away"
"""The cookie that ties a sign-in elsewhere to the browser that began it."""


@router.get("/sign-in", name="sign_in", dependencies=[public()])
def sign_in_form(request: Request, desk: DeskDep) -> Response:
    """The form; who is signed in already, or whom the gateway vouches for, is sent on."""
    viewer = viewer_of(request)
    if viewer is not None:
        return see_other(home_of(viewer))
    gateway = desk.providers.gateway
    if gateway is not None:
        proved = gateway.sign_in(desk.office, peer_of(request), request.headers.items(), caller_of(request))
        if proved is not None:
            begin(request, proved)
            return see_other(local(request.query_params.get("next", ""), home_of(proved.viewer)))
    return _form(request)


@router.post("/sign-in", dependencies=[public()])
def sign_in(request: Request, desk: DeskDep) -> Response:
    """Let somebody in."""
    if not desk.providers.password:
        raise AccessError(Text("本系统不用口令登录", "nobody signs in here with a password"))
    login, password = field(request, "login", most=80), str(form_of(request).get("password", ""))[:1000]
    caller = caller_of(request)
    limits = request.app.state.limits
    limits.take(f"sign-in from {caller.address}", SIGN_IN_ADDRESS)
    limits.take(f"sign-in as {login.lower()}", SIGN_IN_LOGIN)
    try:
        signed = passwords.sign_in(desk.office, login, password, caller)
    except AccessError as error:
        return _form(request, login, error)
    begin(request, signed)
    if signed.viewer.must_change:
        return see_other("/first-start")
    return see_other(local(field(request, "next", most=2000), home_of(signed.viewer)))


def _form(request: Request, login: str = "", error: HoufengError | None = None) -> Response:
    asked = request.query_params.get("next", "") if request.method == "GET" else field(request, "next", most=2000)
    return page(
        request,
        "house/sign_in.html",
        error.status if error else 200,
        login=login,
        error=error,
        next=local(asked, ""),
    )


@router.get("/sign-in/oidc/{name}", name="sign_in_oidc", dependencies=[public()])
def leave_for(request: Request, desk: DeskDep, name: str) -> Response:
    """Send the browser to the server that knows this person."""
    server = _server(desk, name)
    request.app.state.limits.take(f"sign-in from {caller_of(request).address}", SIGN_IN_ADDRESS)
    back = f"{request.url.scheme}://{request.headers['host']}/sign-in/oidc/{name}/back"
    going = server.leave(desk.office, back, local(request.query_params.get("next", "")))
    leave(request, AWAY, going.state, seconds=600)
    return see_other(going.url)


@router.get("/sign-in/oidc/{name}/back", name="sign_in_back", dependencies=[public()])
def come_back(request: Request, desk: DeskDep, name: str) -> Response:
    """Who comes back from there with proof is signed in."""
    server = _server(desk, name)
    request.app.state.limits.take(f"sign-in from {caller_of(request).address}", SIGN_IN_ADDRESS)
    state = request.cookies.get(AWAY, "")
    leave(request, AWAY, "", seconds=0)
    back = server.come_back(desk.office, dict(request.query_params), state, caller_of(request))
    begin(request, back.signed)
    target = local(back.target)
    return see_other(home_of(back.signed.viewer) if target == "/" else target)


def _server(desk: Desk, name: str) -> Oidc:
    for server in desk.providers.oidc:
        if server.name == name:
            return server
    raise NotFoundError(Text("没有这种登录方式", "there is no such way to sign in"))


@router.post("/sign-out", name="sign_out", dependencies=[allowed()])
def sign_out(request: Request, desk: DeskDep, viewer: ViewerDep) -> Response:
    """End this session."""
    with desk.office.begin() as session:
        sessions.sign_out(session, viewer)
    finish(request)
    return see_other("/sign-in")


@router.get("/first-start", name="first_start", dependencies=[allowed(Permission.USE_ACCOUNT)])
def first_start(request: Request, viewer: ViewerDep) -> Response:
    """Where a one-time password is changed into one's own."""
    if not viewer.must_change:
        return see_other(home_of(viewer))
    return page(request, "house/first_start.html", error=None)


@router.post("/first-start", dependencies=[allowed(Permission.USE_ACCOUNT)])
def first_password(request: Request, desk: DeskDep, viewer: ViewerDep) -> Response:
    """Take the new password."""
    form = form_of(request)
    old, new, again = (str(form.get(name, ""))[:1000] for name in ("old", "new", "again"))
    try:
        if new != again:
            raise AccessError(Text("两次输入的新口令不一致", "the two new passwords differ"))
        with desk.office.begin() as session:
            passwords.change_password(session, viewer, old, new)
    except HoufengError as error:
        return page(request, "house/first_start.html", error.status, error=error)
    flash(request, Text("口令已修改。", "The password is changed."))
    request.state.viewer = None
    del request.state.viewer
    changed = viewer_of(request)
    return see_other(home_of(changed) if changed else "/sign-in")


@router.get("/lang/{lang}", name="lang", dependencies=[public()])
def choose_language(request: Request, lang: str) -> Response:
    """Switch the language of this browser."""
    if lang not in LANGS:
        raise NotFoundError(Text(f"没有语言 {lang[:20]}", f"there is no language {lang[:20]}"))
    remember(request, LANG, lang)
    return see_other(local(request.query_params.get("next", "/")))
