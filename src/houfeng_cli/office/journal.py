"""`houfeng journal`: check the chain, export it, look at its end."""

from __future__ import annotations

from pathlib import Path

import click

from houfeng.errors import InputError, Text, UsageError
from houfeng_cli.office.opening import book_option, me, office_option, opened, say, table


@click.group(name="journal")
def command() -> None:
    """审计日志。 The journal: who did what, chained by hashes."""


@command.command(name="verify")
@click.option("--head", default="", help="SEQ:HASH of an earlier export: proves that nothing before it was changed.")
@book_option
@office_option
def verify(head: str, book: str | None, url: str | None) -> None:
    """Check every entry and the chain; exit code 1 and the first broken entry where it is not whole."""
    from houfeng.office import journal

    known = None
    if head:
        seq, _, told = head.partition(":")
        if not (seq.isdigit() and told):
            raise UsageError(Text("--head 写作 序号:哈希", "--head is SEQ:HASH"))
        known = journal.Head(int(seq), told)
    with opened(book, url) as office, office.read() as session:
        problems = journal.verify(session, known)
        last = journal.head(session)
        told = f"{last.seq}:{last.hash}" if last else "0:"
    if problems:
        raise InputError(Text("日志链不完整", "the journal is broken"), problems)
    say(f"日志链完整，链尾 {told}", f"the journal is whole; its head is {told}")


@command.command(name="export")
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--why", required=True, help="Reason of the export, kept in the journal and in the file.")
@click.option("--since", default=None, help="Only from that day or moment on.")
@click.option("--until", default=None, help="Only up to that day or moment.")
@click.option("--who", default="", help="Only what this login did.")
@click.option("--act", default="", help="Only this act (case.close), or all of a noun (case.).")
@click.option("--about", default="", help="Only about this thing (case:17).")
@book_option
@office_option
def export(
    path: Path,
    why: str,
    since: str | None,
    until: str | None,
    who: str,
    act: str,
    about: str,
    book: str | None,
    url: str | None,
) -> None:
    """Write the journal to PATH (.xlsx, .csv or .jsonl) with the head of its chain."""
    from datetime import datetime, time

    from houfeng.clock import DAY_END, parse_moment
    from houfeng.office.journal_export import Chosen, export
    from houfeng.settings import load

    begin = parse_moment(since) if since else None
    if begin is not None and begin.time() == DAY_END:  # a bare day: from its morning on
        begin = datetime.combine(begin, time.min)
    chosen = Chosen(begin, parse_moment(until) if until else None, who, act, about)
    with opened(book, url) as office, office.begin() as session:
        head = export(session, me(), path, path.suffix.removeprefix("."), why, chosen, load().lang)
    say(f"已导出到 {path}，链尾 {head.seq}:{head.hash}", f"exported to {path}; head {head.seq}:{head.hash}")


@command.command(name="show")
@click.option("--last", default=20, show_default=True, type=click.IntRange(1, 10_000), help="How many entries.")
@book_option
@office_option
def show(last: int, book: str | None, url: str | None) -> None:
    """The newest entries."""
    from houfeng.office import journal

    with opened(book, url) as office, office.read() as session:
        end = journal.head(session)
        entries = list(journal.entries(session, max(end.seq - last, 0))) if end else []
        rows = [(e.seq, f"{e.at:%Y-%m-%d %H:%M:%S}", e.who, e.act, e.about, e.why) for e in entries]
    heads = [Text("序号", "no."), Text("时间", "at"), Text("操作人", "who"), Text("操作", "act"), Text("对象", "about")]
    table([*heads, Text("事由", "why")], rows)
