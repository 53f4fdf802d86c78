"""`houfeng worker`: does the jobs, and what comes round; looks at them; schedules and channels."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from houfeng.errors import Text, UsageError
from houfeng.settings import load
from houfeng_cli.office.opening import book_option, me, office_option, opened, say, table, why_option

if TYPE_CHECKING:
    from houfeng.office.database import Office
    from houfeng_desk.desk import Desk


@click.group(name="worker")
def command() -> None:
    """后台任务。 Jobs: whatever takes longer than a request."""


@command.command(name="run")
@book_option
@office_option
@click.option("--name", default="", help="Name of this worker; default: host and process.")
@click.option("--kind", "kinds", multiple=True, help="Only jobs of this kind; may be repeated.")
@click.option("--until-idle", is_flag=True, help="End when nothing waits.")
def run(book: str | None, url: str | None, name: str, kinds: tuple[str, ...], until_idle: bool) -> None:
    """Do jobs until SIGTERM or Ctrl-C: the one that runs then goes back to the queue."""
    import logging
    import os
    import socket

    from houfeng.office import outbox, pruning
    from houfeng.office.jobs import Worker

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    folder = Path(book or load().book)
    with opened(book, url) as office:
        desk = _desk(office, folder)
        pruning.planned(office)
        worker = Worker(
            office,
            desk.work_folder / "jobs",
            name=name or f"{socket.gethostname()}:{os.getpid()}",
            book=folder,
            kinds=kinds or None,
            chores=[outbox.deliver],
        )
        for signum in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signum, lambda *_: worker.stop())
        say("任务进程已启动", "the worker runs")
        worker.run(until_idle=until_idle)
        desk.close()
    say("任务进程已停止", "the worker has stopped")


@command.command(name="list")
@book_option
@office_option
@click.option("--last", default=20, show_default=True, type=click.IntRange(1, 10_000), help="How many jobs.")
def list_(book: str | None, url: str | None, last: int) -> None:
    """The newest jobs."""
    from sqlalchemy import select

    from houfeng.office.jobs import STATE_NAMES, Job, State

    lang = load().lang
    with opened(book, url) as office, office.read() as session:
        rows = [
            (
                job.id,
                job.title_zh if lang == "zh" else job.title_en,
                STATE_NAMES[State(job.state)].get(lang),
                f"{job.done}/{job.total}" if job.total else "-",
                job.attempts,
                job.requester.login if job.requester else "-",
                f"{job.created_at:%Y-%m-%d %H:%M:%S}",
            )
            for job in session.scalars(select(Job).order_by(Job.id.desc()).limit(last))
        ]
    heads = [
        Text("编号", "id"),
        Text("任务", "job"),
        Text("状态", "state"),
        Text("进度", "done"),
        Text("次数", "attempts"),
    ]
    table([*heads, Text("发起人", "asked by"), Text("时间", "at")], rows)


@command.command(name="schedule")
@click.argument("name")
@click.argument("kind")
@click.argument("rule")
@click.option("--payload", default="{}", help="JSON the job is given.")
@click.option("--off", is_flag=True, help="Keep it, but let it rest.")
@book_option
@office_option
def schedule(name: str, kind: str, rule: str, payload: str, off: bool, book: str | None, url: str | None) -> None:
    """Let a job of KIND come again: `every 15m`, `daily 07:30`, `weekly 1 07:30`, `monthly last 07:30`."""
    from houfeng.office import jobs

    try:
        given = json.loads(payload)
    except ValueError as error:
        raise UsageError(Text(f"--payload 不是 JSON：{error}", f"--payload is not JSON: {error}")) from error
    with opened(book, url) as office:
        desk = _desk(office, Path(book or load().book))
        with office.begin() as session:
            row = jobs.plan(session, me(), name, kind, given, Text(name, name), rule, active=not off)
            told = f"{row.next_at:%Y-%m-%d %H:%M}"
        desk.close()
    say(f"已安排 {name}，下次 {told}", f"planned {name}; next {told}")


@command.command(name="channel")
@click.argument("name")
@click.argument("kind")
@click.argument("address")
@click.option("--secret", "secrets", multiple=True, help="NAME=env:VARIABLE or NAME=file:PATH; may be repeated.")
@click.option("--option", "options", multiple=True, help="NAME=VALUE; may be repeated.")
@click.option("--topic", "topics", multiple=True, help="What is announced here; may be repeated.")
@click.option("--off", is_flag=True, help="Keep it, but send nothing.")
@why_option
@book_option
@office_option
def channel(
    name: str,
    kind: str,
    address: str,
    secrets: tuple[str, ...],
    options: tuple[str, ...],
    topics: tuple[str, ...],
    off: bool,
    why: str,
    book: str | None,
    url: str | None,
) -> None:
    """Make or change a way out of the house: KIND is wecom, dingtalk, smtp or webhook."""
    from houfeng.office import outbox

    with opened(book, url) as office, office.begin() as session:
        outbox.define(
            session,
            me(),
            name,
            kind,
            address,
            secrets=_pairs(secrets),
            options=_pairs(options),
            topics=topics,
            active=not off,
            why=why,
        )
    say(f"已设置渠道 {name}", f"the channel {name} is set")


def _desk(office: Office, folder: Path) -> Desk:
    """A desk whose areas have registered their jobs and what follows approvals, as they do for the web."""
    from houfeng.clock import wall_clock
    from houfeng_desk.app import create_app
    from houfeng_desk.desk import Desk

    desk = Desk.open(office, folder, wall_clock)
    create_app(desk)
    return desk


def _pairs(given: tuple[str, ...]) -> dict[str, str]:
    pairs = {}
    for one in given:
        name, sign, value = one.partition("=")
        if not sign:  # what was given may be a secret: it is not repeated
            raise UsageError(Text("--secret 与 --option 写作 名称=值", "--secret and --option are NAME=VALUE"))
        pairs[name] = value
    return pairs
