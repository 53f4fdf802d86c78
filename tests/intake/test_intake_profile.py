"""Answers kept in a file: read with care, told at every submission."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from houfeng.book.intake.profile import read_profile
from houfeng.errors import InputError, UsageError
from houfeng_cli.main import cli

ROOT = Path(__file__).parents[2]
SBA = ROOT.parent / "shared/data/sba_7a_loans/sba_foia_22427_fy2005plus_masked.parquet"


def test_every_mistake_of_a_profile_is_told(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("profil: x\nmap: [a]\nskip: no\nkind: loan\n", "utf-8")
    with pytest.raises(InputError) as caught:
        read_profile(path)
    assert [(p.code, p.where.line) for p in caught.value.problems] == [("intake.profile", line) for line in (1, 2, 3)]
    assert "profile" in caught.value.problems[0].suggestion.en
    with pytest.raises(UsageError, match="no file"):
        read_profile(tmp_path / "none.yaml")


def test_options_go_before_the_profile(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(
        "kind: invoice\nreporter: tax\nmap: {firm: seller_id, partner: buyer_id}\n"
        "skip: {memo: {zh: 无关, en: of no use}}\n",
        "utf-8",
    )
    data = "firm,partner,发票号码,开票日期,金额,memo\nE1,B1,7,2025-01-02,10.00,x\n"
    (tmp_path / "i.csv").write_text(data, "utf-8")
    book = str(tmp_path / "book")
    assert CliRunner().invoke(cli, ["book", "init", "--book", book]).exit_code == 0
    command = ["book", "submit", str(tmp_path / "i.csv"), "--book", book, "--profile", str(tmp_path / "p.yaml")]
    told = CliRunner().invoke(cli, [*command, "--reporter", "other", "--lang", "en"])
    assert told.exit_code == 0, told.output
    assert "i.csv memo: note intake.left_out: of no use" in told.output
    assert "invoice other: accepted, 1 row(s) in" in told.output


@pytest.mark.data
@pytest.mark.skipif(not SBA.is_file(), reason="../shared/data is not here")
def test_the_loan_ledger_says_what_is_known_only_afterwards(tmp_path: Path) -> None:
    book = str(tmp_path / "book")
    CliRunner().invoke(cli, ["book", "init", "--book", book])
    profile = str(ROOT / "docs/profiles/sba-7a.yaml")
    told = CliRunner().invoke(
        cli,
        ["book", "submit", str(SBA), "--book", book, "--profile", profile, "--period", "2014-12-31", "--lang", "en"],
    )
    assert told.exit_code == 0, told.output
    assert "Term: note intake.left_out: known only after the fact" in told.output
    assert "loan SBA 2014-12-31: accepted, 2" in told.output
