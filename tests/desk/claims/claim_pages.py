"""What tests of the pages of claims share: a workbook of a bank, changed as a clumsy hand would."""

from __future__ import annotations

import io
import re
from typing import Any

import openpyxl

from desk.desk_samples import BANK, ClientOf, DeskClient
from houfeng.claims import quota
from houfeng.claims.tables import Quota
from houfeng_desk.desk import Desk

TOOL, PERIOD = "service_care_relending", "2025-10-01"
"""A tool and a quarter for which the small book gives the test's bank six loans."""


def begin(reporter: DeskClient, tool: str = TOOL, period: str = PERIOD) -> str:
    """Draw a claim by the form; its address."""
    answer = reporter.submit("/claims", {"bank": BANK, "tool": tool, "period": period}, of="/claims/new")
    assert answer.status_code == 303, answer.text
    found: str = answer.headers["location"]
    return found


def version(client: DeskClient, address: str) -> str:
    """The version of the claim that its page shows."""
    found = re.search(r'name="version" value="(\d+)"', client.get(address).text)
    assert found, "no act on this page"
    return found[1]


def act(client: DeskClient, address: str, verb: str, **fields: Any) -> Any:
    """Do something on a claim by its form."""
    sent = {"version": version(client, address), "why": "核对无误", **fields}
    return client.submit(f"{address}/{verb}", sent, of=address)


def spoilt(data: bytes, changes: dict[int, float]) -> bytes:
    """The workbook with the amounts of some rows (from 1) multiplied."""
    book = openpyxl.load_workbook(io.BytesIO(data))
    sheet = book.worksheets[0]
    heads = [cell.value for cell in sheet[1]]
    column = heads.index("申领金额") + 1
    for row, times in changes.items():
        cell = sheet.cell(row + 1, column)
        cell.value = float(cell.value) * times
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def grant(desk: Desk, yuan: int, tool: str = TOOL) -> None:
    """A quota for the tool, as two people would have granted it."""
    from houfeng_desk.queries.claims.drawing import tools

    with desk.office.begin() as session:
        quota.establish(session, tools(desk))
        node = session.query(Quota).filter(Quota.name == quota.tool_name(tool)).one()
        quota.grant(session, "test", node, yuan, "下达")  # type: ignore[arg-type]


def people(client: ClientOf) -> tuple[DeskClient, DeskClient, DeskClient]:
    """A bank's reporter, an officer and who signs."""
    return client("reporter"), client("officer"), client("second")
