"""Conduct: what the book says of an enterprise and how it is put right, lists of credit, evidence for court."""
