"""`houfeng claim`: claims, the quota and the ledger from the machine itself, as somebody who has an account."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from houfeng.errors import InputError, Text
from houfeng_cli.office.opening import book_option, office_option, opened, say, table, why_option

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from houfeng.claims.tools import Tool
    from houfeng.office.access import Viewer
    from houfeng.packs.model import Pack

login_option = click.option("--as", "login", required=True, help="The account in whose name and scope this is done.")
json_option = click.option("--json", "as_json", is_flag=True, help="As JSON.")


@click.group(name="claim")
def command() -> None:
    """再贷款与贴息申报。 Claims on relending tools and subsidies, the quota, the ledger."""


def _viewer(session: Session, login: str) -> Viewer:
    from houfeng.office.identity.people import find, viewer_of

    return viewer_of(find(session, login), via="cli")


def _packs() -> list[Pack]:
    from houfeng.claims.acts.drawing import PACKS
    from houfeng.packs.loading.load import load_pack
    from houfeng.packs.loading.source import find_folder

    return [load_pack(find_folder(name)) for name in PACKS]


def _tool(name: str, day: date) -> tuple[Pack, Tool]:
    from houfeng.claims.acts.drawing import tool_of

    return tool_of(_packs(), name, day, day)


@command.command(name="list")
@login_option
@click.option("--state", default="", help="Only claims in this state.")
@json_option
@book_option
@office_option
def list_(login: str, state: str, as_json: bool, book: str | None, url: str | None) -> None:
    """The claims of the account's scope."""
    from sqlalchemy import select

    from houfeng.claims.files import visible
    from houfeng.claims.tables import Claim
    from houfeng.office.access import Permission

    with opened(book, url) as office, office.read() as session:
        viewer = _viewer(session, login)
        viewer.require(Permission.SEE_CLAIMS)
        wanted = select(Claim).where(visible(viewer)).order_by(Claim.id)
        wanted = wanted.where(Claim.state == state) if state else wanted
        rows = [_told(claim) for claim in session.scalars(wanted)]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    heads = (("编号", "id"), ("申报号", "number"), ("工具", "tool"), ("机构", "institution"), ("期初", "from"))
    sums = (("状态", "state"), ("申报", "asked"), ("核准", "granted"), ("余额", "outstanding"))
    names = ("id", "number", "instrument", "institution", "first", "state", "asked", "granted", "outstanding")
    table([Text(*head) for head in (*heads, *sums)], [[row[name] for name in names] for row in rows])


def _told(claim: Any) -> dict[str, Any]:
    return {
        "id": claim.id,
        "version": claim.version,
        "number": claim.number,
        "instrument": claim.instrument,
        "institution": claim.institution_id,
        "first": claim.first.isoformat(),
        "last": claim.last.isoformat(),
        "state": claim.state,
        "asked": str(claim.asked),
        "granted": str(claim.granted),
        "outstanding": str(claim.outstanding),
        "due_on": claim.due_on.isoformat() if claim.due_on else "",
    }


