"""The cube on the desk says exactly what `houfeng themes report` says, and every figure leads to its notes."""

from __future__ import annotations

import csv
import io
import json
import time
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import openpyxl
import pytest
from click.testing import CliRunner

from desk.desk_samples import ClientOf, viewer
from houfeng.themes.measures import MEASURES
from houfeng.themes.report import report
from houfeng_cli.themes import command
from houfeng_desk.app import DeskApp
from houfeng_desk.desk import Desk
from houfeng_desk.queries.figures import Seen
from houfeng_desk.queries.packs import pack_in_force
from houfeng_desk.queries.theme_boards import Boards
from houfeng_desk.queries.theme_loans import Drill, LoanList
from houfeng_desk.queries.themes import Ask, Grid

ALL = tuple(name for name, one in MEASURES.items() if one.then != "compare")


@pytest.fixture
def app(read_app: DeskApp) -> DeskApp:
    """Nothing here changes the desk: one serves all tests."""
    return read_app


def grid_of(desk: Desk, login: str, ask: Ask) -> Grid:
    boards = Boards(desk)
    try:
        found = boards.grid(desk.reader(viewer(desk, login)), pack_in_force(desk, "five-articles"), ask, 300)
    finally:
        boards.close()
    assert found is not None
    return found


def printed(desk: Desk, *arguments: str) -> dict[tuple[str, str], dict[str, Any]]:
    """What the command line says: values by (codes of the breakdown, theme)."""
    asked = ["report", "--book", str(desk.book.path), "--as-of", "2025-12", "--json", *arguments]
    ran = CliRunner().invoke(command, asked, catch_exceptions=False)
    lines = [json.loads(line) for line in ran.stdout.splitlines()[1:]]
    return {("+".join(f"{n}={c}" for n, c in line["by"].items()), line["theme"]): line for line in lines}


def as_text(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal) else value


@pytest.mark.parametrize(
    ("ask", "options"),
    [
        (Ask(measures=ALL), ("--measures", "all")),
        (
            Ask(rows=("region", "theme"), columns=("size",), measures=ALL),
            ("--measures", "all", "--by", "region+size,region,size"),
        ),
        (
            Ask(rows=("institution",), columns=("theme",), compare="month"),
            ("--by", "institution", "--measures", "basic", "--compare", "2025-11"),
        ),
        (
            Ask(rows=("industry", "theme"), where={"region": ("410100", "410300")}),
            ("--by", "industry", "--measures", "basic", "--only", "region=410100", "--only", "region=410300"),
        ),
        (
            Ask(rows=("guarantee_mode", "theme"), readings={"digital_scope": "core_only"}),
            ("--by", "guarantee_mode", "--measures", "basic", "--reading", "digital_scope=core_only"),
        ),
    ],
)
def test_every_cell_is_the_command_line_s(desk: Desk, ask: Ask, options: tuple[str, ...]) -> None:
    found, told = grid_of(desk, "viewer", ask), printed(desk, *options)
    seen = 0
    for line in found.lines:
        for column, figure in zip(found.columns, line.figures, strict=True):
            pairs = [*zip(ask.row_dims, line.codes, strict=False), *zip(ask.column_dims, column.codes, strict=False)]
            row = told.get(("+".join(f"{name}={code}" for name, code in pairs), line.theme or column.theme))
            if row is None:  # nothing in that cell at all
                assert figure.value in (None, 0)
            else:
                assert as_text(figure.value) == row[column.measure.name], (line, column)
                seen += 1
    assert seen > 100


def test_another_moment_of_knowledge_is_compared(desk: Desk) -> None:
    """As known before the last reports came in there was less, and the difference is told."""
    now = desk.clock()
    early = now.replace(year=2026, month=1, day=12)
    ask = Ask(compare="known", known=early, measures=("balance",))
    found = grid_of(desk, "viewer", ask)
    at = [column.measure.name for column in found.columns]
    line = found.lines[0].figures
    past = report(desk.book.snapshot(early), found.report.pack, as_of=found.report.as_of, measures=("balance",))
    was = past.tables[0].rows[0].values["balance"]
    assert line[at.index("known_balance")].value == was
    assert line[at.index("known_change")].value == Decimal(line[0].value or 0) - Decimal(was or 0)


