"""`houfeng watch load | rule | silence | stop …`: orders to the watch, through its inbox, whether it runs or not."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any

import click

from houfeng import clock, settings
from houfeng.errors import InputError, Text, UsageError
from houfeng_cli.watch import place_options
from houfeng_cli.watch.replay import TIERS


def watch_folder(folder: str | None) -> Path:
    """The folder of the watch in the book.

    Raises:
        UsageError: there is no book.
    """
    book = Path(folder or settings.load().book)
    if not (book / "book.json").exists():
        raise UsageError(
            Text(
                f"{book} 里没有账簿；先运行 houfeng book init，或用 --book 指明",
                f"there is no book in {book}; run houfeng book init first, or name it with --book",
            )
        )
    return book / "watch"


def order(command: Callable[..., dict[str, Any]]) -> Callable[..., None]:
    """Make a command that gives the words of an order into one that hands the order to the watch."""

    @click.option("--who", required=True, help="Who orders it, by name; kept with the change.")
    @click.option("--why", required=True, help="Why; kept with the change.")
    @click.option("--wait", default=5.0, show_default=True, help="Seconds to wait for the answer of a running watch.")
    @place_options
    @wraps(command)
    def run(who: str, why: str, wait: float, folder: str | None, lang: str | None, **options: Any) -> None:
        send(watch_folder(folder), who, why, command(**options), lang or settings.load().lang, wait)

    return run


def send(folder: Path, who: str, why: str, what: Mapping[str, Any], lang: str, wait: float) -> None:
    """Check an order as far as can be seen from here, put it into the inbox, and tell what became of it.

    Raises:
        UsageError: it would be refused; nothing was put down.
        InputError: the watch refused it.
    """
    from houfeng.watch.operations.inbox import Inbox
    from houfeng.watch.operations.sending import send_order, wait_for_answer

    command, _ = send_order(folder, who, why, what, clock.wall_clock(), secrets.token_hex(4))
    runs = running(folder)
    answer = wait_for_answer(Inbox(folder / "inbox"), command.id, wait) if runs else None
    if answer is None:
        zh, en = ("监测正在运行，尚未答复", "the watch runs and has not answered yet") if runs else NOT_RUNNING
        told = Text(
            f"命令 {command.id} 已放入收件箱；{zh}，取走后生效",
            f"order {command.id} is in the inbox; {en}; it takes effect when taken",
        )
        click.echo(told.get(lang))
    elif answer[0]:
        click.echo(answer[1].get(lang))
    else:
        raise InputError(answer[1])


NOT_RUNNING = Text("监测没有在运行", "no watch is running")


def running(folder: Path) -> bool:
    """Whether a watch runs on the book, by its last word."""
    from houfeng.watch.operations.sending import running

    return running(folder, clock.wall_clock())


@click.command(name="rule")
@click.argument("rule")
@click.option("--to", default=None, help="draft, shadow, percent:N (share of keys), active or retired.")
@click.option("--rollback", is_flag=True, help="Back to the state before.")
@order
def rule(rule: str, to: str | None, rollback: bool) -> dict[str, Any]:
    """Put RULE (its name or id) into another state of life, from its next alert on. No state is lost."""
    if (to is None) != rollback:
        raise UsageError(Text("请给出 --to 或 --rollback 之一", "give one of --to and --rollback"))
    return {"do": "rollback", "rule": rule} if to is None else {"do": "life", "rule": rule, "to": to}


@click.command(name="silence")
@click.option("--rule", default=None, help="Alerts of this rule, by name or id.")
@click.option("--key", default=None, help="Alerts of this key.")
@click.option("--group", default=None, help="Alerts of rules of this group.")
@click.option(
    "--tier", type=click.Choice(TIERS), default=None, help="Mute up to this tier; without it orange: red comes through."
)
@click.option("--until", required=True, help="Last moment, in event time; a bare date means its end.")
@order
def silence(rule: str | None, key: str | None, group: str | None, tier: str | None, until: str) -> dict[str, Any]:
    """Mute alerts for a while, by rule, key or group. They are evaluated and stored all the same."""
    end = int((clock.parse_moment(until) - clock.parse_moment("1970-01-01T00:00")).total_seconds())
    scope = {"rule": rule, "key": key, "group": group, "tier": tier}
    return {"do": "silence", "until": end} | {name: said for name, said in scope.items() if said}


@click.command(name="unsilence")
@click.argument("silence")
@order
def unsilence(silence: str) -> dict[str, Any]:
    """End the silence with the id SILENCE (see `houfeng watch rules`) before its time."""
    return {"do": "unsilence", "silence": silence}


@click.command(name="budget")
@click.option("--rule", default=None, help="Of this rule, by name or id; without it, the default of all rules.")
@click.option("--per-day", required=True, help="Alerts to be told per event day: a number, none, or default.")
@order
def budget(rule: str | None, per_day: str) -> dict[str, Any]:
    """Bound the alerts a rule may tell people per day. Red is always told; the rest is held, counted and listed."""
    said: int | str = int(per_day) if per_day.isdecimal() else per_day
    return {"do": "budget", "per_day": said} | ({"rule": rule} if rule else {})


@click.command(name="stop")
@order
def stop() -> dict[str, Any]:
    """Stop emission at once (the kill switch). Events are stored and rules evaluated all the same."""
    return {"do": "stop"}


@click.command(name="resume")
@order
def resume() -> dict[str, Any]:
    """Let alerts out again after `stop`. What opened meanwhile waits for `release`."""
    return {"do": "resume"}


@click.command(name="release")
@click.option("--rule", default=None, help="Only alerts of this rule, by name or id.")
@order
def release(rule: str | None) -> dict[str, Any]:
    """Deliver, once, what a stop kept back and is still open."""
    return {"do": "release"} | ({"rule": rule} if rule else {})


@click.command(name="load")
@click.argument("pack")
@click.option("--who", required=True, help="Who orders it, by name; kept with the change.")
@click.option("--why", required=True, help="Why; kept with the change.")
@click.option("--wait", default=60.0, show_default=True, help="Seconds to wait for the answer of a running watch.")
@place_options
def load(pack: str, who: str, why: str, wait: float, folder: str | None, lang: str | None) -> None:
    """Go on with PACK, another version of the pack the watch runs by; an older version is how to go back.

    The watch takes it at its place in the log and warms it up from the book; events wait meanwhile. Rules that did not
    change keep their open alerts; what only the new version finds in the past is stored and told to nobody.
    """
    from houfeng.packs.loading.load import load_pack
    from houfeng.watch.service.packs import keep

    place = watch_folder(folder)
    kept = keep(place, load_pack(pack))
    what = {"do": "load", "pack": kept.name, "version": kept.version, "digest": kept.digest}
    send(place, who, why, what, lang or settings.load().lang, wait)
