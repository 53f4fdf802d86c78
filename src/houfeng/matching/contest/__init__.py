"""The contest problem CUMCM 2020 C: a yearly budget lent to firms known by their invoices only."""

from __future__ import annotations
