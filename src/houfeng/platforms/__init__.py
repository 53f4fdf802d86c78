"""Financing platforms: their debts, ladder, resolution plan, indicators, exit, and swaps of dear debt."""
