"""Nouns of policy and market: claims, delivery, matching, credit, penetration."""
