"""The nouns `user`, `token`, `journal` and `worker`, from the machine itself."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from houfeng.book.store import Book
from houfeng.clock import wall_clock
from houfeng.errors import HoufengError
from houfeng.office.access import Permission
from houfeng.office.database import Office
from houfeng.office.identity import local, tokens
from houfeng.settings import load, office_url
from houfeng_cli.main import cli
from office.people_samples import GOOD


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A book without rows, and nothing else in the environment."""
    for name in ("HOUFENG_OFFICE", "HOUFENG_SIGN_IN", "HOUFENG_CRYPTO"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOUFENG_LANG", "en")
    monkeypatch.setenv("HOUFENG_BOOK", str(tmp_path / "book"))
    Book.create(tmp_path / "book", wall_clock)
    return tmp_path / "book"


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


def _fine(*arguments: str) -> str:
    result = _run(*arguments)
    assert result.exit_code == 0, result.output or result.exception
    return result.output


def _fault(*arguments: str) -> str:
    error = _run(*arguments).exception
    assert isinstance(error, HoufengError)
    return error.render("en")


def _ready() -> None:
    """A first administrator, and `wang`, whose password was changed."""
    _fine("user", "first-start")
    once = _fine("user", "add", "wang", "王芳", "--role", "officer", "--region", "410100").splitlines()[-1]
    office = Office.open(office_url(load()), wall_clock)
    signed = local.sign_in(office, "wang", once)
    with office.begin() as session:
        local.change_password(session, signed.viewer, once, GOOD)
    office.close()


def test_nothing_is_done_before_the_first_start(book: Path) -> None:
    for command in (["user", "list"], ["journal", "verify"], ["worker", "list"], ["token", "list"]):
        assert "first-start" in _fault(*command)
    assert not (book / "office.db").exists()


def test_the_first_start_shows_a_password_once(book: Path) -> None:
    shown = _fine("user", "first-start").splitlines()
    assert (shown[-2], len(shown[-1])) == ("admin", 20)
    assert shown[-1] not in _fine("user", "first-start")
    raw = b"".join(path.read_bytes() for path in book.glob("office.db*"))
    assert shown[-1].encode() not in raw


def test_people_from_the_machine(book: Path) -> None:
    _ready()
    people = {person["login"]: person for person in json.loads(_fine("user", "list", "--json"))}
    assert people["wang"]["roles"] == ["officer"]
    assert people["wang"]["regions"] == ["410100"]
    assert "No such role" not in _fault("user", "add", "li", "Li", "--role", "oficer")
    assert "“officer”" in _fault("user", "add", "li", "Li", "--role", "oficer")
    _fine("user", "roles", "wang", "--role", "viewer", "--why", "rotation")
    _fine("user", "disable", "wang")
    assert "off" in _fine("user", "list")
    _fine("user", "enable", "wang")
    _fine("user", "unlock", "wang")
    assert "ended 0" in _fine("user", "sign-out", "wang")
    assert len(_fine("user", "reset-password", "wang").strip()) == 20
    assert "last security administrator" in _fault("user", "disable", "admin")
    assert "is at version" in _fine("user", "upgrade")
    assert "user.change_roles" in _fine("journal", "show")


def test_tokens_from_the_machine(book: Path) -> None:
    _ready()
    secret = _fine("token", "issue", "wang", "nightly", "--permission", "see_data", "--days", "5").strip()
    office = Office.open(office_url(load()), wall_clock)
    viewer = tokens.resume(office, secret)
    assert viewer is not None
    assert viewer.permissions == {Permission.SEE_DATA}
    assert "nightly" in _fine("token", "list")
    _fine("token", "revoke", "1", "--why", "lost")
    assert tokens.resume(office, secret) is None
    office.close()
    assert "no permission" in _fault("token", "issue", "wang", "x", "--permission", "everything")


def test_the_journal_from_the_machine(book: Path, tmp_path: Path) -> None:
    _ready()
    head = _fine("journal", "export", str(tmp_path / "j.jsonl"), "--why", "audit").rsplit(" ", 1)[-1].strip()
    assert "is whole" in _fine("journal", "verify", "--head", head)
    assert "written anew" in _fault("journal", "verify", "--head", "2:" + "0" * 64)
    assert "an export knew 99" in _fault("journal", "verify", "--head", "99:" + "0" * 64)
    assert "SEQ:HASH" in _fault("journal", "verify", "--head", "x")
    _fine("journal", "export", str(tmp_path / "j.csv"), "--why", "audit", "--act", "user.", "--since", "2026-01-01")
    assert "user.create" in (tmp_path / "j.csv").read_text("utf-8-sig")


def test_sm3_by_one_setting(book: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOUFENG_CRYPTO", "gm")
    _fine("user", "first-start")
    _fine("journal", "export", str(tmp_path / "j.jsonl"), "--why", "audit")
    assert '"algorithm": "sm3"' in (tmp_path / "j.jsonl").read_text("utf-8")
    assert "is whole" in _fine("journal", "verify")


def test_channels_take_references_only(book: Path) -> None:
    _ready()
    _fine("worker", "channel", "out", "webhook", "https://x.test/hook", "--secret", "secret=env:X", "--topic", "alert")
    for wrong in ("geheim", "secret=geheim"):
        told = _fault("worker", "channel", "out", "webhook", "https://x.test/hook", "--secret", wrong)
        assert "geheim" not in told


def test_a_worker_ends_cleanly_when_told(book: Path) -> None:
    _ready()
    command = [sys.executable, "-m", "houfeng_cli.main", "worker", "run"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        assert "the worker runs" in process.stdout.readline()
        time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        assert "has stopped" in process.stdout.readline()
        assert process.wait(60) == 0
    assert "job" in _fine("worker", "list")


def test_settings_say_where_the_records_are(tmp_path: Path) -> None:
    assert office_url(load({"HOUFENG_BOOK": str(tmp_path)})) == f"sqlite:///{tmp_path}/office.db"
    assert office_url(load({"HOUFENG_OFFICE": "postgresql://h/d"}), tmp_path) == "postgresql://h/d"
    assert (load({}).hash, load({"HOUFENG_CRYPTO": "gm"}).hash) == ("sha256", "sm3")
