"""What `--source` may say, read before anything is opened, and the sources made of it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from houfeng.clock import parse_day
from houfeng.errors import Text, UsageError

if TYPE_CHECKING:
    from houfeng.watch.operations.metrics import Metrics
    from houfeng.watch.service.core import Core
    from houfeng.watch.sources.queue import Source

HOST, PORT = "127.0.0.1", 8440
REMEMBER = 300
"""Seconds for which ids of HTTP and Kafka are remembered after their instant closed: senders repeat."""
IDLE, IDLE_FILES = 5.0, 3600.0
"""Seconds of silence after which the clock stands in for streams, and for files, which come all at once and late."""


@dataclass(frozen=True)
class Wanted:
    """One `--source`: its form, and what follows, read."""

    form: str
    folder: Path = Path()
    name: str = ""
    host: str = HOST
    port: int = PORT
    topics: tuple[str, ...] = ()
    servers: str = ""
    first: date = date.min
    last: date = date.min
    speed: float = 0.0


def read_all(texts: Sequence[str], *, drill: bool) -> list[Wanted]:
    """All sources that were named.

    Raises:
        UsageError: one cannot be read, is named twice, or does not go with a drill or without.
    """
    found = [read(text) for text in texts]
    if twice := [text for text, one in zip(texts, found, strict=True) if found.count(one) > 1]:
        raise UsageError(Text(f"来源 {twice[0]} 写了两次", f"the source {twice[0]} is named twice"))
    if not drill and any(one.form == "replay" for one in found):
        zh, en = (
            "replay 的事件账簿里已有；用 --drill 目录 演练，不再入账",
            "the book has the events of a replay already",
        )
        raise UsageError(Text(zh, f"{en}: run it as a drill, with --drill FOLDER"))
    if len(found) > 1 and any(one.form == "replay" for one in found):
        raise UsageError(Text("replay 不能与其他来源同用", "replay does not go with other sources"))
    return found


def read(text: str) -> Wanted:
    """The source a text names.

    Raises:
        UsageError: it names none.
    """
    form, _, rest = text.partition(":")
    if form == "dir" and rest:
        return Wanted(form, folder=Path(rest))
    if form == "stdin":
        return Wanted(form, name=rest)
    if form == "http":
        host, _, port = rest.rpartition(":")
        if not port or (port.isdigit() and int(port) < 65_536):
            return Wanted(form, host=host or HOST, port=int(port or PORT))
    if form == "kafka" and "@" in rest:
        topics, _, servers = rest.partition("@")
        if all(topics.split(",")) and servers:
            return Wanted(form, topics=tuple(topics.split(",")), servers=servers)
    if form == "replay" and ".." in rest:
        days, _, speed = rest.partition("@")
        first, _, last = days.partition("..")
        if not speed or speed.replace(".", "", 1).isdigit():
            return Wanted(form, first=parse_day(first), last=parse_day(last), speed=float(speed or 0))
    raise UsageError(
        Text(
            f"不认识的来源 {text}；应为 dir:目录、stdin、http:主机:端口、kafka:主题@服务器 或 replay:日..日@倍速",
            f"no source: {text}; write dir:FOLDER, stdin, http:HOST:PORT, kafka:TOPIC@SERVERS or replay:DAY..DAY@SPEED",
        )
    )


def remembered(wanted: Sequence[Wanted]) -> int:
    """Seconds for which ids are remembered where nobody says."""
    return REMEMBER if any(one.form in ("http", "kafka") for one in wanted) else 0


def idle(wanted: Sequence[Wanted]) -> float:
    """Seconds of silence where nobody says."""
    return IDLE_FILES if any(one.form == "dir" for one in wanted) else IDLE


def make(wanted: Wanted, core: Core, metrics: Metrics, *, kind: str, once: bool, token: str) -> Source:
    """The source, not started yet.

    Raises:
        UsageError: it cannot be had like this.
    """
    from houfeng.watch.sources.directory import DirectorySource
    from houfeng.watch.sources.stdin import StdinSource

    if wanted.form == "dir":
        return DirectorySource(wanted.folder, kind=kind, once=once)
    if wanted.form == "stdin":
        return StdinSource(sys.stdin.buffer, name=wanted.name, kind=kind)
    if wanted.form == "kafka":
        from houfeng.watch.sources.kafka import KafkaSource

        return KafkaSource(wanted.topics, {"bootstrap.servers": wanted.servers}, kind=kind)
    if wanted.form == "replay":
        from houfeng.watch.sources.replay import ReplaySource

        kinds = sorted(core.engine.kinds)
        return ReplaySource(core.snapshot(), kinds, wanted.first, wanted.last, speed=wanted.speed)
    return _http(wanted, core, metrics, kind, token)


def _http(wanted: Wanted, core: Core, metrics: Metrics, kind: str, token: str) -> Source:
    from houfeng.watch.sources.http.source import HttpSource

    name = "http"

    def answered(key: str) -> dict[str, Any] | None:
        offset = core.log.answered(name, key)
        return None if offset is None else {"offset": offset}

    return HttpSource(
        wanted.host,
        wanted.port,
        name=name,
        kind=kind,
        token=token,
        answered=answered,
        metrics=lambda: metrics.text().decode(),
        status=metrics.status,
    )
