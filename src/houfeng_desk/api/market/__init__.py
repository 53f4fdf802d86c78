"""The market: enterprises and what they are tied to, the five articles, platforms, scores."""

from houfeng_desk.api.market import credit, enterprises, falls, firm, penetration, platforms, themes

ROUTERS = (
    enterprises.router,
    firm.router,
    themes.router,
    penetration.router,
    falls.router,
    platforms.router,
    credit.router,
)
