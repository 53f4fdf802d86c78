"""What a page function uses: who asks, what they may, the book as they may see it, and giving a page back.

    router = APIRouter()

    @router.get("/alerts", name="alerts", dependencies=[allowed(Permission.SEE_ALERTS)])
    def alerts(request: Request, desk: DeskDep, viewer: ViewerDep, reader: ReaderDep) -> Response:
        return page(request, "alerts/list.html", listing=...)

Every route has exactly one marker, `allowed(...)` or `public()`; a test walks them all.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, cast
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from fastapi import Depends
from fastapi.params import Depends as Marker
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from houfeng.clock import parse_day, parse_moment
from houfeng.errors import AccessError, HoufengError, InputError, Text, UsageError
from houfeng.office.access import Permission, Viewer
from houfeng_desk.desk import Desk
from houfeng_desk.reader import Reader
from houfeng_desk.security.flashes import add_flash
from houfeng_desk.security.session import viewer_of

KEPT = ("as_of", "known_at")
"""The question's two times, which links within the desk carry along."""


class SignInError(HoufengError):
    """Nobody is signed in. A page sends to the sign-in page; the API says so."""

    code = "houfeng.sign_in"
    status = 401


async def _desk(request: Request) -> Desk:
    return cast(Desk, request.app.state.desk)


def the_viewer(request: Request) -> Viewer:
    """Who asks.

    Raises:
        SignInError: nobody is signed in.
    """
    viewer = viewer_of(request)
    if viewer is None:
        raise SignInError(Text("请先登录。", "please sign in first"))
    return viewer


DeskDep = Annotated[Desk, Depends(_desk)]
ViewerDep = Annotated[Viewer, Depends(the_viewer)]


def _reader(request: Request, desk: DeskDep, viewer: ViewerDep) -> Reader:
    asked = request.query_params
    as_of = parse_day(asked["as_of"]) if asked.get("as_of") else None
    known_at = parse_moment(asked["known_at"]) if asked.get("known_at") else None
    request.state.reader = desk.reader(viewer, as_of, known_at)
    return cast(Reader, request.state.reader)


ReaderDep = Annotated[Reader, Depends(_reader)]


def allowed(*permissions: Permission) -> Any:
    """The marker of a route for signed-in people who have one of `permissions` (none given: any signed-in person)."""

    def check_allowed(request: Request) -> None:
        viewer = the_viewer(request)
        if viewer.must_change and request.url.path not in FIRST_STEPS:
            raise FirstStartError(Text("请先修改一次性密码。", "change the one-time password first"))
        if permissions and not any(viewer.may(permission) for permission in permissions):
            viewer.require(permissions[0])

    check_allowed.permissions = permissions or (Permission.USE_ACCOUNT,)  # type: ignore[attr-defined]
    return Depends(check_allowed)


def public() -> Any:
    """The marker of a route that anybody may ask for: sign-in, styles, health."""

    async def check_public() -> None:
        return None

    check_public.permissions = ()  # type: ignore[attr-defined]
    return Depends(check_public)


def marker_of(dependencies: list[Marker]) -> tuple[Permission, ...] | None:
    """The permissions of a route's one marker: empty for a public one, None where there is no marker."""
    found = [getattr(d.dependency, "permissions", None) for d in dependencies]
    found = [permissions for permissions in found if permissions is not None]
    return found[0] if len(found) == 1 else None


FIRST_STEPS = frozenset({"/first-start", "/sign-out"})
"""Where somebody with a one-time password may go."""


class FirstStartError(AccessError):
    """Somebody must change a one-time password before anything else."""

    code = "houfeng.first_start"


def page(request: Request, template: str, /, status: int = 200, **context: Any) -> Response:
    """The page made of `template`, in the viewer's language, with the frame of the desk around it."""
    return HTMLResponse(request.app.state.rendering.page(request, template, context), status_code=status)


def see_other(url: str) -> Response:
    """After an act, send the browser to look at the result."""
    return RedirectResponse(url, status_code=303)


def flash(request: Request, text: Text, kind: str = "done") -> None:
    """Say `text` on the next page this person sees; `kind` is done, note or fault."""
    add_flash(request, text, kind)


HIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""Signs that are no text: no page shows them, and neither Word nor Excel takes them."""


def form_of(request: Request) -> FormData:
    """The form that was sent."""
    return cast(FormData, getattr(request.state, "form", None) or FormData())


def field(request: Request, name: str, *, most: int = 4000, label: Text | None = None) -> str:
    """One text of the form that was sent, trimmed; with `label` it must not be empty.

    Raises:
        InputError: it is longer than `most`, has control characters, or is missing.
    """
    value = form_of(request).get(name, "")
    text = "" if isinstance(value, UploadFile) else value.strip()
    what = label or Text(name, name)
    if len(text) > most:
        raise InputError(Text(f"“{what.zh}”太长（最多 {most} 字）", f"“{what.en}” is too long (at most {most})"))
    if HIDDEN.search(text):
        raise InputError(Text(f"“{what.zh}”里有不可见字符", f"“{what.en}” has control characters"))
    if label is not None and not text:
        raise InputError(Text(f"请填写“{what.zh}”", f"“{what.en}” is needed"))
    return text


def number_field(request: Request, name: str, label: Text) -> int:
    """One whole number of the form that was sent.

    Raises:
        InputError: it is not one.
    """
    text = field(request, name, most=18, label=label)
    if not (text.isascii() and text.lstrip("-").isdigit()):
        raise InputError(Text(f"“{label.zh}”不是整数", f"“{label.en}” is not a whole number"))
    return int(text)


def keep(request: Request, url: str, **changes: Any) -> str:
    """`url` with the times of the question carried along, and `changes` to its query (None takes one away)."""
    parts = urlsplit(url)
    query = {name: request.query_params[name] for name in KEPT if request.query_params.get(name)}
    query.update(parse_qsl(parts.query))
    for name, value in changes.items():
        query.pop(name, None)
        if value is not None and value != "":
            query[name] = str(value)
    return urlunsplit(parts._replace(query=urlencode(query)))


def here(request: Request, **changes: Any) -> str:
    """The address of this page with `changes` to its query (None takes one away)."""
    query = [(name, value) for name, value in request.query_params.multi_items() if name not in changes]
    query += [(name, str(value)) for name, value in changes.items() if value is not None and value != ""]
    return request.url.path + (f"?{urlencode(query)}" if query else "")


def local(target: str, otherwise: str = "/") -> str:
    """`target` if it is a path of this desk, else `otherwise`: nobody is sent elsewhere by a crafted link."""
    parts = urlsplit(target)
    safe = target.startswith("/") and not target.startswith(("//", "/\\")) and not parts.netloc and not parts.scheme
    return target if safe and "\\" not in target and target.isprintable() else otherwise


def whole(value: str, name: str, most: int = 1_000_000_000) -> int:
    """A whole number of the query, 0 to `most`.

    Raises:
        UsageError: it is not one.
    """
    if not (value.isascii() and value.isdigit() and len(value) < 12 and int(value) <= most):
        raise UsageError(Text(f"{name} 应为整数：{value[:40]}", f"{name} must be a whole number: {value[:40]}"))
    return int(value)


__all__ = [
    "DeskDep",
    "ReaderDep",
    "SignInError",
    "ViewerDep",
    "allowed",
    "field",
    "flash",
    "form_of",
    "here",
    "keep",
    "local",
    "number_field",
    "page",
    "public",
    "see_other",
    "whole",
]
