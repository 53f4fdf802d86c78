"""Pages about financing platforms."""

from houfeng_desk.pages.platforms import listing, platform

ROUTERS = (listing.router, platform.router)
