"""Altman's Z-scores of a firm's accounts, as published; ratios may be given as doubles, they are no money."""

from __future__ import annotations

from houfeng.errors import Text

DISTRESS, SAFE = 1.81, 2.99
"""Bounds of Altman (1968) for listed manufacturers: below the first distressed, above the second safe."""
DISTRESS_EMERGING, SAFE_EMERGING = 1.1, 2.6
"""The bounds of Z'' (Altman, Hartzell and Peck 1995, without its constant 3.25)."""


def altman_z(
    working_capital: float, retained_earnings: float, ebit: float, market_equity_to_debt: float, sales: float
) -> float:
    """Z = 1.2 X1 + 1.4 X2 + 3.3 X3 + 0.6 X4 + 0.999 X5 (Altman 1968).

    The first three and `sales` are shares of total assets; X4 is market value of equity over total liabilities.
    """
    return (
        1.2 * working_capital
        + 1.4 * retained_earnings
        + 3.3 * ebit
        + 0.6 * market_equity_to_debt
        + 0.999 * sales
    )  # fmt: skip


def altman_z_double_prime(
    working_capital: float, retained_earnings: float, ebit: float, book_equity_to_debt: float
) -> float:
    """Z'' = 6.56 X1 + 3.26 X2 + 6.72 X3 + 1.05 X4, for firms that are not listed or not manufacturers."""
    return 6.56 * working_capital + 3.26 * retained_earnings + 6.72 * ebit + 1.05 * book_equity_to_debt


def zone(z: float, distress: float = DISTRESS, safe: float = SAFE) -> Text:
    """In words where a Z stands."""
    if z < distress:
        return Text("困境区", "distress zone")
    return Text("安全区", "safe zone") if z > safe else Text("灰色区", "grey zone")
