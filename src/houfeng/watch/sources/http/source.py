"""The server, and the one thread that reads the bodies of all requests in line together.

Many small requests then cost little more than one large one, and the main loop makes them durable with one fsync.
"""

from __future__ import annotations

import socket
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from houfeng.errors import EnvironmentFault, Problem, Text, UsageError
from houfeng.watch.journal.entries import OFFSET
from houfeng.watch.sources.http.app import LOOPBACK, App, Refused
from houfeng.watch.sources.http.bodies import Request
from houfeng.watch.sources.parsing import Parser
from houfeng.watch.sources.queue import Put, Source, incoming
from houfeng.watch.sources.typed import Parsed

if TYPE_CHECKING:
    import uvicorn

_TOGETHER = 20_000  # lines read at once
_IN_LINE = 64 << 20  # bytes of bodies that wait
_REQUESTS = 10_000  # requests that wait


class HttpSource(Source):
    """A server for events. Without a `token` it listens on this machine only. Its offsets count rows as they came.

    `answered` gives the answer to an idempotency key of before the start; `metrics` and `status` what their pages show.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 8440,
        *,
        name: str = "http",
        kind: str = "",
        token: str = "",
        max_rows: int = 200_000,
        max_body: int = 16 << 20,
        timeout: float = 30.0,
        answered: Callable[[str], Mapping[str, Any] | None] = lambda key: None,
        metrics: Callable[[], str] | None = None,
        status: Callable[[], Mapping[str, Any]] | None = None,
    ) -> None:
        """Raises UsageError where a host other than this machine is to be bound without a token."""
        super().__init__(name)
        if not token and host not in LOOPBACK:
            why = Text(
                f"没有令牌只能绑定本机，不能绑定 {host}", f"without a token only loopback may be bound, not {host}"
            )
            raise UsageError(why)
        self.host, self.port = host, port
        self._kind, self._max_rows = kind, max_rows
        self._app = App(self._enqueue, token, max_body, timeout, answered, metrics, status)
        self._parsers: dict[str, Parser] = {}
        self._line: deque[Request] = deque()
        self._lines = self._bytes = self._waiting = 0  # of requests not yet put into the queue
        self._changed = threading.Condition()
        self._server: uvicorn.Server | None = None
        self._serving: threading.Thread | None = None

    def start(self, put: Put, offsets: Mapping[str, int]) -> None:
        """Listen.

        Raises:
            EnvironmentFault: uvicorn is not installed, or the port cannot be had.
        """
        try:
            import uvicorn
        except ImportError as error:
            text = (
                "HTTP 接收需要 uvicorn：pip install 'houfeng[desk]'",
                "HTTP needs uvicorn: pip install 'houfeng[desk]'",
            )
            raise EnvironmentFault(Text(*text)) from error
        listening = self._bound()
        self.port = listening.getsockname()[1]
        config = uvicorn.Config(
            self._app,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            ws="none",
            timeout_graceful_shutdown=5,
        )
        self._server = uvicorn.Server(config)
        super().start(put, offsets)
        self._serving = threading.Thread(
            target=self._server.run, args=([listening],), name=f"{self.name}-server", daemon=True
        )
        self._serving.start()

    def stop(self) -> None:
        """Take no more requests; those in line are answered first where the main loop still runs."""
        if self._server is not None and self._serving is not None:
            self._server.should_exit = True
            self._serving.join(10)
        with self._changed:
            self.stopping.set()
            self._changed.notify_all()
        super().stop()

    def problems(self) -> list[Problem]:
        """What was let in with a doubt, counted."""
        return [problem for parser in self._parsers.values() for problem in parser.problems()]

    def _bound(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        listening = socket.socket(family, socket.SOCK_STREAM)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((self.host.strip("[]"), self.port))
            listening.listen(2048)
        except OSError as error:
            listening.close()
            why = error.strerror or str(error)
            raise EnvironmentFault(
                Text(f"不能监听 {self.host}:{self.port}：{why}", f"cannot listen on {self.host}:{self.port}: {why}")
            ) from error
        return listening

    def _enqueue(self, request: Request) -> None:
        with self._changed:
            if self.stopping.is_set() or self.error is not None:
                raise Refused(503, "正在停止", "stopping")
            more = self._lines + request.lines > self._max_rows or self._bytes + len(request.body) > _IN_LINE
            if self._waiting >= _REQUESTS or (more and self._waiting):
                raise Refused(429, "队列已满，请稍后再发", "the queue is full; send it again in a moment")
            self._line.append(request)
            self._waiting += 1
            self._lines += request.lines
            self._bytes += len(request.body)
            self._changed.notify_all()

    def _run(self, put: Put, offsets: Mapping[str, int]) -> None:
        last = offsets.get(self.name, 0)
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._line or self.stopping.is_set())
                if not self._line:
                    return
                kind, some = self._next()
            block = b"".join(request.body for request in some)
            found = self._parser(kind).lines(block, last + 1)
            for request, parts, first, end in _shared(some, found, last):
                request.first, last = first, end
                put(*incoming(self.name, parts, first, end, key=request.key, reply=request.reply))
                with self._changed:
                    self._lines -= request.lines
                    self._bytes -= len(request.body)
                    self._waiting -= 1

    def _guarded(self, put: Put, offsets: Mapping[str, int]) -> None:
        try:
            super()._guarded(put, offsets)
        finally:
            with self._changed:
                self.stopping.set()
                for request in self._line:
                    request.reply(EnvironmentFault(Text("正在停止，未收下", "stopping; this was not taken")))

    def _next(self) -> tuple[str, list[Request]]:
        """The next requests in line that say the same kind, at most `_TOGETHER` lines of them or one."""
        some = [self._line.popleft()]
        lines = some[0].lines
        while self._line and self._line[0].kind == some[0].kind and lines + self._line[0].lines <= _TOGETHER:
            lines += self._line[0].lines
            some.append(self._line.popleft())
        return some[0].kind, some

    def _parser(self, kind: str) -> Parser:
        kind = kind or self._kind
        if kind not in self._parsers:
            self._parsers[kind] = Parser(kind)
        return self._parsers[kind]


def _shared(
    some: Sequence[Request], found: Sequence[Parsed], last: int
) -> list[tuple[Request, list[Parsed], int, int]]:
    """Each request with its part of what was read together, and its first and last offset."""
    ends = last + np.cumsum([request.lines for request in some])
    starts = np.concatenate(([last], ends[:-1]))
    cuts = []
    for part in found:
        rows, bad = part.rows.column(OFFSET).to_numpy(), part.rejected.column("offset").to_numpy()
        cuts.append([np.searchsorted(at, ends, "right").tolist() for at in (rows, bad)])
    shared = []
    for i, request in enumerate(some):
        mine = []
        for part, (rows, bad) in zip(found, cuts, strict=True):
            before = (rows[i - 1], bad[i - 1]) if i else (0, 0)
            if rows[i] > before[0] or bad[i] > before[1]:
                good = part.rows.slice(before[0], rows[i] - before[0])
                mine.append(Parsed(part.kind, good, part.rejected.slice(before[1], bad[i] - before[1])))
        shared.append((request, mine, int(starts[i]) + 1, int(ends[i])))
    return shared
