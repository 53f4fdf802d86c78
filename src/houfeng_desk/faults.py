"""What becomes of an error: a page in the look of the desk that says what happened and what to do, or the API's one
shape. Nobody sees a stack trace; it goes to the log under a number that the page shows."""

from __future__ import annotations

import logging
import secrets
from typing import Any
from urllib.parse import urlencode

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from houfeng.errors import AccessError, HoufengError, Problem, Text, Where
from houfeng_desk.locale import speak
from houfeng_desk.menu import home_of
from houfeng_desk.security.session import lang_of
from houfeng_desk.web import FirstStartError, SignInError, page

LOG = logging.getLogger("houfeng.desk")

PLAIN = {
    400: Text("请求写得不对，系统看不懂。", "the request was put in a way the desk does not understand"),
    401: Text("请先登录。", "please sign in first"),
    403: Text("您没有权限。", "you may not do this"),
    404: Text("没有这个页面，或您无权知道有它。", "there is no such page, or none that you may know of"),
    405: Text("这个地址不接受这种操作。", "this address does not take that kind of request"),
    409: Text("别人刚刚改过同一处，请刷新后再试。", "somebody else has just changed this; reload and try again"),
    413: Text("发送的内容太大。", "what was sent is too large"),
    422: Text("填写的内容不能用。", "what was filled in cannot be used"),
    429: Text("尝试过于频繁，请一分钟后再试。", "too many tries; please wait a minute"),
}
BROKEN = Text("系统内部出错，已经记录。", "something went wrong inside the desk; it has been logged")


def install(app: FastAPI) -> None:
    """Make `app` answer every error this way."""
    app.add_exception_handler(HoufengError, _ours)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(Exception, _broken)


def _ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, HoufengError)
    if (inside := getattr(request.state, "exporting", None)) is not None:
        inside.fault = error  # the worker asked: it is raised where the job runs
    if not _api(request) and request.method == "GET":
        if isinstance(error, SignInError):
            asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            return RedirectResponse("/sign-in" + ("" if asked == "/" else "?" + urlencode({"next": asked})), 303)
        if isinstance(error, FirstStartError):
            return RedirectResponse("/first-start", 303)
        viewer = getattr(request.state, "viewer", None)
        if request.url.path == "/" and isinstance(error, AccessError) and viewer is not None:
            return RedirectResponse(home_of(viewer), 303)  # the bare address is not the overview for everybody
    if error.status >= 500:
        LOG.error("%s: %s", error.code, error.render("en"), exc_info=error)
    return answer(request, error.status, error.code, error.message, error.problems)


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    text = PLAIN.get(error.status_code, BROKEN if error.status_code >= 500 else PLAIN[400])
    return answer(request, error.status_code, f"http.{error.status_code}", text)


def _invalid(request: Request, error: Exception) -> Response:
    """What FastAPI found wrong with parameters; the values themselves are not repeated."""
    assert isinstance(error, RequestValidationError)
    problems = []
    for found in error.errors():
        name = str(found["loc"][-1]) if found.get("loc") else ""
        text = Text(f"“{name}”不合要求", f"“{name}” is not as it must be ({found['type']})")
        problems.append(Problem("desk.parameter", text, Where(field=name)))
    return answer(request, 422, "desk.parameters", PLAIN[422], problems)


def _broken(request: Request, error: Exception) -> Response:
    number = secrets.token_hex(4)
    LOG.error("fault %s at %s %s", number, request.method, request.url.path, exc_info=error)
    return answer(request, 500, "houfeng.fault", BROKEN, number=number)


def answer(
    request: Request, status: int, code: str, message: Text, problems: Any = (), *, number: str = ""
) -> Response:
    """The page or JSON of an error."""
    lang = lang_of(request)
    if _api(request):
        shape = {
            "code": code,
            "message": message.get(lang),
            "problems": [
                {"code": p.code, "message": p.message.get(lang), "where": str(p.where), "level": p.level.value}
                for p in problems
            ],
        }
        return JSONResponse(shape, status)
    speak(lang)
    told = {"code": code, "message": message, "problems": problems, "number": number}
    return page(request, "error.html", status, status_code=status, **told)


def _api(request: Request) -> bool:
    return request.url.path.startswith("/api/")
