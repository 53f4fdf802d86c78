"""The loans of one chunk of firms: who lends, how much, how long, against what, and what for.

A loan is drawn once, with its whole life; `portfolio` later reads from it what the bank reports month by month. Columns
whose names begin with an underscore are for that and never leave the simulator.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from houfeng.book.model import kind
from houfeng.simulate.firms import CLASSES, NEVER, OWNERSHIPS, Array, Firms
from houfeng.simulate.ground import columns as c
from houfeng.simulate.ground import industries as ind
from houfeng.simulate.ground.banks import CITIES, GUARANTORS, REGIONS, Banks, guarantors
from houfeng.simulate.ground.identifiers import numbered
from houfeng.simulate.ground.months import Months, lpr

TERMS = np.array([6, 12, 24, 36, 60, 120])
MODES = ("D", "C99", "C01", "B01", "B99", "A", "E")
PERSON_CLASSES = ("micro_owner", "farmer", "consumer")
GREEN = ("NA01", "NA02", "NA03", "NA04", "NA05", "NA06", "NA07", "NB", "NC")
STRATEGIC = tuple(f"SE0{n}" for n in range(1, 10))
PATENT = tuple(f"PA0{n}" for n in range(1, 8))
PENSION = tuple(f"EC{n:02d}" for n in range(1, 13))
PROGRAMMES = ("startup_guarantee", "student", "poverty_alleviation")
PURPOSES = ("采购原材料", "支付货款", "补充流动资金", "购置设备", "技术改造", "厂房建设", "支付工资", "个人经营周转")
EVIDENCE = ("项目可行性研究报告及备案文件", "产品说明与检测报告", "购销合同与发票", "数字化改造方案及验收单")
REGION_WORDS = tuple(code for code, _, _ in CITIES)
LETTERS = tuple(code[:3] for code in ind.CODES)


@dataclass(frozen=True, slots=True)
class _Loans:
    """Drawn loans as arrays: position of the firm, bank, class, term, months, money."""

    firm: Array
    bank: Array
    person: Array  # index into PERSON_CLASSES, -1 where the firm itself borrows
    bill: Array
    term: Array
    start: Array
    day: Array
    principal: Array  # fen
    default: Array
    extended: Array
    mode: Array  # index into MODES

    def __len__(self) -> int:
        return len(self.firm)


def make_loans(firms: Firms, banks: Banks, months: Months, seed: np.random.SeedSequence) -> Any:
    """The loans of a chunk as one table: the fields of kind `loan`, then the underscored columns."""
    rng = np.random.default_rng(seed)
    loans = _draw(rng, firms, banks, months)
    table = _facts(rng, firms, banks, loans, months)
    surety = firms.guarantor[loans.firm]
    company = (surety < 0) | (rng.random(len(loans)) < 0.15)
    company_ids = guarantors().take(pa.array(firms.city[loans.firm] % GUARANTORS))
    hidden = {
        "_bank": pa.array(loans.bank.astype(np.int16)),
        "_firm": pa.array(np.where(loans.person < 0, firms.index[loans.firm], -1)),
        "_start": pa.array(loans.start.astype(np.int32)),
        "_term": pa.array(loans.term.astype(np.int32)),
        "_default": pa.array(loans.default.astype(np.int32)),
        "_trouble": pa.array(np.where(loans.person == 1, NEVER, firms.trouble[loans.firm]).astype(np.int32)),
        "_extended": pa.array(loans.extended.astype(np.int32)),
        "_day": pa.array(loans.day.astype(np.int32)),
        "_fen": pa.array(loans.principal),
        "_amortises": pa.array(loans.term > 12),
        "_surety": pc.if_else(pa.array(company), company_ids, firms.ids.take(pa.array(np.maximum(surety, 0)))),
        "_surety_industry": c.blanked(c.pick(ind.CODES, firms.industry[surety]), ~company),
        "_surety_region": c.pick(REGION_WORDS, np.where(company, firms.city[loans.firm], firms.city[surety])),
        "_surety_size": c.blanked(c.pick(ind.SIZES, firms.size[surety]), ~company),
        "_value": pa.array((loans.principal * rng.uniform(1.1, 2.4, len(loans))).astype(np.int64) // 10_000 * 10_000),
        "_rate": pa.array(_rates(rng, firms, banks, loans, months)),
        "_limit": pa.array(rng.choice([100, 110, 130, 160, 200], len(loans)).astype(np.int32)),
    }
    for name, column in hidden.items():
        table = table.append_column(name, column)
    return table


def _draw(rng: np.random.Generator, firms: Firms, banks: Banks, months: Months) -> _Loans:
    """How many, from whom, since when; a bank that sees a firm in default lends it nothing more."""
    extra = rng.poisson(np.array([4.0, 1.8, 0.7, 0.3])[firms.size])
    firm = np.repeat(np.arange(len(firms)), np.where(firms.borrows, 1 + extra, 0))
    count = len(firm)
    main = _bank_for(rng, firms.city, banks)
    bank = np.where(rng.random(count) < 0.6, main[firm], _bank_for(rng, firms.city[firm], banks))
    draw = rng.random(count)
    person = np.select([draw < 0.05, draw < 0.09, draw < 0.11], [0, 1, 2], default=-1)
    bill = (person < 0) & (rng.random(count) < 0.03)
    term = np.where(bill, 6, rng.choice(TERMS, size=count, p=[0.1, 0.48, 0.14, 0.18, 0.07, 0.03]))
    start = np.floor(rng.random(count) * (term + months.count)).astype(np.int64) - term + 1
    share = rng.lognormal(np.log(0.12), 0.6, count) / np.sqrt(1.0 + extra[firm])
    yuan = np.where(person >= 0, rng.lognormal(np.log(2e5), 0.7, count), firms.revenue[firm] * share)
    default = np.where(
        person == 1,
        np.where(rng.random(count) < 0.02, rng.integers(0, months.count + 6, count), NEVER),
        firms.default[firm],
    )
    troubled = (firms.trouble[firm] < NEVER) & (default == NEVER) & (person < 0) & ~bill
    drawn = _Loans(
        firm=firm, bank=bank, person=person, bill=bill, term=term, start=start,
        day=rng.integers(1, 29, count),
        principal=np.maximum(c.fen(np.clip(yuan, 1e4, 8e8)), 1_000_000),
        default=default,
        extended=np.where(troubled & (rng.random(count) < 0.3), firms.trouble[firm] + 3, NEVER),
        mode=_modes(rng, firms, firm, person),
    )  # fmt: skip
    kept = start < default
    return _Loans(*(getattr(drawn, name)[kept] for name in _Loans.__slots__))


def _bank_for(rng: np.random.Generator, city: Array, banks: Banks) -> Array:
    steps = banks.weight.cumsum(axis=1)
    found: Array = np.minimum((rng.random(len(city))[:, None] > steps[city]).sum(axis=1), len(banks) - 1)
    return found


def _modes(rng: np.random.Generator, firms: Firms, firm: Array, person: Array) -> Array:
    """Guarantee mode; the members of a ring stand surety for each other."""
    mode = rng.choice(7, size=len(firm), p=[0.3, 0.2, 0.02, 0.3, 0.05, 0.04, 0.09])
    return np.where(firms.ring[firm] & (person < 0), MODES.index("C01"), mode)


def _rates(rng: np.random.Generator, firms: Firms, banks: Banks, loans: _Loans, months: Months) -> Array:
    """LPR on the day of disbursement, plus what bank, size and person add; 0.00001 percent, in steps of 0.01."""
    day = _days(loans.start, loans.day, months)
    size = np.array([-30_000, -10_000, 20_000, 50_000])[firms.size[loans.firm]]
    extra = banks.spread[loans.bank] + size + np.where(loans.person >= 0, 60_000, 0) + rng.normal(0, 35_000, len(loans))
    rate = lpr(day, loans.term > 60) + extra
    found: Array = np.maximum(np.rint(rate / 1000).astype(np.int64) * 1000, 120_000)
    return found


def _days(month: Array, day: Array, months: Months) -> Array:
    low = int(month.min()) if len(month) else 0
    high = int(month.max()) + 1 if len(month) else 1
    found: Array = months.starts(low, high)[month - low] + day - 1
    return found


def _facts(rng: np.random.Generator, firms: Firms, banks: Banks, loans: _Loans, months: Months) -> Any:
    """The contract facts as the bank would report them."""
    firm, count = loans.firm, len(loans)
    number = firms.index[firm] * 64 + np.arange(count) - np.searchsorted(firm, firm)
    facts = {
        "institution_id": c.pick(banks.ids, loans.bank),
        "contract_no": numbered("SIMHT", number, 12),
        "note_no": numbered("SIMJJ", number, 12),
        "branch_no": numbered("SIM", loans.bank * 100 + firms.city[firm], 5),
        "institution_region": c.pick([str(r) for r in REGIONS[banks.city]], loans.bank),
        "purpose": c.pick(PURPOSES, np.where(loans.person < 0, rng.integers(0, 7, count), 7)),
        "product": c.pick(["F022", "F023", "F042", "F021", "F99"], _product(rng, loans)),
        "use_industry": c.pick(ind.CODES, np.where(loans.person == 2, -1, _use(rng, firms.industry[firm]))),
        "guarantee_mode": c.pick(MODES, loans.mode),
        "is_first_loan": c.flags(rng.random(count) < 0.08),
        "is_entrusted": c.flags((loans.person < 0) & (rng.random(count) < 0.01)),
        "is_rediscount": c.flags(loans.bill & (rng.random(count) < 0.2)),
        "is_transferred": c.flags(rng.random(count) < 0.003),
        "bill_no": c.blanked(numbered("SIMPJ", number, 12), loans.bill),
    }
    facts |= _borrower_facts(firms, loans, number) | _terms(rng, loans, months) | _articles(rng, firms, loans)
    return c.table(kind("loan"), facts, count)


def _borrower_facts(firms: Firms, loans: _Loans, number: Array) -> dict[str, Any]:
    """Who borrows: the firm, or one of its people."""
    firm, own = loans.firm, loans.person < 0
    size = np.where(firms.kind[firm] == 3, 4, firms.size[firm])
    return {
        "borrower_id": _borrowers(firms, loans, number),
        "borrower_id_type": c.pick(["A01", "B99"], np.where(own, 0, 1)),
        "borrower_class": c.pick([*CLASSES, *PERSON_CLASSES], np.where(own, firms.kind[firm], 4 + loans.person)),
        "borrower_sector": c.pick(["C01", "C02", "C02", "A04", "D01"], np.where(own, firms.kind[firm], 4)),
        "borrower_industry": c.pick(LETTERS, np.where(own, firms.industry[firm], -1)),
        "borrower_region": c.pick(REGION_WORDS, firms.city[firm]),
        "borrower_ownership": c.pick(OWNERSHIPS, np.where(own, firms.ownership[firm], -1)),
        "borrower_size": c.pick([*ind.SIZES, "CS05"], np.where(own, size, -1)),
        "business_type": c.pick(["C01", "C02", "C03"], np.where(loans.bill, 2, np.where(own, 0, 1))),
    }


def _terms(rng: np.random.Generator, loans: _Loans, months: Months) -> dict[str, Any]:
    """Money, days and pricing."""
    count = len(loans)
    begins, ends = _days(loans.start, loans.day, months), _days(loans.start + loans.term, loans.day, months)
    fixed = (loans.term <= 12) & (rng.random(count) < 0.8)
    return {
        "principal": c.money(loans.principal),
        "disbursed_on": c.days(begins),
        "matures_on": c.days(ends),
        "extended_to": c.days(ends + 183, loans.extended < loans.start + loans.term),
        "currency": c.same("CNY", count),
        "fixed_rate": c.pick(["RF01", "RF02"], np.where(fixed, 0, 1)),
        "pricing_base": c.same("TR05", count),
        "base_rate": c.rate(lpr(begins, loans.term > 60)),
        "reprices_on": c.days(np.where(fixed, ends, np.minimum(begins + 365, ends))),
        "valid_from": c.days(begins),
    }


def _borrowers(firms: Firms, loans: _Loans, number: Array) -> Any:
    owner = firms.persons.take(pa.array(loans.firm))
    household = numbered("SIMF", number, 12)
    person = pc.if_else(pa.array(loans.person == 0), owner, household)
    return pc.if_else(pa.array(loans.person < 0), firms.ids.take(pa.array(loans.firm)), person)


def _product(rng: np.random.Generator, loans: _Loans) -> Array:
    draw = rng.random(len(loans))
    found: Array = np.select(
        [loans.bill, loans.person == 2, loans.term >= 36, draw < 0.06], [4, 3, np.where(draw < 0.7, 1, 0), 2], default=0
    )
    return found


def _use(rng: np.random.Generator, industry: Array) -> Array:
    """The money mostly stays in the borrower's own industry."""
    return np.where(
        rng.random(len(industry)) < 0.86, industry, rng.choice(len(ind.CODES), len(industry), p=ind.WEIGHTS)
    )


