"""A look into an xlsx before it is opened: bombs, damage, sheets that span the whole world, and error cells.

calamine trusts the sizes a package states and holds a sheet as one rectangle, so one far cell could ask for half a
terabyte; and it gives error cells as empty ones. Both are seen here, in one streaming pass over the XML.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO
from xml.etree import ElementTree

import pyarrow as pa
import pyarrow.compute as pc

from houfeng.exchange.raw import Limits
from houfeng.exchange.source import broken_zip, check_growth, password, refused

_CHUNK = 4 << 20
_OVERLAP = 4096
_CELL = re.compile(rb"\br=[\"'][A-Z]{0,3}(\d+)[\"']")
_MOST_ROWS = 1_048_576  # of any sheet
_SHEETS = "xl/worksheets/"
_WIDE = re.compile(rb"\br=[\"']([A-Z]{2,3})\d+[\"']")
_ERROR = re.compile(
    rb"<(?:\w+:)?c\b([^>]*\bt=[\"']e[\"'][^>]*)>(?:(?!</(?:\w+:)?c>).)*?<(?:\w+:)?v>(#[^<]*)</", re.DOTALL
)
_REF = re.compile(rb"\br=[\"']([A-Z]{1,3})(\d+)[\"']")
_MOST_ERRORS = 100_000


@dataclass
class Package:
    """What the look found: error cells of each sheet as (row, column) from 0 → text."""

    errors: dict[str, dict[tuple[int, int], str]] = field(default_factory=dict)


def inspect_package(stream: BinaryIO, name: str, limits: Limits) -> Package:
    """Unpack every part once, keeping nothing but what matters.

    Raises:
        InputError: damaged, encrypted, not a workbook calamine may open, or larger than the limits.
    """
    package = Package()
    try:
        with zipfile.ZipFile(stream) as archive:
            parts = archive.infolist()
            names = {part.filename for part in parts}
            _check_kind(names, name)
            if any(part.flag_bits & 1 for part in parts):
                raise password(name)
            budget = limits.unpacked
            for part in parts:  # everything else first: the list of sheets is only parsed once it is known to be small
                if not part.filename.startswith(_SHEETS):
                    budget -= sum(len(chunk) for chunk in _unpack(archive, part, name, limits, budget))
            sheets = _sheet_names(archive, names)
            for part in parts:
                if part.filename in sheets or part.filename.startswith(_SHEETS):
                    sheet = sheets.get(part.filename, part.filename)
                    found, seen = _look(archive, part, name, limits, budget)
                    budget -= seen
                    found.check(name, sheet, limits)
                    if found.errors:
                        package.errors[sheet] = found.errors
    except (
        zipfile.BadZipFile,
        NotImplementedError,
        EOFError,
        zlib.error,
        OSError,
        ValueError,
        KeyError,
        ElementTree.ParseError,
    ) as error:
        raise broken_zip(name, error) from None
    return package


def _check_kind(names: set[str], name: str) -> None:
    if "xl/workbook.xml" in names or any(n.lower() == "xl/workbook.xml" for n in names):
        return
    what = (
        "xlsb"
        if "xl/workbook.bin" in names
        else "ods"
        if "content.xml" in names
        else "docx"
        if "word/document.xml" in names
        else ""
    )
    raise refused(
        "exchange.format",
        name,
        f"这是 {what} 文件，不是 xlsx" if what else "这不是 Excel 工作簿",
        f"this is {what}, not xlsx" if what else "this is no Excel workbook",
    )


def _unpack(archive: zipfile.ZipFile, part: zipfile.ZipInfo, name: str, limits: Limits, budget: int) -> Iterator[bytes]:
    """The chunks of a part; stops with a clear error where it unfolds too far. Its CRC is checked on the way."""
    seen = 0
    with archive.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            seen += len(chunk)
            check_growth(name, seen, max(part.compress_size, 1), limits)
            if seen > budget:
                check_growth(name, limits.unpacked + 1, max(part.compress_size, 1), limits)
            yield chunk


def _look(
    archive: zipfile.ZipFile, part: zipfile.ZipInfo, name: str, limits: Limits, budget: int
) -> tuple[_Sheet, int]:
    """What a sheet spans, and its unpacked size. Rows are only counted where it is wide enough for them to matter."""
    found, seen, tail = _Sheet(), 0, b""
    for chunk in _unpack(archive, part, name, limits, budget):
        found.look(tail + chunk)
        seen += len(chunk)
        tail = chunk[-_OVERLAP:]
    if found.columns * _MOST_ROWS > limits.cells:
        tail, found.rows = b"", 0
        for chunk in _unpack(archive, part, name, limits, budget):
            found.count(tail + chunk)
            tail = chunk[-_OVERLAP:]
    return found, seen


def _sheet_names(archive: zipfile.ZipFile, names: set[str]) -> dict[str, str]:
    """Part name → sheet name. The standard library's parser resolves no external entity and the part is small."""
    if not {"xl/workbook.xml", "xl/_rels/workbook.xml.rels"} <= names:
        return {n: n for n in names if n.startswith("xl/worksheets/")}
    relation = {}
    for element in _xml(archive, "xl/_rels/workbook.xml.rels").iter():
        target = element.get("Target", "")
        relation[element.get("Id", "")] = target.lstrip("/") if target.startswith("/") else "xl/" + target
    sheets = {}
    for element in _xml(archive, "xl/workbook.xml").iter():
        if element.tag.rsplit("}", 1)[-1] == "sheet":
            key = next((v for k, v in element.attrib.items() if k.endswith("}id")), "")
            sheets[relation.get(key, "")] = element.get("name", "")
    return sheets


