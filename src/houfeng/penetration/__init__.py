"""Penetration: who controls an enterprise, who owns it in the end, and what falls with whom."""
