"""One sentence after an act, shown on the next page: kept in a cookie, signed with the session's secret."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import NamedTuple

from starlette.requests import Request

from houfeng.errors import Text
from houfeng_desk.security.forgery import session_cookie
from houfeng_desk.security.headers import COOKIES, cookie

NAME = "houfeng-said"
MOST = 4
KINDS = ("done", "note", "fault")


class Flash(NamedTuple):
    """What is said, and whether it is good news."""

    text: Text
    kind: str


def add_flash(request: Request, text: Text, kind: str) -> None:
    """Keep `text` for the next page."""
    said = getattr(request.state, "flashes", [])
    request.state.flashes = [*said, Flash(Text(text.zh[:200], text.en[:300]), kind)][-MOST:]
    body = urlsafe_b64encode(
        json.dumps([[*one.text, one.kind] for one in request.state.flashes], ensure_ascii=False).encode()
    ).decode()
    _set(request, f"{body}.{_mark(request, body)}", 60)


def take_flashes(request: Request) -> list[Flash]:
    """What was said on the way here; shown once."""
    body, _, mark = request.cookies.get(NAME, "").partition(".")
    if not body:
        return []
    _set(request, "", 0)
    if not hmac.compare_digest(mark.encode(), _mark(request, body).encode()):
        return []
    return [Flash(Text(zh, en), kind) for zh, en, kind in json.loads(urlsafe_b64decode(body))]


def _set(request: Request, value: str, seconds: int) -> None:
    secure = request.app.state.desk.settings.secure or request.url.scheme == "https"
    request.scope["state"].setdefault(COOKIES, {})["said"] = cookie(NAME, value, secure=secure, seconds=seconds)


def _mark(request: Request, body: str) -> str:
    secret = request.cookies.get(session_cookie(request), "")
    return hmac.new(secret.encode(), b"said " + body.encode(), hashlib.sha256).hexdigest()
