"""The inbox: what the desk told this person."""

from __future__ import annotations

from fastapi import APIRouter
from sqlalchemy import func, select
from starlette.requests import Request
from starlette.responses import Response

from houfeng.errors import NotFoundError, Text
from houfeng.office import notices
from houfeng.office.access import Permission
from houfeng.office.tables import Notice
from houfeng_desk.web import DeskDep, ViewerDep, allowed, flash, local, page, see_other, whole

router = APIRouter()
ME = [allowed(Permission.USE_ACCOUNT)]
SIZE = 50


@router.get("/inbox", name="inbox", dependencies=ME)
def inbox(request: Request, desk: DeskDep, viewer: ViewerDep) -> Response:
    """The lines, newest first."""
    number = max(1, whole(request.query_params.get("page", "1") or "1", "page", 100_000))
    with desk.office.read() as session:
        total = session.scalar(select(func.count()).where(Notice.user_id == viewer.user_id)) or 0
        return page(
            request,
            "house/inbox.html",
            notices=notices.inbox(session, viewer, limit=SIZE, offset=(number - 1) * SIZE),
            total=total,
            number=number,
            pages=max(1, -(-total // SIZE)),
        )


@router.post("/inbox/read", dependencies=ME)
def read_all(request: Request, desk: DeskDep, viewer: ViewerDep) -> Response:
    """All of them are read."""
    with desk.office.begin() as session:
        count = notices.read(session, viewer)
    flash(request, Text(f"{count} 条已标为已读。", f"{count} marked as read."))
    return see_other("/inbox")


@router.post("/inbox/{notice_id}/open", dependencies=ME)
def open_notice(request: Request, desk: DeskDep, viewer: ViewerDep, notice_id: int) -> Response:
    """Read one and go where it points."""
    with desk.office.begin() as session:
        notice = session.get(Notice, notice_id)
        if notice is None or notice.user_id != viewer.user_id:
            raise NotFoundError(Text("没有这条消息", "there is no such notice"))
        notices.read(session, viewer, [notice_id])
        target = notice.link
    return see_other(local(target, "/inbox"))
