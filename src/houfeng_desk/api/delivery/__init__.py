"""Policies and how they arrive, needs of firms and what banks answer, matching, what a firm itself sees and does."""

from houfeng_desk.api.delivery import matching, mine, needs, policies

ROUTERS = (policies.router, needs.router, mine.router, matching.router)
