"""`houfeng conduct`: portraits, disputes, lists and evidence from the machine itself, in the name of an account."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from houfeng.errors import InputError, NotFoundError, Text, UsageError
from houfeng_cli.office.opening import book_option, office_option, opened, say, table, why_option

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from houfeng.book.store import Book
    from houfeng.office.access import Viewer

login_option = click.option("--as", "login", required=True, help="The account in whose name and scope this is done.")
json_option = click.option("--json", "as_json", is_flag=True, help="As JSON.")
day_option = click.option("--as-of", default=None, help="The day asked about; default: today.")


@click.group(name="conduct")
def command() -> None:
    """信用画像、异议、名单与证据。 Portraits of credit, disputes, lists, evidence of evasion."""


def _viewer(session: Session, login: str) -> Viewer:
    from houfeng.office.identity.people import find, viewer_of

    return viewer_of(find(session, login), via="cli")


def _book(book: str | None) -> Book:
    from houfeng.book.store import Book
    from houfeng.clock import wall_clock
    from houfeng.settings import load

    return Book.open(Path(book) if book else load().book, wall_clock)


@command.command(name="portrait")
@click.argument("enterprise")
@day_option
@login_option
@json_option
@book_option
@office_option
def portrait(enterprise: str, as_of: str | None, login: str, as_json: bool, book: str | None, url: str | None) -> None:
    """Every line the book has of ENTERPRISE, as the account may see it, with its source and day."""
    from houfeng.book.connection import connect
    from houfeng.clock import parse_day, wall_clock
    from houfeng.conduct.disputes.filing import marks
    from houfeng.conduct.reading import BookAsked, read
    from houfeng.office.access import Permission
    from houfeng.office.scope import ScopedViews

    snapshot, day = _book(book).snapshot(), parse_day(as_of) if as_of else wall_clock().date()
    with opened(book, url) as office, office.read() as session:
        viewer, told = _viewer(session, login), marks(session, enterprise)
        if viewer.scope.enterprise != enterprise:
            viewer.require(Permission.SEE_CONDUCT)
    with connect() as connection:
        asked = BookAsked(ScopedViews(snapshot, viewer.scope), connection)
        names = {row["institution_id"]: row["name"] for row in asked.rows(asked.select("institution")) if row["name"]}
        persons = viewer.may(Permission.WORK_CASES)
        found = read(asked, snapshot, enterprise, day, names, told, persons=persons)
    banks = viewer.scope.institutions
    if banks is not None:
        found = found.narrowed(lambda line: line.source.reporter in banks)
    if not found.lines:
        raise NotFoundError(Text("没有可显示的记录", "there is nothing to show"))
    rows = [
        {
            "domain": line.domain, "line": line.label.zh, "value": line.value.zh, "also": line.also.zh,
            "day": str(line.day or ""), "reporter": line.source.reporter_name, "submission": line.source.submission,
            "row": line.source.row, "dispute": line.mark.number if line.mark else "", "id": line.id,
        }
        for line in found.lines
    ]  # fmt: skip
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    heads = [
        Text("类别", "domain"),
        Text("项目", "line"),
        Text("内容", "value"),
        Text("日期", "day"),
        Text("来源", "source"),
    ]
    table(heads, [[row[name] for name in ("domain", "line", "value", "day", "reporter")] for row in rows])


@command.command(name="disputes")
@click.option("--state", default="", help="Only disputes in this state.")
@login_option
@json_option
@book_option
@office_option
def disputes(state: str, login: str, as_json: bool, book: str | None, url: str | None) -> None:
    """The disputes of the account's scope."""
    from sqlalchemy import select

    from houfeng.conduct.disputes.filing import may_see, visible
    from houfeng.conduct.tables import Dispute

    with opened(book, url) as office, office.read() as session:
        viewer = _viewer(session, login)
        may_see(viewer)
        wanted = select(Dispute).where(visible(viewer)).order_by(Dispute.id)
        wanted = wanted.where(Dispute.state == state) if state else wanted
        names = ("number", "enterprise_id", "label_zh", "reporter", "state", "outcome", "due_on")
        rows = [{name: str(getattr(one, name) or "") for name in names} for one in session.scalars(wanted)]
    _show(rows, as_json)


@command.command(name="lists")
@click.option("--list", "list_kind", default="", help="incentive or punishment.")
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), default=None, help="Write list_membership here."
)
@login_option
@json_option
@book_option
@office_option
def lists(list_kind: str, out: Path | None, login: str, as_json: bool, book: str | None, url: str | None) -> None:
    """The entries the account may see; --out writes those that hold as a CSV the book takes as list_membership."""
    from sqlalchemy import select

    from houfeng.conduct.lists.entering import visible
    from houfeng.conduct.lists.life import LISTS
    from houfeng.conduct.tables import Listing
    from houfeng.office.access import Permission

    if list_kind and list_kind not in LISTS:
        raise UsageError(Text(f"没有名单 {list_kind}", f"there is no list {list_kind}"))
    with opened(book, url) as office, office.read() as session:
        viewer = _viewer(session, login)
        viewer.require(Permission.SEE_CONDUCT)
        wanted = select(Listing).where(visible(viewer)).order_by(Listing.id)
        wanted = wanted.where(Listing.list_kind == list_kind) if list_kind else wanted
        found = list(session.scalars(wanted))
        names = ("number", "list_kind", "ground", "enterprise_id", "state", "listed_on", "until", "left_on")
        rows = [{name: str(getattr(one, name) or "") for name in names} for one in found]
    if out is not None:
        from houfeng.exchange.workbook import write_csv

        held = [(f"conduct_{one.list_kind}", one.enterprise_id, "enterprise", one.number, one.listed_on, one.until)
                for one in found if one.state == "listed"]  # fmt: skip
        columns = ("list_code", "member_id", "member_kind", "list_version", "valid_from", "valid_to")
        write_csv(out, columns, [["" if cell is None else cell for cell in row] for row in held])
        say(f"{out}：{len(held)} 户", f"{out}: {len(held)} firms")
        return
    _show(rows, as_json)


