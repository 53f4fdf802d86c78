"""Templates and the data dictionary say what the kinds say."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
from openpyxl.utils import get_column_letter

from houfeng.book.dictionary import dictionary_page
from houfeng.book.intake.headers import find_field
from houfeng.book.model import Kind, Type, code_lists, kind, kinds
from houfeng.book.templates import HELP_SHEET, LIST_SHEET, header, write_template
from houfeng.errors import EnvironmentFault

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "data-dictionary.md"


def test_the_committed_dictionary_is_current() -> None:
    assert PAGE.read_text("utf-8") == dictionary_page(), "run: python -m houfeng.book.dictionary > docs/reference/…"


@pytest.mark.parametrize("one", [pytest.param(k, id=k.name) for k in kinds().values()])
def test_a_template_shows_every_field(one: Kind, tmp_path: Path) -> None:
    book = openpyxl.load_workbook(write_template(one, tmp_path / "t.xlsx"))
    sheet = book.worksheets[0]
    assert sheet.title == one.label.zh
    heads = [cell.value for cell in sheet[1]]
    assert heads == [header(field) for field in one.fields.values()]
    assert sheet.max_row == 1
    for cell, field in zip(sheet[1], one.fields.values(), strict=True):
        assert str(cell.value).startswith(field.label.zh)
        assert find_field(one, str(cell.value)) == field.name
        assert cell.comment is not None
        assert field.name in cell.comment.text
        assert ("required" in cell.comment.text) == field.required
    told = {str(row[2].value) for row in book[HELP_SHEET].iter_rows(min_row=3)}
    assert set(one.fields) <= told
    assert book[LIST_SHEET].sheet_state == "hidden"


def test_drop_downs_offer_the_labels_of_the_code_list(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(write_template(kind("public_record"), tmp_path / "t.xlsx"))
    rules = {str(rule.sqref): rule for rule in book.worksheets[0].data_validations.dataValidation}
    column = list(kind("public_record").fields).index("record_type")
    letter = get_column_letter(column + 1)
    rule = rules[f"{letter}2:{letter}5001"]
    assert LIST_SHEET in rule.formula1
    members = code_lists()["public_record_type"].members
    offered = [cell.value for cell in book[LIST_SHEET][letter][: len(members)]]
    assert offered == [text.zh for text in members.values()]


def test_short_lists_and_truth_values_stand_in_the_cell_rule(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(write_template(kind("collateral"), tmp_path / "t.xlsx"))
    found = {rule.formula1 for rule in book.worksheets[0].data_validations.dataValidation}
    assert {'"是,否"', '"正常,查封,拍卖"'} <= found


def test_ids_are_text_cells_and_dates_are_dates(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(write_template(kind("loan"), tmp_path / "t.xlsx"))
    sheet = book.worksheets[0]
    for number, field in enumerate(kind("loan").fields.values(), start=1):
        form = sheet.column_dimensions[get_column_letter(number)].number_format
        if field.type is Type.ID:
            assert form == "@"
        if field.type is Type.DATE:
            assert form == "yyyy-mm-dd"


def test_the_same_kind_gives_the_same_bytes(tmp_path: Path) -> None:
    one = write_template(kind("need"), tmp_path / "a.xlsx").read_bytes()
    assert one == write_template(kind("need"), tmp_path / "b.xlsx").read_bytes()


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFault, match="cannot write"):
        write_template(kind("need"), tmp_path / "none" / "t.xlsx")
