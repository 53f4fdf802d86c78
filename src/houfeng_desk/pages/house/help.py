"""What each page is for, in plain words."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from houfeng.errors import NotFoundError, Text
from houfeng.office.access import Permission
from houfeng_desk.helping import help_page, help_titles
from houfeng_desk.security.session import lang_of
from houfeng_desk.web import allowed, page

router = APIRouter()
MAY = [allowed(Permission.USE_ACCOUNT)]


@router.get("/help", name="help", dependencies=MAY)
def contents(request: Request) -> Response:
    """All pages of help."""
    return page(request, "house/help.html", titles=help_titles(lang_of(request)), body=None, current="")


@router.get("/help/{name}", name="help_page", dependencies=MAY)
def one(request: Request, name: str) -> Response:
    """One page of help."""
    lang = lang_of(request)
    found = help_page(name, lang)
    if found is None:
        raise NotFoundError(Text("没有这一页帮助", "there is no such page of help"))
    return page(request, "house/help.html", titles=help_titles(lang), body=found, current=name)
