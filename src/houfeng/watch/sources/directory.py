"""Files that appear in a folder, taken in the order of their names when they are complete.

    inbox/account_flow-2026-01-31.jsonl    the kind is the name's first part,
    inbox/invoice/part-0001.parquet        or the folder's name,
    inbox/mixed.jsonl                      or told by each object, or by --kind
    inbox/done/, inbox/bad/                where a file goes when all of it is durable, or when it cannot be read

Each file is a source of its own, `dir:NAME:HASH`; an event's offset is its row. The same bytes under the same name are
taken once, for ever; a new file under an old name is new.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow.compute as pc

from houfeng.book.draft import problems_json
from houfeng.errors import EnvironmentFault, HoufengError, InputError, Problem, Text, Where
from houfeng.watch.sources.parsing import Parser, event_kinds
from houfeng.watch.sources.queue import Incoming, Put, Source, ended, incoming
from houfeng.watch.sources.stdin import line_blocks
from houfeng.watch.sources.typed import Parsed

LINES = (".jsonl", ".ndjson", ".json")
TABLES = (".csv", ".tsv", ".txt", ".parquet", ".xlsx")
DONE, BAD = "done", "bad"


@dataclass(frozen=True, slots=True)
class _Look:
    """What a file looked like: it is complete when it looks the same a moment later."""

    size: int
    changed: int


class DirectorySource(Source):
    """The files of a folder. `poll` is the time in seconds between two looks; `once`: end when nothing is left."""

    def __init__(self, folder: Path, *, kind: str = "", poll: float = 0.5, once: bool = False) -> None:
        super().__init__(f"dir:{folder.name}")
        self.folder, self._poll, self._once = folder, poll, once
        self._kind, self._names = kind, event_kinds()
        self._parsers: dict[str, Parser] = {"": Parser(kind)}
        self._looks: dict[Path, _Look] = {}
        self._finished: dict[str, tuple[Path, int]] = {}  # source → file wholly given, its last row
        self._durable: dict[str, int] = {}
        self._unreadable: list[Problem] = []

    def acknowledge(self, source: str, offset: int) -> None:
        """Rows of a file up to `offset` are durable; when that is all of it, it moves to `done/` at the next look."""
        self._durable[source] = max(offset, self._durable.get(source, 0))

    def problems(self) -> list[Problem]:
        """What was let in with a doubt, and the files that could not be read."""
        return [p for parser in self._parsers.values() for p in parser.problems()] + self._unreadable

    def _run(self, put: Put, offsets: Mapping[str, int]) -> None:
        self._durable.update(offsets)
        self.folder.mkdir(parents=True, exist_ok=True)
        while not self.stopping.is_set():
            self._put_away()
            waiting = self._complete()
            for path in waiting:
                if self.stopping.is_set():
                    return
                self._take(path, put)
            if self._once and not waiting and not self._finished and not self._looks:
                return
            self.stopping.wait(self._poll)

    def _complete(self) -> list[Path]:
        """The files that did not change since the last look, by name."""
        looks: dict[Path, _Look] = {}
        given = {path for path, _ in self._finished.values()}
        for path in self._files():
            try:
                found = path.stat()
            except FileNotFoundError:  # taken away since it was listed
                continue
            if path not in given:
                looks[path] = _Look(found.st_size, found.st_mtime_ns)
        ready = [path for path, look in looks.items() if self._looks.get(path) == look]
        self._looks = {path: look for path, look in looks.items() if path not in ready}
        return sorted(ready, key=lambda path: (path.name, path))

    def _files(self) -> Iterator[Path]:
        try:
            for path in self.folder.iterdir():
                if path.is_dir() and path.name in self._names:
                    yield from (p for p in path.iterdir() if _wanted(p))
                elif _wanted(path):
                    yield path
        except OSError as error:
            raise _fault(self.folder, error) from error

    def _take(self, path: Path, put: Put) -> None:
        """Give all of a file that is not durable yet."""
        try:
            source = f"dir:{path.relative_to(self.folder).as_posix()}:{_hash(path)}"
            known = self._durable.get(source, 0)
            last = known
            for found, first, last in self._blocks(path, known):
                items = incoming(source, found, first, last)
                self._write_bad(path, items)
                put(*items)
            if self.stopping.is_set():
                return
            put(ended(source, last))
            self._finished[source] = (path, last)
        except InputError as error:
            self._refuse(path, error)
        except OSError as error:
            raise _fault(path, error) from error

    def _blocks(self, path: Path, after: int) -> Iterator[tuple[list[Parsed], int, int]]:
        """What each block of a file holds, and its first and last row."""
        kind = self._kind_of(path)
        if path.suffix.lower() in LINES:
            parser = self._parser(kind)
            with path.open("rb") as stream:
                for block, first, last in line_blocks(stream.read, after):
                    if self.stopping.is_set():
                        return
                    yield parser.lines(block, first), first, last
            return
        if not (kind or self._kind):
            why = Text("看不出是哪种事件", "the name does not tell what kind of event this is")
            hint = Text("文件名以种类开头，如 invoice-01.csv", "begin the file's name with the kind, as invoice-01.csv")
            raise InputError(why, (Problem("watch.kind_missing", why, Where(path.name), suggestion=hint),))
        for found in self._parser(kind).file(path, kind or self._kind, after):
            rows = [part.rows.column("_offset") for part in found if part.rows.num_rows]
            rows += [part.rejected.column("offset") for part in found if part.rejected.num_rows]
            if rows:
                last = max(int(pc.max(column).as_py()) for column in rows)
                yield found, after + 1, last
                after = last

    def _kind_of(self, path: Path) -> str:
        first = re.split(r"[.-]", path.name, maxsplit=1)[0]
        return next((name for name in (path.parent.name, first) if name in self._names), "")

    def _parser(self, kind: str) -> Parser:
        if kind not in self._parsers:
            self._parsers[kind] = Parser(kind)
        return self._parsers[kind]

    def _put_away(self) -> None:
        """Move files of which every row is durable."""
        for source, (path, last) in list(self._finished.items()):
            if self._durable.get(source, 0) >= last:
                self._move(path, DONE)
                del self._finished[source]

    def _move(self, path: Path, where: str) -> Path:
        target = self.folder / where / path.relative_to(self.folder)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            number = 1
            while target.exists():  # never over what was there before
                number += 1
                target = target.with_name(f"{path.stem}~{number}{path.suffix}")
            os.rename(path, target)
        except FileNotFoundError:  # its owner took it back; all of it is in the log
            return target
        except OSError as error:
            raise _fault(path, error) from error
        return target

    def _write_bad(self, path: Path, items: list[Incoming]) -> None:
        """Bad rows stand beside: one JSON object each, with row, raw text and problems."""
        bad = [row for item in items for row in item.rejected.to_pylist()]
        if not bad:
            return
        target = self.folder / BAD / f"{path.name}.rows.jsonl"
        target.parent.mkdir(exist_ok=True)
        with target.open("a", encoding="utf-8") as out:
            for row in bad:
                told = {"row": row["row"], "raw": row["raw"], "problems": json.loads(row["problems"])}
                out.write(json.dumps(told, ensure_ascii=False) + "\n")

    def _refuse(self, path: Path, error: InputError) -> None:
        """Set a file aside that cannot be read, with the reason; the stream goes on."""
        problems = list(error.problems) or [Problem(error.code, error.message, Where(path.name))]
        self._unreadable += problems
        target = self._move(path, BAD)
        target.with_name(f"{target.name}.problems.json").write_text(problems_json(problems) + "\n", "utf-8")


def _wanted(path: Path) -> bool:
    return path.suffix.lower() in (*LINES, *TABLES) and not path.name.startswith(".") and path.is_file()


def _hash(path: Path) -> str:
    """The first 12 hex digits of the SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()[:12]


def _fault(path: Path, error: OSError) -> HoufengError:
    why = error.strerror or type(error).__name__
    return EnvironmentFault(Text(f"{path} 不能读写：{why}", f"{path} cannot be read or written: {why}"))
