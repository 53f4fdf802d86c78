"""`houfeng watch`: the warnings. Each verb stands in a file of its own, imported only when it is asked for."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import click

VERBS = {
    "run": "run",
    "replay": "replay",
    "correct": "correct",
    "overlap": "measure",
    "score": "measure",
    "status": "state",
    "alerts": "alerts",
    "rules": "state",
    **dict.fromkeys(("load", "rule", "silence", "unsilence", "budget", "stop", "resume", "release"), "rules"),
}
"""The verbs in workflow order, each with the module of this folder that holds a click command of the verb's name."""


def place_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--book` and `--lang`."""
    command = click.option("--lang", type=click.Choice(["zh", "en"]), help="Language of what is shown.")(command)
    return click.option("--book", "folder", default=None, help="Folder of the book.")(command)


class Verbs(click.Group):
    """The verbs of the watch; a file is imported only when its verb, or the list of verbs, is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs in workflow order."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a verb."""
        if cmd_name not in VERBS:
            return None
        found = getattr(importlib.import_module(f"houfeng_cli.watch.{VERBS[cmd_name]}"), cmd_name.replace("-", "_"))
        assert isinstance(found, click.Command)
        return found


@click.group(name="watch", cls=Verbs)
def command() -> None:
    """预警：实时监测、重放、比较、评估。 Warnings: watch live, replay, compare, measure against labels."""
