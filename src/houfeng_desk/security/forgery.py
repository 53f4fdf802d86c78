"""Requests that somebody else's page makes in a signed-in person's name are refused, on three grounds.

1. The session cookie is `SameSite=Lax`, so a foreign page's form does not carry it.
2. A browser that says where a form comes from (`Origin`, or `Sec-Fetch-Site`) must say: from here.
3. Every form carries a token that only a page of this session could have: an HMAC of the session's secret. Before there
   is a session (sign-in) the secret is a cookie of the form's own.

A request with a bearer token and without cookies needs none of this: no browser sends it by itself.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from starlette.datastructures import FormData
from starlette.requests import Request

from houfeng.errors import AccessError, Text
from houfeng_desk.security.headers import COOKIES, cookie

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
FIELD = "csrf"
HEADER = "x-csrf-token"
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
FIELDS = 1000
FILES = 20
FIELD_BYTES = 64 * 1024
"""Bytes of one field that is not a file: those are held in memory, files are not."""


class ForgedError(AccessError):
    """A request that no page of this session made, or whose page is too old."""

    code = "houfeng.forged"


def token(request: Request) -> str:
    """The token that forms of this request's page carry."""
    secret = _secret(request)
    if secret is None:
        secret = secrets.token_urlsafe(24)
        request.state.form_secret = secret
        waiting = request.scope["state"].setdefault(COOKIES, {})
        waiting["form"] = cookie(form_cookie(request), secret, secure=_secure(request))
    return _mark(secret)


async def check_forgery(request: Request) -> AsyncIterator[None]:
    """A dependency of the whole desk: reads the form of an unsafe request and refuses it if it may be forged.

    Files of the form are closed when the request is over.

    Raises:
        ForgedError: see the module.
    """
    if request.method in SAFE:
        yield
        return
    form = FormData()
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() in FORMS:
        form = await request.form(max_fields=FIELDS, max_files=FILES, max_part_size=FIELD_BYTES)
    request.state.form = form
    try:
        if not request.headers.get("authorization", "").lower().startswith("bearer "):
            _check(request, form)
        yield
    finally:
        await request.close()


def _check(request: Request, form: FormData) -> None:
    _from_here(request)
    given = request.headers.get(HEADER) or form.get(FIELD)
    secret = _secret(request)
    if secret is None or not isinstance(given, str) or not hmac.compare_digest(given.encode(), _mark(secret).encode()):
        raise ForgedError(
            Text(
                "页面已过期，或请求不是从本系统的页面发出的。请回到上一页刷新后再试。",
                "this page has expired, or the request did not come from a page of the desk; reload it and try again",
            )
        )


def _from_here(request: Request) -> None:
    origin = request.headers.get("origin")
    site = request.headers.get("sec-fetch-site", "same-origin")
    ours = origin is None or urlsplit(origin).netloc.lower() == request.headers.get("host", "").lower()
    if not ours or site not in ("same-origin", "none"):
        raise ForgedError(Text("请求来自别的网站，已拒绝。", "the request came from another site and was refused"))


def session_cookie(request: Request) -> str:
    """The name of the session's cookie; the prefix makes browsers insist on Secure, this host and the whole path."""
    return "__Host-houfeng" if _secure(request) else "houfeng"


def form_cookie(request: Request) -> str:
    """The name of the cookie that guards forms before there is a session."""
    return "__Host-houfeng-form" if _secure(request) else "houfeng-form"


def _secure(request: Request) -> bool:
    return bool(request.app.state.desk.settings.secure) or request.url.scheme == "https"


def _secret(request: Request) -> str | None:
    """The session's secret, else that of the form."""
    waiting: str | None = getattr(request.state, "form_secret", None)
    return request.cookies.get(session_cookie(request)) or waiting or request.cookies.get(form_cookie(request))


def _mark(secret: str) -> str:
    return hmac.new(secret.encode(), b"houfeng form", hashlib.sha256).hexdigest()
