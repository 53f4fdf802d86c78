"""`houfeng pack`: list, check, test, explain, diff, activate."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from houfeng.errors import Level, Problem, Text
from houfeng.settings import load

if TYPE_CHECKING:
    from collections.abc import Mapping

    from houfeng.packs.grants import Grant
    from houfeng.packs.model import Pack


@click.group(name="pack")
def command() -> None:
    """政策包：检查、测试、解释、比较。 Packs: check, test, explain, diff."""


@command.command(name="check")
@click.argument("packs", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Write problems as JSON lines.")
@click.option("--lang", type=click.Choice(["zh", "en"]), help="Language of what is shown.")
def check(packs: tuple[str, ...], as_json: bool, lang: str | None) -> None:
    """Tell every problem of PACKS (folders or names) at once, with file, line and column."""
    from houfeng.packs.check import check_pack

    lang = lang or load().lang
    wrong = 0
    for reference in packs:
        pack, problems = check_pack(reference)
        show_problems(problems, as_json=as_json, lang=lang)
        errors = sum(problem.level is Level.ERROR for problem in problems)
        wrong += errors
        if pack is not None and not as_json:
            counts = (
                (pack.parameters, "parameters"),
                (pack.items, "items"),
                (pack.rules, "rules"),
                (pack.instruments, "instruments"),
                (pack.entitlements, "entitlements"),
                (pack.products, "products"),
                (pack.golden, "golden ledgers"),
                (pack.cases, "cases"),
            )
            always = ("parameters", "items", "rules", "cases")
            held = ", ".join(f"{len(found)} {what}" for found, what in counts if found or what in always)
            click.echo(f"{pack.name} {pack.version}: {errors} errors, {len(problems) - errors} other findings; {held}")
    sys.exit(1 if wrong else 0)


@command.command(name="test")
@click.argument("packs", nargs=-1, required=True)
@click.option("--lang", type=click.Choice(["zh", "en"]), help="Language of what is shown.")
def test(packs: tuple[str, ...], lang: str | None) -> None:
    """Run the cases of PACKS by the compiler and by the explaining evaluator, which must agree, and golden ledgers."""
    from houfeng.instruments.golden import run_golden
    from houfeng.packs.cases import run_cases
    from houfeng.packs.loading.load import load_pack

    failed = 0
    for reference in packs:
        pack = load_pack(reference)
        outcomes = run_cases(pack)
        for outcome in outcomes:
            show_problems(outcome.problems, lang=lang or load().lang)
        bad = sum(not outcome.passed for outcome in outcomes)
        ledgers = run_golden(pack)
        for _, problems in ledgers:
            show_problems(problems, lang=lang or load().lang)
        wrong = sum(bool(problems) for _, problems in ledgers)
        failed += bad + wrong
        told = f"; golden ledgers: {len(ledgers) - wrong} passed, {wrong} failed" if ledgers else ""
        click.echo(f"{pack.name} {pack.version}: {len(outcomes) - bad} passed, {bad} failed{told}")
    sys.exit(1 if failed else 0)


def show_problems(problems: tuple[Problem, ...] | list[Problem], *, as_json: bool = False, lang: str = "zh") -> None:
    """Print problems, one a line, to stderr; as JSON lines to stdout."""
    for problem in problems:
        if as_json:
            click.echo(json.dumps(_plain(problem), ensure_ascii=False))
        else:
            click.echo(problem.render(lang), err=True)


def _plain(problem: Problem) -> dict[str, object]:
    return {
        "code": problem.code,
        "level": problem.level.value,
        "message": problem.message._asdict(),
        "where": problem.where._asdict(),
        "value": problem.value,
        "suggestion": problem.suggestion._asdict(),
    }


@command.command(name="list")
@click.argument("pack", required=False)
@click.option("--lang", type=click.Choice(["zh", "en"]), help="Language of what is shown.")
def list_packs(pack: str | None, lang: str | None) -> None:
    """List the shipped packs; or, of one PACK, its items, rules, parameters and interpretations."""
    from houfeng.packs.loading.load import load_pack
    from houfeng.packs.loading.source import shipped

    lang = lang or load().lang
    if pack is not None:
        show_pack(load_pack(pack), lang)
        return
    for name in shipped():
        found = load_pack(name)
        counts = (
            (found.themes(), "themes"),
            (found.rules, "rules"),
            (found.waiting, "waiting"),
            (own(found.instruments, found), "instruments"),
            (own(found.entitlements, found), "entitlements"),
            (own(found.products, found), "products"),
            (found.cases, "cases"),
        )
        held = ", ".join(f"{len(listed)} {what}" for listed, what in counts if listed)
        click.echo(f"{name:16} {found.version:8} {found.label.get(lang)}  ({held})")


def own(grants: Mapping[str, Grant], pack: Pack) -> list[Grant]:
    """Those of `grants` that the pack defines itself."""
    return [grant for grant in grants.values() if grant.pack == pack.name]


def show_pack(pack: Pack, lang: str) -> None:
    """What a pack defines itself, one line each: section, name, label."""
    lines = [
        (item.form.value, f"{item.over}.{item.name}", item.label)
        for item in pack.items.values()
        if item.pack == pack.name
    ]
    lines += [("rule", f"{rule.id} {rule.name}", rule.label) for rule in pack.rules.values()]
    lines += [("waiting", waiting.id, waiting.label) for waiting in pack.waiting]
    for section, grants in (
        ("instrument", pack.instruments),
        ("entitlement", pack.entitlements),
        ("product", pack.products),
    ):
        lines += [(section, f"{grant.over}.{grant.name}", grant.label) for grant in own(grants, pack)]
    lines += [("parameter", f":{name}", parameter.label) for name, parameter in pack.parameters.items()]
    lines += [("reading", f"{name}={entry.chosen}", entry.question) for name, entry in pack.interpretations.items()]
    for section, name, label in lines:
        click.echo(f"{section:10} {name:44} {label.get(lang)}")


@command.command(name="diff")
@click.argument("old")
@click.argument("new")
@click.option("--json", "as_json", is_flag=True, help="Write changes as JSON lines.")
def diff(old: str, new: str, as_json: bool) -> None:
    """Tell what changed from pack OLD to pack NEW. Exit code 1 where something did."""
    from houfeng.packs.diff import diff_packs
    from houfeng.packs.loading.load import load_pack

    changes = diff_packs(load_pack(old), load_pack(new))
    for change in changes:
        click.echo(json.dumps(change._asdict(), ensure_ascii=False) if as_json else change.render())
    sys.exit(1 if changes else 0)


@command.command(name="explain")
@click.argument("pack")
@click.argument("key", nargs=-1, required=True)
@click.option("--kind", default="", help="Record kind; default: the kind of the first item.")
@click.option(
    "--item",
    "items",
    multiple=True,
    required=True,
    help="Item, rule, instrument, entitlement or product to explain; may be repeated.",
)
@click.option("--as-of", required=True, help="Day or month the question is about.")
@click.option("--known-at", "--as-known-at", "known_at", default=None, help="As known at this moment; default: now.")
@click.option("--reading", "readings", multiple=True, help="interpretation=reading, to compute with a rival reading.")
@click.option("--book", "folder", default=None, help="Folder of the book.")
@click.option("--full", is_flag=True, help="Show every step, not only those that decided.")
@click.option("--json", "as_json", is_flag=True, help="Write the explanation as JSON (always full).")
@click.option("--lang", type=click.Choice(["zh", "en"]), help="Language of what is shown.")
def explain(
    pack: str,
    key: tuple[str, ...],
    kind: str,
    items: tuple[str, ...],
    as_of: str,
    known_at: str | None,
    readings: tuple[str, ...],
    folder: str | None,
    full: bool,
    as_json: bool,
    lang: str | None,
) -> None:
    """Explain, for one record, why PACK says what it says: `houfeng pack explain five-articles note_no=… --item tech`.

    KEY is field=value, as many as it takes; a plain value stands for the only key field.
    """
    from pathlib import Path

    from houfeng.book.connection import connect
    from houfeng.book.store import Book
    from houfeng.clock import parse_day, parse_moment, wall_clock
    from houfeng.packs.explain import Explainer
    from houfeng.packs.loading.load import load_pack

    settings = load()
    loaded = load_pack(pack).with_readings(dict(reading.partition("=")[::2] for reading in readings))
    found_in = (over for item in items for over in _kinds_of(loaded, item))
    kind = kind or next(found_in, "") or _rule_kind(loaded, items)
    moment = parse_moment(known_at) if known_at else wall_clock()
    snapshot = Book.open(Path(folder or settings.book), wall_clock).snapshot(moment if known_at else None)
    connection = connect(memory=settings.memory, threads=settings.threads)
    explainer = Explainer(loaded, snapshot, connection, parse_day(as_of), moment.date())
    found = explainer.explain(kind, _key(kind, key), items)
    if as_json:
        click.echo(json.dumps(found.plain(), ensure_ascii=False, default=str, indent=2))
    else:
        click.echo("\n".join(found.lines(lang or settings.lang, full=full)))


def _kinds_of(pack: Pack, item: str) -> list[str]:
    from houfeng.packs.roads.grants import grants_of

    grant = grants_of(pack).get(item)
    return [definition.over for definition in pack.find(item)] + ([grant.over] if grant is not None else [])


def _rule_kind(pack: Pack, items: tuple[str, ...]) -> str:
    return next((r.over for r in pack.rules.values() if r.name in items or r.id in items), "enterprise")


def _key(kind: str, parts: tuple[str, ...]) -> dict[str, object]:
    """`field=value` pairs by field; a plain value stands for the last key field. Whole numbers and truth are read."""
    from houfeng.book.model import Type
    from houfeng.book.model import kind as kind_of

    shape, found = kind_of(kind), dict[str, object]()
    for part in parts:
        name, value = part.partition("=")[::2] if "=" in part else (shape.key[-1], part)
        wanted = shape.field(name).type
        if wanted is Type.INTEGER and value.isascii() and value.isdigit():
            found[name] = int(value)
        elif wanted is Type.BOOLEAN and value in ("true", "false"):
            found[name] = value == "true"
        else:
            found[name] = value
    return found


@command.command(name="activate")
@click.argument("pack", required=False)
@click.option("--login", required=True, help="Who acts; the password is asked for.")
@click.option("--why", required=True, help="Reason, kept with the version and in the journal.")
@click.option("--from", "first", default=None, help="First day in force; default: today.")
@click.option("--approve", type=int, default=None, help="Approve the proposal of this number, as another person.")
@click.option("--refuse", type=int, default=None, help="Refuse the proposal of this number.")
@click.option("--checked", is_flag=True, help="Cases that fail were looked at one by one.")
@click.option("--book", default=None, help="Folder of the book.")
@click.option("--office", "url", default=None, help="Database of the office; default: HOUFENG_OFFICE.")
def activate(
    pack: str | None,
    login: str,
    why: str,
    first: str | None,
    approve: int | None,
    refuse: int | None,
    checked: bool,
    book: str | None,
    url: str | None,
) -> None:
    """Put the version in the folder PACK into force, by two persons: one proposes it, another approves.

    Proposing checks the pack, runs its cases and simulates it on the book; what came of it stands on the desk.
    """
    from pathlib import Path

    from houfeng.errors import AccessError, UsageError
    from houfeng.office import approvals
    from houfeng.office.identity.local import sign_in
    from houfeng.office.packs import work
    from houfeng_cli.office.opening import opened, say

    if sum(one is not None for one in (pack, approve, refuse)) != 1:
        raise UsageError(Text("请给出政策包、--approve 或 --refuse 之一", "give one of PACK, --approve and --refuse"))
    password = click.prompt("Password", hide_input=True, err=True)
    settings = load()
    with opened(book, url) as office:
        work.install()
        viewer = sign_in(office, login, password).viewer
        if viewer.must_change:
            raise AccessError(
                Text("口令已到期，请先在工作台上修改", "the password is due: change it on the desk first")
            )
        number = approve if approve is not None else refuse
        if number is not None:
            with office.begin() as session:
                approvals.decide(session, viewer, number, approve is not None, why)
            say(*(("已批准", "approved") if approve is not None else ("已否决", "refused")))
            return
        asked = work.propose_folder(office, Path(book or settings.book), viewer, str(pack), first, why, checked=checked)
        say(
            f"已提交审批 {asked}；由另一人：houfeng pack activate --approve {asked} --login …",
            f"approval {asked} waits for another person: houfeng pack activate --approve {asked} --login …",
        )