def _xml(archive: zipfile.ZipFile, part: str) -> ElementTree.Element:
    data = archive.read(part)
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        data = re.sub(rb"<!DOCTYPE[^\[>]*(\[.*?\]\s*)?>", b"", data, count=1, flags=re.DOTALL)
        data = re.sub(rb"&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[0-9a-fA-F]+);)[^;\s]*;", b"", data)
    return ElementTree.fromstring(data)  # noqa: S314 - document types and entities are cut out above


class _Sheet:
    """What one sheet's XML says about its extent and its error cells."""

    def __init__(self) -> None:
        self.rows, self.columns = 0, 26
        self.errors: dict[tuple[int, int], str] = {}

    def look(self, chunk: bytes) -> None:
        """Take in the widest column and the error cells of a piece of the XML."""
        if _has(chunk, r"""r=["'][A-Z]{2}"""):
            self.columns = max([self.columns, *(_column(letters) + 1 for letters in set(_WIDE.findall(chunk)))])
        if (b't="e"' in chunk or b"t='e'" in chunk) and len(self.errors) < _MOST_ERRORS:
            for found in _ERROR.finditer(chunk):
                if place := _REF.search(found[1]):
                    self.errors[int(place[2]) - 1, _column(place[1])] = found[2].decode("utf-8", "replace")

    def count(self, chunk: bytes) -> None:
        """The highest row that any row or cell names."""
        self.rows = max([self.rows, *(int(row) for row in set(_CELL.findall(chunk)))])

    def check(self, name: str, sheet: str, limits: Limits) -> None:
        if self.rows * self.columns > limits.cells:
            raise refused(
                "exchange.bomb",
                name,
                f"工作表 {sheet} 跨 {self.rows:,} 行 × {self.columns:,} 列，超过上限",
                f"sheet {sheet} spans {self.rows:,} rows × {self.columns:,} columns, over the limit",
            )


def _has(chunk: bytes, pattern: str) -> bool:
    """Whether a pattern is anywhere in the chunk; Arrow's engine scans a gigabyte a second where `re` would not."""
    return bool(pc.match_substring_regex(pa.scalar(chunk, pa.binary()), pattern).as_py())


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1
