"""What comes over a real connection: a gigabyte, said or unsaid; heads without end; deep JSON; bombs. It is refused
early, the server's memory stays flat, and the next one is served."""

from __future__ import annotations

import re
import shutil
import socket
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from desk.data.files_samples import balances, patched
from desk.desk_samples import make_office
from desk.kills.acting_samples import Person
from desk.kills.forking import forking, free_port, wait_for
from houfeng.clock import wall_clock
from houfeng.office.database import Office
from houfeng_desk.security.forgery import _mark

MEGABYTE = 1 << 20
FLAT = 160 * MEGABYTE
"""What the server may grow by in all; a form of 200 MB that were held in memory would be more."""


@dataclass
class Server:
    """A desk in a process of its own."""

    port: int
    pid: int
    book: Path
    officer: Person

    def memory(self) -> int:
        """Bytes it holds."""
        status = Path(f"/proc/{self.pid}/status").read_text("ascii")
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert found
        return int(found[1]) * 1024

    def send(self, head: str, body: Iterator[bytes] | tuple[bytes, ...] = ()) -> tuple[int, int]:
        """Send a request as it is; gives the status and how many bytes of the body went before it was answered."""
        gone = 0
        with socket.create_connection(("127.0.0.1", self.port), 60) as one:
            try:
                one.sendall(head.encode("latin-1") + b"\r\n\r\n")
                for part in body:
                    one.sendall(part)
                    gone += len(part)
                    one.setblocking(False)
                    try:
                        if answer := one.recv(65536):
                            return _status(answer), gone
                    except BlockingIOError:
                        pass
                    finally:
                        one.settimeout(60)
                return _status(one.recv(65536)), gone
            except (BrokenPipeError, ConnectionResetError):
                try:
                    return _status(one.recv(65536)), gone
                except ConnectionResetError:
                    return 0, gone  # it hung up on us

    def cookie(self) -> str:
        return f"cookie: houfeng={self.officer.secret}\r\nx-csrf-token: {_mark(self.officer.secret)}"


def _status(answer: bytes) -> int:
    return int(answer.split(b" ")[1]) if answer.startswith(b"HTTP/1.1 ") else 0


