"""The two roads to an answer: SQL over all rows, and an evaluation of one record that keeps every step."""
