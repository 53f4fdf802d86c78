"""Studies: what is scored, by which fields, on which day, against which outcome, and the rows that come of it."""
