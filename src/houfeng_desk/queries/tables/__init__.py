"""The tables of pages that are no lists, as they are given out: all rows of what the page shows."""
