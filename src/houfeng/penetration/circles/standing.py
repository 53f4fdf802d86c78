"""What each firm carries for others: guaranteed against net assets, how many firms, from how far trouble may come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from houfeng.penetration.circles.graph import Guarantees, yuan
from houfeng.penetration.circles.rings import Rings, depths
from houfeng.penetration.graph import Flags, Ints


@dataclass(frozen=True, slots=True)
class Burden:
    """One firm. `ratio` is guaranteed ÷ net assets in percent; nothing where net assets are not known or not positive.

    `overdrawn` says that it guarantees without net assets to do it from.
    """

    firm: str
    guaranteed: Decimal
    firms: int
    guarantors: int
    depth: int
    circle: int
    ratio: Decimal | None
    overdrawn: bool
    amounts_missing: bool


@dataclass(frozen=True)
class Standing:
    """All firms of a graph, as columns: fen guaranteed, firms guaranteed, guarantors, depth, members of the circle."""

    graph: Guarantees
    guaranteed: Ints
    firms: Ints
    guarantors: Ints
    depth: Ints
    circle: Ints
    missing: Flags

    @classmethod
    def of(cls, graph: Guarantees) -> Standing:
        """Add it up."""
        rings = Rings.of(graph)
        guaranteed = np.zeros(graph.size, np.int64)
        np.add.at(guaranteed, graph.guarantor, graph.amount)
        missing = np.zeros(graph.size, bool)
        missing[graph.guarantor[graph.unknown]] = True
        return cls(
            graph,
            guaranteed,
            np.bincount(graph.guarantor, minlength=graph.size),
            np.bincount(graph.borrower, minlength=graph.size),
            depths(graph, rings),
            rings.sizes,
            missing,
        )

    def burden(self, firm: str, net_assets: Mapping[str, Decimal]) -> Burden:
        """What `firm` carries; `net_assets` by firm, in yuan.

        Raises:
            NotFoundError: no guarantee names it.
        """
        place = self.graph.place(firm)
        guaranteed, own = yuan(int(self.guaranteed[place])), net_assets.get(firm)
        ratio = None if own is None or own <= 0 else (100 * guaranteed / own).quantize(Decimal("0.01"))
        return Burden(
            firm, guaranteed, int(self.firms[place]), int(self.guarantors[place]), int(self.depth[place]),
            int(self.circle[place]), ratio, own is not None and own <= 0 < guaranteed, bool(self.missing[place]),
        )  # fmt: skip

    def heaviest(self, net_assets: Mapping[str, Decimal], most: int = 20) -> tuple[Burden, ...]:
        """The guarantors with the greatest ratio, those without net assets first; by amount where it is unknown."""
        who = self.graph.names(np.flatnonzero(self.firms > 0))
        found = [self.burden(name, net_assets) for name in who]
        none = Decimal(-1)
        return tuple(
            sorted(
                found,
                key=lambda one: (
                    not one.overdrawn, -(none if one.ratio is None else one.ratio), -one.guaranteed, one.firm
                ),
            )[:most]
        )  # fmt: skip
