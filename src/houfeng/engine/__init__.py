"""Run SQL over views of the book."""
