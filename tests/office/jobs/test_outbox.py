"""Messages to the outside, against servers that really answer, are really busy, and really fail."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from houfeng.clock import ZONE
from houfeng.errors import AccessError, InputError, NotFoundError
from houfeng.office import journal, notices
from houfeng.office.access import Role
from houfeng.office.database import Office
from houfeng.office.outbox import Message, announce, define, deliver, put
from houfeng.office.outbox.senders import clip
from houfeng.office.tables import Channel, OutboxMessage
from office.conftest import Hands
from office.jobs.outside import Post, Web, post_office, web
from office.people_samples import person

SECRET = "SEC-geheim-0815"


@pytest.fixture
def out(monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    monkeypatch.setenv("OUT", SECRET)
    with web() as made:
        yield made


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch) -> Iterator[Post]:
    monkeypatch.setenv("OUT", SECRET)
    with post_office() as made:
        yield made


def _channel(office: Office, kind: str, address: str, **options: object) -> None:
    names = {"wecom": ["key"], "dingtalk": ["access_token", "secret"], "smtp": ["password"], "webhook": ["secret"]}
    secrets = dict.fromkeys(names[kind], "env:OUT")
    topics = ["alert"]
    with office.begin() as session:
        define(session, "test", "out", kind, address, secrets=secrets, options=options, topics=topics)


def _put(office: Office, *subjects: str, body: str = "余额 1,200 万元") -> None:
    with office.begin() as session:
        for subject in subjects:
            put(session, "out", Message(subject, body, "/alerts/7"))


def _states(office: Office) -> list[str]:
    with office.read() as session:
        return list(session.scalars(select(OutboxMessage.state).order_by(OutboxMessage.id)))


def test_wecom(office: Office, out: Web) -> None:
    _channel(office, "wecom", out.url + "/cgi-bin/webhook/send", desk="https://desk.test/")
    _put(office, "红色预警：甲公司")
    assert (deliver(office), deliver(office)) == (1, 0)
    got = out.got[0]
    assert (got.path, got.query) == ("/cgi-bin/webhook/send", {"key": SECRET})
    content = "**[红色预警：甲公司](https://desk.test/alerts/7)**\n余额 1,200 万元"
    assert got.json == {"msgtype": "markdown", "markdown": {"content": content}}
    assert _states(office) == ["sent"]


def test_dingtalk_is_signed_as_it_asks(office: Office, out: Web, hands: Hands) -> None:
    _channel(office, "dingtalk", out.url + "/robot/send")
    _put(office, "橙色预警")
    assert deliver(office) == 1
    query = out.got[0].query
    stamp = query["timestamp"]
    assert int(stamp) == hands.now.replace(tzinfo=ZONE).timestamp() * 1000
    mac = hmac.new(SECRET.encode(), f"{stamp}\n{SECRET}".encode(), hashlib.sha256).digest()
    assert query["sign"] == base64.b64encode(mac).decode()
    assert query["access_token"] == SECRET
    assert out.got[0].json["markdown"]["title"] == "橙色预警"


def test_a_webhook_can_be_checked_by_its_receiver(office: Office, out: Web) -> None:
    _channel(office, "webhook", out.url + "/hook")
    _put(office, "一", body="二")
    assert deliver(office) == 1
    got = out.got[0]
    signed = got.headers["X-Houfeng-Timestamp"].encode() + b"." + got.body
    told = "sha256=" + hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    assert got.headers["X-Houfeng-Signature"] == told
    assert got.json["messages"][0]["subject"] == "一"
    assert got.headers["X-Houfeng-Delivery"] == got.json["id"]


def test_mail(office: Office, post: Post) -> None:
    _channel(office, "smtp", post.url, sender="desk@test", to=["a@test", "b@test"], user="desk", plain=True)
    _put(office, "红色预警\r\nBcc: x@test", body="第一行\n.第二行")
    assert deliver(office) == 1
    mail = post.mails[0]
    assert (mail["Subject"], mail["To"], mail["Bcc"]) == ("红色预警 Bcc: x@test", "a@test, b@test", None)
    assert ".第二行" in mail.get_content()
    assert post.signed_in == f"|desk|{SECRET}"
    assert len(post.recipients) == 2


def test_a_mail_server_without_tls_is_not_told_the_password(office: Office, post: Post) -> None:
    _channel(office, "smtp", post.url, sender="desk@test", to="a@test")
    _put(office, "x")
    assert deliver(office) == 0
    assert (post.mails, post.signed_in) == ([], "")
    with office.read() as session:
        assert "STARTTLS" in session.scalars(select(OutboxMessage.fault)).one()


def test_a_full_mailbox_is_tried_again(office: Office, post: Post, hands: Hands) -> None:
    _channel(office, "smtp", post.url, sender="desk@test", to="a@test", plain=True)
    post.full = True
    _put(office, "x")
    assert deliver(office) == 0
    post.full = False
    hands.forward(seconds=29)
    assert deliver(office) == 0
    hands.forward(seconds=1)
    assert deliver(office) == 1
    assert len(post.mails) == 1


def test_crowding_messages_become_a_digest_none_lost(office: Office, out: Web) -> None:
    _channel(office, "webhook", out.url)
    _put(office, *(f"m{n}" for n in range(450)))
    sent = deliver(office)
    told = [said["subject"] for got in out.got for said in got.json["messages"]]
    assert told == [f"m{n}" for n in range(450)]
    assert sent == 3
    assert set(_states(office)) == {"sent"}


def test_a_digest_fits_what_the_robot_takes(office: Office, out: Web, hands: Hands) -> None:
    _channel(office, "wecom", out.url, desk="https://desk.test")
    _put(office, *(f"预警{n}" for n in range(60)), body="说明" * 60)
    for _ in range(3):
        deliver(office)
        hands.forward(minutes=1)
    contents = [got.json["markdown"]["content"] for got in out.got]
    assert max(len(content.encode()) for content in contents) <= 4096
    assert [n for n in range(60) if sum(f"[预警{n}]" in c for c in contents) == 1] == list(range(60))


def test_no_more_than_twenty_a_minute(office: Office, out: Web, hands: Hands) -> None:
    _channel(office, "webhook", out.url)
    for n in range(30):
        _put(office, f"m{n}")
        deliver(office)
    assert len(out.got) == 20
    hands.forward(seconds=59)
    assert deliver(office) == 0
    hands.forward(seconds=1)
    assert deliver(office) == 1
    assert len(out.got[-1].json["messages"]) == 10


@pytest.mark.parametrize(
    ("trouble", "minutes"),
    [
        ((200, {}, b'{"errcode":130101,"errmsg":"send too fast"}'), 10),
        ((200, {}, b'{"errcode":45009,"errmsg":"freq out of limit"}'), 1),
        ((429, {"Retry-After": "120"}, b""), 2),
    ],
)
def test_who_is_told_to_be_silent_is_silent(
    office: Office, out: Web, hands: Hands, trouble: tuple[int, dict[str, str], bytes], minutes: int
) -> None:
    _channel(office, "dingtalk", out.url)
    out.trouble = [trouble]
    _put(office, "a")
    deliver(office)
    _put(office, "b")
    hands.forward(minutes=minutes, seconds=-1)
    assert (deliver(office), len(out.got)) == (0, 1)
    hands.forward(seconds=1)
    assert deliver(office) == 2


@pytest.mark.parametrize(
    "trouble", [(500, {}, b""), (302, {"Location": "/x"}, b""), (200, {}, b"<html>"), (200, {}, b'{"errcode":93000}')]
)
def test_a_failure_is_kept_without_the_secret_and_given_up_at_last(
    office: Office, out: Web, hands: Hands, trouble: tuple[int, dict[str, str], bytes]
) -> None:
    admin = person(office, "sys", Role.SYSTEM_ADMIN)
    _channel(office, "wecom", out.url)
    out.trouble = [trouble] * 10
    _put(office, "a")
    for _ in range(20):
        deliver(office)
        hands.forward(hours=1)
    assert (len(out.got), _states(office)) == (10, ["failed"])
    with office.read() as session:
        assert SECRET not in session.scalars(select(OutboxMessage.fault)).one()
        assert notices.unread(session, admin) == 1


def test_a_server_that_is_away_or_a_missing_secret_harms_no_other_channel(
    office: Office, out: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    _channel(office, "webhook", out.url)
    with office.begin() as session:
        for name, address, secret in (("away", "http://127.0.0.1:9", "env:OUT"), ("mute", out.url, "env:NOT_THERE")):
            define(session, "test", name, "webhook", address, secrets={"secret": secret}, topics=["alert"])
        assert announce(session, "alert", Message("a")) == 3
        assert announce(session, "other", Message("a")) == 0
    assert deliver(office) == 1
    assert sorted(_states(office)) == ["sent", "waiting", "waiting"]


def test_a_message_whose_worker_died_is_sent_after_all(office: Office, out: Web, hands: Hands) -> None:
    _channel(office, "webhook", out.url)
    _put(office, "a")
    with office.begin() as session:
        row = session.scalars(select(OutboxMessage)).one()
        row.state, row.tried_at, row.attempts, row.parcel = "going", hands.now, 1, "x"
    assert deliver(office) == 0
    hands.forward(minutes=5, seconds=1)
    assert deliver(office) == 1


def test_what_is_rolled_back_is_not_sent(office: Office, out: Web) -> None:
    _channel(office, "webhook", out.url)

    def fail() -> None:
        with office.begin() as session:
            put(session, "out", Message("a"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert (deliver(office), out.got) == (0, [])


@pytest.mark.parametrize(
    ("kind", "address", "secrets", "options"),
    [
        ("fax", "https://x", {}, {}),
        ("wecom", "ftp://x", {"key": "env:A"}, {}),
        ("wecom", "https://x/send?key=geheim", {"key": "env:A"}, {}),
        ("wecom", "https://x/send", {"key": "geheim"}, {}),
        ("wecom", "https://x/send", {}, {}),
        ("smtp", "smtp://u:geheim@x", {}, {"sender": "a", "to": "b"}),
        ("smtp", "smtp://x", {}, {"sender": "a"}),
        ("webhook", "https://x", {"secret": "env:A"}, {"colour": "red"}),
    ],
)
def test_a_channel_that_cannot_be_is_refused(
    office: Office, kind: str, address: str, secrets: dict[str, str], options: dict[str, str]
) -> None:
    admin = person(office, "sys", Role.SYSTEM_ADMIN)
    with office.begin() as session, pytest.raises(InputError) as told:
        define(session, admin, "out", kind, address, secrets=secrets, options=options)
    assert "geheim" not in told.value.render("zh")


def test_only_the_system_administrator_defines_channels_and_the_journal_keeps_references(office: Office) -> None:
    admin, wang = person(office, "sys", Role.SYSTEM_ADMIN), person(office, "wang", Role.OFFICER)
    with office.begin() as session:
        with pytest.raises(AccessError):
            define(session, wang, "out", "webhook", "https://x", secrets={"secret": "env:A"})
        define(session, admin, "out", "webhook", "https://x", secrets={"secret": "env:A"})
        define(session, admin, "out", "webhook", "https://y", secrets={"secret": "env:A"}, active=False)
        with pytest.raises(NotFoundError):
            put(session, "elsewhere", Message("a"))
        assert [channel.address for channel in session.scalars(select(Channel))] == ["https://y"]
        acts = [entry.detail for entry in journal.entries(session) if entry.act == "channel.change"]
    assert "env:A" in acts[1]


def test_clipping_leaves_whole_characters() -> None:
    assert clip("预警" * 10, 20) == "预警预警预…"
    assert clip("abc", 3) == "abc"
