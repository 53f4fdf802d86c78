"""`houfeng watch run` as people run it: sources, signals, a second watch, status, a drill."""

from __future__ import annotations

import json
import signal
import socket
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from watch.service import running
from watch.sources.event_samples import lines
from watch.sources.kafka_samples import Cluster


@pytest.fixture(autouse=True)
def _nobody_stays() -> Iterator[None]:
    yield
    running.end_all()


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


def ask(port: int, path: str, body: bytes | None = None, **headers: str) -> bytes:
    """The answer of the watch's server."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data=body, headers=headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        found: bytes = answer.read()
    return found


def post(port: int, some: list[dict[str, Any]], key: str) -> dict[str, Any]:
    """Events by HTTP."""
    told = ask(port, "/api/v1/events", lines(some), **{"content-type": "application/json", "idempotency-key": key})
    found: dict[str, Any] = json.loads(told)
    return found


def good(some: list[dict[str, Any]]) -> int:
    """How many events have an amount."""
    return sum(float(event["amount"]) > 0 for event in some)


def accepted(port: int, source: str) -> int:
    """How many events of a source were accepted, by the status."""
    events = json.loads(ask(port, "/api/v1/watch/status"))["events"]
    return int(events.get(source, {}).get("account_flow", {}).get("accepted", 0))


def wait(until: Callable[[], Any]) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + 60
    while not until():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_http_and_kafka_over_a_restart(tmp_path: Path) -> None:
    book, pack = running.prepare(tmp_path)
    cluster, port, some = Cluster(), free_port(), running.events(400)[1:]
    cluster.send("flows", [lines([event]).strip() for event in some[:200:2]])
    servers = cluster.settings["bootstrap.servers"]
    sources = ["--source", f"http:{port}", "--source", f"kafka:flows@{servers}", "--kind", "account_flow"]
    arguments = ["run", pack, *sources, "--book", book, *running.SMALL, "--lateness", "86400"]
    watch = running.houfeng(*arguments)
    running.begun(watch)
    first = post(port, some[1:200:2], "k1")
    assert first["accepted"] == good(some[1:200:2])
    assert not first["replayed"]
    wait(lambda: accepted(port, "kafka:flows:0") == good(some[:200:2]))
    assert b'outcome="accepted",source="kafka:flows:0"' in ask(port, "/metrics")
    second = running.houfeng(*arguments)
    running.finish(second, 1)
    status, _ = running.finish(running.houfeng("status", "--book", book, "--lang", "en"))
    assert "running" in status
    said, _ = running.finish(running.houfeng("stop", "--who", "Li", "--why", "test", "--book", book, "--lang", "en"))
    assert "emission is stopped" in said
    watch.send_signal(signal.SIGTERM)
    _, error = running.finish(watch)
    assert "Traceback" not in error
    assert list((book / "watch" / "state").glob("0*"))
    cluster.send("flows", [lines([event]).strip() for event in some[200:]])
    watch = running.houfeng(*arguments)
    running.begun(watch)
    again = post(port, some[1:200:2], "k1")
    assert again == {"offset": 100, "replayed": True}
    wait(lambda: accepted(port, "kafka:flows:0") == good(some[200:]))
    watch.send_signal(signal.SIGINT)
    running.finish(watch)
    assert len(running.rows(book)) == good(some)
    rules, _ = running.finish(running.houfeng("rules", "--book", book, "--lang", "en"))
    assert "emission is stopped" in rules


def test_a_directory_once_then_a_drill(tmp_path: Path) -> None:
    book, pack = running.prepare(tmp_path)
    running.write(tmp_path / "in", running.events(600)[1:])
    once = ["run", pack, "--source", f"dir:{tmp_path / 'in'}", "--once", "--until", "2026-01-03", "--book", book]
    shown, _ = running.finish(running.houfeng(*once, *running.SMALL))
    assert "opened" in shown
    assert [path.name for path in (tmp_path / "in").glob("*.jsonl")] == []
    before = running.rows(book)
    drill = ["run", pack, "--source", "replay:2026-01-01..2026-01-03", "--drill", tmp_path / "drill", "--book", book]
    running.finish(running.houfeng(*drill, "--quiet", "--max-keys", "4096", "--state-memory", "64MB"))
    assert running.alerts(tmp_path / "drill") == running.alerts(book / "watch")
    assert running.rows(book) == before


@pytest.mark.parametrize("source", ["foo", "kafka:t", "http:x:y", "replay:2026-01-01..2026-01-02", "dir:"])
def test_a_source_that_is_none_is_refused_before_anything_is_opened(tmp_path: Path, source: str) -> None:
    from click.testing import CliRunner

    from houfeng.errors import UsageError
    from houfeng_cli.watch.run import run

    found = CliRunner().invoke(run, ["nowhere", "--source", source, "--book", str(tmp_path / "none")])
    assert isinstance(found.exception, UsageError)
    assert not (tmp_path / "none").exists()


def test_a_port_that_is_taken_ends_it_in_plain_words(tmp_path: Path) -> None:
    book, pack = running.prepare(tmp_path)
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        port = held.getsockname()[1]
        watch = running.houfeng("run", pack, "--source", f"http:{port}", "--book", book, *running.SMALL)
        _, error = running.finish(watch, 3)
    assert str(port) in error
    assert "Traceback" not in error
