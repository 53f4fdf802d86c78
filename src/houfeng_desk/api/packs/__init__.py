"""Packs: what stands in them, their versions, simulations, and the life of their rules."""

from houfeng_desk.api.packs import packs, results, rules, things, versions

ROUTERS = (packs.router, versions.router, things.router, rules.router, results.router)
