"""One's own account: profile, open sessions, tokens. Passwords and new tokens belong to who is signed in by hand."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from houfeng.errors import InputError, Text
from houfeng.office.access import Permission
from houfeng.office.identity import accounts, sessions, tokens
from houfeng.office.identity.people import find
from houfeng_desk.api.route import router as new_router
from houfeng_desk.api.shapes import Done, done, told
from houfeng_desk.locale import LANGS
from houfeng_desk.web import DeskDep, ViewerDep, allowed

router = new_router("account")
ME = [allowed(Permission.USE_ACCOUNT)]
SESSION = ("id", "via", "created_at", "seen_at", "expires_at", "ended_at", "address", "agent")
TOKEN = ("id", "name", "permissions", "created_at", "expires_at", "used_at", "revoked_at")


@router.get("/account", operation_id="account", dependencies=ME)
def account(desk: DeskDep, viewer: ViewerDep) -> dict[str, Any]:
    """Name, mail, language, sessions and tokens of the asker; secrets are in no answer."""
    with desk.office.read() as session:
        return {
            **told(find(session, viewer.login), "login", "name", "email", "lang", "one_session"),
            "sessions": [told(one, *SESSION) for one in sessions.listing(session, viewer.user_id)],
            "tokens": [told(one, *TOKEN) for one in tokens.listing(session, viewer.user_id)],
        }


class Profile(BaseModel):
    """Who somebody is to the others; with `one_session`, signing in ends the earlier ones."""

    name: str = Field(min_length=1, max_length=120)
    email: str = Field("", max_length=200)
    lang: str = Field(max_length=2, description=f"One of {', '.join(LANGS)}.")
    one_session: bool = False


@router.put("/account/profile", operation_id="change_profile", dependencies=ME)
def profile(desk: DeskDep, viewer: ViewerDep, to: Profile) -> Done:
    """Change name, mail, language."""
    if to.lang not in LANGS:
        raise InputError(Text("没有这种语言", "there is no such language"))
    with desk.office.begin() as session:
        accounts.change_profile(session, viewer, name=to.name, email=to.email, lang=to.lang, one_session=to.one_session)
    return done(Text("已保存。", "Saved."))


@router.post("/account/sessions/{session_id}/end", operation_id="end_session", dependencies=ME)
def end_session(desk: DeskDep, viewer: ViewerDep, session_id: int) -> Done:
    """End one of one's sessions."""
    with desk.office.begin() as session:
        sessions.end(session, viewer, session_id, "")
    return done(Text("该会话已退出。", "That session has ended."))


class NewToken(BaseModel):
    """What a program may, at most what its person may, and for how many days."""

    name: str = Field(min_length=1, max_length=120)
    permissions: list[Permission] = Field(min_length=1, max_length=len(Permission))
    days: int = Field(ge=1, le=3660)


@router.post("/account/tokens", operation_id="issue_token", dependencies=ME)
def issue(desk: DeskDep, viewer: ViewerDep, asked: NewToken) -> dict[str, Any]:
    """Make a token; its secret stands in the answer and nowhere else. A token makes no tokens."""
    with desk.office.begin() as session:
        made = tokens.issue(session, viewer, asked.name, asked.permissions, asked.days)
        return {**told(made.token, *TOKEN), "secret": made.secret}


@router.post("/account/tokens/{token_id}/revoke", operation_id="revoke_token", dependencies=ME)
def revoke(desk: DeskDep, viewer: ViewerDep, token_id: int) -> Done:
    """End a token."""
    with desk.office.begin() as session:
        tokens.revoke(session, viewer, token_id)
    return done(Text("令牌已作废。", "The token is revoked."))
