"""The page of a one-time link: its button lets the firm in, once."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from houfeng.errors import AccessError, Text
from houfeng.matching.delivery import links
from houfeng_desk.security.limits import SIGN_IN_ADDRESS
from houfeng_desk.security.session import begin, caller_of
from houfeng_desk.web import DeskDep, page, public, see_other

router = APIRouter()
LONGEST = 100


@router.get("/enter/{secret}", name="enter", dependencies=[public()])
def enter_form(request: Request, desk: DeskDep, secret: str) -> Response:
    """Looking at a link uses nothing up; it shows a button."""
    _limit(request)
    with desk.office.read() as session:
        row = links.peek(session, _short(secret))
    return page(request, "delivery/enter.html", ends_at=row.ends_at)


@router.post("/enter/{secret}", dependencies=[public()])
def enter(request: Request, desk: DeskDep, secret: str) -> Response:
    """Let the firm in; the link is used up."""
    _limit(request)
    with desk.office.begin() as session:
        signed = links.use(session, _short(secret), caller_of(request))
    begin(request, signed)
    return see_other("/mine")


def _limit(request: Request) -> None:
    request.app.state.limits.take(f"sign-in from {caller_of(request).address}", SIGN_IN_ADDRESS)


def _short(secret: str) -> str:
    if len(secret) > LONGEST:
        raise AccessError(Text("链接不完整", "this is no link"))
    return secret