@pytest.fixture(scope="module")
def server(small_book: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("network")
    shutil.copytree(small_book, folder / "book")
    make_office(folder / "office.db", wall_clock)
    url, port = f"sqlite:///{folder / 'office.db'}", free_port()
    office = Office.open(url, wall_clock)
    with forking(url, folder / "book") as fork:
        pid = fork(f"server {port}")
        wait_for(port)
        made = Server(port, pid, folder / "book", Person(office, "officer", port))
        assert made.officer.get("/data/upload")[0] == 200
        before = made.memory()
        yield made
        assert made.officer.get("/data/upload")[0] == 200
        assert made.memory() - before < FLAT, f"{(made.memory() - before) >> 20} MB more"
    office.close()


def endless(first: bytes, chunked: bool, most: int = 1 << 30) -> Iterator[bytes]:
    """A gigabyte."""
    yield _chunk(first) if chunked else first
    part = b"x" * MEGABYTE
    for _ in range(most // MEGABYTE):
        yield _chunk(part) if chunked else part


def _chunk(part: bytes) -> bytes:
    return f"{len(part):x}\r\n".encode() + part + b"\r\n"


FIRST = b'--b\r\ncontent-disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
HEAD = "POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: {type}"
MULTIPART = "multipart/form-data; boundary=b"


@pytest.mark.parametrize(
    "path", ["/data/upload", "/api/v1/submissions", "/sign-in", "/cases/1/documents", "/packs/upload"]
)
@pytest.mark.parametrize("who", ["officer", "nobody", "liar"])
def test_a_gigabyte_that_says_so(server: Server, path: str, who: str) -> None:
    head = HEAD.format(path=path, type=MULTIPART) + f"\r\ncontent-length: {1 << 30}"
    extra = {"officer": server.cookie(), "liar": "cookie: houfeng=" + "x" * 43, "nobody": "x-a: b"}[who]
    status, gone = server.send(f"{head}\r\n{extra}", endless(FIRST, chunked=False))
    assert status in (0, 403, 413), status
    assert gone <= 16 * MEGABYTE


@pytest.mark.parametrize(
    ("path", "type_", "who", "most"),
    [
        ("/data/upload", MULTIPART, "officer", 230),
        ("/data/upload", MULTIPART, "nobody", 16),
        ("/data/upload", MULTIPART, "liar", 16),
        ("/sign-in", "application/x-www-form-urlencoded", "nobody", 16),
        ("/data/upload", "application/x-www-form-urlencoded", "officer", 16),
        ("/api/v1/alerts/x/acknowledge", "application/json", "officer", 16),
        ("/api/v1/alerts/x/acknowledge", "application/json", "nobody", 16),
    ],
)
def test_a_gigabyte_that_does_not_say_so(server: Server, path: str, type_: str, who: str, most: int) -> None:
    head = HEAD.format(path=path, type=type_) + "\r\ntransfer-encoding: chunked"
    extra = {"officer": server.cookie(), "liar": "cookie: houfeng=" + "x" * 43, "nobody": "x-a: b"}[who]
    status, gone = server.send(f"{head}\r\n{extra}", endless(FIRST, chunked=True))
    assert status in (0, 400, 401, 403, 413), status
    assert gone <= most * MEGABYTE
    assert not list((server.book / "desk" / "uploads").glob("*/file/*"))


def test_a_form_of_many_large_fields(server: Server) -> None:
    def fields() -> Iterator[bytes]:
        for n in range(2000):
            field = f'--b\r\ncontent-disposition: form-data; name="f{n}"\r\n\r\n'.encode() + b"y" * 100_000 + b"\r\n"
            yield _chunk(field)
        yield _chunk(b"--b--\r\n") + b"0\r\n\r\n"

    head = HEAD.format(path="/data/upload", type=MULTIPART) + f"\r\ntransfer-encoding: chunked\r\n{server.cookie()}"
    status, gone = server.send(head, fields())
    assert status in (0, 400, 413), status
    assert gone <= 16 * MEGABYTE


@pytest.mark.parametrize(
    "head",
    [
        f"GET /{'a' * 100_000} HTTP/1.1\r\nhost: 127.0.0.1",
        f"GET /alerts?q={'a' * 30_000} HTTP/1.1\r\nhost: 127.0.0.1",
        f"GET /{'9' * 5_000} HTTP/1.1\r\nhost: 127.0.0.1",
        f"GET /cases/{'9' * 4_500} HTTP/1.1\r\nhost: 127.0.0.1",
        f"GET / HTTP/1.1\r\nhost: 127.0.0.1\r\nx-a: {'a' * 100_000}",
        "GET / HTTP/1.1\r\nhost: 127.0.0.1\r\n" + "\r\n".join(f"x-{n}: a" for n in range(20_000)),
        f"GET / HTTP/1.1\r\nhost: 127.0.0.1\r\ncookie: {'a=b; ' * 5_000}",
        "GET / HTTP/1.1\r\nhost: evil.example",
        "GET / HTTP/1.1\r\nx-a: no host",
        "GET /\x00 HTTP/1.1\r\nhost: 127.0.0.1",
        "GET /%00%ff%fe HTTP/1.1\r\nhost: 127.0.0.1",
        "GET /\xff\xfe HTTP/1.1\r\nhost: 127.0.0.1",
        "GET / HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: \xb2",
        "GET / HTTP/1.1\r\nhost: 127.0.0.1\r\nx-forwarded-for: " + "1.1.1.1," * 3_000,
        "GET / HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer hf_" + "a" * 20_000,
        "GET / HTTP/1.1\r\nhost: 127.0.0.1\r\naccept-language: " + "zh;q=1," * 5_000,
        "GARBAGE",
    ],
    ids=lambda head: repr(head[:20]) + str(len(head)),
)
def test_heads_without_end_or_sense(server: Server, head: str) -> None:
    status, _ = server.send(head)
    assert status == 0 or 200 <= status < 500


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 500_000,
        b'{"comment":' * 100_000,
        b'{"comment": "a\\u0000b"}',
        b'{"comment": "\\ud800"}',
        b'{"comment": "' + b"x" * 900_000 + b'"}',
        b"\xff\xfe{}",
        b'{"comment": 1e999999}',
        b'{"comment": ' + b"9" * 10_000 + b"}",
    ],
    ids=lambda body: repr(body[:24]) + str(len(body)),
)
def test_deep_and_odd_json(server: Server, body: bytes) -> None:
    for path in ("/api/v1/alerts/x/acknowledge", "/api/v1/cases/1/move", "/api/v1/approvals/1/decide"):
        head = HEAD.format(path=path, type="application/json") + f"\r\ncontent-length: {len(body)}\r\n{server.cookie()}"
        status, _ = server.send(head, (body,))
        assert 400 <= status < 500, status


def test_bombs(server: Server) -> None:
    """A gigabyte of zeros in a megabyte, as a zip and as a part of a workbook."""
    path = server.book.parent / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made, made.open("a.csv", "w", force_zip64=True) as part:
        for _ in range(1 << 10):
            part.write(b"0" * MEGABYTE)
    sheet = patched(balances(), "xl/worksheets/sheet1.xml", lambda b: b + b" " * (300 << 20))
    for name, data in (("bomb.zip", path.read_bytes()), ("bomb.xlsx", sheet)):
        status, place = server.officer.upload(name, data, {})
        assert status == 303
        told = server.officer.get(place)[1]
        assert "exchange.bomb" in told or "由后台处理" in told, name
