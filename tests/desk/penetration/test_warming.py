"""What the pages compute with is compiled before anybody asks."""

from __future__ import annotations

from houfeng.penetration import climbing, closing
from houfeng.penetration.contagion import falling
from houfeng_desk.queries.penetration.warming import warm

USED = (closing.controllers, closing.follow, climbing.climb, climbing.layout, climbing.greatest, falling.spread)


def test_everything_used_is_compiled_once() -> None:
    """One form of each function, and a second warming adds none: the arguments are of the pages' own types."""
    warm()
    forms = [len(one.signatures) for one in USED]
    assert all(forms)
    warm()
    assert [len(one.signatures) for one in USED] == forms
