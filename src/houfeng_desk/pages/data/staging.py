"""Where an uploaded file lies between its arrival and its submission: a folder of its own, open to its sender alone.

    WORK/uploads/TOKEN/file/NAME     the file under a name that cannot lead anywhere
    WORK/uploads/TOKEN/upload.json   who sent it, what was answered, what the check found
    WORK/uploads/TOKEN/marked.xlsx   the bad rows of the check, with their cells marked

Nothing of a file's own is believed: its name is cut down to a word, its size is counted while it is written, and what
it claims to be is for the intake to find out.
"""

from __future__ import annotations

import json
import re
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

from houfeng.book.storage.faults import faults
from houfeng.clock import ZONE
from houfeng.errors import InputError, NotFoundError, Problem, Text, Where
from houfeng.office.access import Viewer

KEPT = timedelta(days=7)
"""How long a file that was never submitted is kept."""

NAME = 160
"""Bytes of a kept name; a disk takes 255, and a Chinese sign is three."""

_CHUNK = 1 << 20
_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,64}")


@dataclass
class Upload:
    """One uploaded file. `state`: new, waiting (for a worker), checked, refused, submitted."""

    token: str
    user_id: int
    name: str
    size: int
    at: str
    answers: dict[str, Any] = field(default_factory=dict)
    state: str = "new"
    job: int = 0
    check: dict[str, Any] = field(default_factory=dict)
    receipt: dict[str, Any] = field(default_factory=dict)
    error: dict[str, Any] = field(default_factory=dict)


class Staging:
    """The folder of uploads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "uploads"

    def take(self, viewer: Viewer, name: str, stream: BinaryIO, now: datetime, limit: int) -> Upload:
        """Keep a file that is being sent, and forget those that were left lying.

        Raises:
            InputError: it is empty or larger than `limit` bytes.
            EnvironmentFault: the disk is full or may not be written.
        """
        self._tidy(now)
        upload = Upload(
            secrets.token_urlsafe(18), viewer.user_id, safe_name(name), 0, now.isoformat(timespec="seconds")
        )
        place = self.folder / upload.token
        with faults(self.folder):
            (place / "file").mkdir(parents=True, mode=0o700)
            try:
                with (place / "file" / upload.name).open("xb") as sink:
                    for chunk in _chunks(stream):
                        upload.size += len(chunk)
                        if upload.size > limit:
                            raise too_large(upload.name, limit)
                        sink.write(chunk)
                if not upload.size:
                    raise _refused("exchange.empty", upload.name, "文件是空的（0 字节）", "the file is empty (0 bytes)")
            except BaseException:
                shutil.rmtree(place, ignore_errors=True)
                raise
        self.keep(upload)
        return upload

    def find(self, viewer: Viewer, token: str) -> Upload:
        """An upload of the viewer's own.

        Raises:
            NotFoundError: there is none.
        """
        path = self.folder / token / "upload.json"
        if not _TOKEN.fullmatch(token) or not path.is_file():
            raise _unknown()
        upload = Upload(**json.loads(path.read_text("utf-8")))
        if upload.user_id != viewer.user_id:
            raise _unknown()
        return upload

    def keep(self, upload: Upload) -> None:
        """Write down how far an upload is."""
        place = self.folder / upload.token
        with faults(place):
            part = place / ".upload.json.part"
            part.write_text(json.dumps(asdict(upload), ensure_ascii=False, default=str), "utf-8")
            part.replace(place / "upload.json")

    def path(self, upload: Upload) -> Path:
        """Where the file lies."""
        return self.folder / upload.token / "file" / upload.name

    def marked(self, upload: Upload) -> Path:
        """Where the workbook of bad rows lies, once the file was checked."""
        return self.folder / upload.token / "marked.xlsx"

    def drop(self, upload: Upload) -> None:
        """Forget a file."""
        shutil.rmtree(self.folder / upload.token, ignore_errors=True)

    def _tidy(self, now: datetime) -> None:
        if not self.folder.is_dir():
            return
        for place in self.folder.iterdir():
            if now - datetime.fromtimestamp(place.stat().st_mtime, ZONE).replace(tzinfo=None) > KEPT:
                shutil.rmtree(place, ignore_errors=True)


def safe_name(name: str) -> str:
    """A file's name without folders, drives and signs that mean something to a disk or a screen."""
    last = re.split(r"[/\\]", name.strip())[-1]
    last = "".join(sign for sign in last if sign.isprintable() and sign not in '<>:"|?*').strip(". ")
    stem, dot, suffix = last.rpartition(".")
    if not dot:
        return _cut(last, NAME) or "upload"
    return f"{_cut(stem, NAME - 12) or 'upload'}.{_cut(suffix, 10)}"


def _cut(text: str, most: int) -> str:
    return text.encode()[:most].decode("utf-8", "ignore")


def too_large(name: str, limit: int) -> InputError:
    """The error for a file above the limit."""
    size = f"{limit >> 20:,}"
    return _refused(
        "desk.too_large",
        name,
        f"文件超过上限 {size} MB",
        f"the file is above the limit of {size} MB",
        Text(
            "请按月份或机构拆分，或由管理员用命令行提交",
            "split it by month or institution, or have it submitted by command",
        ),
    )


def _refused(code: str, name: str, zh: str, en: str, hint: Text = Text("", "")) -> InputError:
    return InputError(
        Text(f"{name}：{zh}", f"{name}: {en}"), (Problem(code, Text(zh, en), Where(name), suggestion=hint),)
    )


def _unknown() -> NotFoundError:
    return NotFoundError(Text("没有这个上传文件，或已过期删除。", "there is no such upload, or it has been removed"))


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    while chunk := stream.read(_CHUNK):
        yield chunk
