"""Pages about financing platforms."""

from houfeng_desk.pages.platforms import listing, platform, tables

ROUTERS = (listing.router, platform.router, tables.router)
