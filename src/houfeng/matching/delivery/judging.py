"""What delivery asks of the packs and the book: who is entitled to a policy on a day, and why somebody is not.

Delivery keeps lists and moments; who belongs on a list is said by `houfeng.instruments.entitlement`. This is the seam.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple, Protocol

from houfeng.errors import Text

YES, NO, UNKNOWN = "yes", "no", "unknown"


class Firm(NamedTuple):
    """An enterprise on a list."""

    name: str
    region: str


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy as delivery needs it, from its entitlement in a pack."""

    name: str
    label: Text
    benefit: Text
    document: str
    document_on: date | None
    delivers: str
    bring: tuple[Text, ...]
    call: Text
    pack: str
    digest: str
    reference: str = ""
    begins: date | None = None
    until: date | None = None
    persons: bool = False  # it goes to consumers: counted, never listed

    def in_force(self, day: date) -> bool:
        """Whether it can be asked for on `day`."""
        return (self.begins is None or self.begins <= day) and (self.until is None or day < self.until)


@dataclass(frozen=True, slots=True)
class Missing:
    """A condition that does not hold (`no`) or cannot be told (`unknown`): what would change it, who holds the fact."""

    condition: str
    state: str
    label: Text
    reference: str = ""
    holder: Text = Text("", "")
    changes: Text = Text("", "")

    def plain(self) -> dict[str, Any]:
        """For a table."""
        return {
            "condition": self.condition, "state": self.state, "zh": self.label.zh, "en": self.label.en,
            "holder": list(self.holder), "changes": list(self.changes), "reference": self.reference,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one enterprise is to one policy: entitled, not, or unknown, with the conditions as they stand."""

    policy: str
    state: str
    missing: tuple[Missing, ...] = ()
    holds: tuple[Missing, ...] = ()


@dataclass(frozen=True)
class Found:
    """Everybody entitled to a policy on a day, as known at a moment."""

    as_of: date
    known_at: datetime
    examined: int
    unknown: int
    members: Mapping[str, Firm]


class Judge(Protocol):
    """Says who is entitled, of a whole book on one day, by the packs in force."""

    @property
    def policies(self) -> Mapping[str, Policy]:
        """The policies, by name."""

    def found(self, policy: str) -> Found:
        """Who is entitled."""

    def why(self, policy: str, enterprises: Collection[str]) -> Mapping[str, Verdict]:
        """How these enterprises stand."""

    def earlier(self, as_of: date, known_at: datetime) -> Judge:
        """The same packs on another day, as known then."""

    def firm(self, enterprise_id: str) -> Sequence[Verdict]:
        """How one enterprise stands to every policy."""
