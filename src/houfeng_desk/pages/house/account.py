"""One's own account: password, language, open sessions, tokens for programs."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from houfeng.errors import InputError, Text
from houfeng.office.access import PERMISSION_NAMES, Permission
from houfeng.office.house import house
from houfeng.office.identity import accounts, local, sessions, tokens
from houfeng.office.identity.people import find
from houfeng_desk.locale import LANGS
from houfeng_desk.security.session import LANG, TYPE, leave, remember
from houfeng_desk.web import DeskDep, ViewerDep, allowed, field, flash, form_of, number_field, page, see_other

router = APIRouter()
ME = [allowed(Permission.USE_ACCOUNT)]


@router.get("/account", name="account", dependencies=ME)
def account(request: Request, desk: DeskDep, viewer: ViewerDep) -> Response:
    """Everything about oneself on one page."""
    return _page(request, desk, viewer)


def _page(request: Request, desk: DeskDep, viewer: ViewerDep, secret: str = "") -> Response:
    with desk.office.read() as session:
        user = find(session, viewer.login)
        return page(
            request,
            "house/account.html",
            user=user,
            sessions=sessions.listing(session, viewer.user_id),
            tokens=tokens.listing(session, viewer.user_id),
            grantable=[p for p in Permission if p in viewer.permissions and p is not Permission.USE_ACCOUNT],
            permission_names=PERMISSION_NAMES,
            longest=house(session).token_days,
            secret=secret,
        )


@router.post("/account/profile", dependencies=ME)
def profile(request: Request, desk: DeskDep, viewer: ViewerDep) -> Response:
    """Name, mail, language, one session at a time, size of type."""
    lang = field(request, "lang", most=2)
    if lang not in LANGS:
        raise InputError(Text("没有这种语言", "there is no such language"))
    with desk.office.begin() as session:
        accounts.change_profile(
            session,
            viewer,
            name=field(request, "name", most=120, label=Text("姓名", "Name")),
            email=field(request, "email", most=200),
            lang=lang,
            one_session=bool(field(request, "one_session")),
        )
    leave(request, LANG, "", seconds=0)
    remember(request, TYPE, "large" if field(request, "large") else "normal")
    flash(request, Text("已保存。", "Saved."))
    return see_other("/account")


@router.post("/account/password", dependencies=ME)
def password(request: Request, desk: DeskDep, viewer: ViewerDep) -> Response:
    """Change the password; other sessions end."""
    form = form_of(request)
    old, new, again = (str(form.get(name, ""))[:1000] for name in ("old", "new", "again"))
    if new != again:
        raise InputError(Text("两次输入的新口令不一致", "the two new passwords differ"))
    with desk.office.begin() as session:
        local.change_password(session, viewer, old, new)
    flash(request, Text("口令已修改，其他会话已退出。", "The password is changed; other sessions have ended."))
    return see_other("/account")


@router.post("/account/sessions/{session_id}/end", dependencies=ME)
def end_session(request: Request, desk: DeskDep, viewer: ViewerDep, session_id: int) -> Response:
    """End one of one's sessions."""
    with desk.office.begin() as session:
        sessions.end(session, viewer, session_id, "")
    flash(request, Text("该会话已退出。", "That session has ended."))
    return see_other("/account")


@router.post("/account/tokens", dependencies=ME)
def issue_token(request: Request, desk: DeskDep, viewer: ViewerDep) -> Response:
    """Make a token; its secret is on the page that answers, and nowhere else."""
    chosen = [Permission(str(name)) for name in form_of(request).getlist("permissions") if name in list(Permission)]
    days = number_field(request, "days", Text("有效天数", "Days"))
    with desk.office.begin() as session:
        issued = tokens.issue(session, viewer, field(request, "name", most=120), chosen, days)
    return _page(request, desk, viewer, issued.secret)


@router.post("/account/tokens/{token_id}/revoke", dependencies=ME)
def revoke_token(request: Request, desk: DeskDep, viewer: ViewerDep, token_id: int) -> Response:
    """End a token."""
    with desk.office.begin() as session:
        tokens.revoke(session, viewer, token_id)
    flash(request, Text("令牌已作废。", "The token is revoked."))
    return see_other("/account")
