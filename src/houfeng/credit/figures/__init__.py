"""Figures about a score: how it separates, how its probabilities hold, how stable it is. Pure arithmetic on arrays."""
