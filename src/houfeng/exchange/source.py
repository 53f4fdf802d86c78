"""Opening what people send: one file, or a file inside a zip or gz, never more of it than the limits allow.

Everything hostile a container can do is met here: no permission, a folder, nothing inside, a bomb, an archive in an
archive, and a file that somebody writes to while we read it.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import os
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from houfeng.errors import EnvironmentFault, HoufengError, InputError, Problem, Text, Where
from houfeng.exchange.raw import Limits

_CHUNK = 1 << 20
ZIP = b"PK\x03\x04"
GZIP = b"\x1f\x8b"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
PARQUET = b"PAR1"
_REFUSED = {
    b"%PDF": Text("PDF 文件", "a PDF"),
    b"Rar!": Text("RAR 压缩包", "a RAR archive"),
    b"7z\xbc\xaf": Text("7z 压缩包", "a 7z archive"),
    b"\x89PNG": Text("图片", "an image"),
    b"\xff\xd8\xff": Text("图片", "an image"),
    b"\x28\xb5\x2f\xfd": Text("zstd 压缩文件", "a zstd file"),
    b"SQLi": Text("SQLite 数据库", "an SQLite database"),
    b"PK\x05\x06": Text("空的压缩包", "an empty archive"),
}


def refused(code: str, file: str, zh: str, en: str, *, suggestion: Text = Text("", ""), line: int = 0) -> InputError:
    """One clear error about a file that cannot be read; the problem inside carries the stable code."""
    message = Text(zh, en)
    return InputError(
        Text(f"{file}：{zh}", f"{file}: {en}"), (Problem(code, message, Where(file, line), suggestion=suggestion),)
    )


@dataclass(frozen=True)
class Entry:
    """One readable thing: the file itself, or a member of its archive. `open` starts again from the beginning."""

    name: str
    head: bytes
    open: Callable[[], BinaryIO]
    packed: bool

    def whole(self, limits: Limits) -> BinaryIO:
        """The content for readers that jump about: the file itself, or an unpacked member held in memory."""
        if not self.packed:
            return self.open()
        with self.open() as stream:
            data = stream.read(limits.in_memory + 1)
        if len(data) > limits.in_memory:
            raise refused(
                "exchange.too_big",
                self.name,
                "解压后太大，无法在内存中打开",
                "unpacked it is too big to be held in memory",
                suggestion=Text("先解压，再直接提交里面的文件", "unpack it and submit the file inside"),
            )
        return io.BytesIO(data)


class Source:
    """A file under watch: what it was when we began is what it must still be when we end."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self.path, self.limits, self.name = path, limits, path.name
        try:
            self._before = path.stat()
            if stat.S_ISDIR(self._before.st_mode):
                raise refused(
                    "exchange.directory",
                    str(path),
                    "这是一个文件夹，不是文件",
                    "this is a folder, not a file",
                    suggestion=Text("请逐个给出里面的文件", "name the files inside it"),
                )
            if not stat.S_ISREG(self._before.st_mode):
                raise refused("exchange.not_a_file", str(path), "这不是普通文件", "this is not a regular file")
            self.sha256 = self._hash()
        except OSError as error:
            raise _fault(path, error) from None
        if not self._before.st_size:
            raise refused("exchange.empty", self.name, "文件是空的（0 字节）", "the file is empty (0 bytes)")

    def _hash(self) -> str:
        with self.path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()

    def verify(self) -> None:
        """Raise unless the file is still what it was: same size, time, inode and content."""
        try:
            now = self.path.stat()
            same = (now.st_size, now.st_mtime_ns, now.st_ino) == (
                self._before.st_size,
                self._before.st_mtime_ns,
                self._before.st_ino,
            ) and self._hash() == self.sha256
        except OSError as error:
            raise _fault(self.path, error) from None
        if not same:
            raise refused(
                "exchange.changed",
                self.name,
                "读取期间文件被改动，什么也没有提交",
                "the file changed while it was read; nothing was taken",
                suggestion=Text("等写入结束后再提交一次", "submit it again when its writer has finished"),
            )

    def entries(self) -> Iterator[Entry]:
        """The file itself; or, for a zip that is no workbook or a gz, what is inside."""
        head = self._head()
        if head.startswith(GZIP):
            inner = self.name[:-3] if self.name.lower().endswith(".gz") else self.name
            yield self._entry(inner, self._open_gzip, packed=True)
        elif head.startswith(ZIP) and not is_office(self.path):
            yield from self._members()
        else:
            yield self._entry(self.name, lambda: self.path.open("rb"), packed=False)

    def _head(self) -> bytes:
        with self.path.open("rb") as stream:
            return stream.read(64)

    def _entry(self, name: str, opener: Callable[[], BinaryIO], *, packed: bool) -> Entry:
        with opener() as stream:
            head = stream.read(4096)
        if not head:
            raise refused("exchange.empty", name, "文件是空的（0 字节）", "the file is empty (0 bytes)")
        if packed and (head.startswith(GZIP) or (head.startswith(ZIP) and not _office_head(head))):
            raise refused(
                "exchange.nested_archive",
                name,
                "压缩包里又有压缩包，不予读取",
                "an archive inside an archive is not read",
                suggestion=Text("请解开外层后再提交", "unpack the outer one first"),
            )
        return Entry(name, head, opener, packed)

    def _open_gzip(self) -> BinaryIO:
        return Bounded(gzip.open(self.path, "rb"), self.name, self._before.st_size, self.limits).buffered()

    def _members(self) -> Iterator[Entry]:
        try:
            with zipfile.ZipFile(self.path) as archive:
                members = [m for m in archive.infolist() if not m.is_dir() and not _system_file(m.filename)]
        except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
            raise broken_zip(self.name, error) from None
        if not members:
            raise refused("exchange.empty", self.name, "压缩包里没有文件", "there is no file in the archive")
        if len(members) > self.limits.members:
            raise refused(
                "exchange.too_many_members",
                self.name,
                f"压缩包里有 {len(members)} 个文件，上限 {self.limits.members} 个",
                f"{len(members)} files in the archive, at most {self.limits.members} are read",
            )
        if any(m.flag_bits & 1 for m in members):
            raise refused(
                "exchange.password", self.name, "压缩包有密码", "the archive has a password", suggestion=_UNLOCK
            )
        for member in members:
            yield self._entry(_member_name(member), lambda m=member: self._open_member(m), packed=True)  # type: ignore[misc]

    def _open_member(self, member: zipfile.ZipInfo) -> BinaryIO:
        try:
            archive = zipfile.ZipFile(self.path)
            stream = archive.open(member)
        except (zipfile.BadZipFile, NotImplementedError, OSError) as error:
            raise broken_zip(self.name, error) from None
        return Bounded(stream, self.name, max(member.compress_size, 1), self.limits, archive).buffered()


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...
    def close(self) -> None: ...


