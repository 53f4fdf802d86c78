"""Events over HTTP, against a real server and a main loop that makes nothing durable but answers as if."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import httpx
import pyarrow as pa
import pytest

from houfeng.clock import fixed_clock
from houfeng.errors import EnvironmentFault, Text, UsageError
from houfeng.watch.journal.watermark import Watermark
from houfeng.watch.sources.admission import Admission
from houfeng.watch.sources.http import HttpSource
from houfeng.watch.sources.queue import IncomingQueue
from watch.sources.event_samples import flow, lines

JSON = {"content-type": "application/json"}


class Loop:
    """A main loop: takes, admits, answers. `held` keeps it from taking."""

    def __init__(self, max_rows: int = 10_000, **options: Any) -> None:
        self.queue = IncomingQueue(max_rows)
        self.source = HttpSource(port=0, kind="account_flow", timeout=20, **options)
        self.source.start(self.queue.put, {"http": 100})
        self.held, self.stopping = threading.Event(), False
        self.held.set()
        self.parked = threading.Event()
        self.groups: list[int] = []
        self.offsets: list[tuple[int, int]] = []
        self.fault: EnvironmentFault | None = None
        self._admission = Admission(Watermark(0), fixed_clock(datetime(2026, 6, 1)), remember=10**9)
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        headers = {"authorization": f"Bearer {options['token']}"} if options.get("token") else {}
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.source.port}", headers=headers, timeout=30)

    def _run(self) -> None:
        while not self.stopping:
            if not self.held.is_set():
                self.parked.set()
            self.held.wait()
            self.parked.clear()
            items = self.queue.take(1000, 0.02)
            self.groups += [len(items)] if items else []
            told = self._admission.admit(items)
            for i, item in enumerate(items):
                self.offsets.append((item.first, item.last))
                if item.reply is None:
                    continue
                block = [r for r in told[: i + 1] if (r.first, r.last) == (item.first, item.last)]
                result = {
                    "accepted": sum(r.rows.num_rows for r in block),
                    "late": sum(r.late for r in block),
                    "duplicates": sum(r.duplicates for r in block),
                    "rejected": pa.concat_tables([r.rejected for r in block]),
                    "offset": item.last,
                    "alerts": [],
                }
                item.reply(self.fault or result)

    def hold(self) -> None:
        """Take nothing until `held` is set; returns when what was being taken is done with."""
        self.held.clear()
        assert self.parked.wait(30)

    def post(self, body: Any, path: str = "/api/v1/events", **headers: str) -> httpx.Response:
        """Send a body, JSON unless it is bytes."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.client.post(path, content=content, headers={**JSON, **headers})

    def close(self) -> None:
        """Stop everything."""
        self.held.set()
        self.client.close()
        self.source.stop()
        self.stopping = True
        self._thread.join(10)
        self.queue.close()


@pytest.fixture
def loop() -> Iterator[Loop]:
    """A server on this machine, without a token."""
    made = Loop(status=lambda: {"rate": 5}, metrics=lambda: "houfeng_events_total 5\n", max_body=100_000)
    yield made
    made.close()


def test_every_form_of_body_is_taken(loop: Loop) -> None:
    """Lines, one object, an array, an envelope, written over several lines; with rejected rows by their number."""
    events = [flow(1), flow(2, amount=-1), flow(3)]
    bodies: list[Any] = [
        lines(events),
        b"\n" + lines(events).rstrip(b"\n"),
        events,
        {"kind": "account_flow", "events": events},
        json.dumps({"events": events}, indent=2).encode(),
    ]
    for number, body in enumerate(bodies):
        answer = loop.post(body)
        assert answer.status_code == 200, answer.text
        told = answer.json()
        assert told["accepted"] + told["duplicates"] == 2
        assert (told["duplicates"] == 0) == (number == 0)
        assert [r["row"] for r in told["rejected"]] == ([3] if number == 1 else [2])
        assert told["rejected"][0]["problems"][0]["code"] == "account_flow.amount_not_positive"
        assert told["replayed"] is False
    assert loop.post(json.dumps(flow(9, amount=0.1), indent=1).encode()).json()["accepted"] == 1
    assert loop.post(flow(10, amount=None) | {"amount": 3000000000.01}).json()["accepted"] == 1
    assert loop.offsets[0] == (101, 103)
    assert all(a[1] + 1 == b[0] for a, b in zip(loop.offsets, loop.offsets[1:], strict=False))


