"""`houfeng delivery`: lists of policies, their sending out, how far they have arrived, one-time links."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from houfeng.clock import parse_day, parse_moment, wall_clock
from houfeng.errors import NotFoundError, Text
from houfeng.settings import load
from houfeng_cli.office.opening import book_option, me, office_option, opened, say, table

if TYPE_CHECKING:
    from houfeng_desk.desk import Desk


@click.group()
def command() -> None:
    """Let policies find the firm: lists, sending them out, how far they have come, one-time links."""


@contextmanager
def _desk(book: str | None, url: str | None) -> Iterator[Desk]:
    from houfeng_desk.desk import Desk

    with opened(book, url) as office:
        desk = Desk.open(office, Path(book or load().book), wall_clock)
        try:
            yield desk
        finally:
            desk.close()


@command.command(name="lists")
@click.argument("policy", required=False)
@click.option("--as-of", default=None, help="Day of the list; default: today.")
@click.option("--all", "every", is_flag=True, help="Make a list of every policy in force.")
@book_option
@office_option
def lists_(policy: str | None, as_of: str | None, every: bool, book: str | None, url: str | None) -> None:
    """Make the next version of the list of POLICY, or of all; without both, show the lists there are."""
    from houfeng_desk.queries.delivery.judging import make_list, policies
    from houfeng_desk.queries.delivery.policies import newest_lists

    with _desk(book, url) as desk:
        day = parse_day(as_of) if as_of else None
        today = day or desk.clock().date()
        names = [policy] if policy else []
        if every:
            names = [one.name for one in policies(desk).values() if one.in_force(today) and not one.persons]
        for name in names:
            make_list(desk, me(), name, day)
        with desk.office.read() as session:
            rows = [row for row in newest_lists(session) if not names or row.policy in names]
            found = [
                (
                    row.policy, row.number, row.as_of, row.examined, row.entitled, row.unknown, f"+{row.joined}",
                    f"-{row.departed}", f"{row.published_at:%Y-%m-%d}" if row.published_at else "-",
                )
                for row in rows
            ]  # fmt: skip
    heads = (
        ("政策", "policy"), ("版本", "version"), ("口径时点", "as of"), ("审核", "examined"), ("符合", "entitled"),
        ("不明", "unknown"), ("新进", "joined"), ("退出", "left"), ("发布", "published"),
    )  # fmt: skip
    table([Text(*head) for head in heads], found)


@command.command(name="judge")
@click.argument("out", type=click.Path(path_type=Path, file_okay=False))
@click.option("--pack", default="entitlements", show_default=True, help="Pack of entitlements: name or folder.")
@click.option("--as-of", default=None, help="Day to judge by; default: today.")
@click.option("--known-at", default=None, help="Moment of knowledge, e.g. 2026-01-16 (its end).")
@book_option
def judge(out: Path, pack: str, as_of: str | None, known_at: str | None, book: str | None) -> None:
    """Judge every firm for every policy in force: OUT/answers.parquet, a row a firm, and the counts of each policy."""
    from houfeng.book.copies import with_copies
    from houfeng.book.store import Book
    from houfeng.engine.duckdb import Engine
    from houfeng.engine.faults import telling
    from houfeng.instruments.eligibility import Answer
    from houfeng.instruments.entitlement import ENTERPRISE, answers_sql, in_force, totals
    from houfeng.instruments.everyone import judge_everyone
    from houfeng.packs.loading.load import load_pack

    known = parse_moment(known_at) if known_at else wall_clock()
    day, rules, settings = parse_day(as_of) if as_of else known.date(), load_pack(pack), load()
    place = Path(book or settings.book)
    snapshot = with_copies(Book.open(place, wall_clock).snapshot(known), place)
    policies = [one for one in in_force(rules, day, known.date()) if one.over == ENTERPRISE]
    with telling(out):
        out.mkdir(parents=True, exist_ok=True)
        inside = TemporaryDirectory(dir=out)
    with Engine(settings) as engine, inside as bits:
        snapshot.attach(engine.connection)
        judged = judge_everyone(engine, snapshot, rules, day, known, Path(bits))
        answers = judged.answers(policies)
        engine.write(answers.sql, out / "answers.parquet")
        counts = totals(engine.rows(answers_sql(answers)))
    heads = [Text("政策", "policy"), Text("符合", "entitled"), Text("不明", "unknown"), Text("不符合", "not entitled")]
    table(
        heads,
        [(name, *(found[one] for one in (Answer.YES, Answer.UNKNOWN, Answer.NO))) for name, found in counts.items()],
    )
    say(f"{judged.rows} 户，写入 {out / 'answers.parquet'}", f"{judged.rows} firms, in {out / 'answers.parquet'}")


@command.command(name="publish")
@click.argument("policy")
@book_option
@office_option
def publish(policy: str, book: str | None, url: str | None) -> None:
    """Send the newest list of POLICY to firms and their banks."""
    from houfeng.matching.delivery import lists
    from houfeng_desk.queries.delivery.judging import publish_list

    with _desk(book, url) as desk:
        with desk.office.read() as session:
            row = lists.newest(session, policy)
        if row is None:
            raise NotFoundError(Text(f"{policy} 还没有名单", f"{policy} has no list yet"))
        begun = publish_list(desk, me(), policy, row.number)
    say(
        f"已发布 {policy} 第 {row.number} 版，新送达 {begun} 户",
        f"{policy}: version {row.number} is sent; {begun} new firms",
    )


@command.command(name="status")
@click.argument("policy", required=False)
@click.option("--from", "start", default="document", show_default=True, help="Where days begin: document, sent, …")
@click.option("--by", type=click.Choice(["policy", "region", "bank"]), default="policy", show_default=True)
@book_option
@office_option
def status(policy: str | None, start: str, by: str, book: str | None, url: str | None) -> None:
    """How far policies have come, and the days to money; counts below 5 are not told."""
    from houfeng.matching.delivery import statistics
    from houfeng.matching.delivery.chains import STEPS
    from houfeng_cli.demonstration.delivery import MACHINE

    with opened(book, url) as office, office.read() as session:
        funnel = statistics.funnel(session, MACHINE, policy or "")
        days = statistics.days(session, MACHINE, by, start, policy=policy or "")
    lang = load().lang
    table(
        [Text("环节", "link"), Text("户", "firms")],
        [(STEPS[row.step].get(lang), "—" if row.chains is None else row.chains) for row in funnel],
    )
    click.echo()
    shown = [(row.key or "=", *("—" if v is None else v for v in row[1:])) for row in (*days.rows, days.total)]
    heads = [
        statistics.BY[by],
        Text("办结", "chains"),
        Text("中位天数", "median days"),
        Text("九成以内", "ninth decile"),
    ]
    table(heads, shown)


@command.command(name="link")
@click.argument("enterprise")
@click.option("--at", "address", default="http://127.0.0.1:8000", show_default=True, help="Address of the desk.")
@book_option
@office_option
def link(enterprise: str, address: str, book: str | None, url: str | None) -> None:
    """A one-time link for ENTERPRISE, shown once."""
    from houfeng.matching.delivery import links
    from houfeng_desk.queries.delivery.mine import about

    with _desk(book, url) as desk:
        firm = about(desk, enterprise)
        if not firm.region:
            raise NotFoundError(Text(f"没有企业 {enterprise}", f"there is no enterprise {enterprise}"))
        with desk.office.begin() as session:
            row, secret = links.make(session, me(), firm.enterprise_id, firm.name, firm.region)
    click.echo(f"{address.rstrip('/')}/enter/{secret}")
    say(f"{firm.name}；{row.ends_at:%H:%M} 前有效，只能用一次", f"{firm.name}; until {row.ends_at:%H:%M}, once only")
