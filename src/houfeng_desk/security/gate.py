"""The gate before everything: which names the desk answers to, and how much anybody may send.

Sizes are counted while the body streams in; what a client says about its length is only believed when it is too much.
"""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from houfeng_desk.desk import DeskSettings

FOREIGN = PlainTextResponse(
    "本系统不以这个名字提供服务；运维人员可用 --name 加上。\nThe desk does not answer to this name; --name adds one.\n",
    400,
)


ADDRESS = 16_384
"""Bytes of path and query together; the longest address of a page, a hundred chosen alerts, is half of it."""
NAME = 2_000
"""Bytes of a path: a converter of numbers would choke on more digits."""

TOO_LONG = PlainTextResponse("地址太长。\nThe address is too long.\n", 414)


class Gate:
    """Refuses foreign hosts and bodies that are too large; believes forwarding headers of known proxies only."""

    def __init__(self, app: ASGIApp, settings: DeskSettings) -> None:
        """`settings` name the hosts, the proxies and the sizes."""
        self.app = app
        self.settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through; a body that grows too large ends in the desk's own page for it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        scope.setdefault("state", {})["peer"] = scope["client"][0] if scope.get("client") else ""
        self._forwarded(scope, headers)
        if hostname(headers.get(b"host", "")) not in self.settings.hosts:
            await FOREIGN(scope, receive, send)
            return
        path, query = scope.get("raw_path") or scope["path"].encode(), scope.get("query_string", b"")
        if len(path) > NAME or len(path) + len(query) > ADDRESS:
            await TOO_LONG(scope, receive, send)
            return
        limit = self._limit(headers)
        stated = headers.get(b"content-length", "")
        too_long = stated.isascii() and stated.isdigit() and (len(stated) > 15 or int(stated) > limit)
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            if too_long:
                raise HTTPException(413)
            message = await receive()
            if message["type"] == "http.request":
                taken += len(message.get("body", b""))
                if taken > limit:
                    raise HTTPException(413)
            return message

        await self.app(scope, counted, send)

    def _limit(self, headers: dict[bytes, str]) -> int:
        """Files are let in only from somebody who at least claims to have a session."""
        claims = b"cookie" in headers or b"authorization" in headers
        large = headers.get(b"content-type", "").startswith("multipart/form-data")
        return self.settings.upload_bytes if claims and large else self.settings.form_bytes

    def _forwarded(self, scope: Scope, headers: dict[bytes, str]) -> None:
        """Take scheme and address from the forwarding headers where the peer is a proxy of ours."""
        peer = scope.get("client")
        if peer is None or peer[0] not in self.settings.proxies:
            return
        proto = headers.get(b"x-forwarded-proto", "").split(",")[-1].strip()
        if proto in ("http", "https"):
            scope["scheme"] = proto
        hops = [hop.strip() for hop in headers.get(b"x-forwarded-for", "").split(",") if hop.strip()]
        real = next((hop for hop in reversed(hops) if hop not in self.settings.proxies), None)
        if real is not None:
            scope["client"] = (real, 0)


def hostname(host: str) -> str:
    """The name in a `Host` header, without its port."""
    host = host.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() and ":" in host else host
