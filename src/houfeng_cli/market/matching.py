"""`houfeng matching recommend | assign | contest`: needs and products brought together.

Heavy imports stand inside the commands, so that `houfeng --help` stays quick.
"""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from houfeng import clock, settings
from houfeng.errors import NotFoundError, Text, UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from houfeng.book.snapshot import Snapshot
    from houfeng.engine.duckdb import Engine
    from houfeng.matching.clearing import FloorAsked
    from houfeng.matching.recommend import Asked, Bounds, Rooms

PACK = "bank-products"
POLICIES = "entitlements"
SEED = 20200910

_book = click.option("--book", "folder", type=click.Path(path_type=Path), help="Folder of the book.")
_pack = click.option("--pack", "pack_name", default=PACK, show_default=True, help="Pack of products: name or folder.")
_as_of = click.option("--as-of", help="The day products and firms are judged on; today if not given.")
_known = click.option("--known-at", help="Moment of knowledge, e.g. 2026-01-16 (its end).")
_office = click.option(
    "--office", "url", help="Database with the quota ledger; HOUFENG_OFFICE, or the book's office.db."
)
_lang = click.option("--lang", type=click.Choice(["zh", "en"]), help="Language of what is shown.")


@click.group(name="matching")
def command() -> None:
    """银企对接：推荐、分配、赛题。 Needs and products: recommend, assign, the contest problem."""


def _times(as_of: str | None, known_at: str | None) -> tuple[date, Any]:
    known = clock.parse_moment(known_at) if known_at else clock.wall_clock()
    return (clock.parse_day(as_of) if as_of else known.date()), known


def _snapshot(folder: Path | None, known_at: Any) -> Snapshot:
    from houfeng.book.store import Book

    return Book.open(folder or settings.load().book, clock.wall_clock).snapshot(known_at)


def _bounds(
    views: Snapshot, engine: Engine, day: date, asked: Sequence[Asked], folder: Path | None, url: str | None
) -> Bounds:
    """What limits on clients and groups leave, by the book; where there is an office, less what is under way there, and
    what its quota ledger has left."""
    from houfeng.matching.needs import going
    from houfeng.matching.recommend import Bounds, rooms
    from houfeng_cli.office.opening import opened

    def asking(banks: Collection[str], firms: Collection[str]) -> Rooms:
        return rooms(views, engine, day, banks, firms)

    given = settings.load()
    book = folder or given.book
    if not (url or given.office or (book / "office.db").exists()):  # every price that rests on quota says so
        banks = {quote.bank for one in asked for quote in one.quotes}
        return Bounds(rooms=asking(banks, {one.need.enterprise_id for one in asked}))
    with opened(str(book), url) as office, office.read() as session:
        return going.bounds(session, asked, asking)


