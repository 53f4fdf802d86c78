"""What changed between two versions of a pack."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from houfeng.packs.diff import diff_packs
from houfeng.packs.loading.load import load_pack
from houfeng_cli.main import cli

OLD = """
pack: small
version: 1.0.0
label: small
parameters:
  cap: {unit: CNY, label: cap, values: {2024-01-01: 100}}
code_sets:
  uses: {label: uses, members: [{codes: [C2710], group: A}]}
themes:
  big: {label: big, over: loan_balance, when: "balance > :cap"}
  gone: {label: gone, over: loan_balance, when: balance > 0}
rules:
  late: {label: late, over: enterprise, when: revenue < 0, tier: blue, reason: late}
"""
NEW = OLD.replace(
    "2024-01-01: 100}", "2024-01-01: 100, 2026-01-01: {value: 200, known_from: 2025-12-01, reference: 2号}}"
)
NEW = NEW.replace("codes: [C2710]", "codes: [C2710, C2720]").replace("balance > :cap", "balance >= :cap")
NEW = NEW.replace("  gone: {label: gone, over: loan_balance, when: balance > 0}\n", "").replace(
    "tier: blue", "tier: red"
)


def write(folder: Path, text: str) -> Path:
    folder.mkdir()
    (folder / "pack.yaml").write_text(text, "utf-8")
    return folder


def test_each_change_is_told_once(tmp_path: Path) -> None:
    old, new = write(tmp_path / "old", OLD), write(tmp_path / "new", NEW)
    lines = [change.render() for change in diff_packs(load_pack(old), load_pack(new))]
    assert lines == [
        "+ parameter cap from 2026-01-01 (known from 2025-12-01): 200 [2号]",
        "+ code set uses C2720: member A",
        "~ item loan_balance.big when: balance > :cap → balance >= :cap",
        "- item loan_balance.gone: form theme; when balance > 0",
        "- rule late blue: revenue < 0",
        "+ rule late red: revenue < 0",
    ]
    assert diff_packs(load_pack(old), load_pack(old)) == []


def test_the_command_tells_by_its_exit_code(tmp_path: Path) -> None:
    old, new = write(tmp_path / "old", OLD), write(tmp_path / "new", NEW)
    assert CliRunner().invoke(cli, ["pack", "diff", str(old), str(old)]).exit_code == 0
    changed = CliRunner().invoke(cli, ["pack", "diff", str(old), str(new), "--json"])
    assert changed.exit_code == 1
    assert len(changed.output.splitlines()) == 6
