"""Ways out of the house on the settings page: made, changed, tried; no secret is shown again, all is journaled."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from desk.desk_samples import ClientOf
from houfeng.office import journal
from houfeng.office.tables import Channel, OutboxMessage
from houfeng_desk.desk import Desk

FORMS: dict[str, dict[str, Any]] = {
    "wecom": {"address": "https://qyapi.example/cgi-bin/webhook/send", "secret_key": "env:WECOM_KEY"},
    "dingtalk": {
        "address": "https://oapi.example/robot/send",
        "secret_access_token": "env:DING_TOKEN",
        "secret_secret": "file:/run/secrets/ding",
    },
    "smtp": {
        "address": "smtps://mail.example:465",
        "secret_password": "env:MAIL_PASSWORD",
        "option_sender": "houfeng@example.cn",
        "option_to": "desk@example.cn",
        "option_user": "houfeng",
    },
    "webhook": {"address": "https://hooks.example/houfeng", "secret_secret": "env:HOOK_SECRET"},
}


def filled(kind: str, **changes: Any) -> dict[str, Any]:
    base = {"kind": kind, "name": f"way-{kind}", "topic": ["alerts"], "active": "1", "why": "接通值班群"}
    return {**base, **FORMS[kind], **changes}


def channel(desk: Desk, name: str) -> Channel:
    with desk.office.read() as session:
        return session.scalars(select(Channel).where(Channel.name == name)).one()


@pytest.mark.parametrize("kind", FORMS)
def test_a_channel_is_made_changed_and_tried(client: ClientOf, desk: Desk, kind: str) -> None:
    admin, name = client("system_admin"), f"way-{kind}"
    assert "密钥放在哪里" in admin.get(f"/settings/channels/new?kind={kind}").text
    assert admin.submit("/settings/channels", filled(kind)).headers["location"] == f"/settings/channels/{name}"
    made = channel(desk, name)
    assert (made.kind, made.topics, made.active) == (kind, ["alerts"], True)
    secrets = dict(made.secrets)
    page = admin.get(f"/settings/channels/{name}").text + admin.get("/settings").text
    assert name in page
    for reference in secrets.values():
        assert reference not in page
    again = {key: value for key, value in filled(kind, why="改地址").items() if not key.startswith("secret_")}
    again |= {"address": again["address"].replace("example", "test.example"), "topic": []}
    assert admin.submit(f"/settings/channels/{name}", again).status_code == 303
    changed = channel(desk, name)
    assert changed.secrets == secrets
    assert "test.example" in changed.address
    assert changed.topics == []
    assert admin.submit(f"/settings/channels/{name}/test").status_code == 303
    with desk.office.read() as session:
        message = session.scalars(select(OutboxMessage)).one()
        acts = [(entry.act, entry.about, entry.why) for entry in journal.entries(session)]
    assert (message.channel, message.state) == (name, "waiting")
    about = f"channel:{name}"
    assert acts[-3:] == [
        ("channel.change", about, "接通值班群"),
        ("channel.change", about, "改地址"),
        ("channel.test", about, ""),
    ]
    assert "等待发送" in admin.get(f"/settings/channels/{name}").text


def test_a_secret_itself_is_refused_and_not_repeated(client: ClientOf, desk: Desk) -> None:
    answer = client("system_admin").submit("/settings/channels", filled("wecom", secret_key="693axxx6-7aoc-4bc4"))
    assert answer.status_code == 422
    assert "693axxx6" not in answer.text
    assert "env:变量名" in answer.text
    assert "qyapi.example" in answer.text  # the rest need not be typed again
    with desk.office.read() as session:
        assert session.scalars(select(Channel)).all() == []


@pytest.mark.parametrize(
    "changes",
    [
        {"address": "https://x.example/?key=1"},
        {"address": "ftp://x.example"},
        {"name": "new"},
        {"name": "../x"},
        {"why": ""},
        {"secret_key": ""},
        {"kind": "pigeon"},
    ],
)
def test_what_is_wrong_is_told(client: ClientOf, changes: dict[str, str]) -> None:
    answer = client("system_admin").submit("/settings/channels", filled("wecom") | changes)
    assert answer.status_code in (400, 422)


def test_a_name_is_taken_once_and_a_silent_channel_is_not_tried(client: ClientOf) -> None:
    admin = client("system_admin")
    off = {key: value for key, value in filled("webhook").items() if key != "active"}
    assert admin.submit("/settings/channels", off).status_code == 303
    assert admin.submit("/settings/channels", off).status_code == 422
    assert admin.submit("/settings/channels/way-webhook/test").status_code == 400
    assert admin.submit("/settings/channels/nothing/test").status_code == 404
    assert client("officer").get("/settings/channels/way-webhook").status_code == 403
