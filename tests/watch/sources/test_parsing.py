"""What is told of events that cannot be used, and what else a parser is told."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from houfeng.errors import InputError, UsageError
from houfeng.watch.service.process import load_code
from houfeng.watch.sources import admission, scanning
from houfeng.watch.sources.parsing import LINE_LIMIT, Parser, event_kinds
from houfeng.watch.sources.typed import _tree, _value
from watch.sources.event_samples import codes_of, flow, lines, uscc


def test_an_event_is_typed_exactly() -> None:
    """Money as decimals of yuan, moments as local seconds, and its place in the stream."""
    block = lines([flow(3, amount=3000000000.00, occurred_at="2026-01-31T16:00:00Z", summary="货款")])
    (found,) = Parser("account_flow").lines(block, 41)
    row = found.rows.to_pylist()[0]
    assert row["amount"] == Decimal("3000000000.00")
    assert row["occurred_at"] == datetime(2026, 2, 1)
    assert row["_t"] == (datetime(2026, 2, 1) - datetime(1970, 1, 1)).total_seconds()
    assert (row["_offset"], row["summary"], row["account_no"]) == (41, "货款", None)


@pytest.mark.parametrize("kind", sorted(event_kinds()))
def test_what_reads_a_kind_is_loaded_before_its_first_event(kind: str) -> None:
    load_code(kind)
    assert scanning.scan.signatures
    assert admission._judge_rows.signatures


def test_a_field_goes_by_all_its_names() -> None:
    """Chinese labels, official codes and aliases are keys too, also written in ASCII."""
    event = {"交易流水号": "F000001", "JRJGDM": uscc(1), "社会信用代码": uscc(2), "交易时间": "2026-01-01 08:00:00"}
    event |= {"收付标志": "收", "金额": "5.00"}
    for ascii_only in (True, False):
        (found,) = Parser("account_flow").lines(lines([event], ensure_ascii=ascii_only), 1)
        assert found.rows.to_pylist()[0]["direction"] == "in"


BAD = [
    (b"not json", "watch.not_json"),
    (b'{"amount": NaN}', "watch.not_json"),
    (b'{"amount": 1} {"amount": 2}', "watch.not_json"),
    (b'{"summary": "\\ud800"}', "watch.not_json"),
    (b"[" * 100_000, "watch.not_json"),
    (b"[1, 2]", "watch.not_object"),
    (b"7", "watch.not_object"),
    ("{'贷'}".encode("gb18030"), "watch.encoding"),
    (b'{"summary": "' + b"x" * LINE_LIMIT + b'"}', "watch.too_long"),
    (b'{"kind": "acount_flow"}', "watch.kind_unknown"),
    (b'{"kind": "loan"}', "watch.kind_unknown"),
    (b'{"kind": 7}', "watch.kind_unknown"),
    (json.dumps(flow(1, direction="inn")).encode(), "intake.unknown_code"),
    (json.dumps(flow(1, amount="-5.00")).encode(), "account_flow.amount_not_positive"),
    (json.dumps(flow(1, amount="much")).encode(), "intake.bad_number"),
    (json.dumps(flow(1, amount=None)).encode(), "intake.required"),
    (json.dumps(flow(1, amount=[5])).encode(), "watch.nested"),
    (json.dumps(flow(1, 金额="5.00")).encode(), "watch.field_twice"),
    (json.dumps(flow(1, occurred_at="2026-02-30")).encode(), "intake.bad_moment"),
    (json.dumps(flow(1, enterprise_id=uscc(4)[:-1] + "0")).encode(), "intake.check_digit"),
]


@pytest.mark.parametrize(("line", "code"), BAD, ids=[f"{code}-{i}" for i, (_, code) in enumerate(BAD)])
def test_a_bad_line_is_told_and_the_others_pass(line: bytes, code: str) -> None:
    """Its number, its text, one problem with its code; the lines around it are events."""
    good = lines([flow(1)])
    found = Parser("account_flow").lines(good + line + b"\n\n" + good, 10)
    rows = [offset for part in found for offset in part.rows.column("_offset").to_pylist()]
    assert rows == [10, 13]
    assert [codes_of(part.rejected) for part in found if part.rejected.num_rows] == [{11: [code]}]
    raw = next(part.rejected for part in found if part.rejected.num_rows).column("raw")[0].as_py()
    assert raw == line[:4000].decode("utf-8", "replace")


def test_a_wrong_code_gets_the_nearest_right_one() -> None:
    """What to do stands in the problem, in both languages."""
    (found,) = Parser("account_flow").lines(lines([flow(1, kind="account_flw")]), 1)
    (problem,) = json.loads(found.rejected.column("problems")[0].as_py())
    assert problem["suggestion"]["en"] == "did you mean “account_flow”?"


def test_a_stream_may_mix_kinds() -> None:
    """Each object may say its kind; the offsets of the kinds interleave."""
    record = {"kind": "public_record", "record_no": "R-1001", "enterprise_id": uscc(3), "occurred_on": "2026-01-05"}
    record |= {"record_type": "enforcement"}
    block = lines([flow(1, kind="account_flow"), record, flow(2, kind="account_flow"), {"record_no": "R-2"}])
    found = {part.kind: part for part in Parser().lines(block, 1)}
    assert found["account_flow"].rows.column("_offset").to_pylist() == [1, 3]
    assert found["public_record"].rows.column("_offset").to_pylist() == [2]
    assert codes_of(found[""].rejected) == {4: ["watch.kind_missing"]}


def test_an_unknown_field_is_a_warning() -> None:
    """It is left out, told once and with the nearest name; values with a doubt are counted."""
    parser = Parser("account_flow")
    events = [flow(1, amonut=5, other={"a": [1]}), flow(2, amonut="x", counterparty_id="X" * 70)]
    (found,) = parser.lines(lines(events), 1)
    assert found.rows.num_rows == 2
    told = {p.where.field: p for p in parser.problems() if p.code == "watch.unknown_field"}
    assert set(told) == {"amonut", "other"}
    assert "amount" in told["amonut"].suggestion.en
    assert all(p.level.value == "warning" for p in parser.problems())


def test_only_kinds_of_events_stream() -> None:
    """A default that is no kind of event is refused at the start."""
    with pytest.raises(UsageError, match="loan_flow"):
        Parser("loan_flows")


def test_conditions_of_checks_are_looked_at_without_duckdb() -> None:
    """Every check of a kind of event is simple enough for the quick look."""
    for kind in event_kinds().values():
        assert all(_value(_tree(check.when), kind.schema().empty_table()) is not None for check in kind.checks)


def test_delimited_files_and_parquet_give_the_same(tmp_path: Path) -> None:
    """The rows of a CSV in GB18030 with Chinese headers, of Parquet, and of JSON lines; a bad one is told."""
    events = [flow(n, summary="货款") for n in range(1, 6)] + [flow(6, amount="-1.00", summary="货款")]
    whole = Parser("account_flow").lines(lines(events), 2)[0]
    header = "交易流水号,金融机构代码,统一社会信用代码,交易时间,收付方向,交易金额,摘要\n"
    text = header + "".join(",".join(str(v) for v in event.values()) + "\n" for event in events)
    (tmp_path / "flows.csv").write_bytes(text.encode("gb18030"))
    (block,) = Parser().file(tmp_path / "flows.csv", "account_flow")
    assert block[0].rows.equals(whole.rows)
    assert codes_of(block[0].rejected) == {7: ["account_flow.amount_not_positive"]}
    typed = whole.rows.drop_columns(["_offset", "_t"])
    pq.write_table(typed, tmp_path / "flows.parquet")
    (block,) = Parser().file(tmp_path / "flows.parquet", "account_flow", after=2)
    assert block[0].rows.drop_columns(["_offset"]).equals(whole.rows.drop_columns(["_offset"]).slice(2))
    assert block[0].rows.column("_offset").to_pylist() == [3, 4, 5]
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(InputError):
        list(Parser().file(tmp_path / "broken.parquet", "account_flow"))


def test_nothing_gives_nothing() -> None:
    """Blank lines are no events and no fault; their numbers pass."""
    assert Parser("account_flow").lines(b"\n \t\r\n\n", 1) == []
    (found,) = Parser("account_flow").lines(b"\r\n" + lines([flow(1)]).replace(b"\n", b"\r\n"), 1)
    assert found.rows.column("_offset").to_pylist() == [2]
    assert found.rows.schema.field("_t").type == pa.int64()
