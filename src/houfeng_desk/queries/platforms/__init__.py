"""What the pages of financing platforms ask of the book."""
