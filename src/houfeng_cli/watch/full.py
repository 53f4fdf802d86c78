"""One alert of the watch in full: its steps, its values, and the rows it rests on, gathered from the book now."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from houfeng.errors import Text, UsageError
from houfeng.settings import load
from houfeng_cli.watch.replay import open_snapshot, show_alert, write_alerts

if TYPE_CHECKING:
    from houfeng.packs.model import Pack
    from houfeng.watch.alerts import Alert


def full_alert(folder: str | None, place: Path, alert_id: str, reference: str | None) -> Alert:
    """The alert with its evidence, by the version of the pack that opened it (or the one named).

    Raises:
        UsageError: there is no such alert, or its version is not kept.
    """
    from houfeng.watch.operations.deliveries import alert_of, step_of
    from houfeng.watch.operations.told import read_steps
    from houfeng.watch.showing import alerts_in_full

    first = next((step for step in read_steps(place / "alerts") if alert_of(step) == alert_id), None)
    if first is None:
        raise UsageError(
            Text(
                f"没有预警 {alert_id}；houfeng watch alerts --channel all 列出全部",
                f"there is no alert {alert_id}; houfeng watch alerts --channel all lists them all",
            )
        )
    own = (s for s in read_steps(place / "alerts") if (s["kind"], s["key"]) == (first["kind"], first["key"]))
    pack, settings = _pack(place, first, reference), load()
    steps = [step_of(step) for step in own]
    snapshot = open_snapshot(folder, None)
    (alert,) = alerts_in_full(snapshot, pack, steps, [alert_id], memory=settings.memory, threads=settings.threads)
    return alert


def _pack(place: Path, first: dict[str, Any], reference: str | None) -> Pack:
    from houfeng.packs.loading.load import load_pack
    from houfeng.watch.service.packs import versions

    if reference is not None:
        return load_pack(reference)
    for pack in versions(place):
        if (pack.name, pack.version) == (first["pack"], first["version"]):
            return pack
    of = f"{first['pack']} {first['version']}"
    raise UsageError(
        Text(
            f"{of} 不在 {place / 'packs'}；用 --pack 指明该版本的文件夹",
            f"{of} is not in {place / 'packs'}; name the folder of that version with --pack",
        )
    )


def show_full(alert: Alert, out: Path | None, lang: str) -> None:
    """The alert for people, and where asked as a JSON line, as a replay writes it."""
    show_alert(alert, lang, full=True)
    if out is not None:
        write_alerts([alert], out)
        click.echo(f"→ {out}")