@command.command(name="recommend")
@click.argument("need_no")
@_book
@_office
@_pack
@click.option("--policies", default=POLICIES, show_default=True, help="Pack of entitlements; empty: no subsidies.")
@_as_of
@_known
@click.option("--order", type=click.Choice(["cost", "chance"]), default="cost", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line per product.")
@_lang
def recommend(
    need_no: str,
    folder: Path | None,
    url: str | None,
    pack_name: str,
    policies: str,
    as_of: str | None,
    known_at: str | None,
    order: str,
    as_json: bool,
    lang: str | None,
) -> None:
    """Rank the products for NEED_NO by all-in cost after subsidy, with reasons; refused ones say why.

    Quota of relending and limits on what a bank may lend the firm and its groups are asked for.
    """
    from houfeng.engine.duckdb import Engine
    from houfeng.instruments.entitlement import entitled
    from houfeng.matching.recommend import quoted, standings
    from houfeng.matching.recommend import recommend as ranked
    from houfeng.matching.run import offer_told
    from houfeng.packs.loading.load import load_pack

    day, known = _times(as_of, known_at)
    language, snapshot, pack = lang or settings.load().lang, _snapshot(folder, known), load_pack(pack_name)
    with Engine() as engine:
        found = quoted(snapshot, pack, day, known, engine=engine, need_no=need_no)
        if not found:
            raise NotFoundError(Text(f"账簿里没有需求 {need_no}", f"there is no need {need_no} in the book"))
        asked, held = found[0], []
        if policies:
            rules, firm = load_pack(policies), found[0].need.enterprise_id
            verdicts = entitled(snapshot, rules, firm, day, known, connection=engine.connection)
            held = standings(rules, verdicts, asked.need, day, known.date())
        bounds = _bounds(snapshot, engine, day, found, folder, url)
    offers = ranked(asked.need, asked.quotes, held, today=day, order=order, bounds=bounds)
    for place, offer in enumerate(offers, 1):
        if as_json:
            click.echo(json.dumps(offer_told(offer), ensure_ascii=False))
            continue
        cost = f"{offer.cost.effective:.3f}%" if offer.cost and offer.cost.effective is not None else "—"
        click.echo(f"{place:>3} {offer.label.get(language)}  {offer.answer.value}  {cost}{' *' if offer.best else ''}")
        for reason in offer.reasons:
            click.echo(f"      {reason.get(language)}")


@command.command(name="assign")
@_book
@_office
@_pack
@_as_of
@_known
@click.option("--floor", "floors", multiple=True, metavar="small=60 | 4115=20", help="Percent of what they ask for.")
@click.option("--share", default="100", show_default=True, help="Percent of capacities given out.")
@click.option("--out", type=click.Path(path_type=Path), help="Write the whole result as JSON.")
@_lang
def assign(
    folder: Path | None,
    url: str | None,
    pack_name: str,
    as_of: str | None,
    known_at: str | None,
    floors: tuple[str, ...],
    share: str,
    out: Path | None,
    lang: str | None,
) -> None:
    """Assign the open needs of the book to products, stable and best total side by side, within quota and limits."""
    from houfeng.engine.duckdb import Engine
    from houfeng.matching.run import Wanted, run
    from houfeng.packs.loading.load import load_pack

    day, known = _times(as_of, known_at)
    wanted = Wanted(day, known.date(), tuple(_floor(one) for one in floors), _percent(share, "--share"))
    with Engine() as engine:
        views = _snapshot(folder, known)
        result = run(
            views, load_pack(pack_name), wanted, engine=engine,
            bounding=lambda asked: _bounds(views, engine, day, asked, folder, url),
        )  # fmt: skip
    if out is not None:
        out.write_text(json.dumps(result, ensure_ascii=False, indent=1), encoding="utf-8")
    language = lang or settings.load().lang
    for way, figures in result["ways"].items():
        cost = "—" if figures["cost"] is None else f"{figures['cost']:.3f}%"
        click.echo(
            f"{way}: {figures['placed']}/{figures['needs']} needs, {figures['lent']}/{figures['asked']} yuan, "
            f"mean cost {cost}, {figures['first']} got their best, saved {figures['saved']:,.0f} a year, "
            f"{'exact' if figures['exact'] else 'not proved best'}"
        )
    for way, texts in result["faults"].items():
        for text in texts:
            click.echo(f"{way}: {text[language]}", err=True)
    if result["faults"]:
        raise SystemExit(1)


def _floor(text: str) -> FloorAsked:
    from houfeng.matching.clearing import FloorAsked

    name, _, percent = text.partition("=")
    if name != "small" and not (name.isdigit() and 2 <= len(name) <= 6):
        raise UsageError(
            Text(
                f"保底写作 small=60 或 4115=20：{text[:40]}", f"a floor is written small=60 or 4115=20, not {text[:40]}"
            )
        )
    kind, region = ("small", "") if name == "small" else ("region", name)
    return FloorAsked(kind, region, _percent(percent, "--floor"))


def _percent(text: str, what: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal(-1)
    if not 0 < value <= 100:
        raise UsageError(Text(f"{what} 应在 0 与 100 之间：{text[:20]}", f"{what} is from 0 to 100: {text[:20]}"))
    return value


@command.command(name="contest")
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--seed", default=SEED, show_default=True, help="Says which folds and resamples.")
@click.option("--repeats", default=20, show_default=True, help="How often the folds are drawn.")
@click.option("--loss", default=1.0, show_default=True, help="Loss given default, 0 to 1.")
@click.option("--out", type=click.Path(path_type=Path), help="Write the plan of every firm as CSV.")
def contest(data: Path, seed: int, repeats: int, loss: float, out: Path | None) -> None:
    """CUMCM 2020 C with the files in DATA: the plan for the unrated firms, and what out of sample says of it."""
    from houfeng.matching.contest.firms import read_contest
    from houfeng.matching.contest.lending import Rules
    from houfeng.matching.contest.report import plan_csv, report
    from houfeng.matching.contest.study import run

    if not 0 < loss <= 1:
        raise UsageError(Text("--loss 应在 0 与 1 之间", "--loss is from 0 to 1"))
    read, rules = read_contest(data), Rules(loss=loss)
    study = run(read, rules, seed=seed, repeats=repeats)
    click.echo(report(read, study, rules))
    if out is not None:
        out.write_text(plan_csv(read, study), encoding="utf-8")
