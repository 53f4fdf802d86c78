"""`houfeng matching`: limits of the book and quota of the office are asked for, as on the desk."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from desk.desk_samples import viewer
from houfeng.claims import quota
from houfeng.claims.tables import Quota
from houfeng.claims.tools import Tool
from houfeng.errors import Text
from houfeng.matching.needs import filing
from houfeng.matching.needs.filing import About, Suggestion, Wish
from houfeng.matching.recommend.drawing import Draw
from houfeng_cli.market.matching import command
from houfeng_desk.desk import Desk

DAY = "2025-12-15"


def run(book: Path, out: Path, *more: str) -> dict[str, Any]:
    """The result of a whole run."""
    asked = ["assign", "--book", str(book), "--as-of", DAY, "--out", str(out), *more]
    result = CliRunner().invoke(command, asked)
    assert result.exit_code == 0, result.output
    return dict(json.loads(out.read_text("utf-8")))


def offer(book: Path, need: str, product: str, *more: str) -> tuple[Any, str]:
    """What a product draws on a tool's quota for a need, and its reasons."""
    asked = ["recommend", need, "--book", str(book), "--as-of", DAY, "--policies", "", "--json", *more]
    result = CliRunner().invoke(command, asked)
    assert result.exit_code == 0, result.output
    (one,) = (one for one in map(json.loads, result.output.splitlines()) if one["product"] == product)
    return one["draw"], " ".join(why["zh"] for why in one["reasons"])


def at_it(desk: Desk, tool: str, bank: str, amount: Decimal) -> None:
    """A bank that is at another need, with so much of a tool's quota promised."""
    firm = viewer(desk, "enterprise")
    with desk.office.begin() as session:
        about = About(str(firm.scope.enterprise), "示例企业", "410105", None)
        end = desk.clock().date() + timedelta(days=60)
        need = filing.apply(session, firm, about, Wish(amount, 12, "采购", "D", end, "张三", ("profile",), 30))
        drawn = Draw(tool, Text("再贷款", "relending"), amount)
        one = Suggestion(bank, bank, "p", Text("p", "p"), None, None, draw=drawn)
        filing.recommend(session, viewer(desk, "officer"), need.id, 1, [one])


def test_quota_is_asked_for_where_there_is_an_office(desk: Desk, small_book: Path, tmp_path: Path) -> None:
    """Without one the price says that nobody asked; with an empty ledger no price rests on quota; with some it does."""
    alone = run(small_book, tmp_path / "alone.json")
    assert alone["ways"]["best"]["placed"] > 0
    drawn = [(need["need_no"], one) for need in alone["needs"] for one in need["offers"] if one["draw"]]
    need, found = drawn[0]
    office = ("--office", desk.office.url.render_as_string(hide_password=False))
    assert "未查该行额度" in offer(small_book, need, found["product"])[1]
    draw, why = offer(small_book, need, found["product"], *office)
    assert (draw, "额度台账没有" in why) == (None, True)
    within = run(small_book, tmp_path / "within.json", *office)
    assert not [one for each in within["needs"] for one in each["offers"] if one["draw"]]
    with desk.office.begin() as session:
        tool = Tool(found["draw"]["tool"], Text("再贷款", "relending"), "relending", "p", "d", quota=Decimal(0))
        quota.establish(session, [tool])
        session.flush()
        session.get_one(Quota, 1).ceiling = Decimal(10**9)
    draw, why = offer(small_book, need, found["product"], *office)
    assert (draw["tool"], "该行剩余 1,000,000,000.00" in why) == (found["draw"]["tool"], True)
    at_it(desk, tool.name, found["bank"], Decimal(10**9 - 1))
    draw, why = offer(small_book, need, found["product"], *office)
    assert (draw, "该行剩余 1.00 元（另有在办 999,999,999.00 元）" in why) == (None, True)
