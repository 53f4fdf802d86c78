"""What a live watch adds to the book: stretches of its log, and larger files made of many small ones."""
