"""The plan of a case: what the creditors are owed, what is to be done, how they voted, and whether it was kept."""
