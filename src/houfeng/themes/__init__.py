"""Tag loans and count the five articles."""