@command.command(name="draw")
@click.argument("instrument")
@click.argument("institution")
@click.option("--from", "first", required=True, help="First day of the period.")
@click.option("--to", "last", required=True, help="Last day of the period; it counts.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), default=None, help="Write the workbook here.")
@login_option
@book_option
@office_option
def draw(
    instrument: str, institution: str, first: str, last: str, out: Path | None, login: str, book: str | None,
    url: str | None,
) -> None:  # fmt: skip
    """Draw the claim of an institution from the book; it stands as a draft."""
    from houfeng.book.store import Book
    from houfeng.claims.acts import drafting
    from houfeng.claims.acts.drawing import bank_of, draw_for
    from houfeng.clock import parse_day, wall_clock
    from houfeng.engine.duckdb import Engine
    from houfeng.instruments.workbook import workbook
    from houfeng.settings import load

    period = parse_day(first), parse_day(last)
    pack, tool = _tool(instrument, wall_clock().date())
    snapshot = Book.open(Path(book) if book else load().book, wall_clock).snapshot()
    with Engine() as engine:
        bank = bank_of(_Institutions(engine, snapshot.select("institution")), institution)
    with opened(book, url) as office:
        with office.read() as session:
            drawn = draw_for(session, snapshot, pack, tool, bank, *period)
        with office.begin() as session:
            claim = drafting.draw(session, _viewer(session, login), tool, bank, drawn)
    if out is not None:
        out.write_bytes(workbook(drawn, pack))
    say(
        f"{claim.number}（编号 {claim.id}，第 {claim.version} 版）：{len(drawn.lines)} 笔，{drawn.amount} 元",
        f"{claim.number} (id {claim.id}, version {claim.version}): {len(drawn.lines)} loans, {drawn.amount} yuan",
    )


@command.command(name="every")
@click.argument("out", type=click.Path(path_type=Path, file_okay=False))
@click.option("--from", "first", required=True, help="First day of the period.")
@click.option("--to", "last", required=True, help="Last day of the period; it counts.")
@click.option("--known-at", default=None, help="Moment of knowledge, e.g. 2026-01-16 (its end).")
@click.option("--reasons", is_flag=True, help="Write of every loan and purchase what became of each condition too.")
@book_option
def every(out: Path, first: str, last: str, known_at: str | None, reasons: bool, book: str | None) -> None:
    """Draw what all banks may claim under every tool and subsidy: OUT/claim-TOOL.parquet, a row a line.

    It is drawn from the book alone: nothing becomes a draft, and claims made before are not asked. With --reasons also
    OUT/answers-loan.parquet and -consumer_purchase: of each row yes, no or unknown under every tool, and two masks of
    the conditions that failed or are unknown; which bit is which condition stands in the file's metadata.
    """
    from houfeng.book.connection import quoted
    from houfeng.book.store import Book
    from houfeng.clock import parse_day, parse_moment, wall_clock
    from houfeng.engine.duckdb import Engine
    from houfeng.engine.faults import telling
    from houfeng.instruments.definitions import instruments_over
    from houfeng.instruments.drawing.bulk import KINDS, every_claim, judge_all
    from houfeng.instruments.drawing.drawn import check_period
    from houfeng.instruments.drawing.judged import together
    from houfeng.instruments.eligibility import about
    from houfeng.settings import load

    settings, packs, period, rows = load(), _packs(), (parse_day(first), parse_day(last)), []
    check_period(*period)
    moment = parse_moment(known_at) if known_at else wall_clock()
    snapshot = Book.open(Path(book or settings.book), wall_clock).snapshot(moment)
    with telling(out):
        out.mkdir(parents=True, exist_ok=True)
        inside = TemporaryDirectory(dir=out)
    with Engine(settings) as engine, inside as kept:
        judged = {
            kind: judge_all(engine, snapshot, packs, kind, period[1], moment.date(), Path(kept)) for kind in KINDS
        }
        for one in every_claim(engine, snapshot, packs, *period, moment.date(), judged, out):
            ((banks, amount),) = engine.rows(
                f"SELECT count(DISTINCT institution_id), sum(amount) FROM '{quoted(str(one.file))}'"
            )
            rows.append((one.instrument.label.get(settings.lang), banks, one.lines, amount or Decimal(0)))
        whole = together(packs)
        for kind, found in judged.items() if reasons else ():
            answers = found.answers(instruments_over(whole, kind))
            engine.write(answers.sql, out / f"answers-{kind}.parquet", about(whole, answers))
    table([Text("工具", "tool"), Text("机构", "banks"), Text("笔数", "lines"), Text("金额", "yuan")], rows)
    told = sum(one.rows for one in judged.values())
    say(f"共 {told} 笔贷款和消费，写入 {out}", f"{told} loans and purchases judged; written to {out}")


class _Institutions:
    """The institutions of the book, for a question by name."""

    def __init__(self, engine: Any, sql: str) -> None:
        self.engine, self.sql = engine, sql

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """The rows of `sql`, which reads `institution`."""
        return list(self.engine.table(f"WITH institution AS ({self.sql}) {sql}").to_pylist())


@command.command(name="submit")
@click.argument("claim_id", type=int)
@click.option("--version", type=int, default=None, help="The version that was looked at; default: the newest.")
@login_option
@why_option
@book_option
@office_option
def submit(claim_id: int, version: int | None, login: str, why: str, book: str | None, url: str | None) -> None:
    """Ask for what was drawn."""
    from houfeng.claims import files
    from houfeng.claims.acts import drafting

    with opened(book, url) as office, office.begin() as session:
        viewer = _viewer(session, login)
        seen = version if version is not None else files.find(session, viewer, claim_id).version
        claim = drafting.submit(session, viewer, claim_id, seen, why)
        say(f"{claim.number} 已申报 {claim.asked} 元", f"{claim.number}: {claim.asked} yuan asked")


@command.command(name="show")
@click.argument("claim_id", type=int)
@login_option
@json_option
@book_option
@office_option
def show(claim_id: int, login: str, as_json: bool, book: str | None, url: str | None) -> None:
    """One claim with its loans and the reasons against them."""
    from houfeng.claims import files

    with opened(book, url) as office, office.read() as session:
        claim = files.find(session, _viewer(session, login), claim_id)
        told = _told(claim)
        rows = [
            {
                "contract": line.contract_no,
                "note": line.note_no,
                "state": line.state,
                "amount": str(line.amount),
                "granted": str(line.granted),
                "reasons": [why["zh"] for why in line.reasons if why["state"] != "met"],
            }
            for line in files.lines(session, claim_id)
        ]
    if as_json:
        click.echo(json.dumps({**told, "lines": rows}, ensure_ascii=False, indent=2))
        return
    say(f"{told['number']} {told['state']}", f"{told['number']} {told['state']}")
    heads = [Text("合同号", "contract"), Text("借据号", "note"), Text("状态", "state"), Text("申报", "asked")]
    names = ("contract", "note", "state", "amount", "granted")
    table(
        [*heads, Text("核准", "granted"), Text("理由", "reasons")],
        [[*(row[name] for name in names), "；".join(row["reasons"])] for row in rows],
    )


@command.command(name="quota")
@login_option
@json_option
@book_option
@office_option
def quota(login: str, as_json: bool, book: str | None, url: str | None) -> None:
    """The quotas of the account's scope: granted, used, frozen, returned, left."""
    from houfeng.claims import quota as room

    with opened(book, url) as office, office.read() as session:
        rows = [
            {
                "name": one.name,
                "granted": "" if one.ceiling is None else str(one.ceiling),
                "used": str(one.used),
                "frozen": str(one.frozen),
                "returned": str(one.returned),
                "left": "" if one.left is None else str(one.left),
            }
            for one in room.seen(session, _viewer(session, login))
        ]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    heads = (("额度", "quota"), ("下达", "granted"), ("已用", "used"), ("冻结", "frozen"), ("归还", "returned"))
    table([Text(*head) for head in (*heads, ("剩余", "left"))], [list(row.values()) for row in rows])


@command.command(name="verify")
@book_option
@office_option
def verify(book: str | None, url: str | None) -> None:
    """Hold the ledger, the quotas and the claims against each other; exit code 1 where they differ."""
    from houfeng.claims import ledger

    with opened(book, url) as office, office.read() as session:
        problems = ledger.verify(session)
    if problems:
        raise InputError(Text("账簿、额度与申报不一致", "ledger, quotas and claims differ"), problems)
    say("账簿、额度与申报三者一致", "ledger, quotas and claims agree")
