"""The Beneficial Ownership Data Standard (BODS 0.4) in and out: statements to rows of the book, and back."""
