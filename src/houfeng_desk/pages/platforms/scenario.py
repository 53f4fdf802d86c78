"""The scenario of a swap as the address of its page asks for it: nothing is kept, the address is all there is."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from starlette.requests import Request

from houfeng.errors import Text, UsageError
from houfeng.platforms.ledger import Platform
from houfeng.platforms.swap import Offer, Swap, candidates, swap
from houfeng_desk.queries.platforms.book import Platforms

FIELDS: dict[str, tuple[Text, str]] = {
    "rate": (Text("新贷款利率（%）", "Rate of the new loan (%)"), ""),
    "months": (Text("期限（月）", "Term (months)"), "60"),
    "fee": (Text("费率（%，一次）", "Fee (%, once)"), "0"),
    "haircut": (Text("债权人折让（%）", "Forgone by creditors (%)"), "0"),
    "breakage": (Text("提前结清成本（%）", "Cost of leaving early (%)"), "0"),
    "stress": (Text("压力上浮（百分点）", "Rise to be tested (points)"), "1"),
    "dearer": (Text("只置换成本高于（%）", "Replace what is dearer than (%)"), ""),
}
"""What can be said of a scenario, and what it is where nothing is said; the rate is then the five-year LPR, and all
non-standard debt dearer than it is replaced."""
MOST = 12
"""Signs a figure may have."""


@dataclass(frozen=True)
class Scenario:
    """What was asked for, and what comes of it; nothing where there is no debt to replace."""

    values: dict[str, str]
    swap: Swap | None


def scenario(request: Request, platforms: Platforms, platform: Platform) -> Scenario:
    """The scenario of an address.

    Raises:
        UsageError: a figure is none.
        InputError: a figure is out of range.
    """
    values = {name: request.query_params.get(name, "").strip() or otherwise for name, (_, otherwise) in FIELDS.items()}
    base = platforms.terms.number("lpr_5y")
    values["rate"] = values["rate"] or (f"{base.normalize():f}" if base is not None else "4")
    values["dearer"] = values["dearer"] or values["rate"]
    figures = {name: _figure(name, text) for name, text in values.items()}
    months = figures["months"]
    if months != int(months):
        raise UsageError(Text("期限应为整数月", "the term is a whole number of months"))
    offer = Offer(
        rate=figures["rate"],
        term_months=int(months),
        fee=figures["fee"],
        haircut=figures["haircut"],
        breakage=figures["breakage"],
        stress=figures["stress"],
    )
    debts = candidates(platform, figures["dearer"])
    day = platform.period or platforms.terms.day
    found = swap(platform, debts, offer, day, platforms.terms.whole("wall_months", 12)) if debts else None
    return Scenario(values, found)


def _figure(name: str, text: str) -> Decimal:
    label = FIELDS[name][0]
    if len(text) <= MOST and text.isascii():
        try:
            found = Decimal(text)
            if found.is_finite() and abs(found) < 10**6:
                return found
        except InvalidOperation:
            pass
    raise UsageError(Text(f"“{label.zh}”应为数字：{text[:40]}", f"“{label.en}” must be a number: {text[:40]}"))