def test_kinds_may_be_mixed_and_named_in_the_address(loop: Loop) -> None:
    """One answer for a request of several kinds."""
    record = {"record_no": "R1", "enterprise_id": flow(1)["enterprise_id"], "occurred_on": "2026-01-05"}
    record["record_type"] = "enforcement"
    assert loop.post([flow(1), {"kind": "public_record", **record}]).json()["accepted"] == 2
    assert loop.post([{**record, "record_no": "R2"}], "/api/v1/events?kind=public_record").json()["accepted"] == 1
    refused = loop.post([record], "/api/v1/events?kind=public_recrod")
    assert refused.status_code == 400
    assert "public_record" in refused.json()["error"]["message"]["en"]


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"hello", {}, 400),
        (b"", {}, 400),
        (b"[]", {}, 400),
        (b'[{"a":1', {}, 400),
        (b"[" * 50_000, {}, 400),
        (b'{"events": 5', {}, 400),
        (b"x" * 100_001, {}, 413),
        (b"{}", {"content-type": "text/plain"}, 415),
        (b"{}", {"origin": "http://elsewhere.example"}, 403),
        (b"{}", {"host": "elsewhere.example"}, 403),
        (b"{}", {"idempotency-key": "k" * 201}, 400),
    ],
)
def test_what_cannot_be_taken_is_refused(loop: Loop, body: bytes, headers: dict[str, str], status: int) -> None:
    """With a status, a text in both languages, and never a stack trace."""
    answer = loop.post(body, **headers)
    assert answer.status_code == status, answer.text
    assert set(answer.json()["error"]["message"]) == {"zh", "en"}
    assert "Traceback" not in answer.text
    assert loop.offsets == []


def test_other_pages(loop: Loop) -> None:
    """Health, metrics, status; and nothing else."""
    assert loop.client.get("/healthz").text == "ok\n"
    assert loop.client.get("/metrics").text == "houfeng_events_total 5\n"
    assert loop.client.get("/api/v1/watch/status").json() == {"rate": 5}
    assert loop.client.get("/api/v1/events").status_code == 405
    assert loop.client.get("/docs").status_code == 404


def test_a_key_is_answered_once(loop: Loop) -> None:
    """The same key and body get the same answer, also while the first is under way; another body is a conflict."""
    loop.hold()
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(loop.post, [flow(1)], **{"idempotency-key": "a"}) for _ in range(2)]
        loop.held.set()
        told = sorted((answer.result().json() for answer in both), key=lambda a: a["replayed"])
    assert [t["replayed"] for t in told] == [False, True]
    assert [t["accepted"] for t in told] == [1, 1]
    assert loop.post([flow(2)], **{"idempotency-key": "a"}).status_code == 409
    assert loop.offsets == [(101, 101)]


def test_a_failure_is_told_and_the_key_may_be_tried_again(loop: Loop) -> None:
    """What could not be made durable is a 503, and no answer is remembered for it."""
    loop.fault = EnvironmentFault(Text("磁盘已满", "the disk is full"))
    answer = loop.post([flow(1)], **{"idempotency-key": "b"})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert answer.json()["error"]["message"]["en"] == "the disk is full"
    loop.fault = None
    loop._admission = Admission(Watermark(0), fixed_clock(datetime(2026, 6, 1)))
    assert loop.post([flow(1)], **{"idempotency-key": "b"}).json()["replayed"] is False


def test_keys_of_before_the_start_are_asked_for() -> None:
    """The log knows what was answered."""
    made = Loop(answered=lambda key: {"accepted": 7} if key == "old" else None)
    assert made.post([flow(1)], **{"idempotency-key": "old"}).json() == {"accepted": 7, "replayed": True}
    made.close()


def test_a_token_is_asked_for() -> None:
    """Without it nothing but the health page; and no other address than this machine's without one."""
    made = Loop(token="secret" * 4)
    assert made.post([flow(1)]).status_code == 200
    assert made.client.get("/healthz", headers={"authorization": ""}).status_code == 200
    for wrong in ("", "Bearer no", "Bearer " + "é".encode().decode("latin-1")):
        answer = made.client.get("/metrics", headers={"authorization": wrong.encode("latin-1")})  # type: ignore[dict-item]
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    made.close()
    with pytest.raises(UsageError, match="token"):
        HttpSource("0.0.0.0")


def test_a_port_that_is_taken_is_a_clear_fault() -> None:
    """Who starts a second watch on the same port is told so at once."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        source = HttpSource(port=other.getsockname()[1])
        with pytest.raises(EnvironmentFault, match="cannot listen"):
            source.start(IncomingQueue(1).put, {})


def test_a_full_queue_turns_senders_away() -> None:
    """While nothing is taken, what waits stays bounded; then all that was not turned away is answered."""
    made = Loop(max_rows=20)
    made.source._max_rows = 20
    made.hold()
    with ThreadPoolExecutor(80) as pool:
        sent = [pool.submit(made.post, [flow(i)]) for i in range(160)]
        while sum(answer.done() for answer in sent) < 40:
            threading.Event().wait(0.01)
        assert made.queue.rows <= 20
        assert made.source._lines <= 20
        turned_away = [a.result() for a in sent if a.done()]
        assert {a.status_code for a in turned_away} == {429}
        assert turned_away[0].headers["retry-after"] == "1"
        made.held.set()
    codes = [answer.result().status_code for answer in sent]
    assert codes.count(200) == len(made.offsets) > 20
    made.close()


def test_many_small_requests_go_together(loop: Loop) -> None:
    """What waits at the same time is taken as one group: one fsync for all of it."""
    loop.hold()
    with ThreadPoolExecutor(30) as pool:
        sent = [pool.submit(loop.post, [flow(i)]) for i in range(30)]
        while loop.queue.rows < 30:
            threading.Event().wait(0.01)
        loop.held.set()
        assert all(answer.result().json()["accepted"] == 1 for answer in sent)
    assert max(loop.groups) >= 29
