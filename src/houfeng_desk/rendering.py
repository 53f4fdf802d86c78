"""Templates: Jinja2 with autoescape, the desk's filters, and the frame that every page stands in."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request

from houfeng.clock import month_end
from houfeng.office.access import ROLE_NAMES, Permission, Viewer
from houfeng_desk import assets, formats
from houfeng_desk.locale import TAGS, gettext, ngettext, say, speak
from houfeng_desk.menu import Counter, home_of, lit, menu_of
from houfeng_desk.security import forgery
from houfeng_desk.security.flashes import take_flashes
from houfeng_desk.security.session import lang_of, large_type, viewer_of

if TYPE_CHECKING:
    from houfeng_desk.desk import Desk

FOLDER = Path(__file__).parent / "templates"


class Rendering:
    """The templates of one desk. `counters` give the badges of the menu, by entry."""

    def __init__(self, desk: Desk) -> None:
        """The environment is made once; a template is compiled when it is first asked for."""
        self.desk = desk
        self.counters: dict[str, Counter] = {}
        self.environment = Environment(
            loader=FileSystemLoader(FOLDER),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
        )
        self.environment.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]
        self.environment.filters.update(FILTERS)
        self.environment.globals.update(GLOBALS)

    def page(self, request: Request, template: str, context: Mapping[str, Any]) -> str:
        """The HTML of a page."""
        viewer = viewer_of(request)
        lang = lang_of(request)
        speak(lang)
        return self.environment.get_template(template).render(
            **self._frame(request, viewer, lang),
            **context,
        )

    def fragment(self, request: Request, template: str, context: Mapping[str, Any]) -> str:
        """The HTML of a part, for a stream of events: it has the filters and links of a page, not its frame."""
        lang = lang_of(request)
        speak(lang)
        return self.environment.get_template(template).render(**self._links(request), lang=lang, **context)

    def _links(self, request: Request) -> dict[str, Any]:
        from houfeng_desk.web import here, keep

        return {
            "request": request,
            "keep": partial(keep, request),
            "here": partial(here, request),
            "csrf": partial(_csrf, request),
        }

    def _frame(self, request: Request, viewer: Viewer | None, lang: str) -> dict[str, Any]:
        return {
            **self._links(request),
            "desk": self.desk,
            "viewer": viewer,
            "lang": lang,
            "lang_tag": TAGS[lang],
            "large_type": large_type(request),
            "path": request.url.path,
            "groups": menu_of(viewer) if viewer is not None else [],
            "home": home_of(viewer) if viewer is not None else "/",
            "badges": self._badges(viewer) if viewer is not None and not viewer.must_change else {},
            "flashes": [*take_flashes(request)],
            "reader": getattr(request.state, "reader", None),
            "synthetic": self.desk.book.synthetic,
            "may": (lambda name: viewer is not None and viewer.may(Permission(name))),
        }

    def _badges(self, viewer: Viewer) -> dict[str, int]:
        return {name: count for name, counter in self.counters.items() if (count := counter(viewer))}


def _csrf(request: Request) -> Markup:
    return Markup('<input type="hidden" name="{}" value="{}">').format(forgery.FIELD, forgery.token(request))


def _json(value: Any) -> Markup:
    """JSON for the inside of a `<script type="application/json">`: nothing in it can end the element."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return Markup(text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))  # noqa: S704


def _style(path: str) -> Markup:
    return Markup('<link rel="stylesheet" href="{}">').format(assets.address(path))


def _script(path: str) -> Markup:
    return Markup('<script src="{}" defer></script>').format(assets.address(path))


def _vendored(name: str) -> Markup:
    entry = assets.vendored()[name]
    return Markup('<script src="{}" integrity="sha384-{}" defer></script>').format(
        assets.address(f"vendor/{entry['path']}"), entry["sha384"]
    )


def _as_of(reader: Any) -> str:
    """A month's end as the month, any other day as itself."""
    day = reader.as_of
    return f"{day:%Y-%m}" if day == month_end(day) else f"{day}"


def _prose(value: date) -> str:
    """A day in prose: 2026年6月30日, or 30 June 2026."""
    from babel.dates import format_date

    from houfeng_desk.locale import spoken

    day = value.date() if isinstance(value, datetime) else value
    return str(format_date(day, format="long", locale="zh_Hans_CN" if spoken() == "zh" else "en"))


FILTERS: dict[str, Callable[..., Any]] = {
    "t": say,
    "wan": formats.wan,
    "yi": formats.yi,
    "number": formats.number,
    "percent": formats.percent,
    "share": formats.share,
    "day": formats.day,
    "moment": formats.moment,
    "credit_code": formats.credit_code,
    "as_json": _json,
    "prose": _prose,
    "as_of": _as_of,
}

GLOBALS: dict[str, Any] = {
    "asset": assets.address,
    "style": _style,
    "script": _script,
    "vendored": _vendored,
    "lit": lit,
    "role_names": ROLE_NAMES,
    "nothing": formats.NOTHING,
}
