"""Relending tools and interest subsidies: what is eligible, why, and how much it earns."""
