"""From the book to the items an instrument counts: who is eligible, under which tool, since when, until when."""
