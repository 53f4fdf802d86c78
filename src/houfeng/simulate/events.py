"""What is seen of a firm from outside: statements, public records, changes in the register, invoices.

The records have causes: each kind of record has a chance per month that rises at its own distance from the default.
What comes before the first missed payment is what a desk can see early; quiet firms have such records too, but rarely.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from houfeng.book.model import kind
from houfeng.simulate.firms import CAUSES, NEVER, Array, Firms
from houfeng.simulate.ground import columns as c
from houfeng.simulate.ground.identifiers import numbered
from houfeng.simulate.ground.months import HISTORY, Months


class Sign(NamedTuple):
    """A kind of record: reporter, chance per month when quiet and in distress, and when, against the default."""

    name: str
    reporter: str
    quiet: float
    distress: float
    begins: int
    ends: int
    title: str


COURT, TAX, REGISTRY, LABOUR, NEWS = "sim-court", "sim-tax", "sim-registry", "sim-labour", "sim-news"
SIGNS = (
    Sign("lawsuit_defendant", COURT, 0.004, 0.30, -4, 8, "模拟：买卖合同纠纷"),
    Sign("enforcement", COURT, 0.0004, 0.25, 0, 12, "模拟：被执行"),
    Sign("dishonest_debtor", COURT, 0.0001, 0.15, 3, 12, "模拟：列入失信名单"),
    Sign("consumption_restriction", COURT, 0.0001, 0.15, 2, 12, "模拟：限制高消费"),
    Sign("account_freeze", COURT, 0.0002, 0.15, -1, 6, "模拟：账户冻结"),
    Sign("asset_seizure", COURT, 0.0001, 0.10, 1, 8, "模拟：资产查封"),
    Sign("bankruptcy_filing", COURT, 0.0, 0.02, 4, 12, "模拟：破产申请"),
    Sign("tax_arrears", TAX, 0.003, 0.18, -4, 6, "模拟：欠税公告"),
    Sign("tax_grade_cut", TAX, 0.001, 0.05, -3, 4, "模拟：纳税信用降级"),
    Sign("tax_abnormal", TAX, 0.0003, 0.06, 1, 8, "模拟：非正常户认定"),
    Sign("abnormal_list", REGISTRY, 0.001, 0.05, -1, 8, "模拟：列入经营异常名录"),
    Sign("equity_pledge", REGISTRY, 0.001, 0.06, -6, 0, "模拟：股权出质登记"),
    Sign("labour_case", LABOUR, 0.001, 0.15, -3, 5, "模拟：拖欠工资"),
    Sign("social_insurance_arrears", LABOUR, 0.002, 0.15, -4, 4, "模拟：社保欠缴"),
    Sign("utility_arrears", LABOUR, 0.002, 0.12, -3, 4, "模拟：水电欠费"),
    Sign("negative_news", NEWS, 0.0008, 0.08, -3, 6, "模拟：负面报道"),
    Sign("environmental_fine", NEWS, 0.0008, 0.001, -6, 0, "模拟：环保处罚"),
    Sign("safety_fine", NEWS, 0.0005, 0.001, -6, 0, "模拟：安全生产处罚"),
)  # fmt: skip
REPORTERS = (COURT, TAX, REGISTRY, LABOUR, NEWS)
ITEMS = ("legal_representative", "controller", "capital", "address", "scope", "shareholder")


def public_records(firms: Firms, month: int, months: Months, rng: np.random.Generator) -> dict[str, Any]:
    """Records of one month by reporter."""
    to_default = month - firms.default
    found: dict[str, list[tuple[int, Array]]] = {name: [] for name in REPORTERS}
    for place, sign in enumerate(SIGNS):
        distress = (firms.default < NEVER) & (to_default >= sign.begins) & (to_default <= sign.ends)
        more = np.where((firms.cause == CAUSES.index("lawsuit")) & (sign.reporter == COURT), 1.6, 1.0)
        hit = np.flatnonzero(rng.random(len(firms)) < np.where(distress, sign.distress * more, sign.quiet))
        found[sign.reporter].append((place, hit))
    return {reporter: _record_table(firms, hits, month, months, rng) for reporter, hits in found.items()}


def _record_table(
    firms: Firms, hits: list[tuple[int, Array]], month: int, months: Months, rng: np.random.Generator
) -> Any:
    at = np.concatenate([rows for _, rows in hits])
    sign = np.concatenate([np.full(len(rows), place) for place, rows in hits])
    count = len(at)
    number = (firms.index[at] * len(SIGNS) + sign) * 1000 + month
    amount = c.fen(np.maximum(firms.revenue[at] * rng.lognormal(np.log(0.03), 1.0, count), 5_000))
    names = [s.name for s in SIGNS]
    labour, news = sign == names.index("labour_case"), sign == names.index("negative_news")
    plain = np.isin(sign, [names.index(n) for n in ("abnormal_list", "tax_abnormal", "tax_grade_cut", "negative_news")])
    columns = {
        "record_no": numbered("SIMGG", number, 14),
        "enterprise_id": firms.ids.take(pa.array(at)),
        "occurred_on": c.days(_some_day(months, month, count, rng)),
        "record_type": c.pick(names, sign),
        "amount": c.money(amount, ~plain),
        "persons": c.integers(rng.integers(1, 40, count), labour),
        "score": c.number(rng.integers(100_000, 1_000_000, count), news),
        "source": c.pick([s.reporter for s in SIGNS], sign),
        "title": c.pick([s.title for s in SIGNS], sign),
    }
    return c.table(kind("public_record"), columns, count)


def _some_day(months: Months, month: int, count: int, rng: np.random.Generator) -> Array:
    low, high = c.day_number(months.first(month)), c.day_number(months.end(month)) + 1
    return rng.integers(low, high, count)


def registration_changes(firms: Firms, month: int, months: Months, rng: np.random.Generator) -> Any:
    """Changes in the register in one month; before a default the people and the capital go."""
    to_default = month - firms.default
    distress = (firms.default < NEVER) & (to_default >= -4) & (to_default <= 4)
    at = np.flatnonzero(rng.random(len(firms)) < np.where(distress, 0.12, 0.012))
    count = len(at)
    item = np.where(distress[at], rng.choice(6, count, p=[0.3, 0.15, 0.2, 0.1, 0.0, 0.25]), rng.choice(6, count))
    before = np.maximum(np.rint(firms.assets[at] * 0.2 / 1e5) * 1e5, 1e5)
    after = np.rint(before * np.where(distress[at], 0.5, 1.5) / 1e4) * 1e4
    capital = item == ITEMS.index("capital")
    old = c.pick(["模拟甲", "模拟乙"], firms.index[at] % 2)
    columns = {
        "change_no": numbered("SIMBG", firms.index[at] * 1000 + month, 12),
        "enterprise_id": firms.ids.take(pa.array(at)),
        "changed_on": c.days(_some_day(months, month, count, rng)),
        "item": c.pick(ITEMS, item),
        "before": c.blanked(old, ~capital),
        "after": c.blanked(c.pick(["模拟丙", "模拟丁"], firms.index[at] % 2), ~capital),
        "before_value": c.money(c.exact_fen(before), capital),
        "after_value": c.money(c.exact_fen(after), capital),
    }
    return c.table(kind("registration_change"), columns, count)


def statements(firms: Firms, month: int, months: Months, rng: np.random.Generator) -> Any:
    """Statements of the borrowers at a quarter end; income counts from the start of the year."""
    at = np.flatnonzero(firms.borrows & (firms.kind == 0))
    count = len(at)
    so_far = months.first(month).month
    path = firms.health[at, month + 1 + HISTORY - so_far : month + 1 + HISTORY]
    revenue = firms.revenue[at] / 12.0 * path.sum(axis=1)
    level = path[:, -3:].mean(axis=1)
    assets = firms.assets[at] * (0.8 + 0.2 * np.minimum(level, 1.2))
    debt_share = np.clip(rng.normal(0.5, 0.12, count) + np.where(level < 0.8, 0.25 * (1 - level), 0.0), 0.05, 1.3)
    debts = assets * debt_share
    bearing = debts * 0.6
    margin = 0.06 * level - 0.05 * (1 - np.minimum(level, 1.0)) * 3 + rng.normal(0, 0.01, count)
    interest = bearing * 0.045 * so_far / 12.0
    whole = c.exact_fen(assets)
    owed = c.exact_fen(debts)
    columns = {
        "enterprise_id": firms.ids.take(pa.array(at)),
        "period": c.days(np.full(count, c.day_number(months.end(month)))),
        "statement_kind": c.same("annual" if so_far == 12 else "interim", count),
        "revenue": c.money(c.exact_fen(revenue)),
        "net_profit": c.money(c.exact_fen(revenue * margin - interest * 0.2)),
        "total_assets": c.money(whole),
        "total_liabilities": c.money(owed),
        "net_assets": c.money(whole - owed),
        "cash": c.money(c.exact_fen(assets * 0.1 * np.minimum(level, 1.3))),
        "short_debt": c.money(c.exact_fen(bearing * 0.7)),
        "interest_bearing_debt": c.money(c.exact_fen(bearing)),
        "interest_expense": c.money(c.exact_fen(interest)),
        "ebitda": c.money(c.exact_fen(revenue * (margin + 0.04) + interest)),
        "receivables": c.money(c.exact_fen(assets * (0.25 - 0.1 * np.minimum(level, 1.0)))),
        "inventories": c.money(c.exact_fen(assets * 0.2)),
        "operating_cash_flow": c.money(c.exact_fen(revenue * (margin - 0.01))),
        "fixed_assets": c.money(c.exact_fen(assets * 0.3)),
        "currency": c.same("CNY", count),
    }
    return c.table(kind("financial_statement"), columns, count)


def invoices(firms: Firms, month: int, months: Months, share: float, rng: np.random.Generator) -> Any:
    """Sales invoices of a share of the firms; in trouble there are fewer, and more of them void or red."""
    sellers = np.flatnonzero(firms.index * 31 % 1000 < share * 1000)
    level = firms.health[sellers, HISTORY + month]
    at = np.repeat(sellers, rng.poisson(6.0 * np.minimum(level, 1.5)))
    count = len(at)
    near = at - at % 64 + (at * 7 + rng.integers(0, 6, count)) % 64
    buyer = np.where((near >= len(firms)) | (near == at), (at + 1) % len(firms), near)
    bad = (firms.default[at] - month < 5) & (firms.default[at] < NEVER)
    draw = rng.random(count)
    status = np.select([draw < np.where(bad, 0.18, 0.05), draw < np.where(bad, 0.3, 0.08)], [1, 2], default=0)
    amount = c.exact_fen(firms.revenue[at] / 72.0 * rng.lognormal(-0.3, 0.8, count)) + 100
    amount = np.where(status == 2, -amount, amount)
    tax = amount * 13 // 100
    first = np.searchsorted(at, at)
    number = firms.index[at] * 100_000 + month * 1000 + np.arange(count) - first
    columns = {
        "seller_id": firms.ids.take(pa.array(at)),
        "buyer_id": firms.ids.take(pa.array(buyer)),
        "invoice_no": numbered("SIM", number, 14),
        "issued_on": c.days(_some_day(months, month, count, rng)),
        "amount": c.money(amount),
        "tax": c.money(tax),
        "total": c.money(amount + tax),
        "status": c.pick(["valid", "void", "red"], status),
    }
    return c.table(kind("invoice"), columns, count)
