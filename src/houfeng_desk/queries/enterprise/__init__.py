"""One enterprise, all that the book says of it, inside the scope of whoever looks."""
