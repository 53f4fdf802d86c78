"""What may not be in a score: what was known only afterwards, and what must not weigh."""
