"""A list of the desk as a list of the API: filters as parameters, pages by cursor."""

from __future__ import annotations

import base64
import binascii
import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fastapi import APIRouter, Depends, Path, Query
from starlette.requests import Request

from houfeng.clock import parse_day, parse_moment
from houfeng.errors import Text, UsageError
from houfeng.office.access import Permission, Viewer
from houfeng_desk.api.shapes import item, list_model
from houfeng_desk.desk import Desk
from houfeng_desk.lists import Column, Filter, Listing, ListRequest
from houfeng_desk.reader import Reader
from houfeng_desk.web import DeskDep, ViewerDep, allowed

MOST = 500
USUAL = 50
LARGEST = 2**53
"""Above it a number of a path names nothing."""


@dataclass(frozen=True)
class Asked:
    """What a list's query is given. `reader` is made when it is first needed."""

    request: Request
    desk: Desk
    viewer: Viewer
    times: Mapping[str, str]

    @property
    def path(self) -> Mapping[str, str]:
        """What the list is about: the parameters of its path."""
        return self.request.path_params

    @property
    def reader(self) -> Reader:
        """The book as the viewer may see it, on the day and as known at the moment of the first page."""
        as_of, known_at = self.times.get("as_of"), self.times.get("known_at")
        return self.desk.reader(
            self.viewer, parse_day(as_of) if as_of else None, parse_moment(known_at) if known_at else None
        )


Answer = Callable[[Asked, ListRequest], Listing]


def add_list(
    router: APIRouter,
    path: str,
    name: str,
    columns: Sequence[Column],
    filters: Sequence[Filter],
    permission: Permission,
    answer: Answer,
    *,
    about: str,
    filters_now: Callable[[Asked], Sequence[Filter]] | None = None,
    within: Mapping[str, type] | None = None,
) -> None:
    """Give `answer` at `path`. `filters_now` are those of the moment, where choices depend on what there is; `within`
    are the parameters of the path with their types."""
    known = {one.name for one in filters}
    asked_for = Depends(
        _parameters(columns, filters, within or {})
    )  # as a default: an annotation made here could not be looked up

    def listed(request: Request, desk: DeskDep, viewer: ViewerDep, given: dict[str, str] = asked_for) -> Any:
        for name in within or ():
            given.pop(name)
        size = int(given.pop("limit"))
        cursor, sort = given.pop("cursor"), given.pop("sort")
        times = {one: given.pop(one) for one in ("as_of", "known_at") if given[one]}
        place = _opened(cursor) if cursor else {}
        skip, after = int(place.get("skip", 0)), str(place.get("after", ""))
        held = dict(place.get("times", {})) or times
        if held.get("known_at") is None:
            held["known_at"] = desk.clock().isoformat()
        asked = Asked(request, desk, viewer, held if cursor else times)
        values = {one: value for one, value in given.items() if one in known and value}
        ask = ListRequest.of(
            _Query({**values, "sort": sort}), columns, filters_now(asked) if filters_now else filters, sizes=(size,)
        )
        if skip % size:
            raise UsageError(Text("翻页时 limit 不能改变", "limit must stay the same from page to page"))
        if after and sort:
            raise UsageError(Text("翻页时 sort 不能改变", "sort must stay the same from page to page"))
        found = answer(asked, replace(ask, page=skip // size + 1, after=after))
        more = _next(found, skip + size, size, held)
        return {"items": [item(row) for row in found.rows], "total": found.total, "next": more}

    router.add_api_route(
        path,
        listed,
        methods=["GET"],
        name=f"api_{name}",
        operation_id=f"list_{name}",
        summary=about,
        response_model=list_model("".join(part.title() for part in name.split("_")), columns),
        dependencies=[allowed(permission)],
    )


@dataclass(frozen=True)
class _Query:
    query_params: Mapping[str, str]


def _parameters(
    columns: Sequence[Column], filters: Sequence[Filter], within: Mapping[str, type]
) -> Callable[..., dict[str, str]]:
    """A dependency with one parameter for each filter, so that the document of the API names them."""
    sortable = ", ".join(one.name for one in columns if one.sortable)
    named = {one.name: _said(one) for one in filters}
    named["sort"] = f"One of {sortable}; with - before it, downwards." if sortable else "This list has its own order."
    named["as_of"] = "The day looked at, e.g. 2025-12 or 2025-12-31."
    named["known_at"] = "As known at this moment; a bare date is its end."
    named["cursor"] = "`next` of the page before."

    def parameters(**given: Any) -> dict[str, str]:
        return {name: str(value if value is not None else "") for name, value in given.items()}

    signature = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=Query("", description=text), annotation=str)
        for name, text in named.items()
    ]
    for name, kind in within.items():
        place = Path(ge=0, le=LARGEST) if kind is int else Path(max_length=100)
        signature.append(inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=place, annotation=kind))
    limit = Query(USUAL, ge=1, le=MOST, description="Rows of a page.")
    signature.append(inspect.Parameter("limit", inspect.Parameter.KEYWORD_ONLY, default=limit, annotation=int))
    parameters.__signature__ = inspect.Signature(signature)  # type: ignore[attr-defined]  # what FastAPI reads
    return parameters


def _said(one: Filter) -> str:
    text = f"{one.label.en} ({one.label.zh})"
    if one.choices is not None and len(one.choices) <= 30:
        text += ": " + ", ".join(choice.value for choice in one.choices)
    return text


def _next(found: Listing, skip: int, size: int, times: Mapping[str, str]) -> str | None:
    """The cursor of the next page: by the key of the last row where the list has keys, else by place."""
    if found.key or found.ask.after:
        return _closed({"after": found.key, "times": times}) if len(found.rows) == size else None
    return _closed({"skip": skip, "times": times}) if skip < found.total else None


def _closed(place: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(place, sort_keys=True).encode()).decode().rstrip("=")


def _opened(cursor: str) -> Mapping[str, Any]:
    try:
        found = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        skip, after, times = found.get("skip", 0), found.get("after", ""), found["times"]
        whole = type(skip) is int and 0 <= skip < 10**9 and isinstance(after, str) and after.isprintable()
        told = set(times) <= {"as_of", "known_at"} and all(isinstance(value, str) for value in times.values())
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error):
        whole = told = False
    if not (whole and told):
        raise UsageError(Text("cursor 不是本接口给出的", "this cursor was not given out by the API"))
    return {"skip": skip, "after": after, "times": times}
