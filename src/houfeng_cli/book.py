"""`houfeng book …`: what goes into the book and what comes back from it.

This file has the verbs that touch files people send; those that look at the store stand in `book_store`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from houfeng import clock, settings
from houfeng.errors import InputError, Level, Problem, Text, UsageError, Where
from houfeng_cli import book_store

if TYPE_CHECKING:
    from houfeng.book.draft import Draft
    from houfeng.book.intake import Intake, Question
    from houfeng.book.intake.profile import Profile
    from houfeng.book.store import Receipt

SHOWN = 40


@click.group(name="book")
def command() -> None:
    """账簿：报送、查询、隔离 / the book: submit files, ask, correct."""


for _verb in book_store.COMMANDS:
    command.add_command(_verb)


@dataclass(frozen=True)
class _Told:
    """The options of one submission."""

    folder: Path | None
    lang: str
    as_json: bool
    on_bad: str
    confirm: bool
    dry_run: bool
    received_at: str | None
    answers: dict[str, Any]
    reasons: Mapping[str, Text]


@command.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@book_store.book_option
@click.option("--profile", type=click.Path(path_type=Path), help="Answers kept in a YAML file; options go before them.")
@click.option("--kind", help="Record kind; several separated by commas. Not given: worked out from the headers.")
@click.option("--reporter", help="Who reports, where the file does not say it.")
@click.option("--period", help="Period or as-of day, e.g. 2026-01 or 2026-01-31.")
@click.option("--map", "mapping", multiple=True, metavar="HEADER=FIELD", help="This header means that field.")
@click.option("--constant", multiple=True, metavar="FIELD=VALUE", help="This value in every row.")
@click.option("--skip-column", "skip", multiple=True, metavar="HEADER", help="Leave a column out; * for all unknown.")
@click.option("--unit", help="元, 万元 or 亿元 for all money, or FIELD=UNIT (FIELD=fraction for rates).")
@click.option("--version", type=int, help="Version of the submission, where the file does not say it.")
@click.option("--sent-at", help="When it was sent, where the file does not say it.")
@click.option("--received-at", help="Load history: the moment the book is to have learned it.")
@click.option("--confirm", is_flag=True, help="Yes, rows may vanish.")
@click.option(
    "--on-bad",
    type=click.Choice(["accept", "refuse", "whole"]),
    default="accept",
    show_default=True,
    help="Bad rows: accept the good ones; refuse the parts with bad ones; or take all files whole or none.",
)
@click.option("--dry-run", is_flag=True, help="Check only; write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the receipt as JSON.")
@click.option("--lang", type=click.Choice(["zh", "en"]), help="Language of messages.")
def submit(files: Sequence[Path], folder: Path | None, **options: Any) -> None:
    """Check files and put them into the book."""
    told = _told(folder, options)
    intakes = _prepare(files, told)
    _refuse_bad(intakes, told)
    open_questions = [q for intake in intakes for q in intake.questions]
    receipt = None
    drafts = [draft for intake in intakes for draft in intake.drafts]
    if not open_questions and not told.dry_run and drafts:
        moment = clock.parse_moment(told.received_at) if told.received_at else None
        receipt = book_store.open_book(folder).submit(drafts, confirm=told.confirm, received_at=moment)
    (_print_json if told.as_json else _print)(intakes, receipt, told)
    if open_questions or not drafts or (receipt is not None and receipt.needs_confirmation):
        raise click.exceptions.Exit(1)


def _told(folder: Path | None, options: dict[str, Any]) -> _Told:
    kept = _kept(options["profile"])
    answers = {
        "kind": options["kind"] or kept.kind,
        "reporter": options["reporter"] or kept.reporter,
        "period": clock.parse_day(options["period"]) if options["period"] else None,
        "mapping": {**kept.mapping, **_pairs(options["mapping"], "--map")},
        "constants": {**kept.constants, **_pairs(options["constant"], "--constant")},
        "skip": (*kept.reasons, *options["skip"]),
        "unit": options["unit"] or kept.unit,
        "version": options["version"],
        "sent_at": clock.parse_moment(options["sent_at"]) if options["sent_at"] else None,
    }
    lang = options["lang"] or settings.load().lang
    flags = {name: options[name] for name in ("as_json", "on_bad", "confirm", "dry_run", "received_at")}
    return _Told(folder, lang, answers=answers, reasons=kept.reasons, **flags)


def _kept(path: Path | None) -> Profile:
    from houfeng.book.intake.profile import Profile, read_profile

    return read_profile(path) if path else Profile("", Text("", ""), "", "", "", {}, {}, {})


def _pairs(texts: Sequence[str], option: str) -> dict[str, str]:
    pairs = {}
    for text in texts:
        left, mark, right = text.partition("=")
        if not mark or not left.strip() or not right.strip():
            raise UsageError(Text(f"{option} 要写成 甲=乙，而不是 {text}", f"{option} takes A=B, not {text}"))
        pairs[left.strip()] = right.strip()
    return pairs


def _prepare(files: Sequence[Path], told: _Told) -> list[Intake]:
    from houfeng.book.intake import prepare

    snapshot = None
    if (told.folder or settings.load().book).exists() or not told.dry_run:
        snapshot = book_store.open_book(told.folder).snapshot()
    intakes: list[Intake] = []
    faults: list[Problem] = []
    for path in files:
        try:
            intakes.append(prepare(path, snapshot=snapshot, **told.answers))
            intakes[-1].problems[:0] = _left_out(path, told)
        except InputError as error:
            faults += error.problems
    if faults:
        raise InputError(
            Text(
                f"{len(faults)} 个文件无法读取，什么也没有提交",
                f"{len(faults)} file(s) cannot be read; nothing was taken",
            ),
            faults,
        )
    return intakes


def _left_out(path: Path, told: _Told) -> list[Problem]:
    """Why the profile leaves columns out, told with the notes of every file."""
    return [
        Problem("intake.left_out", reason, Where(path.name, field=header), Level.NOTE)
        for header, reason in told.reasons.items()
        if any(reason)
    ]


def _refuse_bad(intakes: list[Intake], told: _Told) -> None:
    """`whole`: one bad row stops everything. `refuse`: it stops the part it is in."""
    bad = [draft for intake in intakes for draft in intake.drafts if draft.quarantine.num_rows]
    if not bad or told.on_bad == "accept":
        return
    total = sum(draft.quarantine.num_rows for draft in bad)
    problems = [p for intake in intakes for p in intake.problems if p.level is Level.ERROR]
    if told.on_bad == "whole":
        raise InputError(
            Text(f"有 {total:,} 个坏行，按要求整体不收", f"{total:,} bad row(s); as asked, nothing is taken"),
            problems[:SHOWN],
        )
    for intake in intakes:
        intake.drafts = [draft for draft in intake.drafts if not draft.quarantine.num_rows]
    if not any(intake.drafts for intake in intakes):
        raise InputError(
            Text(
                f"每一部分都有坏行（共 {total:,} 行），按要求不收",
                f"every part has bad rows ({total:,}); as asked, none is taken",
            ),
            problems[:SHOWN],
        )
    told_text = Text(
        f"{len(bad)} 个部分有坏行，按要求不收", f"{len(bad)} part(s) with bad rows are not taken, as asked"
    )
    click.echo(told_text.get(told.lang), err=True)


def _print(intakes: list[Intake], receipt: Receipt | None, told: _Told) -> None:
    for intake in intakes:
        for problem in intake.problems[:SHOWN]:
            click.echo(problem.render(told.lang))
        found = sum(intake.counts.values()) - len(intake.questions)
        if found > min(len(intake.problems), SHOWN):
            more = found - min(len(intake.problems), SHOWN)
            _say(told, f"… 另有 {more:,} 条，见标注工作簿", f"… and {more:,} more; see the marked workbook")
        for question in intake.questions:
            click.echo(f"? {question.render(told.lang)}")
    if any(intake.questions for intake in intakes):
        _say(
            told,
            "以上问题请先回答（加上箭头后的选项），什么也没有提交",
            "answer the questions above with the options shown; nothing was taken",
        )
    elif receipt is not None:
        _print_receipt(receipt, told)
    else:
        for draft in (draft for intake in intakes for draft in intake.drafts):
            line = f"{draft.kind} {draft.reporter} {draft.period or ''}"
            good, bad = draft.rows.num_rows, draft.quarantine.num_rows
            _say(
                told,
                f"{line}：可收 {good:,} 行，隔离 {bad:,} 行（未写入）",
                f"{line}: {good:,} good, {bad:,} bad row(s); nothing written",
            )


def _print_receipt(receipt: Receipt, told: _Told) -> None:
    for outcome in receipt.outcomes:
        for problem in outcome.problems:
            click.echo(problem.render(told.lang))
        place = f"{outcome.kind} {outcome.reporter} {outcome.period or ''}".strip()
        line = Text(
            f"{place}：{_STATUS[outcome.status.value]}，入账 {outcome.rows:,} 行，隔离 {outcome.quarantined:,} 行",
            f"{place}: {outcome.status.value}, {outcome.rows:,} row(s) in, {outcome.quarantined:,} quarantined",
        )
        click.echo(line.get(told.lang) + _more(outcome, told.lang))
        if outcome.quarantined and outcome.submission_id:
            way = f"houfeng book quarantine {outcome.submission_id} --out {outcome.kind}.xlsx"
            _say(told, f"  坏行的标注工作簿：{way}", f"  marked workbook of the bad rows: {way}")
    if receipt.needs_confirmation:
        _say(
            told,
            "有行会消失，什么也没有写入；确认请加 --confirm",
            "rows would vanish, so nothing was written; add --confirm if that is meant",
        )


_STATUS = {
    "accepted": "已收",
    "unchanged": "与账簿相同，未重复写入",
    "not in force": "已存，但不是最新一版",
    "needs confirmation": "待确认",
    "held": "暂缓",
}


def _more(outcome: Any, lang: str) -> str:
    parts = []
    if outcome.ignored:
        parts.append(Text(f"账簿已有 {outcome.ignored:,} 行", f"{outcome.ignored:,} known already"))
    if outcome.replaces:
        parts.append(Text(f"取代 {outcome.replaces}", f"replaces {outcome.replaces}"))
    if outcome.submission_id:
        parts.append(Text(f"编号 {outcome.submission_id}", f"submission {outcome.submission_id}"))
    return "".join((", " if lang == "en" else "，") + part.get(lang) for part in parts)


def _say(told: _Told, zh: str, en: str) -> None:
    click.echo(Text(zh, en).get(told.lang))


def _problem(problem: Problem, lang: str) -> dict[str, Any]:
    where = {name: value for name, value in problem.where._asdict().items() if value}
    said = {"code": problem.code, "level": problem.level.value, "where": where, "value": problem.value}
    return said | {"message": problem.message.get(lang), "suggestion": problem.suggestion.get(lang)}


_OUTCOME = ("kind", "reporter", "period", "file", "sheet", "status", "submission_id", "rows", "ignored", "quarantined")


def _outcome(outcome: Any) -> dict[str, Any]:
    values = {name: getattr(outcome, name) for name in (*_OUTCOME, "replaces", "vanishing")}
    return {name: value if isinstance(value, int | None) else str(value) for name, value in values.items()}


def _draft(draft: Draft) -> dict[str, Any]:
    period = draft.period.isoformat() if draft.period else None
    counts = {"rows": draft.rows.num_rows, "quarantined": draft.quarantine.num_rows}
    return {"kind": draft.kind, "reporter": draft.reporter, "period": period, **counts}


def _question(question: Question, lang: str) -> dict[str, Any]:
    return {"code": question.code, "message": question.message.get(lang), "options": list(question.options)}


def _print_json(intakes: list[Intake], receipt: Receipt | None, told: _Told) -> None:
    problems = [p for intake in intakes for p in intake.problems] + list(receipt.problems if receipt else ())
    answer = {
        "written": bool(receipt and receipt.written),
        "received_at": receipt.received_at.isoformat() if receipt and receipt.received_at else None,
        "outcomes": [_outcome(outcome) for outcome in receipt.outcomes] if receipt else [],
        "drafts": [_draft(draft) for intake in intakes for draft in intake.drafts],
        "questions": [_question(question, told.lang) for intake in intakes for question in intake.questions],
        "problems": [_problem(problem, told.lang) for problem in problems],
        "counts": {" ".join(key).strip(): n for intake in intakes for key, n in sorted(intake.counts.items())},
    }
    click.echo(json.dumps(answer, ensure_ascii=False, indent=1))


@command.command()
@click.argument("submission")
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The workbook to write.")
@book_store.book_option
@click.option("--lang", type=click.Choice(["zh", "en"]), help="Language of the marks.")
def quarantine(submission: str, out: Path, folder: Path | None, lang: str | None) -> None:
    """Write the bad rows of a submission as a workbook with the cells marked."""
    from houfeng.exchange.workbook import write_marked

    lang = lang or settings.load().lang
    rows = book_store.open_book(folder).quarantine([submission])
    if not rows.num_rows:
        raise UsageError(
            Text(f"{submission} 没有坏行，或没有这个编号", f"{submission} has no bad rows, or does not exist")
        )
    count = write_marked(out, (marked_row(row, lang) for row in rows.to_pylist()), lang=lang)
    click.echo(Text(f"已写出 {count:,} 个坏行到 {out}", f"wrote {count:,} bad row(s) to {out}").get(lang))


def marked_row(row: dict[str, Any], lang: str) -> Any:
    """A row of the quarantine, for the marked workbook."""
    from houfeng.exchange.workbook import Mark, MarkedRow

    marks = []
    for said in json.loads(row["problems"]):
        header = said.get("header") or ""
        reason = Text(**said["message"]).get(lang)
        hint = Text(**said["suggestion"]).get(lang)
        marks.append(Mark(header, reason, hint))
    return MarkedRow(row["row"], json.loads(row["raw"]), tuple(marks))


@command.command()
@click.argument("kind")
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The workbook to write.")
def template(kind: str, out: Path) -> None:
    """Write the Excel template of a record kind."""
    from houfeng.book.model import kind as kind_of
    from houfeng.book.templates import write_template

    path = write_template(kind_of(kind), out)
    book_store.say(f"已写出模板 {path}", f"wrote the template {path}")


@command.command()
@click.argument("kind", required=False)
@click.option("--lang", type=click.Choice(["zh", "en"]), help="Language of labels.")
def kinds(kind: str | None, lang: str | None) -> None:
    """List the record kinds, or the fields of one."""
    from houfeng.book import model

    lang = lang or settings.load().lang
    if kind is None:
        for each in model.kinds().values():
            click.echo(f"{each.name:26}{each.official:10}{each.time.value:10}{each.label.get(lang)}")
        return
    chosen = model.kind(kind)
    click.echo(f"{chosen.name} {chosen.official}  {chosen.label.get(lang)}: {chosen.description.get(lang)}")
    for item in chosen.fields.values():
        mark = "*" if item.name in chosen.key else "!" if item.required else " "
        click.echo(f"{mark} {item.name:26}{item.type.value:10}{item.official:12}{item.label.get(lang)}")
