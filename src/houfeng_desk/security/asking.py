"""What no request can mean is refused before any page looks at it: numbers that no table counts to, signs that no
database keeps. Every page, also one written later, is spared the question."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request

from houfeng.errors import AccessError, InputError, NotFoundError, Text, UsageError
from houfeng_desk.security.forgery import SAFE
from houfeng_desk.security.session import viewer_of

LARGEST = 2**53
"""Above it a number names nothing: databases count to 2**63, JavaScript to here."""


async def check_asked(request: Request) -> None:
    """A dependency of the whole desk.

    Raises:
        NotFoundError: the path names something that cannot be.
        UsageError, InputError: the query or the body has signs that are no text.
        AccessError: nobody who is signed in sends a form with files; it is refused before it is read.
    """
    numbers = _numbers(request)
    for name, value in request.path_params.items():
        text = str(value)
        if _no_text(text) or (name in numbers and text.lstrip("-").isdecimal() and abs(int(text)) > LARGEST):
            raise NotFoundError(
                Text("没有这个页面，或您无权知道有它。", "there is no such page, or none you may know of")
            )
    if any(_no_text(value) for pair in request.query_params.multi_items() for value in pair):
        raise UsageError(Text("地址里有不能用的字符", "the address has signs that cannot be used"))
    if request.method in SAFE:
        return
    sent = request.headers.get("content-type", "").lower()
    if "multipart" in sent and await run_in_threadpool(viewer_of, request) is None:
        raise AccessError(Text("请先登录再上传。", "sign in before you send files"))
    if "json" in sent:
        _check_json(await request.body())


def _numbers(request: Request) -> set[str]:
    """Which parts of the path the page takes as numbers; a credit code of digits alone is none."""
    dependant = getattr(request.scope.get("route"), "dependant", None)
    return {one.name for one in getattr(dependant, "path_params", ()) if one.field_info.annotation is int}


async def check_form(request: Request) -> None:
    """The same of a form, once it was read.

    Raises:
        InputError: a field has signs that are no text.
    """
    if request.method in SAFE:
        return
    for name, value in request.state.form.multi_items():
        if _no_text(name) or _no_text((value.filename or "") if isinstance(value, UploadFile) else value):
            raise _unusable()


def _check_json(body: bytes) -> None:
    try:
        found: Any = json.loads(body) if body else None
        usable = all(not _no_text(text) for text in _texts(found))
    except (ValueError, RecursionError):
        return  # whoever reads it says so
    if not usable:
        raise _unusable()


def _texts(found: Any) -> Iterator[str]:
    """Every text of a body, names of fields too."""
    if isinstance(found, str):
        yield found
    elif isinstance(found, dict | list):
        for one in [*found, *found.values()] if isinstance(found, dict) else found:
            yield from _texts(one)


def _unusable() -> InputError:
    return InputError(Text("内容里有不能用的字符", "what was sent has signs that cannot be used"))


def _no_text(value: str) -> bool:
    """Whether a database of texts would refuse it: NUL, and halves of characters."""
    return "\x00" in value or any("\ud800" <= sign <= "\udfff" for sign in value)
