"""Which encoding a text file is in, found by reading all of it once, with no line longer than the limit.

A guess from the first kilobytes is not enough: a file can be ASCII for a million rows and GB18030 in its footer.
"""

from __future__ import annotations

import codecs
import io
from dataclasses import dataclass
from typing import BinaryIO

from houfeng.errors import InputError, Text
from houfeng.exchange.raw import Limits
from houfeng.exchange.source import Entry, refused

_CHUNK = 1 << 20
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
LABELS = {"utf-8": "UTF-8", "utf-16-le": "UTF-16 LE", "utf-16-be": "UTF-16 BE", "gb18030": "GB18030/GBK"}


@dataclass(frozen=True, slots=True)
class Encoding:
    """An encoding that the whole file obeys, and the length of its byte order mark."""

    name: str
    mark: int

    @property
    def label(self) -> str:
        return LABELS[self.name] + (" (BOM)" if self.mark else "")


@dataclass(frozen=True, slots=True)
class _Failure:
    encoding: str
    offset: int
    line: int


def find_encoding(entry: Entry, limits: Limits) -> Encoding:
    """The encoding of the whole of `entry`.

    Raises:
        InputError: no encoding fits (says where each one failed), it is binary, or a line is longer than the limit.
    """
    for mark, name in _BOMS:
        if entry.head.startswith(mark):
            failed = _scan(entry, name, len(mark), limits)
            if failed:
                raise _undecodable(entry, [failed])
            return Encoding(name, len(mark))
    if b"\0" in entry.head:
        raise refused(
            "exchange.binary",
            entry.name,
            "这不是文本（含零字节），也不是认得的表格格式",
            "not text (zero bytes), nor a table format known here",
            suggestion=Text("另存为 xlsx 或带 BOM 的 CSV", "save it as xlsx, or as CSV with a byte order mark"),
        )
    failures = []
    for name in ("utf-8", "gb18030"):
        failed = _scan(entry, name, 0, limits)
        if not failed:
            return Encoding(name, 0)
        failures.append(failed)
    raise _undecodable(entry, failures)


def _scan(entry: Entry, name: str, mark: int, limits: Limits) -> _Failure | None:
    decoder = codecs.getincrementaldecoder(name)()
    offset, line, carry = mark, 1, 0
    with entry.open() as stream:
        stream.read(mark)
        while True:
            chunk = stream.read(min(_CHUNK, limits.line))
            try:
                decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                start = max(error.start - (len(error.object) - len(chunk)), 0)
                return _Failure(name, offset + start, line + chunk.count(b"\n", 0, start))
            if not chunk:
                return None
            carry = check_line(entry.name, chunk, carry, line, limits)
            offset += len(chunk)
            line += chunk.count(b"\n")


def check_line(name: str, chunk: bytes, carry: int, line: int, limits: Limits) -> int:
    """Follow the length of the present line through `chunk`; gives the bytes of it so far.

    Raises:
        InputError: the line is longer than the limit.
    """
    first = _first_break(chunk)
    longest = carry + (len(chunk) if first < 0 else first)
    if longest > limits.line:
        raise refused(
            "exchange.line_too_long",
            name,
            f"第 {line} 行超过 {limits.line:,} 字节，不像数据行，已停止读取",
            f"line {line} is longer than {limits.line:,} bytes, which no row of data is; reading stopped",
            suggestion=Text("检查换行符是否丢失", "see whether the line breaks were lost"),
            line=line,
        )
    return longest if first < 0 else len(chunk) - 1 - max(chunk.rfind(b"\n"), chunk.rfind(b"\r"))


def _first_break(chunk: bytes) -> int:
    newline = chunk.find(b"\n")
    early = chunk.find(b"\r", 0, newline if newline >= 0 else len(chunk))
    return early if early >= 0 else newline


def _undecodable(entry: Entry, failures: list[_Failure]) -> InputError:
    zh = "；".join(f"按 {LABELS[f.encoding]} 在第 {f.line} 行、字节 {f.offset:,} 处失败" for f in failures)
    en = "; ".join(f"as {LABELS[f.encoding]} it fails at line {f.line}, byte {f.offset:,}" for f in failures)
    return refused(
        "exchange.encoding",
        entry.name,
        f"文字编码无法识别：{zh}",
        f"the text encoding is not recognised: {en}",
        suggestion=Text("另存为 UTF-8 再提交", "save it as UTF-8 and submit it again"),
        line=max(failures, key=lambda f: f.offset).line,
    )


class Utf8Stream(io.RawIOBase):
    """The text of a file as UTF-8 bytes without its mark, from after the first `skip` characters on."""

    def __init__(self, stream: BinaryIO, encoding: Encoding, skip: int, name: str, limits: Limits) -> None:
        self._stream, self._encoding, self._skip, self._name, self._limits = stream, encoding, skip, name, limits
        self._decoder = codecs.getincrementaldecoder(encoding.name)()
        self._ready = b""
        self._carry, self._line = 0, 1
        stream.read(encoding.mark)

    def readable(self) -> bool:
        return True

    def _more(self) -> bytes:
        while True:
            chunk = self._stream.read(min(_CHUNK, self._limits.line))
            if self._encoding.name == "utf-8" and not self._skip:
                data = chunk
            else:
                text = self._decoder.decode(chunk, final=not chunk)
                dropped = min(self._skip, len(text))
                self._skip -= dropped
                data = text[dropped:].encode()
                if self._encoding.name == "utf-8" and not self._skip:
                    data += self._decoder.getstate()[0]
            if data or not chunk:
                self._carry = check_line(self._name, data, self._carry, self._line, self._limits)
                self._line += data.count(b"\n")
                return data

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        if not self._ready:
            self._ready = self._more()
        size = min(len(buffer), len(self._ready))
        buffer[:size] = self._ready[:size]
        self._ready = self._ready[size:]
        return size

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
        super().close()
