"""How a parcel goes out on each kind of channel. Nothing is decided here: a sender sends, or says why it could not."""

from __future__ import annotations

import base64
import hmac
import json
import smtplib
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx

from houfeng.clock import ZONE

TIMEOUT = 10.0
BUSY = {45009: timedelta(minutes=1), 130101: timedelta(minutes=10)}
"""What the robots of WeCom and DingTalk answer who sends too much, and how long they then stay deaf."""


class Said(NamedTuple):
    """One message of a parcel; `link` is whole."""

    subject: str
    body: str
    link: str
    at: datetime


class Parcel(NamedTuple):
    """What goes out at once: one message, or several as a digest."""

    id: str
    said: Sequence[Said]
    at: datetime

    @property
    def subject(self) -> str:
        """The one subject, or how many there are."""
        first = " ".join(self.said[0].subject.split())
        return first if len(self.said) == 1 else f"【{len(self.said)} 条】{first} 等"


class Way(NamedTuple):
    """Where it goes: a channel with its secrets looked up."""

    kind: str
    address: str
    secrets: Mapping[str, str]
    options: Mapping[str, Any]


@dataclass
class NotSent(Exception):
    """It did not go out. `pause`: how long the other side wants silence."""

    why: str
    pause: timedelta = timedelta(0)


def send(way: Way, parcel: Parcel) -> None:
    """Send a parcel on its way.

    Raises:
        NotSent: it did not arrive, as far as can be known.
    """
    _SENDERS[way.kind](way, parcel)


def markdown(said: Sequence[Said]) -> str:
    """Messages as the Markdown that both robots read."""
    blocks = []
    for one in said:
        head = f"[{one.subject}]({one.link})" if one.link else one.subject
        blocks.append(f"**{head}**" + (f"\n{one.body}" if one.body else ""))
    return "\n\n".join(blocks)


def plain(said: Sequence[Said]) -> str:
    """Messages as plain text."""
    return "\n\n".join("\n".join(part for part in (one.subject, one.body, one.link) if part) for one in said)


def clip(text: str, room: int) -> str:
    """`text` in at most `room` bytes of UTF-8, never half a character."""
    raw = text.encode("utf-8")
    return text if len(raw) <= room else raw[: room - 3].decode("utf-8", "ignore") + "…"


def _wecom(way: Way, parcel: Parcel) -> None:
    body = {"msgtype": "markdown", "markdown": {"content": clip(markdown(parcel.said), 4096)}}
    _robot(way.address, {"key": way.secrets["key"]}, body)


def _dingtalk(way: Way, parcel: Parcel) -> None:
    """Signed as the robot wants it: HMAC-SHA256 of the time in milliseconds and the secret."""
    stamp = str(_milliseconds(parcel.at))
    mac = hmac.digest(way.secrets["secret"].encode(), f"{stamp}\n{way.secrets['secret']}".encode(), "sha256")
    query = {
        "access_token": way.secrets["access_token"],
        "timestamp": stamp,
        "sign": base64.b64encode(mac).decode(),
    }
    content = {"title": clip(parcel.subject, 100), "text": clip(markdown(parcel.said), 18_000)}
    _robot(way.address, query, {"msgtype": "markdown", "markdown": content})


def _robot(address: str, query: Mapping[str, str], body: Mapping[str, Any]) -> None:
    answer = _post(address, json.dumps(body, ensure_ascii=False).encode(), {}, query)
    try:
        said = answer.json()
        code = int(said["errcode"])
    except (ValueError, KeyError, TypeError):
        raise NotSent(f"HTTP {answer.status_code}, not the answer of a robot") from None
    if code:
        raise NotSent(f"errcode {code}: {str(said.get('errmsg', ''))[:200]}", BUSY.get(code, timedelta(0)))


def _webhook(way: Way, parcel: Parcel) -> None:
    """Signed by HMAC-SHA256 over `timestamp.body`, so that the receiver can tell who sent it and that it is fresh."""
    said = [{"subject": s.subject, "body": s.body, "link": s.link, "at": s.at.isoformat()} for s in parcel.said]
    body = json.dumps({"id": parcel.id, "messages": said}, ensure_ascii=False).encode()
    stamp = str(_milliseconds(parcel.at) // 1000)
    mac = hmac.digest(way.secrets["secret"].encode(), stamp.encode() + b"." + body, "sha256").hex()
    headers = {
        "X-Houfeng-Delivery": parcel.id,
        "X-Houfeng-Timestamp": stamp,
        "X-Houfeng-Signature": f"sha256={mac}",
    }
    _post(way.address, body, headers, {})


def _smtp(way: Way, parcel: Parcel) -> None:
    parts, options = urlsplit(way.address), way.options
    mail = EmailMessage()
    mail["Subject"] = clip(parcel.subject, 300)
    mail["From"] = str(options["sender"])
    mail["To"] = ", ".join(_list(options["to"]))
    mail["Date"] = format_datetime(parcel.at.replace(tzinfo=ZONE))
    mail["Message-ID"] = f"<{parcel.id}@houfeng>"  # sent twice after a crash, a reader may show it once
    mail.set_content(plain(parcel.said))
    context = ssl.create_default_context()
    host, secure = parts.hostname or "", parts.scheme == "smtps"
    try:
        with (
            smtplib.SMTP_SSL(host, parts.port or 465, timeout=TIMEOUT, context=context)
            if secure
            else smtplib.SMTP(host, parts.port or 587, timeout=TIMEOUT)
        ) as server:
            if not secure and not options.get("plain"):
                server.starttls(context=context)
            if "password" in way.secrets:
                server.login(str(options.get("user") or options["sender"]), way.secrets["password"])
            server.send_message(mail)
    except (smtplib.SMTPException, OSError) as error:
        raise NotSent(f"{type(error).__name__}: {error}") from error


def _post(address: str, body: bytes, headers: Mapping[str, str], query: Mapping[str, str]) -> httpx.Response:
    """A failure is told without the address: the key of a robot stands in it."""
    sent = {"Content-Type": "application/json; charset=utf-8", **headers}
    try:
        answer = httpx.post(address, content=body, headers=sent, params=query, timeout=TIMEOUT, trust_env=False)
    except httpx.HTTPError as error:
        raise NotSent(type(error).__name__) from None
    if answer.is_error or answer.is_redirect:
        later = answer.headers.get("Retry-After", "")
        pause = timedelta(seconds=min(int(later), 3600)) if later.isdigit() else timedelta(0)
        raise NotSent(f"HTTP {answer.status_code}", pause)
    return answer


def _milliseconds(moment: datetime) -> int:
    return int(moment.replace(tzinfo=ZONE).timestamp() * 1000)


def _list(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]


_SENDERS: Mapping[str, Callable[[Way, Parcel], None]] = {
    "wecom": _wecom,
    "dingtalk": _dingtalk,
    "smtp": _smtp,
    "webhook": _webhook,
}
