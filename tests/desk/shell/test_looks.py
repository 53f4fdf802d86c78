"""Columns and density are kept for a person; a file has the columns that are shown, or all by choice."""

from __future__ import annotations

import csv
import io
from typing import Any

from desk.desk_samples import ClientOf, viewer
from houfeng.office.preferences import LISTS, choose, preferences
from houfeng_desk.desk import Desk


def heads(text: str) -> str:
    return text.split("<thead>")[1].split("</thead>")[0]


def columns(answer: Any) -> list[str]:
    return next(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))


def test_chosen_columns_and_density_hold_for_the_person(client: ClientOf) -> None:
    one = client("officer")
    assert "最差分类" in heads(one.get("/enterprises").text)
    form = {"list": "/enterprises", "back": "/enterprises?region=410300", "column": ["name", "balance"]}
    sent = one.submit("/looks", {**form, "density": "dense"})
    assert (sent.status_code, sent.headers["location"]) == (303, "/enterprises?region=410300")
    page = client("officer").get("/enterprises").text  # another browser of the same person
    assert "贷款余额" in heads(page)
    assert "最差分类" not in heads(page)
    assert 'class="stack dense"' in page
    assert "最差分类" in heads(client("viewer").get("/enterprises").text)
    one.submit("/looks", {**form, "every": "1"})
    assert "最差分类" in heads(one.get("/enterprises").text)


def test_a_file_has_what_is_shown_or_all_by_choice(client: ClientOf) -> None:
    one, asked = client("officer"), {"reason": "核对", "format": "csv"}
    url = "/enterprises/export?region=410300"
    every = columns(one.submit(url, asked))
    one.submit("/looks", {"list": "/enterprises", "back": "/", "column": ["name", "balance"], "density": "normal"})
    assert "只含页面上显示的列" in one.get(url).text
    shown = columns(one.submit(url, asked))
    assert shown == ["统一社会信用代码", "企业", "企业（补充）", "贷款余额（万元）"]
    assert columns(one.submit(url, {**asked, "columns": "all"})) == every
    assert len(every) > len(shown)


def test_what_cannot_be_meant_is_refused(client: ClientOf) -> None:
    one = client("officer")
    assert one.submit("/looks", {"list": "", "column": "name"}).status_code == 422
    assert one.submit("/looks", {"list": "enterprises", "column": "name"}).status_code == 422
    assert one.submit("/looks", {"list": "/enterprises", "density": "tiny"}).status_code == 400
    away = one.submit("/looks", {"list": "/enterprises", "column": "name", "back": "https://evil.example/"})
    assert away.headers["location"] == "/enterprises"
    one.submit("/looks", {"list": "/enterprises", "column": ["<script>", "nothing"]})
    page = one.get("/enterprises").text
    assert "<script>alert" not in page
    assert "企业" in heads(page)


def test_choices_do_not_grow_for_ever(desk: Desk) -> None:
    who = viewer(desk, "officer")
    with desk.office.begin() as session:
        for number in range(LISTS + 20):
            choose(session, who, columns={f"/list/{number}": ["name"]})
        kept = preferences(session, who)
    assert len(kept.columns) == LISTS
    assert f"/list/{LISTS + 19}" in kept.columns
