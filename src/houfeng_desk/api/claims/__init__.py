"""Claims: the list and one of them, what banks and the office do, audits of what was funded."""

from houfeng_desk.api.claims import asking, audit, files

ROUTERS = (audit.router, files.router, asking.router)
