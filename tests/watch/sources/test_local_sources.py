"""The queue, standard input, and a folder in which files appear."""

from __future__ import annotations

import io
import json
import os
import threading
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from houfeng.errors import EnvironmentFault
from houfeng.watch.sources.directory import DirectorySource
from houfeng.watch.sources.parsing import LINE_LIMIT, Parser
from houfeng.watch.sources.queue import Closed, Incoming, IncomingQueue, Put, Source, incoming
from houfeng.watch.sources.stdin import StdinSource, line_blocks
from watch.sources.event_samples import codes_of, flow, lines, rows_of, take_all

PARSER = Parser("account_flow")


def items(count: int, first: int = 1) -> list[Incoming]:
    """A block of so many events."""
    events = [flow(i) for i in range(first, first + count)]
    return incoming("s", PARSER.lines(lines(events), first), first, first + count - 1)


def test_the_queue_is_bounded_by_rows() -> None:
    """A full queue makes `put` wait and `offer` fail; what is taken makes room; a block is never cut."""
    queue = IncomingQueue(10)
    queue.put(*items(8))
    assert not queue.offer(*items(3, 9))
    waiting = threading.Thread(target=queue.put, args=items(3, 9))
    waiting.start()
    waiting.join(0.1)
    assert waiting.is_alive()
    assert queue.rows == 8
    assert [item.size for item in queue.take(4, 1)] == [8]
    waiting.join(5)
    assert [item.size for item in queue.take(100, 1)] == [3]
    assert queue.take(100, 0.01) == []
    queue.put(*items(50))  # longer than the queue: alone
    assert not queue.offer(*items(1))
    closing = threading.Timer(0.1, queue.close)
    closing.start()
    with pytest.raises(Closed):
        queue.put(*items(1))
    assert [item.size for item in queue.take(1, 1)] == [50]
    with pytest.raises(Closed):
        queue.offer(*items(1))


def test_a_source_that_fails_says_why() -> None:
    """An error on purpose is kept; a bug is told as one."""

    class Broken(Source):
        def _run(self, put: Put, offsets: object) -> None:
            raise EnvironmentFault(("盘坏了", "the disk is broken"))  # type: ignore[arg-type]

    source = Broken("b")
    source.start(IncomingQueue(1).put, {})
    source.stop()
    assert isinstance(source.error, EnvironmentFault)
    assert not source.alive


def test_lines_come_in_blocks_of_whole_lines() -> None:
    """However the bytes arrive; known lines are passed over; of a line too long only the beginning is kept."""
    data = b"a\nbb\n\nccc\n" + b"x" * (2 * LINE_LIMIT) + b"\nlast"
    for size in (1, 3, 1 << 16, 1 << 22):
        stream = io.BytesIO(data[:11] + b"\nlast" if size < 100 else data)
        blocks = list(line_blocks(stream.read, 1, size))
        text = b"".join(block for block, _, _ in blocks)
        assert text.startswith(b"bb\n\nccc\n")
        assert text.endswith(b"\nlast")
        assert blocks[0][1] == 2
        assert blocks[-1][2] == (5 if size < 100 else 6) + (size < 100)
        assert len(text) < LINE_LIMIT + 100 + size


def test_stdin_goes_on_behind_what_is_known() -> None:
    """With a name the sender repeats and known lines are passed over; without one all it sends is new."""
    data = lines([flow(i) for i in range(1, 6)])
    queue = IncomingQueue(100)
    named = StdinSource(io.BytesIO(data), name="till", kind="account_flow")
    named.start(queue.put, {"till": 3})
    taken = take_all(queue, named)
    assert rows_of(taken).column("_offset").to_pylist() == [4, 5]
    assert taken[-1].end
    unnamed = StdinSource(io.BytesIO(data), kind="account_flow")
    unnamed.start(queue.put, {"stdin": 3})
    taken = take_all(queue, unnamed)
    assert rows_of(taken).column("_offset").to_pylist() == [4, 5, 6, 7, 8]
    assert taken[-1].last == 8


def test_stdin_gives_what_has_come_and_can_be_stopped() -> None:
    """An event of a pipe that stays open is given at once; stop does not wait for the sender."""
    reading, writing = os.pipe()
    queue = IncomingQueue(100)
    with os.fdopen(reading, "rb") as stream:
        source = StdinSource(stream, kind="account_flow")
        source.start(queue.put, {})
        os.write(writing, lines([flow(1)]) + b'{"flow')
        assert rows_of(queue.take(10, 20)).num_rows == 1
        began = time.monotonic()
        source.stop()
        assert time.monotonic() - began < 5
    os.close(writing)
    assert queue.take(10, 0) == []


