"""Needs on their way to money: apply and authorise, recommend, answer, decide, disburse."""
