"""Financing platforms of the synthetic province: the list, the ledger of debts, plans, votes, exits and reports."""
