"""The book: record kinds, submissions, checks, the store, and views as known at any moment."""