def test_the_notes_behind_a_figure_add_up_to_it(desk: Desk) -> None:
    ask = Ask(rows=("region", "theme"), columns=("size",), measures=("balance", "notes"))
    found = grid_of(desk, "viewer", ask)
    reader = desk.reader(viewer(desk, "viewer"))
    loans = LoanList(reader.views, found.report.pack, reader.as_of, reader.known_at.date())
    pairs = [line.figures[at : at + 2] for line in found.lines for at in range(0, len(line.figures), 2)]
    cells = [(balance, notes) for balance, notes in pairs if balance.drill is not None]
    assert len(cells) > 20
    for balance, notes in cells[:: len(cells) // 12]:
        assert balance.drill is not None
        where = {name: (code,) for name, code in balance.drill.items() if name != "theme"}
        listed = loans.page(Drill(balance.drill["theme"], where), size=None)
        assert (listed.counted, listed.total) == (balance.value, notes.value)
        assert sum(row["counted"] for row in listed.rows) == balance.value


def test_a_scope_sees_its_own_cells_only(desk: Desk, client: ClientOf) -> None:
    found = grid_of(desk, "luoyang", Ask(rows=("region", "theme"), measures=("balance", "notes")))
    assert {line.codes for line in found.lines if not line.total} <= {("410300",), ("",)}
    whole = grid_of(desk, "viewer", Ask(rows=("region", "theme"), measures=("balance", "notes")))
    own = {line.theme: line.figures[0].value for line in whole.lines if line.codes == ("410300",)}
    assert {line.theme: line.figures[0].value for line in found.lines if line.codes == ("410300",)} == own
    reader = desk.reader(viewer(desk, "luoyang"))
    counted = report(Seen(reader.snapshot, reader.viewer.scope), found.report.pack, as_of=reader.as_of)  # type: ignore[arg-type]
    assert found.lines[0].figures[0].value == counted.tables[0].rows[0].values["balance"]
    page = client("luoyang").get("/themes/loans?theme=all&size=100").text
    elsewhere = client("viewer").get("/themes/loans?theme=all&only=region%3D410100").text
    note = elsewhere.split("note_no=")[1].split("&")[0].split('"')[0]
    assert note not in page


def test_the_page_and_its_exports(client: ClientOf) -> None:
    query = urlencode({"set": "1", "rows": "region", "columns": "theme", "measures": "balance", "as_of": "2025-12-31"})
    one = client("viewer")
    while "refresh" in (answer := one.get(f"/themes?{query}")).headers:
        time.sleep(0.1)  # a busy machine counts longer than the page waits
    shown = answer.text
    assert "郑州市" in shown
    assert "科技金融" in shown
    asked = {"reason": "月报", "format": "official"}
    book = openpyxl.load_workbook(io.BytesIO(one.submit(f"/themes/export?{query}", asked).content))
    assert book.sheetnames[:2] == ["总表", "说明"]
    asked["format"] = "shown"
    table = openpyxl.load_workbook(io.BytesIO(one.submit(f"/themes/export?{query}", asked).content))
    rows = list(table.worksheets[0].iter_rows(values_only=True))
    assert rows[1][0] == "合计"
    assert any("月报" in str(cell) for row in table.worksheets[1].iter_rows(values_only=True) for cell in row)
    assert one.submit(f"/themes/export?{query}", {"format": "shown"}).status_code == 422  # no reason


def test_a_list_of_notes_exports_all_it_shows(client: ClientOf) -> None:
    one = client("viewer")
    shown = one.get("/themes/loans?theme=inclusive").text
    given = one.submit("/themes/loans/export?theme=inclusive", {"reason": "核对", "format": "csv"})
    rows = list(csv.reader(io.StringIO(given.content.decode("utf-8-sig"))))
    body = [row for row in rows[1:] if row and not row[0].startswith("#")]
    assert f"共 {len(body)} 条" in shown
    assert all("inclusive" in " ".join(row) for row in body)
    why = shown.split('href="/themes/loans/why?')[1].split('"')[0].replace("&amp;", "&")
    reasons = one.get(f"/themes/loans/why?{why}").text
    assert "成立" in reasons
    assert "普惠" in reasons


@pytest.mark.parametrize(
    "query",
    ["set=1&rows=nothing", "set=1&compare=ever", "set=1&compare=known", "as_of=2031-01", "set=1&measures=nothing"],
)
def test_a_question_that_cannot_be_meant_is_answered_in_words(client: ClientOf, query: str) -> None:
    answer = client("viewer").get(f"/themes?{query}")
    assert answer.status_code == 400
    assert "houfeng." in answer.text or "没有" in answer.text or "请" in answer.text


def test_hostile_codes_find_nothing_and_break_nothing(client: ClientOf) -> None:
    for code in ("') OR 1=1 --", "<script>", "%", "410100'"):
        answer = client("viewer").get(f"/themes/loans?{urlencode({'theme': 'all', 'only': f'region={code}'})}")
        assert answer.status_code == 200
        assert "<script>" not in answer.text.split("<main", 1)[1]
        assert "共 0 条" in answer.text
    assert client("viewer").get("/themes/loans?theme=nothing").status_code == 404
