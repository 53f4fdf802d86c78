"""Walking the routes of an app, also those added later: what each reads of a query and a form is learnt by asking it.

A walk asks a route first with nothing, notes which names it looked for, then gives each of them a plausible value, and
so on until it looks for nothing new. What it looks for can then be made hostile, one name at a time. The names in the
body of an act of the API are known from its model.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.routing import APIRoute
from starlette.datastructures import FormData, ImmutableMultiDict, QueryParams

from desk.desk_samples import DeskClient
from houfeng.office.access import Permission
from houfeng_desk.app import DeskApp
from houfeng_desk.web import marker_of

PLAUSIBLE = {
    "version": "1", "move": "verify", "why": "理由", "reason": "理由", "comment": "看过", "format": "csv",
    "until": "2026-12-31", "period": "2026-01", "as_of": "2025-12", "known_at": "2026-02-01", "lang": "zh",
    "cadence": "month", "day": "2026-02-10", "decision": "approve", "set": "1", "rows": "region", "columns": "theme",
    "measures": "balance", "theme": "inclusive", "page": "1", "size": "20", "type": "credit_risk", "tier": "red",
    "monthly": "12", "quarterly": "20", "yearly": "31", "template": "short_of_cash", "outcome": "recovered",
}  # fmt: skip
"""Values that let a route go on to the next thing it reads."""
SKIPPED = frozenset({"/sign-out"})
"""What would end the walk itself."""
TURNS = 4
STREAMS = re.compile(r"/stream$")
"""Answers that do not end; they have tests of their own."""


def walked(found: object) -> Iterator[APIRoute]:
    """The routes, those of included routers too."""
    for route in found:  # type: ignore[attr-defined]
        if isinstance(route, APIRoute):
            yield route
        elif hasattr(route, "original_router"):
            yield from walked(route.original_router.routes)
        elif hasattr(route, "routes"):
            yield from walked(route.routes)


def marker(route: APIRoute) -> tuple[Permission, ...] | None:
    """Who may ask for a route."""
    return marker_of(list(route.dependencies))


@dataclass
class Asking:
    """A route, how it is asked, and the names it reads of the query and the form."""

    route: APIRoute
    method: str
    query: set[str] = field(default_factory=set)
    form: set[str] = field(default_factory=set)
    answers: list[Any] = field(default_factory=list)
    """What it answered while it was learnt."""

    @property
    def parameters(self) -> list[str]:
        """The names in its path."""
        return re.findall(r"\{(\w+)(?::\w+)?\}", self.route.path)

    def path(self, ids: Mapping[str, str]) -> str:
        """Its path with these values."""
        return re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: quote(ids.get(found[1], "1"), safe=""), self.route.path)

    def __str__(self) -> str:
        return f"{self.method} {self.route.path}"


def askings(app: DeskApp) -> Iterator[Asking]:
    """Every route that a signed-in person may ask for, by each of its methods."""
    for route in walked(app.routes):
        if STREAMS.search(route.path) or route.path in SKIPPED or marker(route) == ():
            continue
        for method in sorted(route.methods - {"HEAD"}):
            yield Asking(route, method)


def ask(
    browser: DeskClient,
    asking: Asking,
    ids: Mapping[str, str],
    query: Mapping[str, str] | str = "",
    form: Mapping[str, Any] | None = None,
) -> Any:
    """Ask, with the token of the browser's forms where one is needed."""
    path = asking.path(ids)
    if isinstance(query, str) and query:
        path, query = f"{path}?{query}", ""
    parameters = query or None
    if asking.method == "GET":
        return browser.get(path, params=parameters)
    headers = {"x-csrf-token": browser.headers.get("x-csrf-token", "")}
    if asking.route.path.startswith("/api/") and "submissions" not in path:
        return browser.request(asking.method, path, params=parameters, json=dict(form or {}), headers=headers)
    return browser.request(asking.method, path, params=parameters, data=dict(form or {}), headers=headers)


@contextmanager
def reading(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, set[str]]]:
    """The names that are looked for in queries and forms while this is open."""
    names: dict[str, set[str]] = {"query": set(), "form": set()}

    def note(self: ImmutableMultiDict[str, Any], name: Any) -> None:
        if isinstance(name, str):
            if isinstance(self, QueryParams):
                names["query"].add(name)
            elif isinstance(self, FormData):
                names["form"].add(name)

    with monkeypatch.context() as patch:
        for method in ("get", "getlist", "__getitem__", "__contains__"):
            usual = getattr(ImmutableMultiDict, method, None)
            if usual is None:
                continue

            def noted(self: Any, name: Any, *more: Any, _usual: Any = usual) -> Any:
                note(self, name)
                return _usual(self, name, *more)

            patch.setattr(ImmutableMultiDict, method, noted)
        yield names


def learn(browser: DeskClient, asking: Asking, ids: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> Asking:
    """Find out what a route reads. This acts, if the browser may; who may not is refused before anything is read."""
    if asking.route.path.startswith("/api/") and asking.method != "GET" and asking.route.body_field is not None:
        model = asking.route.body_field.field_info.annotation
        asking.form |= set(getattr(model, "model_fields", {}))
    wanted = marker(asking.route)
    if wanted and browser.viewer is not None and not any(browser.viewer.may(one) for one in wanted):
        return asking
    for _ in range(TURNS):
        before = len(asking.query) + len(asking.form)
        with reading(monkeypatch) as names:
            query = {name: PLAUSIBLE[name] for name in asking.query if name in PLAUSIBLE}
            form = {name: PLAUSIBLE.get(name, "1") for name in asking.form}
            asking.answers.append(ask(browser, asking, ids, query, form))
        asking.query |= names["query"]
        asking.form |= names["form"] - {"csrf"}
        if len(asking.query) + len(asking.form) == before:
            break
    return asking


def leaks(text: str, names: frozenset[str], said: Mapping[str, str]) -> list[str]:
    """Which of `names` stand in an answer although nobody said them."""
    found = {name for name in names if name in text}
    return sorted(name for name in found if name not in said.values())[:3]
