"""The page on which a threshold is decided: two versions on the same history, labels, overlap of rules, a budget."""