class Bounded(io.RawIOBase):
    """A packed stream that stops with a clear error when it unfolds into more than the limits allow."""

    def __init__(
        self,
        inner: _Readable,
        name: str,
        packed: int,
        limits: Limits,
        also: zipfile.ZipFile | None = None,
    ) -> None:
        self._inner, self._name, self._packed, self._limits, self._also = inner, name, packed, limits, also
        self._seen = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        try:
            data: bytes = self._inner.read(len(buffer))
        except (EOFError, zlib.error, zipfile.BadZipFile, gzip.BadGzipFile) as error:
            raise broken_zip(self._name, error) from None
        self._seen += len(data)
        check_growth(self._name, self._seen, self._packed, self._limits)
        buffer[: len(data)] = data
        return len(data)

    def buffered(self) -> BinaryIO:
        return io.BufferedReader(self, _CHUNK)

    def close(self) -> None:
        if not self.closed:
            self._inner.close()
            if self._also is not None:
                self._also.close()
        super().close()


def check_growth(name: str, seen: int, packed: int, limits: Limits) -> None:
    """Raise where `seen` unpacked bytes from `packed` ones are too many, or too many for so few."""
    if seen > limits.unpacked or (seen > limits.ratio_from and seen > packed * limits.ratio):
        raise refused(
            "exchange.bomb",
            name,
            f"压缩内容膨胀过大（{packed:,} 字节解出 {seen:,} 字节以上），疑似压缩炸弹，已停止",
            f"packed content unfolds too far ({packed:,} bytes into over {seen:,}): stopped, it looks like a zip bomb",
            suggestion=Text("如确有这么大，请解压或分拆后提交", "if it is real, unpack or split it first"),
        )


_UNLOCK = Text("去掉密码后再提交", "remove the password and submit it again")


def password(name: str) -> HoufengError:
    """The error for a workbook that is locked."""
    return refused(
        "exchange.password",
        name,
        "工作簿有密码保护，无法打开",
        "the workbook is protected by a password",
        suggestion=_UNLOCK,
    )


def broken_zip(name: str, error: BaseException) -> HoufengError:
    """The error for a container that ends early or contradicts itself."""
    return refused(
        "exchange.truncated",
        name,
        f"文件不完整或已损坏（{error}）",
        f"the file is cut short or damaged ({error})",
        suggestion=Text("请重新导出或重新传输", "export it or send it again"),
    )


def check_magic(entry: Entry) -> None:
    """Raise for formats that are known and not read."""
    for magic, what in _REFUSED.items():
        if entry.head.startswith(magic):
            raise refused(
                "exchange.format",
                entry.name,
                f"这是{what.zh}，不能作为数据读取",
                f"this is {what.en}; it cannot be read as data",
                suggestion=Text(
                    "请给出 xlsx、xls、CSV、Parquet 或 JSON lines", "give xlsx, xls, CSV, Parquet or JSON lines"
                ),
            )


def is_office(path: Path) -> bool:
    """Whether a zip on disk is an office document (a workbook or another one)."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
        return path.suffix.lower() in (".xlsx", ".xlsm", ".xlsb", ".ods")
    return "[Content_Types].xml" in names or "mimetype" in names


def _office_head(head: bytes) -> bool:
    return any(mark in head for mark in (b"[Content_Types].xml", b"_rels/.rels", b"xl/", b"mimetype", b"docProps/"))


def _system_file(name: str) -> bool:
    return name.startswith("__MACOSX/") or name.rsplit("/", 1)[-1] in (".DS_Store", "Thumbs.db", "desktop.ini")


def _member_name(member: zipfile.ZipInfo) -> str:
    """The member's name; Chinese Windows writes GBK where the format's default is code page 437."""
    name = member.filename
    if not member.flag_bits & 0x800:
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode("gb18030")
    return name.rsplit("/", 1)[-1]


def _fault(path: Path, error: OSError) -> HoufengError:
    if isinstance(error, FileNotFoundError):
        return refused("exchange.not_found", str(path), "没有这个文件", "there is no such file")
    if isinstance(error, PermissionError):
        why = Text(f"没有读取权限：{path}", f"no permission to read {path}")
    else:
        reason = os.strerror(error.errno) if error.errno else str(error)
        why = Text(f"无法读取 {path}：{reason}", f"cannot read {path}: {reason}")
    return EnvironmentFault(why)
