"""`houfeng desk`: the web desk over a book and its operational records."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from houfeng.errors import Text
from houfeng.settings import load, office_url

if TYPE_CHECKING:
    from houfeng.office.database import Office

MEGABYTE = 1024 * 1024


@click.group(name="desk")
def command() -> None:
    """工作台（网页）。 The web desk."""


@command.command(name="serve")
@click.option("--book", default=None, help="Folder of the book.")
@click.option("--office", default=None, help="Database of people, jobs and cases; default: office.db in the book.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="Port to listen on.")
@click.option("--name", "names", multiple=True, help="A host name the desk answers to; may be repeated.")
@click.option("--behind", "proxies", multiple=True, help="Address of a proxy whose forwarding headers are believed.")
@click.option("--secure", is_flag=True, help="Browsers reach the desk by https: cookies are Secure.")
@click.option("--upload-megabytes", default=200, show_default=True, type=click.IntRange(1), help="Largest file.")
@click.option("--sign-in", "sign_in", default=None, help="YAML file of the ways to sign in besides passwords.")
@click.option(
    "--processes",
    default=1,
    show_default=True,
    type=click.IntRange(1, 16),
    help="Processes that serve together: one for each core, where many people look at once.",
)
@click.option("--open", "open_", is_flag=True, help="Open the desk in the browser.")
def serve(
    book: str | None,
    office: str | None,
    host: str,
    port: int,
    names: tuple[str, ...],
    proxies: tuple[str, ...],
    secure: bool,
    upload_megabytes: int,
    sign_in: str | None,
    processes: int,
    open_: bool,
) -> None:
    """Serve the desk until Ctrl-C. The first start makes an administrator and shows a one-time password, once."""
    import uvicorn

    from houfeng.office.identity.providers import read_providers
    from houfeng_cli.serving import Serving, serve_alone, serve_together
    from houfeng_desk.desk import DeskSettings

    settings = load()
    path = Path(book or settings.book)
    desk_settings = DeskSettings(
        hosts=DeskSettings.hosts | {host.lower()} | {name.lower() for name in names},
        proxies=frozenset(proxies),
        secure=secure,
        upload_bytes=upload_megabytes * MEGABYTE,
        memory=settings.memory,
        threads=settings.threads,
    )
    ways = Path(sign_in) if sign_in else settings.sign_in
    read_providers(ways)  # says what is wrong with it before anything is served
    url = office or office_url(settings, path)
    open_office(url, path).close()
    what = Serving(path, url, settings.hash, ways, desk_settings)
    socket = uvicorn.Config("", host=host, port=port, log_level="warning").bind_socket()
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 — compared, not bound
    address = f"http://{shown}:{socket.getsockname()[1]}/"
    click.echo(f"候风工作台 / the desk: {address}  （Ctrl-C 结束 / ends it）", err=True)
    if open_:
        _open_soon(address)
    if processes == 1:
        serve_alone(what, socket)
    else:
        serve_together(what, socket, processes)


def open_office(url: str, book: Path) -> Office:
    """The records at `url`; where there are none yet, they are made, with their first administrator."""
    from houfeng.book.store import Book
    from houfeng.clock import wall_clock
    from houfeng.office.database import Office
    from houfeng.office.identity.first import first_start

    Book.open(book, wall_clock)  # says what is wrong with the book before anything is made beside it
    if url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///")).exists():
        Office.create(url, wall_clock).close()
    office = Office.open(url, wall_clock, load().hash)
    made = first_start(office)
    if made is not None:
        from houfeng.office import jobs

        with office.begin() as session:  # commitments of cases are held against the book every morning
            jobs.plan(
                session, "system", "case.round", "case.round", {}, Text("案件巡检", "Round of cases"), "daily 06:30"
            )
    if made is not None:
        click.secho("\n首次启动，已建立安全管理员 / first start, an administrator was made", bold=True, err=True)
        click.echo(f"  用户名 / login      {made.login}\n  一次性口令 / one-time password  {made.password}", err=True)
        click.echo("  只显示这一次；登录后须改 / shown this once; it must be changed at sign-in\n", err=True)
    return office


def _open_soon(address: str) -> None:
    """Open the browser once the server has had time to listen."""
    import threading
    import webbrowser

    timer = threading.Timer(1.5, webbrowser.open, [address])
    timer.daemon = True
    timer.start()