def _articles(rng: np.random.Generator, firms: Firms, loans: _Loans) -> dict[str, Any]:
    """What the five articles ask of a note. Some evidence is missing, as in life."""
    count, industry = len(loans), firms.industry[loans.firm]
    own = loans.person < 0
    green = (rng.random(count) < np.where(ind.IS_GREEN[industry], 0.7, 0.06)) & own
    ratio = np.where(rng.random(count) < 0.7, 100, rng.integers(20, 100, count)) * 100_000
    high = own & ind.IS_TECH[industry]
    strategic = high & (rng.random(count) < 0.35)
    patent = high & (rng.random(count) < 0.3)
    pension = own & (rng.random(count) < np.where(ind.IS_CARE[industry], 0.9, 0.004))
    digital = own & (rng.random(count) < 0.03)
    evident = (strategic | patent | pension | digital) & (rng.random(count) < 0.97)
    special = np.select([rng.random(count) < 0.03, loans.person == 2, loans.person == 1], [0, 1, 2], default=-1)
    special = np.where((special > 0) & (rng.random(count) < 0.6), -1, special)
    return {
        "green_code": c.pick(GREEN, np.where(green, rng.integers(0, len(GREEN), count), -1)),
        "green_ratio": c.rate(ratio, green),
        "use_evidence": c.pick(EVIDENCE, np.where(evident, rng.integers(0, 4, count), -1)),
        "evidence_by": c.pick(["模拟客户经理"], np.where(evident, 0, -1)),
        "pension_code": c.pick(PENSION, np.where(pension, rng.integers(0, 12, count), -1)),
        "digital_efficiency": c.flags(digital),
        "programme": c.pick(PROGRAMMES, special),
        "strategic_code": c.pick(STRATEGIC, np.where(strategic, rng.integers(0, 9, count), -1)),
        "patent_code": c.pick(PATENT, np.where(patent, rng.integers(0, 7, count), -1)),
    }
