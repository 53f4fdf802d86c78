"""Channels: where messages can go, defined by the system administrator without any secret in the table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from houfeng.errors import InputError, Problem, Text
from houfeng.office import journal
from houfeng.office.access import Permission, Viewer
from houfeng.office.references import is_reference
from houfeng.office.tables import Channel


class Kind(NamedTuple):
    """One kind of channel: which secrets and options it takes, and how much a message holds (UTF-8 bytes)."""

    label: Text
    schemes: tuple[str, ...]
    secrets: tuple[str, ...]  # `?` at the end: may be left out
    options: tuple[str, ...]
    room: int


KINDS: Mapping[str, Kind] = {
    "wecom": Kind(Text("企业微信群机器人", "WeCom group robot"), ("https", "http"), ("key",), ("desk?",), 4096),
    "dingtalk": Kind(
        Text("钉钉群机器人", "DingTalk group robot"), ("https", "http"), ("access_token", "secret"), ("desk?",), 18_000
    ),
    "smtp": Kind(
        Text("邮件", "E-mail"), ("smtp", "smtps"), ("password?",), ("sender", "to", "user?", "plain?", "desk?"), 200_000
    ),
    "webhook": Kind(Text("签名网络回调", "Signed webhook"), ("https", "http"), ("secret",), ("desk?",), 500_000),
}


def define(
    session: Session,
    who: Viewer | str,
    name: str,
    kind: str,
    address: str,
    *,
    secrets: Mapping[str, str],
    options: Mapping[str, Any] | None = None,
    topics: Sequence[str] = (),
    active: bool = True,
    why: str = "",
) -> Channel:
    """Make or change the channel called `name`. Secrets are references (`env:NAME`, `file:PATH`).

    Raises:
        AccessError: `who` is not the system administrator.
        InputError: with everything that is wrong.
    """
    if isinstance(who, Viewer):
        who.require(Permission.MANAGE_SYSTEM)
    options = dict(options or {})
    found = _faults(name, kind, address, secrets, options)
    if found:
        raise InputError(Text("外发渠道设置有误", "the channel is not right"), found)
    row = session.scalars(select(Channel).where(Channel.name == name)).first()
    before = _told(row) if row is not None else None
    row = row or Channel(name=name)
    row.kind, row.address, row.active = kind, address, active
    row.secrets, row.options, row.topics = dict(secrets), options, sorted(set(topics))
    row.paused_until = None
    row.changed_by = who.login if isinstance(who, Viewer) else who
    session.add(row)
    session.flush()
    detail = {"before": before, "after": _told(row)}
    journal.write(session, who, "channel.change", f"channel:{name}", why=why, detail=detail)
    return row


def _faults(
    name: str, kind: str, address: str, secrets: Mapping[str, str], options: Mapping[str, Any]
) -> list[Problem]:
    shape = KINDS.get(kind)
    if shape is None:
        listed = ", ".join(KINDS)
        return [_fault("kind", f"没有渠道类型 {kind}；可选 {listed}", f"no such kind: {kind}; there are {listed}")]
    found = []
    if not 0 < len(name) <= 60:
        found.append(_fault("name", "名称 1 到 60 个字", "a name has 1 to 60 characters"))
    parts = urlsplit(address)
    if parts.scheme not in shape.schemes or not parts.hostname or len(address) > 500 or parts.query or parts.password:
        told = f"地址应以 {' 或 '.join(shape.schemes)}:// 开头，不含密钥和 ? 之后的内容"
        begins = " or ".join(f"{scheme}://" for scheme in shape.schemes)
        found.append(_fault("address", told, f"an address begins with {begins} and has no secret and no query"))
    for given, wanted, what in ((secrets, shape.secrets, "secrets"), (options, shape.options, "options")):
        known = {part.removesuffix("?") for part in wanted}
        missing = {part for part in wanted if not part.endswith("?") and not given.get(part)}
        for part in sorted(missing | set(given) - known):
            told = f"{'缺少' if part in missing else '多余'} {part}"
            found.append(_fault(what, told, f"{'missing' if part in missing else 'unknown'}: {part}"))
    for part, reference in sorted(secrets.items()):
        if not is_reference(reference):
            told = f"{part}：密钥写作 env:变量名 或 file:文件路径，不写密钥本身"
            found.append(_fault("secrets", told, f"{part}: env:NAME or file:PATH, not the secret itself"))
    return found


def _fault(field: str, zh: str, en: str) -> Problem:
    return Problem("outbox.channel", Text(f"{field}：{zh}", f"{field}: {en}"))


def _told(row: Channel) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "address": row.address,
        "secrets": row.secrets,
        "options": row.options,
        "topics": row.topics,
        "active": row.active,
    }
