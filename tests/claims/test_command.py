"""`houfeng claim`: what the account sees, nothing more; verify tells a ledger that was tampered with."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import update

from claims.claim_samples import Walk, loan
from houfeng.claims.tables import LedgerPosting
from houfeng.errors import HoufengError, InputError
from houfeng_cli.market.claim import command


def run(walk: Walk, *words: str) -> Result:
    url = walk.office.url.render_as_string(hide_password=False)
    done = CliRunner().invoke(command, [*words, "--office", url], env={"HOUFENG_LANG": "en"})
    if isinstance(done.exception, HoufengError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done


def test_what_an_account_sees(walk: Walk) -> None:
    """The bank its claim, another bank nothing; the quota by name."""
    walk.grant(1000)
    walk.draw(loan("A", 300), loan("B", 5))
    run(walk, "submit", str(walk.claim_id), "--as", "reporter", "--why", "Q1")
    walk.decide(B="材料不全").sign().disburse()
    listed = json.loads(run(walk, "list", "--as", "reporter", "--json").output)
    assert [(one["state"], one["granted"]) for one in listed] == [("disbursed", "300.00")]
    assert json.loads(run(walk, "list", "--as", "second_bank", "--json").output) == []
    shown = json.loads(run(walk, "show", str(walk.claim_id), "--as", "reporter", "--json").output)
    assert {line["contract"]: line["reasons"] for line in shown["lines"]} == {"A": [], "B": ["材料不全"]}
    quotas = json.loads(run(walk, "quota", "--as", "officer", "--json").output)
    assert [(one["name"], one["left"]) for one in quotas] == [("tool:tech_relending", "700.00")]
    assert "申〔2026〕1号" in run(walk, "list", "--as", "officer").output
    assert "A" in run(walk, "show", str(walk.claim_id), "--as", "officer").output
    assert "tool:" in run(walk, "quota", "--as", "officer").output


def test_verify(walk: Walk) -> None:
    """Whole books agree; a changed posting does not, and each broken record is told."""
    walk.grant(1000)
    walk.funded(loan("A", 300))
    assert "agree" in run(walk, "verify").output
    with walk.office.begin() as session:
        session.execute(update(LedgerPosting).where(LedgerPosting.account == "lent").values(amount=301))
    with pytest.raises(InputError) as caught:
        run(walk, "verify")
    assert {problem.code for problem in caught.value.problems} == {"ledger.entry", "ledger.day", "ledger.claims"}
