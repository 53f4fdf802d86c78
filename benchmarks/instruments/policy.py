"""Three subsidies in openfisca: an entity, variables with formulas, dated parameters. Money is its float32."""

from __future__ import annotations

from typing import Any

import numpy as np

MONTH = "2026-06"
FLAGS = ("is_entrusted", "is_rediscount", "is_transferred", "is_written_off")
BEGIN, END = 90.0, 181.0  # the second quarter, in days of 2026


def make_system(flags: list[str]) -> Any:
    """The policy."""
    from openfisca_core.entities import build_entity
    from openfisca_core.parameters import ParameterNode
    from openfisca_core.periods import DateUnit
    from openfisca_core.taxbenefitsystems import TaxBenefitSystem
    from openfisca_core.variables import Variable

    entity = build_entity(key="loan", plural="loans", label="A loan note", is_person=True)
    system = TaxBenefitSystem([entity])
    points = {"services": 1.0, "equipment": 1.5, "sme": 1.5}
    system.parameters = ParameterNode("", data={k: {"values": {"2026-01-01": {"value": v}}} for k, v in points.items()})

    def variable(name: str, kind: type, formula: Any = None) -> None:
        body = {"value_type": kind, "entity": entity, "definition_period": DateUnit.MONTH, "label": name}
        system.add_variable(type(name, (Variable,), body | ({"formula": formula} if formula else {})))

    for name in ("principal", "lent", "due"):
        variable(name, float)
    for name in (*flags, "fixed", "listed", "tool"):
        variable(name, bool)

    def own(loan: Any, p: Any) -> Any:
        return ~(loan(FLAGS[0], p) | loan(FLAGS[1], p) | loan(FLAGS[2], p) | loan(FLAGS[3], p))

    def new(loan: Any, p: Any) -> Any:
        return (loan("lent", p) >= 0) & (loan("lent", p) < 365)

    def services(loan: Any, p: Any) -> Any:
        field = loan("service_field_2026", p) & loan("is_business_loan", p)
        return loan("own", p) & new(loan, p) & field & loan("is_services_lender_2026", p)

    def equipment(loan: Any, p: Any) -> Any:
        project = loan("listed", p) | loan("is_hnte", p) | loan("is_tech_sme", p)
        return loan("own", p) & new(loan, p) & loan("fixed", p) & loan("is_national_26", p) & project

    def sme(loan: Any, p: Any) -> Any:
        firm = loan("is_private_loan", p) & loan("is_sme_loan", p) & loan("sme_field", p)
        bank = loan("is_national_21", p) | loan("sme_subsidy_bank", p)
        return loan("own", p) & new(loan, p) & bank & firm & (loan("fixed", p) | loan("tool", p))

    variable("own", bool, own)
    for short, rule, most in (("services", services, 365.0), ("equipment", equipment, 730.0), ("sme", sme, 730.0)):
        variable(f"{short}_eligible", bool, rule)
        variable(f"{short}_subsidy_2026", float, _amount(short, most))
    return system


def _amount(short: str, most: float) -> Any:
    def amount(loan: Any, p: Any, parameters: Any) -> Any:
        lent = loan("lent", p)
        end = np.minimum(np.minimum(loan("due", p), lent + most), END)
        days = np.maximum(end - np.maximum(lent, BEGIN), 0)
        rate = getattr(parameters(p), short)
        return loan(f"{short}_eligible", p) * loan("principal", p) * rate * days / 36500

    return amount
