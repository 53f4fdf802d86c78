"""What is done to a claim: drawn, checked, submitted, decided, corrected, paid, extended, repaid, recalled."""
