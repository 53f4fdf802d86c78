"""`houfeng credit fit | validate | predict | card | publish | drift | report`: scores of enterprises.

Heavy imports stand inside the commands, so that `houfeng --help` stays quick. Fitting runs in a process of its own.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from houfeng import clock, settings
from houfeng.errors import Text, UsageError

if TYPE_CHECKING:
    from houfeng.credit.studies.sample import Sample

DATA = "../shared/data"
SEED = 20261122


@click.group(name="credit")
def command() -> None:
    """企业评分：建模、检验、预测、发布。 Scores of enterprises: fit, validate, predict, publish."""


def _rows(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say where rows come from."""
    for option in (
        click.option(
            "--data", default=DATA, show_default=True, type=click.Path(path_type=Path), help="Folder of files."
        ),
        click.option("--book", "book", default=None, help="Folder of the book, for a study over a pack."),
    ):
        command = option(command)
    return command


def _sample(study: Path, data: Path, book: str | None) -> Sample:
    """The rows of a study, over files or over the book."""
    from houfeng.credit.studies.load import load_sample
    from houfeng.credit.studies.study import read_study

    read = read_study(study)
    if not read.pack:
        return load_sample(read, data)
    from houfeng.book.connection import connect
    from houfeng.book.store import Book
    from houfeng.credit.studies.book import sample_of_book
    from houfeng.credit.studies.sample import read_labels

    opened = Book.open(Path(book or settings.load().book), clock.wall_clock)
    periods = [entry.period for entry in opened.snapshot(None).submissions("loan_balance") if entry.period]
    last = max(periods, default=clock.wall_clock().date())
    connection = connect(memory=settings.load().memory, threads=settings.load().threads)
    labels = read_labels(read, data) if read.files else None
    return sample_of_book(read, opened.snapshot, connection, last, labels=labels)


@command.command(name="fit")
@click.argument("study", type=click.Path(path_type=Path))
@_rows
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for the model.")
@click.option("--version", default="1.0.0", show_default=True, help="Version of the model.")
@click.option("--seed", default=SEED, show_default=True, help="The same seed gives the same model.")
@click.option("--lang", type=click.Choice(["zh", "en"]), help="Language of the page and of what is shown.")
def fit(study: Path, data: Path, book: str | None, out: Path, version: str, seed: int, lang: str | None) -> None:
    """Fit a scorecard and its challenger on STUDY (a YAML file) and measure both on rows unseen."""
    from houfeng.credit.building.build import build
    from houfeng.credit.models.model import save
    from houfeng.credit.models.page import render

    lang = lang or settings.load().lang
    sample = _sample(study, data, book)
    for note in sample.notes:
        click.echo(note.render(lang), err=True)
    model = build(sample, version, clock.wall_clock, seed=seed, threads=settings.load().threads or 1)
    save(model, out, render(model, lang))
    _show_figures(model.figures, lang)
    click.echo(f"{model.name} {model.version}: champion {model.champion}, digest {model.digest[:16]} → {out}")


def _show_figures(figures: dict[str, Any] | Any, lang: str) -> None:
    from houfeng.credit.models.model import NAMES

    for name in (who for who in NAMES if who in figures["models"]):
        one = figures["models"][name]
        told = (
            f"AUC {one['auc']:.4f} ({one['low']:.3f}–{one['high']:.3f})  KS {one['ks']:.4f}  Brier {one['brier']:.5f}"
        )
        click.echo(f"{told}  log loss {one['log_loss']:.5f}  {NAMES[name].get(lang)}")


@command.command(name="validate")
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("study", type=click.Path(path_type=Path))
@_rows
@click.option("--json", "as_json", is_flag=True, help="Write everything as JSON.")
def validate(model: Path, study: Path, data: Path, book: str | None, as_json: bool) -> None:
    """Measure a kept MODEL on the labelled rows of STUDY; they should be rows it has not seen."""
    from houfeng.credit.building import measuring
    from houfeng.credit.building.predicting import predict
    from houfeng.credit.figures.calibration import logit
    from houfeng.credit.models.model import BOOSTED, CARD, read_model

    kept, sample = read_model(model), _sample(study, data, book)
    sample = sample.take(sample.labelled)
    if not len(sample.ids):
        raise UsageError(Text("没有带结果的行", "there are no labelled rows"))
    found = {}
    for who in (CARD, *((BOOSTED,) if kept.challenger is not None else ())):
        pd = predict(kept, sample.table, who).pd
        found[who] = measuring.told(sample.outcome, logit(pd), pd)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    if sample.digest == kept.about["rows_digest"]:
        click.echo("注意：这些行就是建模用的行 / these are the very rows it was fitted on", err=True)
    _show_figures({"models": found}, settings.load().lang)


@command.command(name="predict")
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("study", type=click.Path(path_type=Path))
@_rows
@click.option("--out", required=True, type=click.Path(path_type=Path), help="CSV file: id, pd, score, model.")
@click.option("--all", "everything", is_flag=True, help="Every row, not only those whose outcome is blank.")
@click.option("--shadow", is_flag=True, help="Add what the other model says, in shadow.")
def predict(model: Path, study: Path, data: Path, book: str | None, out: Path, everything: bool, shadow: bool) -> None:
    """Predict for the rows of STUDY whose outcome is blank, with the champion of a kept MODEL."""
    from houfeng.credit.building import predicting
    from houfeng.credit.models.model import read_model

    kept, sample = read_model(model), _sample(study, data, book)
    rows = sample if everything else sample.take(~sample.labelled)
    said = predicting.predict(kept, rows.table)
    other = predicting.shadowed(kept) if shadow else ""
    text = predicting.to_csv(rows.ids, kept, said, predicting.predict(kept, rows.table, other) if other else None)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text, "utf-8")
    click.echo(f"{len(rows.ids):,} rows, mean pd {said.pd.mean() if len(said.pd) else 0:.4f}, {kept.champion} → {out}")


