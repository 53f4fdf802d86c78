"""Ways out of the house, made and changed by the system administrator. Where a secret stands is never shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from houfeng.errors import InputError, NotFoundError, Text, UsageError
from houfeng.office import journal, outbox
from houfeng.office.access import Permission, Viewer
from houfeng.office.outbox.channels import KINDS
from houfeng.office.tables import Channel, OutboxMessage
from houfeng_desk.desk import Desk
from houfeng_desk.locale import say, speak
from houfeng_desk.security.session import lang_of
from houfeng_desk.web import DeskDep, ViewerDep, allowed, field, flash, form_of, page, see_other

router = APIRouter()
MAY = [allowed(Permission.MANAGE_SYSTEM)]
WHY = Text("理由", "Reason")
SHOWN = 10

TOPICS = {
    "alerts": Text("新的红色、橙色预警", "new red and orange alerts"),
    "delivery": Text("政策直达", "policies that reach firms"),
}
"""What is announced; a channel carries some of it."""

PARTS = {
    "key": Text("机器人的 key", "key of the robot"),
    "access_token": Text("机器人的 access_token", "access_token of the robot"),
    "secret": Text("签名密钥", "secret of the signature"),
    "password": Text("邮箱口令", "password of the mailbox"),
    "desk": Text("本系统的网址（消息里的链接用）", "address of this desk, for links"),
    "sender": Text("发件人", "sender"),
    "to": Text("收件人（逗号分隔）", "recipients, with commas"),
    "user": Text("登录名", "user name"),
    "plain": Text("只发纯文本（填 1）", "plain text only (write 1)"),
}
STATES = {
    "waiting": Text("等待发送", "waiting"),
    "going": Text("正在发送", "going out"),
    "sent": Text("已送达", "sent"),
    "failed": Text("未能送达", "failed"),
}


@router.get("/settings/channels/new", name="channel_new", dependencies=MAY)
def new(request: Request, desk: DeskDep) -> Response:
    """The form for a new channel of `?kind=`."""
    kind = request.query_params.get("kind", "") or next(iter(KINDS))
    return _form(request, None, kind, {})


@router.get("/settings/channels/{name}", name="channel", dependencies=MAY)
def one(request: Request, desk: DeskDep, name: str) -> Response:
    """One channel: what it is, and its last messages."""
    with desk.office.read() as session:
        row = _find(session, name)
        return _form(request, row, row.kind, {}, messages=messages_of(session, name))


def messages_of(session: Session, name: str) -> Sequence[OutboxMessage]:
    """The last messages of a channel, newest first.

    Raises:
        NotFoundError: there is no such channel.
    """
    _find(session, name)
    sent = select(OutboxMessage).where(OutboxMessage.channel == name).order_by(OutboxMessage.id.desc())
    return session.scalars(sent.limit(SHOWN)).all()


@router.post("/settings/channels", name="channel_make", dependencies=MAY)
def make(request: Request, desk: DeskDep, viewer: ViewerDep) -> Response:
    """Make a new one."""
    return _save(request, desk, viewer, None)


@router.post("/settings/channels/{name}", dependencies=MAY)
def change(request: Request, desk: DeskDep, viewer: ViewerDep, name: str) -> Response:
    """Change one. A secret that is left empty stays as it is."""
    return _save(request, desk, viewer, name)


@router.post("/settings/channels/{name}/test", name="channel_test", dependencies=MAY)
def test(request: Request, desk: DeskDep, viewer: ViewerDep, name: str) -> Response:
    """Put a message that says it is a test; the worker sends it."""
    put_test(desk, viewer, name)
    flash(request, Text("已放入发件箱，后台任务进程将发出；结果见下表。", "Put into the outbox; the worker sends it."))
    return see_other(f"/settings/channels/{name}")


def put_test(desk: Desk, viewer: Viewer, name: str) -> int:
    """Put a test message into the outbox; its number.

    Raises:
        UsageError: the channel is off.
    """
    with desk.office.begin() as session:
        row = _find(session, name)
        if not row.active:
            raise UsageError(Text("渠道已停用，先启用再试", "the channel is off; turn it on first"))
        told = outbox.Message("候风测试消息 / Houfeng test message", f"{viewer.name} ({viewer.login})", "/settings")
        message = outbox.put(session, name, told)
        journal.write(session, viewer, "channel.test", f"channel:{name}", detail={"message": message.id})
        return message.id


def _save(request: Request, desk: DeskDep, viewer: ViewerDep, name: str | None) -> Response:
    kind = field(request, "kind", most=20, label=Text("类型", "Kind"))
    typed = {key: str(value) for key, value in form_of(request).items() if isinstance(value, str)}
    row = None
    try:
        with desk.office.begin() as session:
            row = _find(session, name) if name is not None else None
            called = name or field(request, "name", most=60, label=Text("名称", "Name"))
            if row is None and session.scalars(select(Channel).where(Channel.name == called)).first() is not None:
                raise InputError(Text(f"已有渠道 {called}", f"there is a channel {called} already"))
            _check_name(called)
            outbox.define(
                session,
                viewer,
                called,
                kind,
                field(request, "address", most=500, label=Text("地址", "Address")),
                secrets=_parts(request, "secret", KINDS[kind].secrets, row.secrets if row is not None else {})
                if kind in KINDS
                else {},
                options=_parts(request, "option", KINDS[kind].options, {}) if kind in KINDS else {},
                topics=[one for one in TOPICS if one in form_of(request).getlist("topic")],
                active=bool(field(request, "active", most=5)),
                why=field(request, "why", label=WHY),
            )
    except InputError as error:
        typed = {key: value for key, value in typed.items() if not key.startswith("secret_")}
        return _form(request, row, kind, typed, error=error, status=error.status)
    flash(request, Text("渠道已保存。", "The channel is saved."))
    return see_other(f"/settings/channels/{called}")


def _form(
    request: Request, row: Channel | None, kind: str, typed: dict[str, str], *, status: int = 200, **context: Any
) -> Response:
    if kind not in KINDS:
        raise UsageError(Text(f"没有渠道类型 {kind[:40]}", f"there is no kind of channel {kind[:40]}"))
    speak(lang_of(request))
    shape = KINDS[kind]
    told: dict[str, Any] = {"messages": (), "error": None, **context}
    return page(
        request,
        "house/channel.html",
        status,
        channel=row,
        kind=kind,
        kinds=KINDS,
        typed=typed,
        secrets=[(part.removesuffix("?"), not part.endswith("?")) for part in shape.secrets],
        options=[(part.removesuffix("?"), not part.endswith("?")) for part in shape.options],
        parts=PARTS,
        kind_choices=[(name, say(one.label)) for name, one in KINDS.items()],
        topic_choices=[(name, say(label)) for name, label in TOPICS.items()],
        states=STATES,
        **told,
    )


def _parts(request: Request, what: str, names: tuple[str, ...], held: Any) -> dict[str, str]:
    """The secrets or options of the form; one that is empty stays as it was."""
    found = {}
    for name in (one.removesuffix("?") for one in names):
        given = field(request, f"{what}_{name}", most=300)
        if given or held.get(name):
            found[name] = given or held[name]
    return found


def _check_name(name: str) -> None:
    if not all(sign.isalnum() or sign in "-_" for sign in name) or name == "new":
        raise InputError(Text("名称只用字母、数字、汉字、- 和 _", "a name has letters, digits, - and _ only"))


def _find(session: Session, name: str) -> Channel:
    row = session.scalars(select(Channel).where(Channel.name == name)).first()
    if row is None:
        raise NotFoundError(Text(f"没有渠道 {name[:60]}", f"there is no channel {name[:60]}"))
    return row
