"""The registers of one chunk: enterprises, persons, holdings, and the statuses some firms carry."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from houfeng.book.model import kind
from houfeng.simulate.firms import CLASSES, OWNERSHIPS, Array, Firms
from houfeng.simulate.ground import columns as c
from houfeng.simulate.ground import industries as ind
from houfeng.simulate.ground.banks import CITIES, REGIONS, owners
from houfeng.simulate.ground.identifiers import numbered
from houfeng.simulate.ground.months import HISTORY, Months

REGION_WORDS = tuple(code for code, _, _ in CITIES)
CITY_NAMES = tuple(name for _, name, _ in CITIES)
FIRST = (
    "恒",
    "瑞",
    "鼎",
    "华",
    "兴",
    "盛",
    "嘉",
    "宏",
    "金",
    "天",
    "中",
    "豫",
    "德",
    "正",
    "润",
    "泰",
    "安",
    "博",
    "创",
    "联",
)
SECOND = (
    "源",
    "达",
    "通",
    "信",
    "丰",
    "泽",
    "和",
    "业",
    "成",
    "远",
    "康",
    "诚",
    "禾",
    "益",
    "隆",
    "森",
    "川",
    "邦",
    "力",
    "昌",
)
ENDINGS = ("有限公司", "经营部", "专业合作社", "中心")
SURNAMES = (
    "王",
    "李",
    "张",
    "刘",
    "陈",
    "杨",
    "赵",
    "黄",
    "周",
    "吴",
    "徐",
    "孙",
    "马",
    "朱",
    "胡",
    "郭",
    "何",
    "高",
    "林",
    "罗",
)
STATUSES = (
    "hnte",
    "tech_sme",
    "innovative_sme",
    "srdi",
    "little_giant",
    "single_champion",
    "innovation_demo",
    "elderly_institution",
)
_TERM_YEARS = (3, 1, 3, 3, 3, 3, 3, 5)


def enterprises(firms: Firms, month: int) -> Any:
    """The register of enterprises as of the end of `month`, with the business figures of the twelve months up to it."""
    count, rows = len(firms), np.arange(len(firms))
    year = firms.health[:, month + 1 : month + 1 + HISTORY].mean(axis=1)
    revenue = np.rint(firms.revenue * year / 100) * 100
    staff = np.maximum(1, np.rint(firms.staff * np.sqrt(np.minimum(year, 1.3)))).astype(np.int64)
    size = ind.size_class(ind.STANDARD_OF[firms.industry], staff, revenue, firms.assets)
    capital = np.maximum(np.rint(firms.assets * 0.2 / 1e5) * 1e5, 1e5)
    main = firms.parent < 0
    controller = pc.if_else(pa.array(main), firms.persons, firms.ids.take(pa.array(np.maximum(firms.parent, 0))))
    state = firms.ownership == 0
    controller = pc.if_else(pa.array(state & main), owners().take(pa.array(firms.city)), controller)
    crowd = np.where(firms.index % 400 < 8, firms.index - firms.index % 400, firms.index)
    columns = {
        "enterprise_id": firms.ids,
        "id_type": c.same("A01", count),
        "name": names(firms),
        "sector": c.pick(["C01", "C02", "C02", "A04"], firms.kind),
        "industry": c.pick(ind.CODES, firms.industry),
        "region": c.pick(REGION_WORDS, firms.city),
        "ownership": c.pick(OWNERSHIPS, firms.ownership),
        "size": c.pick([*ind.SIZES, "CS05"], np.where(firms.kind == 3, 4, size)),
        "borrower_class": c.pick(CLASSES, firms.kind),
        "employees": c.integers(staff),
        "revenue": c.money(c.exact_fen(revenue)),
        "total_assets": c.money(c.exact_fen(firms.assets)),
        "registered_capital": c.money(c.exact_fen(capital)),
        "paid_in_capital": c.money(c.exact_fen(np.rint(capital * 0.6))),
        "founded_on": c.days(firms.founded),
        "operating_state": c.pick(["in_operation", "suspended"], (month - firms.default > 8).astype(np.int64)),
        "legal_representative_id": firms.persons,
        "controller_id": controller,
        "registered_address": c.joined(
            "模拟", c.pick(CITY_NAMES, firms.city), "市模拟路", numbered("", crowd % 10**7, 7), "号"
        ),
        "phone": numbered("000", crowd, 8),
        "is_listed": c.flags((size == 0) & (rows % 40 == 0)),
        "is_rural": c.flags((firms.index * 7 % 10 < 3) & (firms.city != 0)),
        "high_rd": c.flags(ind.IS_TECH[firms.industry] & (firms.index % 3 == 0)),
        "is_private": c.flags(firms.ownership == 2),
    }
    return c.table(kind("enterprise"), columns, count)


def names(firms: Firms) -> Any:
    """Names that say at once that they are made up: 模拟郑州恒源机械000123有限公司."""
    words = [group.word for group in ind.GROUPS]
    return c.joined(
        "模拟",
        c.pick(CITY_NAMES, firms.city),
        c.pick(FIRST, firms.index * 13 % 20),
        c.pick(SECOND, firms.index // 20 * 7 % 20),
        c.pick(words, ind.GROUP_OF[firms.industry]),
        numbered("", firms.index, 7),
        c.pick(ENDINGS, firms.kind),
    )


def persons(firms: Firms) -> Any:
    """The main person of every firm that has one of its own, and the second holders."""
    own = np.flatnonzero(firms.person_of == np.arange(len(firms)))
    second = np.flatnonzero(_second(firms))
    at = np.concatenate([own, second])
    ids = pa.concat_arrays([numbered("SIMP", firms.index[own], 9), numbered("SIMQ", firms.index[second], 9)])
    surnames = c.pick(SURNAMES, firms.index[at] * 11 % 20)
    columns = {
        "person_id": ids,
        "id_type": c.same("B99", len(at)),
        "name": c.joined("模拟", surnames, "某", numbered("", firms.index[at], 7)),
        "region": c.pick([str(r) for r in REGIONS], firms.city[at]),
    }
    return c.table(kind("person"), columns, len(at))


def _second(firms: Firms) -> Array:
    """Firms with a second private holder."""
    found: Array = (firms.kind == 0) & (firms.parent < 0) & (firms.ownership != 0) & (firms.index % 5 < 3)
    return found


def holdings(firms: Firms) -> Any:
    """Who holds what: a corporate owner or the state first, then the main person, then a second person; sums to 100.

    One firm in a thousand also holds a little of its own owner: rings of ownership, as the rules look for them.
    """
    company = np.flatnonzero((firms.kind == 0) | (firms.kind == 2))
    parent, state = firms.parent[company], firms.ownership[company] == 0
    first_share = np.where(
        parent >= 0, 51 + firms.index[company] * 17 % 50, np.where(state, 100, 60 + firms.index[company] % 41)
    )
    second = _second(firms)[company]
    first_share = np.where(
        (parent < 0) & ~state & ~second, 100, np.where(second, np.minimum(first_share, 95), first_share)
    )
    first_ids = pc.if_else(
        pa.array(parent >= 0), firms.ids.take(pa.array(np.maximum(parent, 0))), firms.persons.take(pa.array(company))
    )
    state_ids = owners().take(pa.array(firms.city[company]))
    first_ids = pc.if_else(pa.array(state & (parent < 0)), state_ids, first_ids)
    rest = np.flatnonzero(first_share < 100)
    rest_share = 100 - first_share[rest]
    rest_ids = pc.if_else(
        pa.array(second[rest]),
        numbered("SIMQ", firms.index[company[rest]], 9),
        firms.persons.take(pa.array(company[rest])),
    )
    back = company[(parent >= 0) & (firms.index[company] % 170 == 3)]
    first_share = np.maximum(first_share - 3 * np.bincount(firms.parent[back], minlength=len(firms))[company], 1)
    share = np.concatenate([first_share, rest_share, np.full(len(back), 3)])
    held = np.concatenate([company, company[rest], firms.parent[back]])
    holder_kind = np.concatenate(
        [np.where(parent >= 0, 0, np.where(state, 2, 1)), np.ones(len(rest)), np.zeros(len(back))]
    )
    columns = {
        "holder_id": pa.concat_arrays([first_ids, rest_ids, firms.ids.take(pa.array(back))]),
        "enterprise_id": firms.ids.take(pa.array(held)),
        "holder_kind": c.pick(["enterprise", "person", "state"], holder_kind),
        "share": c.rate(share * 100_000),
        "votes": c.rate(share * 100_000),
        "amount": c.money(c.exact_fen(np.maximum(np.rint(firms.assets[held] * 0.2 / 1e5) * 1e5, 1e5) * share / 100)),
        "pledged": c.rate(np.where(firms.index[held] % 60 == 7, 85, 0) * 100_000),
        "valid_from": c.days(firms.founded[held]),
    }
    return c.table(kind("holding"), columns, len(held))


def statuses(firms: Firms, months: Months, as_of: date, rng: np.random.Generator) -> Any:
    """Recognised statuses of companies as listed on a day: mostly tech firms, four in five renewed at their end.

    The same `rng` state gives the same certificates, so that lists of two days tell one story.
    """
    tech, care = ind.IS_TECH[firms.industry], ind.IS_CARE[firms.industry]
    making = ind.IS_INDUSTRY[firms.industry] & (firms.kind == 0)
    small = (firms.size > 0) & (firms.kind == 0)
    chance = np.stack([
        np.where(firms.kind == 0, np.where(tech, 0.25, 0.02), 0), np.where(small, np.where(tech, 0.3, 0.03), 0),
        np.where(small, np.where(tech, 0.2, 0.02), 0), np.where(small, np.where(tech, 0.1, 0.008), 0),
        np.where(small & making, 0.015, 0), np.where(making, 0.004, 0), np.where(making, 0.002, 0),
        np.where(care, 0.9, 0),
    ], axis=1)  # fmt: skip
    at, status = np.nonzero(rng.random(chance.shape) < chance)
    life = np.array(_TERM_YEARS)[status] * 365
    number = firms.index[at] * 10 + status
    begins = c.day_number(months.first(0)) - (rng.random(len(at)) * life).astype(np.int64)
    renewed = (begins + life <= c.day_number(as_of)) & (number % 5 > 0)
    begins = begins + np.where(renewed, life, 0)
    columns = {
        "enterprise_id": firms.ids.take(pa.array(at)),
        "status": c.pick(STATUSES, status),
        "certificate_no": numbered("SIMZS", number, 10),
        "issued_by": c.pick(["模拟科技厅", "模拟工信厅", "模拟民政厅"], np.array([0, 0, 1, 1, 1, 1, 1, 2])[status]),
        "list_version": c.same("模拟批次", len(at)),
        "valid_from": c.days(begins),
        "valid_to": c.days(begins + life),
    }
    return c.table(kind("enterprise_status"), columns, len(at))
