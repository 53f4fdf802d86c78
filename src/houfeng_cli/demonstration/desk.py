"""The last step of `houfeng demo`: people, a desk in the browser, and a watch that goes on while somebody looks.

The history up to `FIRST` is watched at once, so that the desk has something to show; the rest is replayed at
`SPEED`, so that alerts arrive. Nothing here is needed for a desk of one's own: `houfeng desk serve` is.
"""

from __future__ import annotations

import secrets
import subprocess
import sys
import time
import webbrowser
from collections.abc import Sequence
from pathlib import Path

import click

from houfeng.errors import EnvironmentFault, Text

HISTORY, LIVE = ("2025-10-01", "2025-11-30"), ("2025-12-01", "2025-12-31")
SPEED = 1_440
"""Seconds of the replay in one second: a day a minute."""

PEOPLE = (
    ("officer", "郑经办", ("officer",), ()),
    ("approver", "王审批", ("approver",), ()),
    ("analyst", "吴分析", ("analyst",), ()),
    ("luoyang", "沈洛阳", ("officer",), ("410300",)),
    ("reporter", "冯报送", ("reporter",), ()),
    ("system", "褚系统", ("system_admin",), ()),
    ("security", "卫安全", ("security_admin",), ()),
    ("audit", "蒋审计", ("audit_admin",), ()),
)
"""Login, name, roles, regions. The reporter is of the first bank of the book."""

READY = 90.0


def open_desk(book: Path, port: int, *, stay: bool) -> None:
    """Make the people, watch the history, start the desk. With `stay` until Ctrl-C, else only until it answers.

    Raises:
        EnvironmentFault: the desk does not start.
    """
    from houfeng_cli.demonstration.filling import fill

    watched = ["watch", "run", "warning-rules", "--book", str(book), "--drill", str(book / "watch")]
    small = ["--max-keys", "100000", "--state-memory", "1GB", "--quiet"]
    if not (book / "watch").exists():
        source = f"replay:{HISTORY[0]}..{HISTORY[1]}"
        _wait([*watched, "--source", source, "--from", HISTORY[0], "--until", HISTORY[1], *small])
    people = [*make_people(book), *fill(book)]
    address = f"http://127.0.0.1:{port}/"
    live = [*watched, "--source", f"replay:{LIVE[0]}..{LIVE[1]}@{SPEED}", *small]
    running = [_start(["desk", "serve", "--book", str(book), "--port", str(port)])]
    try:
        _answers(running[0], address)
        click.secho(f"\n■ 工作台 / the desk: {address}", bold=True)
        for login, name, password in people:
            click.echo(f"  {login:<10} {password}   {name}")
        if not stay:
            click.echo("已应答；不在终端里，就此结束 / it answers; not at a terminal, so this ends here")
            return
        running += [_start(["worker", "run", "--book", str(book)]), _start(live)]
        webbrowser.open(address)
        click.echo("预警会陆续到来；Ctrl-C 结束 / alerts will arrive; Ctrl-C ends it")
        while running[0].poll() is None:
            time.sleep(0.5)
    except KeyboardInterrupt:
        click.echo()
    finally:
        _stop(running)


def make_people(book: Path) -> list[tuple[str, str, str]]:
    """One person per role in a new office, with passwords made up here; gives login, name and password."""
    from houfeng.book.store import Book
    from houfeng.clock import wall_clock
    from houfeng.office.access import Role, Scope
    from houfeng.office.database import Office
    from houfeng.office.identity import accounts
    from houfeng.office.identity.local import set_password

    banks = sorted({entry.reporter for entry in Book.open(book, wall_clock).entries() if entry.kind == "loan_balance"})
    for part in ("", "-wal", "-shm"):
        (book / f"office.db{part}").unlink(missing_ok=True)
    office, told = Office.create(f"sqlite:///{book / 'office.db'}", wall_clock), []
    with office.begin() as session:
        for login, name, roles, regions in PEOPLE:
            chosen = frozenset(Role(role) for role in roles)
            scope = Scope(
                regions=frozenset(regions) or None,
                institutions=frozenset(banks[:1]) if Role.REPORTER in chosen else None,
            )
            user, _ = accounts.create(session, "demo", login, name, chosen, scope)
            password = secrets.token_urlsafe(12)
            set_password(session, user, password)
            user.must_change = False
            told.append((login, name, password))
    office.close()
    return told


def _start(arguments: Sequence[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "houfeng_cli.main", *arguments])  # noqa: S603 — our own program


def _wait(arguments: Sequence[str]) -> None:
    click.secho("\n■ 实时监测两个月的历史 / watch two months of history", bold=True)
    click.echo(f"$ houfeng {' '.join(arguments)}")
    subprocess.run([sys.executable, "-m", "houfeng_cli.main", *arguments], check=True)  # noqa: S603 — our own program


def _answers(server: subprocess.Popen[bytes], address: str) -> None:
    """Wait until the desk answers."""
    import httpx

    until = time.monotonic() + READY
    while time.monotonic() < until and server.poll() is None:
        try:
            if httpx.get(f"{address}health", timeout=2).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.2)
    raise EnvironmentFault(Text("工作台没有启动", "the desk did not start"))


def _stop(running: Sequence[subprocess.Popen[bytes]]) -> None:
    for one in running:
        one.terminate()
    for one in running:
        try:
            one.wait(20)
        except subprocess.TimeoutExpired:
            one.kill()
