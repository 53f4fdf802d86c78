"""Two versions of a pack on the same history, on the screen and in a file; and the worth of each against labels."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from houfeng.book.store import Snapshot
from houfeng.errors import Text, UsageError
from houfeng.packs.diff import diff_packs
from houfeng.packs.loading.load import load_pack
from houfeng.packs.model import Pack
from houfeng.settings import load
from houfeng.watch.alerts import Alert
from houfeng.watch.compare.matching import Comparison, match
from houfeng.watch.compare.measures import Assessment, Frame, assess
from houfeng.watch.compare.notice import Notice, notices_of
from houfeng.watch.compare.page import Version, comparison_tables, say, worth_table
from houfeng.watch.compare.telling import comparison_lines, worth_lines
from houfeng.watch.labels import Labels
from houfeng.watch.replay import Replay


@dataclass(frozen=True)
class Side:
    """One version as the command names it: a pack with its readings."""

    pack: Pack
    readings: str

    @classmethod
    def load(cls, reference: str, readings: Sequence[str]) -> Side:
        """The pack of a folder or name, with readings put as `interpretation=reading`."""
        pack = load_pack(reference).with_readings(dict(reading.partition("=")[::2] for reading in readings))
        return cls(pack, ", ".join(readings))

    @property
    def version(self) -> Version:
        """What people call it."""
        return Version(self.pack.name, self.pack.version, self.readings)

    @property
    def called(self) -> set[str]:
        """The names and ids of its rules."""
        return {called for rule in self.pack.rules.values() for called in (rule.name, rule.id)}

    def replay(self, snapshot: Snapshot, only: Sequence[str], frame: Frame) -> tuple[Replay, list[Alert]]:
        """Its alerts over the days of the frame, by time, rule and key."""
        settings = load()
        run = Replay(
            snapshot,
            self.pack,
            frame.first,
            frame.last,
            only=only,
            memory=settings.memory,
            threads=settings.threads,
        )
        return run, sorted(run.alerts(), key=lambda a: (a.opened_at, a.rule, a.key))


def rule_labels(packs: Sequence[Pack], lang: str) -> dict[str, str]:
    """Each rule's id and label by its name; the last pack that has it names it."""
    return {rule.name: f"{rule.id} {rule.label.get(lang)}" for pack in packs for rule in pack.rules.values()}


def compare(
    old: Side,
    new: Side,
    snapshot: Snapshot,
    only: Sequence[str],
    frame: Frame,
    labels: Labels | None,
    out: Path | None,
    lang: str,
) -> None:
    """Replay both versions, tell what the new one gains and loses, and write it where asked."""
    for name in only:
        if name not in old.called | new.called:
            raise UsageError(Text(f"两版都没有规则 {name}", f"neither version has a rule {name}"))
    runs = [(side, *_replayed(side, snapshot, only, frame)) for side in (old, new)]
    befores, afters = (notices_of(alerts) for _, _, alerts in runs)
    found = match(befores, afters, frame.first, frame.last)
    sides, changes = (old.version, new.version), diff_packs(old.pack, new.pack)
    names = rule_labels((old.pack, new.pack), lang)
    click.echo("\n".join(comparison_lines(found, sides, names, changes, lang)))
    told = measure(runs, frame, labels, lang)
    if out is None:
        return
    if out.suffix == ".xlsx":
        from houfeng.exchange.workbook import write_sheets

        tables = comparison_tables(found, sides, names, changes, lang)
        tables.append(worth_table(told, names, lang))
        write_sheets(out, [(table.name, table.headers, table.rows) for table in tables])
    else:
        _write_list(found, out)
    click.echo(f"→ {out}")


def _replayed(side: Side, snapshot: Snapshot, only: Sequence[str], frame: Frame) -> tuple[Replay | None, list[Alert]]:
    """A side's replay; a version that has none of the rules asked for has no alerts."""
    own = [name for name in only if name in side.called]
    return side.replay(snapshot, own, frame) if own or not only else (None, [])


def measure(
    runs: Sequence[tuple[Side, Replay | None, list[Alert]]], frame: Frame, labels: Labels | None, lang: str
) -> list[tuple[str, Assessment]]:
    """Show the work each version makes and, with labels, its worth; gives the figures."""
    tags = [say(lang, "旧", "old"), say(lang, "新", "new")] if len(runs) > 1 else [runs[0][0].pack.version]
    told = []
    for tag, (_, run, alerts) in zip(tags, runs, strict=True):
        watched: Mapping[str, int] = run.keys if run is not None else {}
        told += [(tag, each) for each in assess(notices_of(alerts), frame, watched, labels)]
    names = rule_labels([side.pack for side, *_ in runs], lang)
    shown = _shown(told, names) if labels is not None else [pair for pair in told if not pair[1].rule]
    click.echo("\n".join(worth_lines(shown, names, labels, frame, lang)))
    return told


def _shown(told: list[tuple[str, Assessment]], names: Mapping[str, str]) -> list[tuple[str, Assessment]]:
    """The figures with those of the versions for one rule or tier next to each other; rules only where they differ."""
    scopes: dict[tuple[str, str], list[tuple[str, Assessment]]] = {}
    for tag, each in told:
        scopes.setdefault((each.rule, each.tier), []).append((tag, each))
    order = sorted(scopes, key=lambda scope: names.get(scope[0], scope[0]))
    two = len({tag for tag, _ in told}) > 1
    same = {
        scope for scope in order if two and len(scopes[scope]) > 1 and len({each for _, each in scopes[scope]}) == 1
    }
    return [pair for scope in order if not (scope[0] and scope in same) for pair in scopes[scope]]


LIST = (
    "change",
    "alert_id",
    "rule_id",
    "rule",
    "tier",
    "kind",
    "key",
    "opened_at",
    "cleared_at",
    "reason_zh",
    "reason_en",
)


def _write_list(found: Comparison, out: Path) -> None:
    """The alerts gained and lost as CSV or JSON lines."""
    from houfeng.engine.faults import telling
    from houfeng.exchange.workbook import write_csv

    pairs = [("gained", n) for n in found.gained] + [("lost", n) for n in found.lost]
    rows = [_row(change, n) for change, n in sorted(pairs, key=lambda p: (p[1].opened_at, p[1].rule, p[1].key))]
    if out.suffix == ".csv":
        write_csv(out, LIST, rows)
        return
    lines = (json.dumps(dict(zip(LIST, row, strict=True)), ensure_ascii=False, default=str) for row in rows)
    with telling(out):
        out.write_text("".join(line + "\n" for line in lines), "utf-8")


def _row(change: str, n: Notice) -> list[Any]:
    return [change, n.alert_id, n.rule_id, n.rule, n.tier, n.kind, n.key, n.opened_at, n.cleared_at, *n.reason]
