"""Versions of packs: drafted, checked, simulated, signed by two persons, in force from a day."""
