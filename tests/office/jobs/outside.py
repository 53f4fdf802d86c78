"""The outside world on this machine: an HTTP server that keeps what it was sent, and an SMTP server."""

from __future__ import annotations

import base64
import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit


class Got(NamedTuple):
    """One request."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Web:
    """Answers 200 and `answer`, or what `trouble` says next: (status, headers, body)."""

    def __init__(self) -> None:
        self.got: list[Got] = []
        self.answer = b'{"errcode":0,"errmsg":"ok"}'
        self.trouble: list[tuple[int, dict[str, str], bytes]] = []
        self.url = ""


class Post:
    """An SMTP server: the mails it took, and the name and password it was told."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.signed_in = ""
        self.full = False
        self.url = ""


@contextmanager
def web() -> Iterator[Web]:
    seen = Web()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers["Content-Length"]))
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            seen.got.append(Got(parts.path, query, dict(self.headers.items()), body))
            status, headers, answer = seen.trouble.pop(0) if seen.trouble else (200, {}, seen.answer)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with _serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as port:
        seen.url = f"http://127.0.0.1:{port}"
        yield seen


@contextmanager
def post_office() -> Iterator[Post]:
    seen = Post()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self._say("220 post")
            while line := self.rfile.readline().decode().strip():
                word = line.split(" ")[0].upper()
                if word == "EHLO":
                    self._say("250-post\r\n250 AUTH PLAIN")
                elif word == "AUTH":
                    seen.signed_in = base64.b64decode(line.split(" ")[2]).decode().replace("\0", "|")
                    self._say("235 ok")
                elif word == "RCPT":
                    seen.recipients.append(line)
                    self._say("452 full" if seen.full else "250 ok")
                elif word == "DATA":
                    self._say("354 go on")
                    seen.mails.append(self._mail())
                    self._say("250 ok")
                elif word == "QUIT":
                    self._say("221 bye")
                    return
                else:
                    self._say("250 ok")

        def _say(self, line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

        def _mail(self) -> EmailMessage:
            lines = []
            while (line := self.rfile.readline()) != b".\r\n":
                lines.append(line[1:] if line.startswith(b"..") else line)
            mail = message_from_bytes(b"".join(lines), policy=policy.default)
            assert isinstance(mail, EmailMessage)
            return mail

    with _serving(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)) as port:
        seen.url = f"smtp://127.0.0.1:{port}"
        yield seen


@contextmanager
def _serving(server: socketserver.TCPServer) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
