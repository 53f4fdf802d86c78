"""The inbox: whole files, in order, answered; what cannot be read is set aside and said."""

from __future__ import annotations

import json
import os
import threading
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from houfeng.errors import ConflictError, EnvironmentFault, InputError, Text
from houfeng.watch.journal.entries import Command
from houfeng.watch.operations.inbox import ANSWERS_KEPT, SIZE_LIMIT, Inbox, command_id, read_state, write_state

AT = datetime(2026, 1, 16, 9, 30)


def made(number: int, who: str = "王五") -> Command:
    return Command(
        command_id(AT + timedelta(seconds=number), f"{99 - number:02}"), who, "试", {"do": "stop", "n": number}
    )


def test_orders_come_in_order_of_time_and_stay_until_done(tmp_path: Path) -> None:
    """A crash after taking loses nothing: they are taken again."""
    inbox = Inbox(tmp_path / "watch" / "inbox")
    assert inbox.take() == []
    orders = [made(number) for number in range(5)]
    for command in reversed(orders):
        inbox.put(command)
    assert inbox.take() == orders == inbox.take() == inbox.waiting()
    inbox.done(orders[0].id, False, Text("不行", "no"))
    assert inbox.take() == orders[1:]
    assert inbox.answer(orders[0].id) == (False, Text("不行", "no"))
    assert inbox.answer(orders[1].id) is None


def test_an_id_is_used_once(tmp_path: Path) -> None:
    """Neither while it waits nor after it was answered."""
    inbox = Inbox(tmp_path)
    inbox.put(made(1))
    with pytest.raises(ConflictError):
        inbox.put(made(1))
    inbox.done(made(1).id, True, Text("", ""))
    with pytest.raises(ConflictError):
        inbox.put(made(1))
    with pytest.raises(InputError):
        inbox.put(Command("../x", "a", "b", {}))


BAD = {
    "half.json": b'{"id": "half", "who"',
    "list.json": b"[]",
    "words.json": b'{"id": "words", "who": "a", "why": "b", "what": "stop"}',
    "name.json": b'{"id": "other", "who": "a", "why": "b", "what": {}}',
    "more.json": b'{"id": "more", "who": "a", "why": "b", "what": {}, "when": 1}',
    "bytes.json": b"\xff\xfe",
    "surrogate.json": b'{"id": "surrogate", "who": "\\ud800", "why": "b", "what": {}}',
    "deep.json": b"[" * 60_000,
    "big.json": b" " * (SIZE_LIMIT + 1),
    "note.txt": b"hello",
    "empty.json": b"",
}


def test_a_bad_file_is_set_aside_with_a_reason(tmp_path: Path) -> None:
    """It stops nobody else's order, is not lost, and a second one of the name does not cover the first."""
    inbox = Inbox(tmp_path)
    for name, content in BAD.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / ".hidden.part").write_bytes(b"{")
    inbox.put(made(1))
    assert inbox.waiting() == [made(1)]
    assert not (tmp_path / "aside").exists()
    assert inbox.take() == [made(1)]
    for name, content in BAD.items():
        assert (tmp_path / "aside" / name).read_bytes() == content
        assert not (tmp_path / name).exists()
    assert {name for name, _ in inbox.aside()} == set(BAD)
    assert all("watch.command" in reason and "命令" in reason for _, reason in inbox.aside())
    (tmp_path / "list.json").write_bytes(b"{}")
    inbox.take()
    assert (tmp_path / "aside" / "list.json").read_bytes() == b"[]"
    assert (tmp_path / "aside" / "list.json.2").read_bytes() == b"{}"


def test_putting_while_taking(tmp_path: Path) -> None:
    """A taker never sees half a file."""
    inbox, stop = Inbox(tmp_path), threading.Event()
    seen: set[str] = set()

    def take() -> None:
        while not stop.is_set():
            for command in inbox.take():
                seen.add(command.id)
                inbox.done(command.id, True, Text("好", "done"))

    thread = threading.Thread(target=take)
    thread.start()
    for number in range(40):
        inbox.put(made(number))
    while inbox.take():
        pass
    stop.set()
    thread.join()
    assert inbox.aside() == []
    assert seen == {made(number).id for number in range(40)}


def test_answers_are_bounded(tmp_path: Path) -> None:
    """The newest thousand are kept; the log has them all."""
    answers = tmp_path / "answers"
    answers.mkdir()
    for number in range(ANSWERS_KEPT + 3):
        (answers / f"20250101-{number:05}.json").write_text("{}")
    inbox = Inbox(tmp_path)
    inbox.put(made(1))
    inbox.done(made(1).id, True, Text("好", "done"))
    assert len(list(answers.iterdir())) == ANSWERS_KEPT
    assert inbox.answer(made(1).id) == (True, Text("好", "done"))


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing half-written is left."""

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(EnvironmentFault):
        Inbox(tmp_path).put(made(1))
    assert list(tmp_path.iterdir()) == []


def test_state_files(tmp_path: Path) -> None:
    """What is written is read; nothing where there is none; damage is told."""
    path = tmp_path / "state" / "status.json"
    assert read_state(path) is None
    write_state(path, {"规则": 1})
    assert read_state(path) == {"规则": 1}
    assert json.loads(path.read_text("utf-8")) == {"规则": 1}
    for text in ("{", "[]"):
        path.write_text(text)
        with pytest.raises(EnvironmentFault, match=r"status\.json"):
            read_state(path)
