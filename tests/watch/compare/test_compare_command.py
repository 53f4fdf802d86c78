"""`watch replay --against`, `--labels` and `watch overlap` as people type them, on a book of two firms."""

from __future__ import annotations

import csv
import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner, Result

from houfeng.book.store import Book
from houfeng.clock import fixed_clock
from houfeng.errors import HoufengError, UsageError
from houfeng.watch.compare.notice import notices_of, read_notices
from houfeng_cli.main import cli
from watch.replay_samples import submit

PACK = """
pack: tiny
version: {version}
label: {{zh: 小, en: tiny}}
parameters:
  limit: {{unit: CNY, label: {{zh: 线, en: limit}}, values: {{2020-01-01: {limit}}}}}
indicators:
  out_2d: {{label: {{zh: 流出, en: out}}, over: enterprise, from: account_flow, where: direction = 'out', measure: sum(amount), window: 2 days}}
rules:
  outflow: {{id: T1, label: {{zh: 流出大, en: much out}}, over: enterprise, when: "out_2d >= :limit", tier: orange, reason: {{zh: "流出{{out_2d}}元", en: "{{out_2d}} yuan out"}}}}
  any: {{id: T2, label: {{zh: 有流出, en: any out}}, over: enterprise, when: "out_2d > 0", tier: blue, reason: {{zh: "有", en: "some"}}}}
interpretations:
  where_to_draw:
    clause: the line
    question: {{zh: 线在哪里, en: where the line is}}
    chosen: as_is
    chosen_by: a test
    readings:
      as_is: {{label: {{zh: 原样, en: as is}}, parameters: {{limit: {limit}}}}}
      wide: {{label: {{zh: 放宽, en: wide}}, parameters: {{limit: 50}}}}
"""  # noqa: E501
PERIOD = ("--from", "2025-01-01", "--to", "2025-01-31")


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(cli, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A book of two firms; the packs `low` (limit 50) and `high` (limit 100); labels: A went bad on 12 January."""
    folder = tmp_path_factory.mktemp("compare")
    for name, version, limit in (("low", "1.1.0", 50), ("high", "1.0.0", 100)):
        (folder / name).mkdir()
        (folder / name / "pack.yaml").write_text(PACK.format(version=version, limit=limit), "utf-8")
    now = datetime(2025, 2, 1)
    book = Book.create(folder / "book", fixed_clock(now))
    firms = [{"enterprise_id": key, "name": key} for key in "AB"]
    submit(book, "enterprise", "tester", date(2024, 12, 1), firms, datetime(2024, 12, 2))
    flows = [("A", 2, 120), ("A", 10, 60), ("B", 20, 70), ("B", 25, 40)]
    rows = [
        {
            "enterprise_id": key,
            "institution_id": "tester",
            "flow_no": f"{key}{day}",
            "occurred_at": datetime(2025, 1, day, 9),
            "direction": "out",
            "amount": Decimal(amount),
        }
        for key, day, amount in flows
    ]
    submit(book, "account_flow", "tester", None, rows, now)
    (folder / "labels.csv").write_text("firm,bad on\nA,2025-01-12\nB,\n", "utf-8")
    return folder


def replay(place: Path, *more: str) -> str:
    packs = (str(place / "low"), "--against", str(place / "high"))
    return run("watch", "replay", *packs, *PERIOD, "--book", str(place / "book"), *more).output


LABELS = ("--key-column", "firm", "--date-column", "bad on")


def test_gained_and_lost_in_both_languages(place: Path) -> None:
    english = replay(place, "--lang", "en")
    assert "tiny 1.0.0 → tiny 1.1.0" in english
    assert "~ parameter limit from 2020-01-01: 100 → 50" in english
    assert "alerts 5 → 7" in english
    assert "gained (only the new version has it): 2" in english
    assert "2025-01 5→7 (+2 −0)" in english
    chinese = replay(place, "--lang", "zh")
    assert "预警 5 → 7 条" in chinese
    assert "新增预警（只有新版有）: 2" in chinese


def test_the_workbook_has_all_tables(place: Path, tmp_path: Path) -> None:
    out = tmp_path / "page.xlsx"
    labels = ("--labels", str(place / "labels.csv"), *LABELS, "--horizon", "5")
    replay(place, "--lang", "en", "--out", str(out), *labels)
    book = openpyxl.load_workbook(out)
    assert book.sheetnames == [
        "summary",
        "per tier",
        "per rule",
        "per month",
        "per day",
        "gained",
        "lost",
        "changed",
        "pack changes",
        "against labels",
    ]
    gained = list(book["gained"].values)
    assert [row[5] for row in gained[1:]] == ["A", "B"]
    assert gained[1][8] == "60 yuan out"
    assert len(list(book["per day"].values)) == 32
    heads, *rows = book["against labels"].values
    wanted = {(row[0], row[1], row[2]): dict(zip(heads, row, strict=True)) for row in rows}
    new = wanted[("new", "T1 much out", "all")]
    # A speaks on 2 January (ten days before: too early) and 10 January (true); B is good and speaks on the 20th.
    assert (new["true"], new["true and false"], new["recalled"], new["bad keys"]) == (1, 3, 1, 1)
    assert new["lead days, median"] == 1.6
    assert (wanted[("old", "T1 much out", "all")]["recalled"], wanted[("old", "all", "all")]["recalled"]) == (0, 1)


def test_lists_as_csv_and_json_lines(place: Path, tmp_path: Path) -> None:
    for name in ("list.csv", "list.jsonl"):
        replay(place, "--out", str(tmp_path / name))
    with (tmp_path / "list.csv").open(encoding="utf-8-sig", newline="") as source:
        rows = list(csv.DictReader(source))
    lines = [json.loads(line) for line in (tmp_path / "list.jsonl").read_text("utf-8").splitlines()]
    assert [(row["change"], row["key"]) for row in rows] == [("gained", "A"), ("gained", "B")]
    assert [row["alert_id"] for row in rows] == [line["alert_id"] for line in lines]


def test_labels_for_one_version(place: Path) -> None:
    labels = ("--labels", str(place / "labels.csv"), *LABELS, "--horizon", "5", "--officers", "2")
    told = run(
        "watch", "replay", str(place / "low"), *PERIOD, "--book", str(place / "book"), "--lang", "en", *labels
    ).output
    assert "labels: 1 bad, 1 good, 0 undated" not in told
    assert "labels: 1 bad, 1 good, 0 bad on no known day; horizon 5 days, labels known until 2025-01-31" in told
    assert "T1 much out" in told
    assert "0.11" in told  # 7 alerts, 31 days, 2 officers


def test_only_one_rule_and_a_rule_that_is_not_there(place: Path) -> None:
    assert "alerts 1 → 3" in replay(place, "--rule", "T1", "--lang", "en")
    command = ["watch", "replay", str(place / "low"), "--against", str(place / "high"), *PERIOD]
    failed = CliRunner().invoke(cli, [*command, "--rule", "T9", "--book", str(place / "book")])
    assert isinstance(failed.exception, UsageError)


def test_one_pack_under_two_readings(place: Path) -> None:
    packs = (str(place / "high"), "--reading", "where_to_draw=wide", "--against", str(place / "high"))
    told = run("watch", "replay", *packs, *PERIOD, "--book", str(place / "book"), "--lang", "en").output
    assert "tiny 1.0.0 → tiny 1.0.0 (where_to_draw=wide)" in told
    assert "alerts 5 → 7" in told
    swapped = (str(place / "high"), "--against", str(place / "high"), "--against-reading", "where_to_draw=wide")
    told = run("watch", "replay", *swapped, *PERIOD, "--book", str(place / "book"), "--lang", "en").output
    assert "alerts 7 → 5" in told
    assert "lost (only the old version has it): 2" in told


def test_overlap_of_a_replay_and_of_a_file_is_the_same(place: Path, tmp_path: Path) -> None:
    alerts = tmp_path / "alerts.jsonl"
    run("watch", "replay", str(place / "low"), *PERIOD, "--book", str(place / "book"), "--out", str(alerts))
    common = ("watch", "overlap", str(place / "low"), *PERIOD, "--budget", "1", "--lang", "en")
    direct = run(*common, "--book", str(place / "book"), "--out", str(tmp_path / "o.xlsx")).output
    filed = run(*common, "--alerts", str(alerts), "--out", str(tmp_path / "o.jsonl")).output
    assert direct.rpartition("→")[0] == filed.rpartition("→")[0]
    assert "adds nothing (one at a time, not together): T1 much out" in filed
    assert "at most 1 alerts per rule and day: 0 of 7 held back" in filed
    assert openpyxl.load_workbook(tmp_path / "o.xlsx").sheetnames == ["overlap", "budget", "held back"]
    found = [json.loads(line) for line in (tmp_path / "o.jsonl").read_text("utf-8").splitlines()]
    assert [(row["rule"], row["own_key_days"] > 0) for row in found] == [("any", True), ("outflow", False)]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--labels", "{}/labels.csv"), "--key-column"),
        (("--key-column", "firm"), "--labels"),
        (("--labels", "{}/labels.csv", "--key-column", "firm", "--date-column", "bad at"), "bad on"),
        (("--labels", "{}/labels.csv", "--key-column", "bad on", "--date-column", "firm"), "not a day"),
        (("--labels", "{}/labels.csv", "--key-column", "firm", "--label-column", "bad on"), "--bad"),
        (("--against-reading", "a=b"), "--against"),
    ],
)
def test_mistakes_get_one_clear_text(place: Path, more: tuple[str, ...], words: str) -> None:
    asked = [part.format(place) for part in more]
    command = ["watch", "replay", str(place / "low"), *PERIOD, "--book", str(place / "book"), *asked]
    failed = CliRunner().invoke(cli, command)
    assert isinstance(failed.exception, HoufengError)
    assert words in failed.exception.render("en")


def test_what_is_no_alert_is_told_by_line(tmp_path: Path) -> None:
    path = tmp_path / "alerts.jsonl"
    path.write_text('\n{"alert_id": "1"}\n', "utf-8")
    with pytest.raises(HoufengError, match="line 2"):
        read_notices(path)
    assert notices_of([]) == []