def _show(rows: list[dict[str, Any]], as_json: bool) -> None:
    if as_json or not rows:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    table([Text(name, name) for name in rows[0]], [list(row.values()) for row in rows])


@command.command(name="evidence")
@click.argument("enterprise")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="Write the ZIP here.")
@click.option("--since", default=None, help="First day of the alerts; default: two years before.")
@day_option
@login_option
@why_option
@book_option
@office_option
def evidence(
    enterprise: str, out: Path, since: str | None, as_of: str | None, login: str, why: str, book: str | None,
    url: str | None,
) -> None:  # fmt: skip
    """Make the bundle of evidence about ENTERPRISE; the journal tells what for."""
    from datetime import timedelta

    from houfeng.book.connection import connect
    from houfeng.clock import parse_day, wall_clock
    from houfeng.conduct.evidence.gathering import gather
    from houfeng.conduct.evidence.making import make, may_make
    from houfeng.conduct.reading import BookAsked
    from houfeng.office.scope import ScopedViews
    from houfeng.packs.loading.load import load_pack

    whole = _book(book)
    snapshot, day = whole.snapshot(), parse_day(as_of) if as_of else wall_clock().date()
    first = parse_day(since) if since else day - timedelta(days=730)
    with opened(book, url) as office:
        with office.read() as session:
            viewer = _viewer(session, login)
        may_make(viewer)
        with connect() as connection:
            asked = BookAsked(ScopedViews(snapshot, viewer.scope), connection)
            sql = f"SELECT name, region, enterprise_id FROM ({asked.select('enterprise', as_of=day)})"
            row = next((one for one in asked.rows(sql) if one["enterprise_id"] == enterprise), None)
            if row is None:
                raise NotFoundError(Text("没有这家企业，或不在权限范围内", "there is no such enterprise in your scope"))
            named = enterprise, row["name"] or enterprise
            pack = load_pack("evasion-rules")
            found = gather(whole, snapshot, asked, snapshot, connection, named, day, first, pack)
        with office.begin() as session:
            bundle, data = make(session, viewer, found, row["region"] or "", why)
    out.write_bytes(data)
    say(
        f"{out}：{bundle.facts} 条事实，{bundle.alerts} 条线索，SHA-256 {bundle.sha256}",
        f"{out}: {bundle.facts} facts, {bundle.alerts} signs, SHA-256 {bundle.sha256}",
    )


@command.command(name="check")
@click.argument("bundle", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def check(bundle: Path) -> None:
    """Whether a bundle of evidence is as it was packed; exit code 1 where it is not."""
    from houfeng.conduct.evidence.packing import check as check_bundle

    problems = check_bundle(bundle.read_bytes(), bundle.name)
    if problems:
        raise InputError(Text("证据包与打包时不一致", "the bundle is not as it was packed"), problems)
    say(
        "证据包完整：文件、事实、日志的哈希均相符",
        "the bundle is whole: files, facts and entries agree with their hashes",
    )


@command.command(name="continuation")
@day_option
@click.option("--days", default=183, show_default=True, help="Days around the first day overdue.")
@click.option(
    "--most", default=20, show_default=True, help="Firms at one address or telephone beyond which it is left out."
)
@json_option
@book_option
def continuation(as_of: str | None, days: int, most: int, as_json: bool, book: str | None) -> None:
    """New firms at the address or telephone of one that fell behind: 脱壳经营. Findings to look into, not alerts."""
    from houfeng.book.connection import connect
    from houfeng.clock import parse_day, wall_clock
    from houfeng.conduct.continuation import continuations, plain
    from houfeng.conduct.reading import BookAsked

    day = parse_day(as_of) if as_of else wall_clock().date()
    with connect() as connection:
        found = continuations(BookAsked(_book(book).snapshot(), connection), day, window_days=days, most=most)
    _show([plain(one) for one in found], as_json)


@command.command(name="round")
@book_option
@office_option
def round_(book: str | None, url: str | None) -> None:
    """The daily round: tell of late disputes, close refusals nobody took further, end terms of lists."""
    from houfeng.conduct.disputes.answering import go_round
    from houfeng.conduct.lists.leaving import expire

    with opened(book, url) as office, office.begin() as session:
        done, expired = go_round(session), expire(session)
    say(
        f"超期提醒 {done.escalated} 件，办结 {done.closed} 件，期满移出 {expired} 户",
        f"{done.escalated} told late, {done.closed} closed, {expired} terms ended",
    )