def test_a_folder_gives_its_files_in_order(tmp_path: Path) -> None:
    """Lines, tables and Parquet; kinds by file, by folder, by object; bad rows beside; all done in the end."""
    events = [flow(i) for i in range(1, 4)]
    (tmp_path / "public_record").mkdir()
    record = {"record_no": "R1", "enterprise_id": flow(1)["enterprise_id"], "occurred_on": "2026-01-05"}
    (tmp_path / "public_record" / "c.jsonl").write_bytes(lines([{**record, "record_type": "enforcement"}]))
    (tmp_path / "account_flow-b.jsonl").write_bytes(lines(events) + b"oops\n")
    typed = PARSER.lines(lines(events), 1)[0].rows.drop_columns(["_offset", "_t"])
    pq.write_table(typed, tmp_path / "account_flow.a.parquet")
    (tmp_path / "d.jsonl").write_bytes(lines([flow(9, kind="account_flow")]))
    (tmp_path / ".hidden.jsonl").write_bytes(b"no\n")
    (tmp_path / "account_flow-e.jsonl.tmp").write_bytes(b"no\n")
    (tmp_path / "empty.jsonl").write_bytes(b"")
    (tmp_path / "what.csv").write_bytes(b"a,b\n1,2\n")
    queue = IncomingQueue(1000)
    source = DirectorySource(tmp_path, poll=0.05, once=True)
    source.start(queue.put, {})
    taken = take_all(queue, source, ends=5)
    source._thread.join(20)  # type: ignore[union-attr]
    names = [name.split(":")[1] for name in dict.fromkeys(item.source for item in taken)]
    assert names == [
        "account_flow-b.jsonl",
        "account_flow.a.parquet",
        "public_record/c.jsonl",
        "d.jsonl",
        "empty.jsonl",
    ]
    assert rows_of(taken).num_rows == 7
    assert codes_of(next(i.rejected for i in taken if i.rejected.num_rows)) == {4: ["watch.not_json"]}
    bad = json.loads((tmp_path / "bad" / "account_flow-b.jsonl.rows.jsonl").read_text("utf-8"))
    assert (bad["row"], bad["raw"]) == (4, "oops")
    assert (tmp_path / "done" / "public_record" / "c.jsonl").exists()
    assert (tmp_path / "bad" / "what.csv.problems.json").exists()
    assert "watch.kind_missing" in [p.code for p in source.problems()]
    assert sorted(p.name for p in tmp_path.iterdir() if p.is_file()) == [".hidden.jsonl", "account_flow-e.jsonl.tmp"]
    assert not source.alive


def test_a_file_is_taken_once_and_from_where_we_were(tmp_path: Path) -> None:
    """After a restart only the rest of a file is given; the same file again gives nothing; a new one all."""
    path = tmp_path / "account_flow.jsonl"
    path.write_bytes(lines([flow(i) for i in range(1, 6)]))
    queue = IncomingQueue(1000)
    first = DirectorySource(tmp_path, poll=0.05)
    first.start(queue.put, {})
    name = queue.take(1000, 20)[0].source
    first.stop()  # nothing was acknowledged: the file stays
    assert path.exists()
    queue = IncomingQueue(1000)
    again = DirectorySource(tmp_path, poll=0.05)
    again.start(queue.put, {name: 3})
    assert rows_of(take_all(queue, again)).column("_offset").to_pylist() == [4, 5]
    deadline = time.monotonic() + 20
    while path.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    path.write_bytes((tmp_path / "done" / path.name).read_bytes())
    assert sum(item.size for item in take_all(queue, again)) == 0
    while path.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    path.write_bytes(lines([flow(8)]))
    taken = take_all(queue, again)
    assert rows_of(taken).column("_offset").to_pylist() == [1]
    assert taken[0].source != name
    again.stop()
    assert again.error is None


def test_a_file_that_grows_is_waited_for(tmp_path: Path) -> None:
    """It is taken when it stands still between two looks."""
    source = DirectorySource(tmp_path, kind="account_flow")
    path = tmp_path / "x.jsonl"
    path.write_bytes(lines([flow(1)]))
    assert source._complete() == []
    with path.open("ab") as out:
        out.write(lines([flow(2)]))
    assert source._complete() == []
    assert source._complete() == [path]


def test_a_full_queue_holds_a_folder_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more than the queue and one block of a large file are in memory."""
    monkeypatch.setattr("houfeng.watch.sources.stdin.line_blocks.__defaults__", (0, 20_000))
    (tmp_path / "account_flow.jsonl").write_bytes(lines([flow(i) for i in range(2_000)]))
    queue = IncomingQueue(200)
    source = DirectorySource(tmp_path, poll=0.02)
    source.start(queue.put, {})
    first = queue.take(1, 20)
    time.sleep(0.3)
    assert 0 < queue.rows <= 200
    assert rows_of(first + take_all(queue, source)).num_rows == 2_000
    source.stop()
