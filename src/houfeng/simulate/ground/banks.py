"""The institutions of the province: a few of every kind, more as the province grows, and the guarantee companies."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from houfeng.book.model import kind
from houfeng.simulate.ground import columns as c
from houfeng.simulate.ground.identifiers import BANK, GUARANTOR, STATE, credit_codes, numbered

CITIES = (
    ("410100", "郑州", 0.24), ("410200", "开封", 0.04), ("410300", "洛阳", 0.09), ("410400", "平顶山", 0.045),
    ("410500", "安阳", 0.042), ("410600", "鹤壁", 0.018), ("410700", "新乡", 0.058), ("410800", "焦作", 0.038),
    ("410900", "濮阳", 0.031), ("411000", "许昌", 0.062), ("411100", "漯河", 0.029), ("411200", "三门峡", 0.026),
    ("411300", "南阳", 0.075), ("411400", "商丘", 0.053), ("411500", "信阳", 0.052), ("411600", "周口", 0.058),
    ("411700", "驻马店", 0.052), ("419001", "济源", 0.014),
)  # fmt: skip
REGIONS = np.array([int(code) for code, _, _ in CITIES], dtype=np.int64)
CITY_WEIGHTS = np.array([weight for _, _, weight in CITIES])
CITY_WEIGHTS = CITY_WEIGHTS / CITY_WEIGHTS.sum()

# Kind, spoken name, market share of one, spread over LPR in 0.00001 %, supervisory and central-bank rating.
_ROTA = (
    ("state_bank", "国有", 1.0, -10_000, "2B", "2"),
    ("city_bank", "城商", 0.7, 60_000, "3A", "4"),
    ("rural_commercial", "农商", 0.5, 130_000, "3B", "5"),
    ("joint_stock", "股份", 0.6, 20_000, "2C", "3"),
    ("rural_cooperative", "农信", 0.3, 150_000, "4A", "7"),
    ("policy_bank", "政策", 0.3, -40_000, "2A", "1"),
    ("state_bank", "国有", 0.9, -10_000, "2A", "1"),
    ("village_bank", "村镇", 0.08, 200_000, "4B", "8"),
    ("rural_commercial", "农商", 0.4, 130_000, "3C", "6"),
    ("private_bank", "民营", 0.15, 220_000, "3A", "4"),
    ("city_bank", "城商", 0.4, 70_000, "3B", "5"),
    ("foreign_bank", "外资", 0.1, 20_000, "2B", "2"),
    ("finance_company", "财务", 0.08, 0, "3A", "3"),
    ("micro_lender", "小贷", 0.05, 600_000, "", ""),
    ("leasing", "租赁", 0.08, 250_000, "3A", "4"),
    ("consumer_finance", "消金", 0.05, 500_000, "3A", "4"),
    ("auto_finance", "车金", 0.05, 300_000, "3A", "4"),
)
_LOCAL = frozenset(
    {"city_bank", "rural_commercial", "rural_cooperative", "village_bank", "private_bank", "micro_lender"}
)
_TOWN = frozenset({"rural_commercial", "rural_cooperative", "village_bank", "micro_lender"})
GUARANTORS = len(CITIES)


@dataclass(frozen=True, slots=True)
class Banks:
    """The lenders in order, as arrays; `weight[city, bank]` says how much a bank lends in a city."""

    ids: tuple[str, ...]
    names: tuple[str, ...]
    rota: npt.NDArray[np.int64]
    city: npt.NDArray[np.int64]
    weight: npt.NDArray[np.float64]
    spread: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ids)


def lender_count(enterprises: int) -> int:
    """How many lenders report: 6 for 1,000 firms, seven more for each tenfold."""
    return max(4, min(40, 6 + round(7 * math.log10(max(enterprises, 100) / 1000))))


def make_banks(enterprises: int) -> Banks:
    """The lenders for a province of this size; always the same ones."""
    count = lender_count(enterprises)
    rota = np.arange(count) % len(_ROTA)
    city = np.array([(7 * at) % len(CITIES) if _ROTA[kind_at][0] in _TOWN else 0 for at, kind_at in enumerate(rota)])
    codes = credit_codes(np.full(count, 91), REGIONS[city], BANK, np.arange(count, dtype=np.int64))
    weight = np.array(
        [[_weight(int(r), int(home), town) for r, home in zip(rota, city, strict=True)] for town in range(len(CITIES))]
    )
    names = tuple(
        f"模拟{CITIES[at][1]}{_ROTA[r][1]}银行{n + 1}号" for n, (at, r) in enumerate(zip(city, rota, strict=True))
    )
    return Banks(
        tuple(codes.to_pylist()),
        names,
        rota,
        city,
        weight / weight.sum(axis=1, keepdims=True),
        np.array([_ROTA[r][3] for r in rota]),
    )


def _weight(rota: int, home: int, town: int) -> float:
    kind_name, share = _ROTA[rota][0], _ROTA[rota][2]
    return share * (6.0 if home == town else 0.05) if kind_name in _TOWN else share


def guarantors() -> Any:
    """Credit codes of the guarantee companies, one per city, in the order of CITIES."""
    return credit_codes(np.full(GUARANTORS, 91), REGIONS, GUARANTOR, np.arange(GUARANTORS, dtype=np.int64))


def owners() -> Any:
    """Credit codes of the cities' state owners, in the order of CITIES."""
    return credit_codes(np.full(len(CITIES), 12), REGIONS, STATE, np.arange(len(CITIES), dtype=np.int64))


def institution_table(banks: Banks) -> Any:
    """The register of institutions: lenders, then guarantee companies."""
    count = len(banks)
    both = count + GUARANTORS
    capital = np.concatenate([2e12 * banks.weight.mean(axis=0) + 2e8, np.full(GUARANTORS, 5e8)])
    rota = [_ROTA[at] for at in banks.rota]
    columns = {
        "institution_id": [*banks.ids, *guarantors().to_pylist()],
        "name": [*banks.names, *(f"模拟{name}融资担保公司" for _, name, _ in CITIES)],
        "financial_code": numbered("C1410001000", np.arange(both), 3),
        "licence_no": numbered("SIM-B", np.arange(both), 6),
        "institution_type": [*(row[0] for row in rota), *("guarantee_company" for _ in CITIES)],
        "region": [str(REGIONS[at]) for at in [*banks.city, *range(GUARANTORS)]],
        "is_local": [*(row[0] in _LOCAL for row in rota), *(True for _ in CITIES)],
        "supervisory_rating": [*(row[4] or None for row in rota), *(None for _ in CITIES)],
        "central_bank_rating": [*(row[5] or None for row in rota), *(None for _ in CITIES)],
        "net_capital": c.money(c.fen(capital)),
        "tier1_capital": c.money(c.fen(capital * 0.8)),
    }
    schema = kind("institution").schema()
    arrays = {name: pa.array(v, schema.field(name).type) if isinstance(v, list) else v for name, v in columns.items()}
    return c.table(kind("institution"), arrays, both)
