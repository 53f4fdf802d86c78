"""A published score is a feature in the watch like any other: a rule on it speaks when the points fall, and clears."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from credit.card_samples import model
from houfeng.book.store import Book
from houfeng.clock import fixed_clock
from houfeng.credit.figures.calibration import Calibrator
from houfeng.credit.models.bins import MISSING, RANGE, Bin
from houfeng.credit.models.card import Characteristic, with_points
from houfeng.credit.models.publish import publish
from houfeng.credit.models.scaling import scaling
from houfeng.errors import Text
from houfeng.packs.loading.load import load_pack
from houfeng.watch.replay import Replay
from watch.replay_samples import submit

FEATURES = """
pack: inflows
version: 1.0.0
label: inflows
indicators:
  in_3d:
    label: in
    over: enterprise
    from: account_flow
    where: direction = 'in'
    measure: sum(amount)
    window: 3 days
"""
RULE = """
pack: watching
version: 1.0.0
label: watching
requires: [flow-score]
rules:
  weak:
    label: weak
    over: enterprise
    when: flow_score < 500
    tier: yellow
    clear_when: flow_score >= 500
    reason: "{flow_score}"
"""


def write_packs(folder: Path) -> Path:
    """The features, the score published over them, and a rule on the score."""
    for name, text in (("inflows", FEATURES), ("watching", RULE)):
        (folder / name).mkdir(parents=True)
        (folder / name / "pack.yaml").write_text(text, "utf-8")
    field = Characteristic(
        "inflow", Text("流入", "inflow"), "numeric", "in_3d",
        (Bin(RANGE, high=Decimal(100), n=9, bad=4, woe=-1.0),
         Bin(RANGE, low=Decimal(100), n=9, bad=1, woe=1.0), Bin(MISSING)),
        0.4, -1.0,
    )  # fmt: skip
    made = model(str(folder / "inflows"))
    card = with_points([field], -0.45, scaling(20, 600, 50), Calibrator("platt"))
    assert [card.base + b.points for b in card.characteristics[0].bins] == [471, 529, 500]
    object.__setattr__(made, "card", card)
    publish(made, folder / "flow-score", "flow_score")
    return folder / "watching"


def test_a_rule_on_a_score_speaks_and_clears(tmp_path: Path):
    pack = load_pack(str(write_packs(tmp_path / "packs")))
    now = datetime(2026, 1, 31)
    book = Book.create(tmp_path / "book", fixed_clock(now), synthetic=True)
    received = datetime(2025, 12, 1)
    submit(book, "enterprise", "office", date(2025, 12, 1), [{"enterprise_id": "A", "name": "甲"}], received)
    flow = {"enterprise_id": "A", "account_no": "1", "direction": "in", "currency": "CNY"}
    rows = [
        {**flow, "flow_no": str(n), "occurred_at": datetime(2026, 1, day, 10), "amount": Decimal(amount)}
        for n, (day, amount) in enumerate(((2, 150), (9, 40), (20, 500)))
    ]
    submit(book, "account_flow", "bank", None, rows, datetime(2026, 1, 30))
    found = list(Replay(book.snapshot(), pack, date(2026, 1, 1), date(2026, 1, 25)).alerts())
    assert {(a.rule, a.tier, int(a.values["flow_score"])) for a in found} == {("weak", "yellow", 471)}
    night = {
        "hour": 23,
        "minute": 59,
        "second": 59,
    }  # a day's end is an instant; the window then begins three days before
    assert [(a.opened_at, a.cleared_at) for a in found] == [
        (datetime(2026, 1, 1, **night), datetime(2026, 1, 2, 10)),  # an empty sum is 0: 471 points
        (datetime(2026, 1, 6, **night), datetime(2026, 1, 20, 10)),  # the 150 are gone, the 40 are too little
        (datetime(2026, 1, 24, **night), None),
    ]
