"""New finance that is barred: the prohibitions of the pack, judged debt by debt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from houfeng.packs.model import Definition, Pack
from houfeng.packs.roads.compile import Compiler
from houfeng.platforms.ledger import Source

KIND = "platform_debt"
WHOLE, UNTOLD = "barred", "use_not_told"
"""The theme that is any of the prohibitions, and the one of debts whose use nobody told."""


@dataclass(frozen=True)
class Barred:
    """What each debt runs against, by (platform, debt); debts that run against nothing are not in it."""

    debts: Mapping[tuple[str, str], tuple[Definition, ...]]

    def of(self, enterprise_id: str) -> dict[str, tuple[Definition, ...]]:
        """The prohibitions by debt of one platform."""
        return {debt: found for (firm, debt), found in self.debts.items() if firm == enterprise_id}


def prohibitions(pack: Pack) -> list[Definition]:
    """The single prohibitions of the pack, and the theme of debts whose use nobody told."""
    return [theme for theme in pack.themes() if theme.over == KIND and theme.name != WHOLE]


def barred(source: Source, pack: Pack, day: date, known: date) -> Barred:
    """The debts of the ledger in force on `day` that run against a prohibition.

    Raises:
        EnvironmentFault: the rows cannot be read.
    """
    themes = prohibitions(pack)
    names = [theme.name for theme in themes]
    either = " OR ".join(names)
    sql = Compiler(pack, source, day, known).statement(KIND, names, fields=["balance"], bits=False).sql
    found = {}
    for row in source.rows(f"SELECT * FROM ({sql}) WHERE balance > 0 AND ({either})"):
        found[(row["enterprise_id"], row["debt_no"])] = tuple(theme for theme in themes if row[theme.name])
    return Barred(found)
