"""Commands on their way to the watch, as files: put down whole, taken in order, answered, never lost.

    BOOK/watch/inbox/ID.json          waits
    BOOK/watch/inbox/answers/ID.json  was taken or refused, and in what words
    BOOK/watch/inbox/aside/NAME       could not be read; NAME.reason.txt says why

It works whether or not a watch is running: a command waits until one is. An id begins with the moment it was made, so
the order of ids is the order of time.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from houfeng.book.storage.faults import damaged, faults
from houfeng.errors import ConflictError, InputError, Problem, Text, Where
from houfeng.watch.journal.entries import Command

ANSWERS_KEPT = 1_000
SIZE_LIMIT = 64 * 1024
"""Bytes a command may have: people write them."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9.\-]{0,99}")


def command_id(at: datetime, random: str) -> str:
    """An id in order of time; `random` keeps commands of one moment apart."""
    return f"{at:%Y%m%dT%H%M%S.%f}-{random}"


class Inbox:
    """The folder of commands. Many processes may put; one, the running watch, takes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, command: Command) -> Path:
        """Put a command down, safe on the disk when this returns.

        Raises:
            ConflictError: a command of this id waits already.
            InputError: the id cannot name a file.
            EnvironmentFault: the disk said no.
        """
        if not _ID.fullmatch(command.id):
            raise InputError(Text(f"不能作命令编号：{command.id}", f"cannot be the id of a command: {command.id}"))
        path = self._waiting(command.id)
        if path.exists() or self.answer(command.id) is not None:
            raise ConflictError(Text(f"已有命令 {command.id}", f"there is a command {command.id} already"))
        plain = {"id": command.id, "who": command.who, "why": command.why, "what": dict(command.what)}
        with faults(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            write_whole(path, json.dumps(plain, ensure_ascii=False, sort_keys=True))
        return path

    def take(self) -> list[Command]:
        """All commands that wait, in order of their ids. They wait until `done`; what cannot be read is set aside.

        Raises:
            EnvironmentFault: the disk said no.
        """
        with faults(self.folder):
            return list(self._read(self._set_aside))

    def waiting(self) -> list[Command]:
        """The same without touching anything, for whoever only looks.

        Raises:
            EnvironmentFault: the disk said no.
        """
        with faults(self.folder):
            return list(self._read(lambda name, error: None))

    def _read(self, bad: Callable[[str, InputError], None]) -> Iterator[Command]:
        for name in self._names():
            try:
                yield read_command(self.folder / name)
            except FileNotFoundError:
                continue  # taken back between listing and reading
            except InputError as error:
                bad(name, error)

    def done(self, command: str, accepted: bool, text: Text) -> None:
        """A command was taken or refused: keep the answer for whoever asked, and let go of the command.

        Raises:
            EnvironmentFault: the disk said no.
        """
        answers = self.folder / "answers"
        with faults(self.folder):
            answers.mkdir(parents=True, exist_ok=True)
            plain = {"accepted": accepted, "zh": text.zh, "en": text.en}
            write_whole(answers / f"{command}.json", json.dumps(plain, ensure_ascii=False))
            self._waiting(command).unlink(missing_ok=True)
            for old in sorted(answers.glob("[!.]*.json"))[:-ANSWERS_KEPT]:
                old.unlink(missing_ok=True)

    def answer(self, command: str) -> tuple[bool, Text] | None:
        """What became of a command, or nothing while it waits."""
        found = read_state(self.folder / "answers" / f"{command}.json")
        return None if found is None else (bool(found["accepted"]), Text(found["zh"], found["en"]))

    def aside(self) -> list[tuple[str, str]]:
        """The files that were set aside, each with the reason."""
        reasons = sorted((self.folder / "aside").glob("*.reason.txt"))
        return [(path.name.removesuffix(".reason.txt"), path.read_text("utf-8").strip()) for path in reasons]

    def _names(self) -> list[str]:
        try:
            with os.scandir(self.folder) as entries:
                return sorted(each.name for each in entries if each.is_file() and not each.name.startswith("."))
        except FileNotFoundError:
            return []

    def _waiting(self, command: str) -> Path:
        return self.folder / f"{command}.json"

    def _set_aside(self, name: str, error: InputError) -> None:
        aside = self.folder / "aside"
        aside.mkdir(exist_ok=True)
        to, number = aside / name, 1
        while to.exists():
            number += 1
            to = aside / f"{name}.{number}"
        write_whole(to.with_name(f"{to.name}.reason.txt"), f"{error.render('zh')}\n{error.render('en')}\n")
        os.replace(self.folder / name, to)


def read_command(path: Path) -> Command:
    """The command in a file.

    Raises:
        InputError: it is no command.
        FileNotFoundError: it is gone.
    """
    try:
        with path.open("rb") as file:
            read = file.read(SIZE_LIMIT + 1)
        if len(read) > SIZE_LIMIT:
            raise ValueError(f"more than {SIZE_LIMIT} bytes")
        found = json.loads(read.decode("utf-8"))
        json.dumps(found, ensure_ascii=False).encode("utf-8")  # half a character could not be written down again
        if not isinstance(found, dict) or set(found) != {"id", "who", "why", "what"}:
            raise ValueError("not an object of id, who, why and what")
        if not all(isinstance(found[name], str) for name in ("id", "who", "why")) or not isinstance(
            found["what"], dict
        ):
            raise ValueError("id, who and why must be texts, what an object")
        if f"{found['id']}.json" != path.name or not _ID.fullmatch(found["id"]):
            raise ValueError(f"the id {found['id']} is not the file's name")
    except (ValueError, RecursionError, PermissionError) as error:
        zh, en = "不是命令文件，已移到 aside 文件夹", "not a command file; set aside"
        problem = Problem(
            "watch.command",
            Text(zh, en),
            Where(path.name),
            value=str(error),
            suggestion=Text("用 houfeng watch 的命令重新下达", "give the order again with a command of houfeng watch"),
        )
        raise InputError(Text(zh, en), [problem]) from None
    return Command(found["id"], found["who"], found["why"], found["what"])


def write_whole(path: Path, text: str, *, durable: bool = True) -> None:
    """Write a small file that others read: they see the old one or the new one, never a part.

    Raises:
        OSError: the disk said no.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        with suppress(FileNotFoundError):
            part.unlink()
    if durable:
        handle = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def write_state(path: Path, state: Mapping[str, Any]) -> None:
    """Write what a running watch tells of itself: `state/emission.json`, `state/status.json`. For reading only.

    Raises:
        EnvironmentFault: the disk said no.
    """
    with faults(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, json.dumps(state, ensure_ascii=False), durable=False)


def read_state(path: Path) -> dict[str, Any] | None:
    """What `write_state` wrote, or nothing where there is no such file.

    Raises:
        EnvironmentFault: it cannot be read.
    """
    if not path.exists():
        return None
    with faults(path):
        text = path.read_text("utf-8")
    try:
        found = json.loads(text)
    except ValueError as error:
        raise damaged(path, str(error)) from None
    if not isinstance(found, dict):
        raise damaged(path, "not an object")
    return found
