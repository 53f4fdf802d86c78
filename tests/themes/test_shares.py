"""A month taken bank by bank gives what it gives at once, and only where every bank speaks for itself."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from houfeng.packs.loading.load import load_pack
from houfeng.themes import shares as room
from houfeng.themes.report import report
from houfeng.themes.shares import in_shares, shares
from houfeng.themes.tagging import tag
from themes.loan_samples import BANK_A, BANK_B, DECEMBER, NOVEMBER, Row, book_of, draft, note


def _notes() -> list[Row]:
    codes = ("C3973", "C2710", None, "I6510")
    return [
        note(n, bank, use_industry=codes[n % 4], programme="student" if n % 3 else None, balance_cny=f"{n}6777217.01")
        for n in range(1, 7)
        for bank in (BANK_A, BANK_B)
    ]


def _sorted(table: pa.Table) -> list[Row]:
    rows: list[Row] = table.to_pylist()
    return sorted(rows, key=lambda row: (row["institution_id"], row["contract_no"]))


def test_shares_give_what_the_whole_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pack = load_pack("five-articles")
    snapshot = book_of(tmp_path / "book", _notes()).snapshot()
    whole, figures = tag(snapshot, pack, DECEMBER), report(snapshot, pack, as_of=DECEMBER, by=("institution",))
    assert shares(snapshot, DECEMBER) == ("",)
    monkeypatch.setattr(room, "SHARE", 6)
    assert len(shares(snapshot, DECEMBER)) == 2
    parts, out = tag(snapshot, pack, DECEMBER), tmp_path / "tagged.parquet"
    assert tag(snapshot, pack, DECEMBER, out=out).rows == parts.rows == whole.rows == 12
    assert whole.table is not None
    assert parts.table is not None
    assert _sorted(parts.table) == _sorted(whole.table) == _sorted(pq.read_table(out))
    assert pq.read_schema(out).metadata[b"houfeng.pack"].startswith(b"five-articles ")
    assert report(snapshot, pack, as_of=DECEMBER, by=("institution",)).tables == figures.tables


def test_one_reporter_for_many_banks_is_one_share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "SHARE", 1)
    row = {"contract_no": "C9", "note_no": "1", "period": DECEMBER, "institution_id": BANK_B}
    snapshot = book_of(tmp_path / "book", _notes(), draft("loan_balance", [row], "office", DECEMBER)).snapshot()
    assert shares(snapshot, DECEMBER) == ("",)
    assert shares(snapshot, NOVEMBER) == ("",)
    assert in_shares("SELECT 1", ("",)) == ["SELECT 1"]
