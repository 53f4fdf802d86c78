"""Pages about enterprises."""

from houfeng.office.access import Permission
from houfeng_desk.app import DeskApp
from houfeng_desk.pages.house import search
from houfeng_desk.pages.risk import enterprise, enterprises, tables

ROUTERS = (enterprises.router, tables.router, enterprise.router)


def start(app: DeskApp) -> None:
    """Let the search of the desk find enterprises."""
    search.provide(app, enterprises.TITLE, Permission.SEE_MARKET, enterprises.found)
