"""`houfeng pack`: list, check, test, explain, diff."""

from __future__ import annotations

import json
import sys

import click

from houfeng.errors import Level, Problem
from houfeng.settings import load


@click.group(name="pack")
def command() -> None:
    """政策包：检查、测试、解释、比较。 Packs: check, test, explain, diff."""


@command.command(name="check")
@click.argument("packs", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Write problems as JSON lines.")
@click.option("--lang", default=None, help="zh or en.")
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
            counts = f"{len(pack.parameters)} parameters, {len(pack.items)} items, {len(pack.rules)} rules, {len(pack.cases)} cases"
            click.echo(
                f"{pack.name} {pack.version}: {errors} errors, {len(problems) - errors} other findings; {counts}"
            )
    sys.exit(1 if wrong else 0)


@command.command(name="test")
@click.argument("packs", nargs=-1, required=True)
@click.option("--lang", default=None, help="zh or en.")
def test(packs: tuple[str, ...], lang: str | None) -> None:
    """Run the cases of PACKS by the compiler and by the explaining evaluator; both must agree."""
    from houfeng.packs.cases import run_cases
    from houfeng.packs.load import load_pack

    failed = 0
    for reference in packs:
        pack = load_pack(reference)
        outcomes = run_cases(pack)
        for outcome in outcomes:
            show_problems(outcome.problems, lang=lang or load().lang)
        bad = sum(not outcome.passed for outcome in outcomes)
        failed += bad
        click.echo(f"{pack.name} {pack.version}: {len(outcomes) - bad} passed, {bad} failed")
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
