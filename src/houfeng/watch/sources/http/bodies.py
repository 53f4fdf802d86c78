"""What a request carries: JSON lines, an array, or an envelope; and what it is answered."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from houfeng.errors import HoufengError, Text, UsageError, did_you_mean
from houfeng.watch.sources.parsing import event_kinds

JSON_TYPES = ("application/json", "application/x-ndjson", "application/jsonl", "application/x-jsonlines")


@dataclass(slots=True)
class Request:
    """A request in line: its events as JSON lines, and where its answer goes. `first` is its first row's offset."""

    kind: str
    body: bytes
    key: str
    answer: asyncio.Future[dict[str, Any]]
    loop: asyncio.AbstractEventLoop
    lines: int = field(default=0)
    first: int = field(default=0)

    def reply(self, result: Mapping[str, Any] | HoufengError) -> None:
        """Called by the main loop, from its own thread, when the rows are durable or cannot be."""
        told = result if isinstance(result, HoufengError) else self._told(result)
        try:
            self.loop.call_soon_threadsafe(self._set, told)
        except RuntimeError:  # the server has stopped; the rows are durable all the same
            return

    def _told(self, result: Mapping[str, Any]) -> dict[str, Any]:
        rejected = result.get("rejected", [])
        if isinstance(rejected, pa.Table):
            rejected = [
                {"row": row["offset"] - self.first + 1, "problems": json.loads(row["problems"])}
                for row in rejected.to_pylist()
            ]
        return {**result, "rejected": rejected, "replayed": bool(result.get("replayed", False))}

    def _set(self, told: dict[str, Any] | HoufengError) -> None:
        if self.answer.done():
            return
        if isinstance(told, HoufengError):
            self.answer.set_exception(told)
            self.answer.exception()  # seen: the sender may have gone
        else:
            self.answer.set_result(told)


def lines_from(body: bytes, kind: str) -> tuple[str, bytes]:
    """The kind said for the whole request (or none) and its events, one JSON object a line.

    Raises:
        UsageError: it is none of the three forms.
    """
    start = body.lstrip(b"\xef\xbb\xbf \t\r\n")
    if start[:1] == b"[":
        kind, events = kind, _parsed(body)
    elif start[:1] != b"{":
        raise UsageError(Text("请求体不是 JSON", "the body is not JSON"))
    elif _one_object(start):
        whole = _parsed(body)
        if not isinstance(whole.get("events"), list):
            return _known(kind), json.dumps(whole, ensure_ascii=False).encode() + b"\n"
        kind, events = whole.get("kind") or kind, whole["events"]
    else:
        return _known(kind), body if body.endswith(b"\n") else body + b"\n"
    if not events:
        raise UsageError(Text("没有事件", "there are no events"))
    return _known(kind), b"".join(json.dumps(event, ensure_ascii=False).encode() + b"\n" for event in events)


def _one_object(body: bytes) -> bool:
    """Whether a body is one object over several lines, or an envelope, and not lines of objects."""
    first = body.partition(b"\n")[0].rstrip()
    return not first.endswith(b"}") or b'"events"' in first


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body.decode("utf-8-sig"), parse_float=_Digits, parse_int=_Digits)
    except (ValueError, RecursionError) as error:
        raise UsageError(Text(f"请求体不是 JSON（{error}）", f"the body is not JSON ({error})")) from None


class _Digits(str):
    """A number as written: it goes on as text and keeps all its digits."""


def _known(kind: Any) -> str:
    if kind and kind not in event_kinds():
        near = did_you_mean(str(kind), event_kinds())
        raise UsageError(Text(f"没有事件种类 {kind}。{near.zh}", f"there is no kind of event {kind}. {near.en}"))
    return str(kind or "")


def error_body(error: HoufengError) -> dict[str, Any]:
    """An error as JSON: its code, its text in both languages, its problems."""
    problems = [
        {"code": p.code, "message": p.message._asdict(), "suggestion": p.suggestion._asdict()} for p in error.problems
    ]
    return {"error": {"code": error.code, "message": error.message._asdict(), "problems": problems}}
