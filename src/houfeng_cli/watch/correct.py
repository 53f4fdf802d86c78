"""`houfeng watch correct`: what events that came too late would have changed in the alerts."""

from __future__ import annotations

import json
from pathlib import Path

import click

from houfeng.settings import load
from houfeng_cli.watch import place_options
from houfeng_cli.watch.replay import check_out, first_day, open_snapshot


@click.command(name="correct")
@click.argument("pack")
@click.option("--from", "first", required=True, help="First day (or month) of the alerts looked at.")
@click.option("--to", "last", required=True, help="Last day (or month).")
@click.option("--rule", "only", multiple=True, help="Only this rule, by name or id; may be repeated.")
@click.option("--known-at", "known_at", default=None, help="Late events as known at this moment; default: now.")
@click.option("--show", default=10, show_default=True, help="Show so many of the alerts that differ.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write all that differ: .jsonl (with every late event), .csv or .xlsx.",
)
@place_options
def correct(
    pack: str,
    first: str,
    last: str,
    only: tuple[str, ...],
    known_at: str | None,
    show: int,
    out: Path | None,
    folder: str | None,
    lang: str | None,
) -> None:
    """Tell which past alerts of PACK would differ had the late events come in time, and by which of them.

    Events later than the lateness stay out of the windows for ever and alerts are not taken back: this tells them.
    """
    from houfeng.clock import parse_day
    from houfeng.engine.faults import telling
    from houfeng.exchange.workbook import write_csv, write_table
    from houfeng.packs.loading.load import load_pack
    from houfeng.watch.compare.correction import correct as corrected
    from houfeng.watch.compare.correction_page import HEADERS, correction_lines, difference_plain, difference_row
    from houfeng_cli.watch.compare import rule_labels

    check_out(out)
    settings = load()
    lang, loaded = lang or settings.lang, load_pack(pack)
    snapshot = open_snapshot(folder, known_at, with_late=True)
    days = (first_day(first), parse_day(last))
    found = corrected(snapshot, loaded, *days, only, memory=settings.memory, threads=settings.threads)
    click.echo("\n".join(correction_lines(found, rule_labels([loaded], lang), lang, show)))
    if out is None:
        return
    if out.suffix == ".jsonl":
        with telling(out):
            lines = (json.dumps(difference_plain(d), ensure_ascii=False, default=str) for d in found.differences)
            out.write_text("".join(line + "\n" for line in lines), "utf-8")
    else:
        rows = [difference_row(each) for each in found.differences]
        (write_csv if out.suffix == ".csv" else write_table)(out, HEADERS, rows)
    click.echo(f"→ {out}")
