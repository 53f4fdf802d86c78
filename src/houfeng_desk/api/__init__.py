"""`/api/v1`: what the pages show and do, for programs. The same queries, the same acts, the same scope.

Lists give `items`, `total` and `next`, a cursor for the page after this one; a cursor holds the question's two times,
so that what the book learns between two pages does not move their rows. Amounts are decimals in text, texts have both
languages, errors have one shape. A program signs in with a token: `Authorization: Bearer hf_…`.

Not here, because they are the browser's: signing in and out, passwords, the language and look of pages, the live
streams of the screen, and pages that are forms.
"""

from houfeng_desk.api import cases, claims, conduct, data, delivery, house, market, packs, risk

ROUTERS = (
    *house.ROUTERS,
    *market.ROUTERS,
    *risk.ROUTERS,
    *cases.ROUTERS,
    *claims.ROUTERS,
    *delivery.ROUTERS,
    *packs.ROUTERS,
    *data.ROUTERS,
    *conduct.ROUTERS,
)
