"""The requests: who may ask, what is asked, and the answer; an ASGI application without a framework."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from houfeng.errors import ConflictError, HoufengError, Text, UsageError
from houfeng.watch.sources.http.bodies import JSON_TYPES, Request, error_body, lines_from

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]

LOOPBACK = ("127.0.0.1", "localhost", "[::1]", "::1")
_REMEMBERED = 10_000  # idempotency keys whose answers are kept in memory; the log keeps them all
_KEY = 200  # characters of an idempotency key
_AGAIN = "1"  # seconds after which a sender turned away may ask again


class Refused(HoufengError):
    """A request turned away, with its HTTP status."""

    def __init__(self, status: int, zh: str, en: str) -> None:
        super().__init__(Text(zh, en))
        self.answer_status = status


@dataclass
class App:
    """The application. `enqueue` puts a request in line, or raises `Refused` where there is no room."""

    enqueue: Callable[[Request], None]
    token: str = ""
    max_body: int = 16 << 20
    timeout: float = 30.0
    answered: Callable[[str], Mapping[str, Any] | None] = lambda key: None
    metrics: Callable[[], str] | None = None
    status: Callable[[], Mapping[str, Any]] | None = None
    _keys: OrderedDict[str, tuple[bytes, asyncio.Future[dict[str, Any]]]] = field(default_factory=OrderedDict)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        try:
            status, kind, body = await self._answer(scope, receive)
        except Refused as error:
            status, kind, body = error.answer_status, "application/json", _json(error_body(error))
        except HoufengError as error:
            status, kind, body = error.status, "application/json", _json(error_body(error))
        headers = [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode())]
        if status == 401:
            headers.append((b"www-authenticate", b"Bearer"))
        if status in (429, 503):
            headers.append((b"retry-after", _AGAIN.encode()))
        if status == 413:  # the rest of the body is not read
            headers.append((b"connection", b"close"))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, scope: Scope, receive: Receive) -> tuple[int, str, bytes]:
        path, method = scope["path"], scope["method"]
        if path == "/healthz" and method == "GET":
            return 200, "text/plain; charset=utf-8", b"ok\n"
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        self._check_caller(headers)
        if path == "/api/v1/events":
            if method != "POST":
                raise Refused(405, "只接受 POST", "POST only")
            return 200, "application/json", _json(await self._events(scope, headers, receive))
        if path == "/metrics" and method == "GET" and self.metrics is not None:
            return 200, "text/plain; version=0.0.4; charset=utf-8", self.metrics().encode()
        if path == "/api/v1/watch/status" and method == "GET" and self.status is not None:
            return 200, "application/json", _json(self.status())
        raise Refused(404, "没有这个地址", "there is nothing at this address")

    def _check_caller(self, headers: Mapping[str, str]) -> None:
        """The token; without one, that no web page of elsewhere talks through somebody's browser."""
        if self.token:
            given = headers.get("authorization", "").removeprefix("Bearer ")
            if not hmac.compare_digest(given.encode(), self.token.encode()):
                raise Refused(401, "缺少令牌或令牌不对", "the token is missing or wrong")
            return
        host = headers.get("host", "")
        name = host if host.endswith("]") or ":" not in host else host.rpartition(":")[0]
        if name not in LOOPBACK or "origin" in headers:
            raise Refused(403, "未设令牌时只接受本机程序", "without a token only programs on this machine may ask")

    async def _events(self, scope: Scope, headers: Mapping[str, str], receive: Receive) -> dict[str, Any]:
        if headers.get("content-type", "").partition(";")[0].strip().lower() not in JSON_TYPES:
            raise Refused(415, "Content-Type 应为 application/json", "the Content-Type must be application/json")
        key = headers.get("idempotency-key", "")
        if len(key) > _KEY:
            raise UsageError(Text(f"Idempotency-Key 超过 {_KEY} 个字符", f"Idempotency-Key is over {_KEY} characters"))
        body = await self._body(headers, receive)
        digest = hashlib.sha256(body).digest() if key else b""
        if key and (held := self._keys.get(key)):
            if held[0] != digest:
                raise ConflictError(
                    Text("同一 Idempotency-Key 内容不同", "the same Idempotency-Key came with another body")
                )
            return {**await self._wait(held[1]), "replayed": True}
        if key and (told := self.answered(key)) is not None:
            return {**told, "replayed": True}
        asked = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("kind", [""])[0]
        kind, lines = lines_from(body, asked)
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[dict[str, Any]] = loop.create_future()
        self.enqueue(Request(kind, lines, key, answer, loop, lines.count(b"\n")))
        if key:
            self._remember(key, digest, answer)
        return await self._wait(answer)

    async def _body(self, headers: Mapping[str, str], receive: Receive) -> bytes:
        said = headers.get("content-length", "0")
        size, parts = 0, []
        too_large = said.isdigit() and int(said) > self.max_body
        while not too_large:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Refused(400, "请求没有发完", "the request was cut short")
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            too_large = size > self.max_body
            if not message.get("more_body", False):
                break
        if too_large:
            raise Refused(413, f"请求体超过 {self.max_body:,} 字节", f"the body is over {self.max_body:,} bytes")
        return b"".join(parts)

    def _remember(self, key: str, digest: bytes, answer: asyncio.Future[dict[str, Any]]) -> None:
        """Keep an answer for who asks again; what failed may be tried again."""
        self._keys[key] = (digest, answer)

        def failed(done: asyncio.Future[dict[str, Any]]) -> None:
            if done.cancelled() or done.exception() is not None:
                self._keys.pop(key, None)

        answer.add_done_callback(failed)
        while len(self._keys) > _REMEMBERED:
            self._keys.popitem(last=False)

    async def _wait(self, answer: asyncio.Future[dict[str, Any]]) -> dict[str, Any]:
        try:
            return await asyncio.wait_for(asyncio.shield(answer), self.timeout)
        except TimeoutError:
            text = "尚未落盘，请以同一 Idempotency-Key 重试", "not durable yet; ask again with the same Idempotency-Key"
            raise Refused(503, *text) from None


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, default=str).encode() + b"\n"
