"""What penetration finds month by month: limits by group, quality across banks, signs; and keeping it in the book."""
