"""Close links, beneficial owners, agreements, history, and one change at a time."""
