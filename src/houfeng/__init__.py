"""Houfeng (候风): the working desk of a regional credit market."""
