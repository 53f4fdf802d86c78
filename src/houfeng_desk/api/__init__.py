"""`/api/v1`: what the pages show and do, for programs. The same queries, the same acts, the same scope.

Lists give `items`, `total` and `next`, a cursor for the page after this one; a cursor holds the question's two times,
so that what the book learns between two pages does not move their rows. Amounts are decimals in text, texts have both
languages, errors have one shape. A program signs in with a token: `Authorization: Bearer hf_…`.
"""

from houfeng_desk.api import admin, alerts, cases, claims, data, delivery, house, market, packs, penetration, work

ROUTERS = (
    house.router,
    market.router,
    penetration.router,
    alerts.router,
    cases.router,
    claims.router,
    delivery.router,
    packs.router,
    data.router,
    work.router,
    admin.router,
)
