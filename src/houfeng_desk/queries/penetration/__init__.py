"""Who is behind a firm, who stands surety for whom, what falls with it: read around one firm, inside the scope."""
