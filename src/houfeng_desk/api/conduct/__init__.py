"""Conduct: portraits, disputes, the lists of credit, signs of evasion and their evidence; what a firm itself does."""

from houfeng_desk.api.conduct import disputes, evasion, listings, mine, portraits

ROUTERS = (portraits.router, disputes.router, listings.router, evasion.router, mine.router)
