"""The headers of every answer, and the cookies that a page leaves behind.

One plain ASGI layer around everything, so that error pages and static files carry the headers too.
"""

from __future__ import annotations

from collections.abc import Mapping
from http.cookies import SimpleCookie

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)

HEADERS: Mapping[str, str] = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}

COOKIES = "houfeng_cookies"
"""Where in the state of a request the cookies wait that its answer must set."""


class Headers:
    """Adds the headers and cookies to every answer."""

    def __init__(self, app: ASGIApp, secure: bool = False) -> None:
        """`secure`: the desk stands behind TLS, so browsers may be told to insist on it."""
        self.app = app
        self.secure = secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and dress its answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        state = scope.setdefault("state", {})

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", "no-store")
                if self.secure or scope.get("scheme") == "https":
                    headers.setdefault("strict-transport-security", "max-age=31536000")
                for morsel in state.get(COOKIES, {}).values():
                    headers.append("set-cookie", morsel)
            await send(message)

        await self.app(scope, receive, dressed)


def cookie(name: str, value: str, *, secure: bool, seconds: int | None = None, readable: bool = False) -> str:
    """A `Set-Cookie` line: for the whole desk, not for other sites, not for scripts unless `readable`.

    `seconds` None lasts until the browser closes; 0 takes the cookie away.
    """
    jar: SimpleCookie = SimpleCookie()
    jar[name] = value
    jar[name]["path"] = "/"
    jar[name]["samesite"] = "Lax"
    if not readable:
        jar[name]["httponly"] = True
    if secure:
        jar[name]["secure"] = True
    if seconds is not None:
        jar[name]["max-age"] = seconds
    return jar[name].OutputString()
