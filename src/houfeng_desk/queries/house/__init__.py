"""Lists of the house: people, the journal, jobs."""
