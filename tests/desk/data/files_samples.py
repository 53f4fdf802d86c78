"""Files as people upload them: a good workbook, and the hostile ones."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Sequence
from typing import Any

import xlsxwriter

from desk.desk_samples import BANK, DeskClient

HEADERS = ("金融机构代码", "贷款合同编码", "贷款借据编码", "数据日期", "贷款余额")
OTHER = "91410100MB40LWCG75"


def workbook(rows: Sequence[Sequence[Any]], headers: Sequence[str] = HEADERS) -> bytes:
    """A workbook of loan balances."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        sheet = book.add_worksheet("余额")
        sheet.write_row(0, 0, headers)
        for at, row in enumerate(rows, 1):
            sheet.write_row(at, 0, row)
    return buffer.getvalue()


def balances(number: int = 3, bank: str = BANK, bad: int = 0, period: str = "2026-01-31") -> bytes:
    """Balances of one bank for one month; the last `bad` ones have no number."""
    return workbook(
        [[bank, f"HT{n}", f"JJ{n}", period, "很多" if n >= number - bad else str(1000 + n)] for n in range(number)]
    )


def patched(data: bytes, part: str, change: Callable[[bytes], bytes]) -> bytes:
    """A package with one of its parts changed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(old.read(name)) if name == part else old.read(name))
    return buffer.getvalue()


def send(browser: DeskClient, name: str, data: bytes, **fields: str) -> Any:
    """Upload a file: the answer to the form."""
    return browser.submit("/data/upload", fields, of="/data/upload", files={"file": (name, data)})


def sent(browser: DeskClient, name: str, data: bytes, **fields: str) -> str:
    """Upload a file: the address of its preview."""
    answer = send(browser, name, data, **fields)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def words(html: str) -> str:
    """What a page says in its middle."""
    middle = html.split('id="main"')[1].split("<footer")[0]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", middle))