@command.command(name="card")
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="HTML file; default: the card in words, here.")
@click.option("--lang", type=click.Choice(["zh", "en"]), help="Language.")
def card(model: Path, out: Path | None, lang: str | None) -> None:
    """Show the card of a kept MODEL, or write it as a page."""
    from houfeng.credit.models.model import read_model
    from houfeng.credit.models.page import render

    lang = lang or settings.load().lang
    kept = read_model(model)
    if out is not None:
        out.write_text(render(kept, lang), "utf-8")
        click.echo(str(out))
        return
    click.echo(f"{kept.label.get(lang)} · {kept.name} {kept.version} · {kept.digest[:16]}")
    _show_figures(kept.figures, lang)
    click.echo(f"{kept.card.base:>5}  基础分 / base")
    for one in kept.card.characteristics:
        click.echo(f"{one.label.get(lang)}  IV {one.iv:.4f}")
        for bin_ in one.bins:
            if bin_.n or bin_.points:
                click.echo(f"{bin_.points:>5}  {bin_.words().get(lang)}  ({bin_.n}, {bin_.bad})")


@command.command(name="why")
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("study", type=click.Path(path_type=Path))
@click.argument("who")
@_rows
@click.option("--lang", type=click.Choice(["zh", "en"]), help="Language.")
def why(model: Path, study: Path, who: str, data: Path, book: str | None, lang: str | None) -> None:
    """Say the score of the row whose id is WHO, and where it lost points, by the scorecard of a kept MODEL."""
    from houfeng.credit.models.model import read_model
    from houfeng.credit.models.reasons import reasons
    from houfeng.errors import NotFoundError

    lang = lang or settings.load().lang
    kept, sample = read_model(model), _sample(study, data, book)
    if who not in sample.ids:
        raise NotFoundError(Text(f"没有编号 {who} 的行", f"there is no row with the id {who}"))
    row = sample.table.slice(sample.ids.index(who), 1)
    score = kept.card.score(row)
    click.echo(f"{who}  {int(score[0])}  {float(kept.card.pd(score)[0]):.4f}  {kept.digest[:16]}")
    for reason in reasons(kept.card, row.to_pylist()[0]):
        click.echo(f"  {reason.points:>5}  {reason.text.get(lang)}")


@command.command(name="publish")
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--prefix", default="credit_score", show_default=True, help="Name of the score in packs.")
@click.option("--synthetic", is_flag=True, help="Mark the card as fitted on synthetic data.")
def publish(model: Path, folder: Path, prefix: str, synthetic: bool) -> None:
    """Write the scorecard of a kept MODEL as a pack into FOLDER."""
    from houfeng.credit.models import publish as publishing
    from houfeng.credit.models.model import read_model
    from houfeng.packs.loading.load import load_pack

    made = publishing.publish(read_model(model), folder, prefix, synthetic=synthetic)
    pack = load_pack(str(made.resolve()))
    click.echo(f"{pack.name} {pack.version}: {prefix}, {prefix}_pd → {made}")


@command.command(name="drift")
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("study", type=click.Path(path_type=Path))
@_rows
@click.option("--json", "as_json", is_flag=True, help="Write everything as JSON.")
def drift(model: Path, study: Path, data: Path, book: str | None, as_json: bool) -> None:
    """How far the rows of STUDY have moved from those a kept MODEL was built on: PSI by month and by field."""
    from houfeng.credit.building import drift as drifting
    from houfeng.credit.models.model import read_model
    from houfeng.credit.studies.load import POLICY
    from houfeng.packs.loading.load import load_pack

    found = drifting.drift(read_model(model), _sample(study, data, book).table, load_pack(POLICY))
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    lang = settings.load().lang
    click.echo(f"PSI {found['score_psi']:.4f}  {found['verdict'][lang]}  ({found['rows']:,} rows)")
    for month in found["months"]:
        click.echo(f"  {month['name']}  {month['n']:>7,}  {month['psi']:.4f}")
    for one in found["fields"]:
        click.echo(f"  {one['name']:24} {one['psi']:.4f}  {one['verdict'][lang]}")


@command.command(name="report")
@click.argument("studies", nargs=-1, required=True, type=click.Path(path_type=Path))
@_rows
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Markdown file.")
@click.option("--title", required=True, help="Title of the report.")
@click.option("--models", type=click.Path(path_type=Path), help="Keep the models below this folder.")
@click.option("--seed", default=SEED, show_default=True, help="The same seed gives the same figures.")
def report(
    studies: tuple[Path, ...], data: Path, book: str | None, out: Path, title: str, models: Path | None, seed: int
) -> None:
    """Fit every one of STUDIES and write what was measured, beside the simplest rivals, as a Markdown file."""
    from houfeng.credit.building.build import build
    from houfeng.credit.building.report import report as written
    from houfeng.credit.models.model import save
    from houfeng.credit.models.page import render

    made = []
    for study in studies:
        click.echo(str(study), err=True)
        sample = _sample(study, data, book)
        model = build(sample, "1.0.0", clock.wall_clock, seed=seed, threads=settings.load().threads or 1)
        if models is not None:
            save(model, models / model.name, render(model, "zh"))
        made.append(model)
    names = " ".join(str(study) for study in studies)
    line = f'houfeng credit report {names} --data {data} --out {out} --title "{title}" --seed {seed}'
    out.write_text(written(made, title, line, clock.wall_clock().date()), "utf-8")
    click.echo(str(out))
